#!/usr/bin/python3 -IS
# SPDX-License-Identifier: Apache-2.0
"""Numbered frames in, every arrival accounted for.

  frames.py expect [options] PORT... < TABLE
      Sends what the table says and compares everything that arrives on any PORT with it.
      PORT is DEV@NETNS; "@." or nothing is the caller's namespace.

      # in   frame            > out
      a      -                > b=- t=[10]         untagged in at a; at b untagged, at t tagged
      t      [10p3] dst=a     > a=-                VLAN 10, priority 3, to a's address
      t      [88a8:5][10] x20 > nothing            twenty frames, two tags

      A frame is its tags, "-" for none, then any of dst= src= (a PORT's address, a MAC, or
      bc mc unknown), len= (bytes with tags), type= (hex), xN.  Defaults: dst=bc, src= the
      sending port's own address, len=80.  "hex=..." instead sends bytes as they are.
      An output "b=[10]/60" must be 60 bytes long, the rest of the frame cut off.
      Lines run in order, each after the one before has arrived.  Whatever else arrives
      (copies too many, frames nobody sent) is an error, and so is a frame that the kernel
      takes for one to this host when it is to another, or the other way round.

  frames.py blast PORT DST [LEN]
      Sends to DST as fast as it goes until SIGTERM, then prints how many were sent.
"""
import argparse
import collections
import contextlib
import ctypes
import os
import re
import select
import signal
import socket
import struct
import sys
import time

ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 8, 23
SO_RCVBUFFORCE = 33
VLAN_VALID, TPID_VALID = 1 << 4, 1 << 6
TPIDS = (0x8100, 0x88A8, 0x9100)
WELL_KNOWN = {
    "bc": "ff:ff:ff:ff:ff:ff",
    "mc": "01:00:5e:00:00:63",
    "unknown": "02:de:ad:00:00:01",
}
TAG = re.compile(r"\[(?:([0-9a-f]{4}):)?(\d+)(?:p(\d))?\]")


@contextlib.contextmanager
def inside(netns):
    """In the network namespace with this path, and back."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    enter(netns)
    try:
        yield
    finally:
        enter(f"/proc/self/fd/{home}")
        os.close(home)


def enter(netns):
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open(netns, os.O_RDONLY)
    if libc.setns(fd, 0x40000000):
        raise OSError(ctypes.get_errno(), f"setns {netns}")
    os.close(fd)


class Port:
    """A raw socket on a device of some namespace."""

    def __init__(self, name, netns):
        self.name = name
        with inside(netns):
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        s.bind((name, ETH_P_ALL))
        s.setblocking(False)
        self.socket = s
        self.mac = s.getsockname()[4]

    def receive(self):
        """The next frame as it was on the wire and what the kernel took it for, or None."""
        try:
            data, control, _, address = self.socket.recvmsg(65536, 256)
        except (BlockingIOError, OSError):
            return None
        for level, kind, value in control:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", value[:20])
                if status & VLAN_VALID:
                    tpid = tpid if status & TPID_VALID else 0x8100
                    data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
        return data, address[2]

    def kind_of(self, data):
        """How the kernel has to class a frame: for this host, broadcast, multicast, other."""
        dst = data[:6]
        if dst[0] & 1:
            return 1 if dst == b"\xff" * 6 else 2
        return 0 if dst == self.mac else 3


def port_of(word):
    """DEV@NETNS"""
    name, _, netns = word.partition("@")
    return Port(name, f"/run/netns/{netns}" if netns not in ("", ".") else "/proc/self/ns/net")


def parse_tags(text):
    tags = b""
    for tpid, vid, pcp in TAG.findall(text):
        tags += struct.pack("!HH", int(tpid or "8100", 16), int(vid) | int(pcp or 0) << 13)
    if text != "-" and (not tags or TAG.sub("", text)):
        sys.exit(f"frames.py: bad tags '{text}'")
    return tags


def split(data):
    """A frame's tags as text and the frame without them."""
    form = ""
    rest = data[12:]
    while len(rest) >= 4 and struct.unpack("!H", rest[:2])[0] in TPIDS:
        tpid, tci = struct.unpack("!HH", rest[:4])
        form += "[" + (f"{tpid:04x}:" if tpid != 0x8100 else "") + str(tci & 0xFFF)
        form += (f"p{tci >> 13}" if tci >> 13 else "") + "]"
        rest = rest[4:]
    return form or "-", data[:12] + rest


