# SPDX-License-Identifier: Apache-2.0
"""Links of a network namespace as the kernel's link watch has them, for random_run.py.

A device whose other end was set up just now drops all that it is to send until the link watch
has seen that, which waits for a lock that whoever changes devices on this machine holds: after
hundreds of milliseconds when many do.  Since Linux 6.8 asking for the link has it done first;
before, it shows in the answer."""
import os
import socket
import struct
import time

import frames

RTM_GETLINK, RTM_NEWLINK, NLM_F_REQUEST = 18, 16, 1
IFLA_IFNAME, IFLA_LINK, IFLA_OPERSTATE, IFLA_LINK_NETNSID = 3, 5, 16, 37
IFF_UP, IFF_LOWER_UP = 1, 1 << 16
UNKNOWN, UP = 0, 6  # IFLA_OPERSTATE
LIMIT = 60.0


class Links:
    def __init__(self, netns):
        with frames.inside(netns):
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)

    def ask(self, name, index):
        """Flags and attributes of the device with this name, or this index."""
        body = struct.pack("=BxHiII", 0, 0, index, 0, 0)
        if not index:
            body += struct.pack("=HH16s", 20, IFLA_IFNAME, name.encode())
        self.socket.send(struct.pack("=IHHII", 16 + len(body), RTM_GETLINK, NLM_F_REQUEST, 0, 0)
                         + body)
        said = self.socket.recv(1 << 16)
        length, kind = struct.unpack_from("=IH", said)
        if kind != RTM_NEWLINK:
            raise OSError(-struct.unpack_from("=i", said, 16)[0], os.strerror(
                -struct.unpack_from("=i", said, 16)[0]), name)
        attributes, at = {}, 32
        while at < length:
            size, attribute = struct.unpack_from("=HH", said, at)
            attributes[attribute] = said[at + 4: at + size]
            at += size + 3 & ~3
        return struct.unpack_from("=I", said, 24)[0], attributes

    def wait(self, name, index=0):
        """Until the link watch is through with this device; its attributes."""
        limit = time.monotonic() + LIMIT
        while time.monotonic() < limit:
            flags, attributes = self.ask(name, index)
            state = attributes[IFLA_OPERSTATE][0]
            is_pair = IFLA_LINK in attributes or IFLA_LINK_NETNSID in attributes
            if not flags & IFF_UP or (state == UNKNOWN and not is_pair) or \
                    bool(flags & IFF_LOWER_UP) == (state == UP):
                return attributes
            time.sleep(0.001)
        raise TimeoutError(f"{name}: the kernel's link watch has not come by in {LIMIT} s")

    def wait_pair(self, name):
        """With the other end, if that is in this namespace."""
        attributes = self.wait(name)
        if IFLA_LINK in attributes and IFLA_LINK_NETNSID not in attributes:
            self.wait(f"{name}'s other end", struct.unpack("=i", attributes[IFLA_LINK])[0])