class Line:
    """One line of a table: what to send, what must arrive."""

    def __init__(self, number, text, ports):
        self.text = " ".join(text.split())
        left, arrow, right = text.partition(">")
        words = left.split()
        if not arrow or len(words) < 2 or words[0] not in ports:
            sys.exit(f"frames.py: line {number}: cannot read '{self.text}'")
        self.port = ports[words[0]]
        self.sent = []
        options = {"dst": "bc", "src": words[0], "len": "80", "type": "88b5"}
        count = 1
        for word in words[2:]:
            key, equals, value = word.partition("=")
            if equals and key in options:
                options[key] = value
            elif re.fullmatch(r"x\d+", word):
                count = int(word[1:])
            else:
                sys.exit(f"frames.py: line {number}: what is '{word}'?")

        def mac(name):
            if name in ports:
                return ports[name].mac
            return bytes.fromhex(WELL_KNOWN.get(name, name).replace(":", ""))

        for i in range(count):
            if words[1].startswith("hex="):
                self.sent.append(bytes.fromhex(words[1][4:]))
                continue
            tags = parse_tags(words[1])
            head = mac(options["dst"]) + mac(options["src"])
            body = bytes.fromhex(options["type"])
            body += b"%5d.%05d.%05d " % (os.getpid() % 100000, number, i)
            body += bytes(range(256)) * (int(options["len"]) // 256 + 1)
            self.sent.append((head + tags + body)[: int(options["len"])])
        self.wanted = collections.Counter()
        for word in [] if right.strip() == "nothing" else right.split():
            name, equals, form = word.partition("=")
            if not equals or name not in ports:
                sys.exit(f"frames.py: line {number}: no port in '{word}'")
            self.wanted[name, form] += count
        self.got = collections.Counter()
        self.order = {}
        self.faults = []


class Table:
    def __init__(self, text, ports, args):
        self.ports, self.args = ports, args
        self.lines = []
        for number, line in enumerate(text.splitlines(), 1):
            line = line.partition("#")[0]
            if line.strip():
                self.lines.append(Line(number, line, ports))
        self.strays = []
        self.poll = select.poll()
        self.by_fd = {}
        self.expected = {}
        for port in ports.values():
            self.poll.register(port.socket, select.POLLIN)
            self.by_fd[port.socket.fileno()] = port

    def purge(self):
        """Makes a switch that caches decisions take them anew."""
        if self.args.purge:
            s = socket.socket(socket.AF_UNIX)
            s.connect(self.args.purge)
            s.send(b'{"id":0,"method":"revalidator/purge","params":[]}')
            s.recv(4096)
            s.close()

    def arrived(self, port, data, kind):
        form, bare = split(data)
        line, index = self.expected.get(bare, (None, 0))
        if line is None:
            # Cut short: the only frame of ours that starts so.
            hits = [v for k, v in self.expected.items() if k.startswith(bare)]
            if len(bare) < 14 or len(hits) != 1:
                self.strays.append(f"stray frame at {port.name}: {data[:80].hex()}")
                return
            line, index = hits[0]
            form += f"/{len(data)}"
        elif f"{form}/{len(data)}" in [f for _, f in line.wanted]:
            form += f"/{len(data)}"
        line.got[port.name, form] += 1
        if kind != port.kind_of(data):
            line.faults.append(f"{port.name}: packet type {kind}, not {port.kind_of(data)}")
        if line.order.get(port.name, -1) > index:
            line.faults.append(f"out of order at {port.name}")
        line.order[port.name] = index

    def collect(self, until, line=None):
        """Takes arrivals until the time has come, or the line has all it wants."""
        while time.monotonic() < until + 5:  # or else somebody goes on sending
            ready = self.poll.poll(0)
            if not ready:
                if line and not line.wanted - line.got:
                    return
                left = until - time.monotonic()
                if left <= 0:
                    return
                ready = self.poll.poll(left * 1000)
            for fd, _ in ready:
                for _ in range(64):
                    frame = self.by_fd[fd].receive()
                    if frame is None:
                        break
                    self.arrived(self.by_fd[fd], *frame)

    def run(self):
        patience = self.args.patience
        self.purge()
        for line in self.lines:
            for index, data in enumerate(line.sent):
                self.expected[split(data)[1]] = (line, index)
            for data in line.sent:
                line.port.socket.send(data)
            self.collect(time.monotonic() + (patience if line.wanted else self.args.pause), line)
            if line.wanted - line.got:
                patience = 0.1  # it has failed: be quick about the rest
            if len(self.lines) > 1:
                self.purge()
        self.collect(time.monotonic() + self.args.grace)
        return self.report()

    def report(self):
        faults = []
        for line in self.lines:
            missing, extra = line.wanted - line.got, line.got - line.wanted
            if missing or extra or line.faults:
                faults.append(f"{line.text}\n    missing {show(missing)}, unexpected {show(extra)}")
                faults += [f"    {fault}" for fault in sorted(set(line.faults))]
        faults += self.strays[:10]
        if len(self.strays) > 10:
            faults.append(f"and {len(self.strays) - 10} more strays")
        print("\n".join(faults) or f"{len(self.lines)} lines as expected")
        return bool(faults)


def show(counter):
    return " ".join(
        f"{port}={form}" + (f" (x{n})" if n > 1 else "")
        for (port, form), n in sorted(counter.items())
    ) or "none"


def expect(args):
    ports = {p.name: p for p in map(port_of, args.port)}
    return Table(sys.stdin.read(), ports, args).run()


def blast(args):
    port = port_of(args.port)
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    port.socket.setblocking(True)
    frame = bytes.fromhex(args.dst.replace(":", "")) + port.mac + b"\x88\xb5"
    frame += bytes(int(args.len) - len(frame))
    send, n = port.socket.send, 0
    while not stop and (not args.frames or n < args.frames):
        for _ in range(64):
            send(frame)
        n += 64
    print(n)


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    c = commands.add_parser("expect")
    c.add_argument("--purge", default="", help="unixctl socket of a switch with a flow cache")
    c.add_argument("--patience", type=float, default=2.0, help="longest wait for a line")
    c.add_argument("--pause", type=float, default=0.0, help="after a line of nothing")
    c.add_argument("--grace", type=float, default=0.03, help="at the end, for what is too many")
    c.add_argument("port", nargs="+")
    c.set_defaults(run=expect)
    c = commands.add_parser("blast")
    c.add_argument("--frames", type=int, default=0, help="so many, in steps of 64; 0: until SIGTERM")
    c.add_argument("port")
    c.add_argument("dst")
    c.add_argument("len", nargs="?", default=64)
    c.set_defaults(run=blast)
    args = parser.parse_args()
    sys.exit(args.run(args))


if __name__ == "__main__":
    main()
