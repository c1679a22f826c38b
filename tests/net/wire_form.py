#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Frames as a sensor wants them: takes down what arrives, and looks at every checksum.

  wire_form.py capture DEVICE FILE    until SIGTERM; FILE.ready exists when it listens
  wire_form.py check FILE [--strip=N] [--stream=OUT]
                                      of GRE packets what is behind the first N bytes;
                                      prints "frames=N bad=N cut=N longest=N tags=..."; OUT gets the
                                      byte stream of the TCP connection to port 5000
  wire_form.py udp ADDRESS COUNT      so many datagrams
  wire_form.py gre DEVICE DST_MAC SRC DST KIND
                                      a GRE packet with a checksum: whole, inner (the one of the
                                      frame inside is left to the device), outer (GRE's own is),
                                      broken
"""
import os
import signal
import socket
import struct
import sys

SOL_PACKET, PACKET_AUXDATA, PACKET_STATISTICS, PACKET_VNET_HDR = 263, 8, 6, 15
PACKET_OUTGOING, TP_STATUS_VLAN_VALID, SO_RCVBUFFORCE = 4, 0x10, 33


def ones_sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def checksum(data):
    return ~ones_sum(data) & 0xFFFF


# --- capture ---


def capture(device, path):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 200 << 20)
    s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    s.bind((device, 0))
    stop, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGTERM, lambda *_: None)
    s.setblocking(False)
    import select

    with open(path, "wb", buffering=0) as out:
        open(path + ".ready", "w").close()
        is_over = False
        while not is_over:
            is_over = stop in select.select([s, stop], [], [])[0]
            try:
                while True:
                    take_down(s, out)
            except BlockingIOError:
                pass
    drops = struct.unpack("II", s.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
    if drops:
        sys.exit(f"{drops} frames were too many for the socket")


def take_down(s, out):
    frame, control, _, where = s.recvmsg(70000, 100)
    if where[2] == PACKET_OUTGOING:
        return
    for _, kind, data in control:
        if kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", data)
            if status & TP_STATUS_VLAN_VALID:
                frame = frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]
    out.write(struct.pack("I", len(frame)) + frame)


# --- check ---


class Verdict:
    def __init__(self):
        self.frames = self.bad = self.cut = self.longest = 0
        self.tags = set()
        self.pieces = {}


def look(frame, v):
    v.frames += 1
    v.longest = max(v.longest, len(frame))
    at, tags = 12, ""
    while frame[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
        tags += f"[{struct.unpack_from('!H', frame, at + 2)[0] & 0xFFF}]"
        at += 4
    v.tags.add(tags or "-")
    if frame[at : at + 2] != b"\x08\x00":
        return
    ip = frame[at + 2 :]
    header = (ip[0] & 15) * 4
    length = struct.unpack_from("!H", ip, 2)[0]
    if checksum(ip[:header]) != 0:
        v.bad += 1
        return
    if length > len(ip):
        v.cut += 1
        return
    l4 = ip[header:length]
    if ip[9] in (6, 17):
        pseudo = ip[12:20] + struct.pack("!BBH", 0, ip[9], len(l4))
        v.bad += checksum(pseudo + l4) != 0 or (ip[9] == 17 and l4[6:8] == b"\0\0")
    if ip[9] == 6 and l4[2:4] == struct.pack("!H", 5000):
        seq = struct.unpack_from("!I", l4, 4)[0] + (l4[13] >> 1 & 1)
        payload = l4[(l4[12] >> 4) * 4 :]
        if len(payload) > len(v.pieces.get(seq, b"")):
            v.pieces[seq] = payload


def stream(pieces):
    """The first one's number may be near the end of all numbers."""
    if not pieces:
        return b""
    first = min(pieces)
    if max(pieces) - first > 1 << 31:
        first = min(s for s in pieces if s > 1 << 31)
    out = bytearray()
    for seq in sorted(pieces, key=lambda s: s - first & 0xFFFFFFFF):
        at = seq - first & 0xFFFFFFFF
        if at > len(out):
            sys.exit(f"bytes {len(out)} to {at} are missing")
        out[at : at + len(pieces[seq])] = pieces[seq]
    return bytes(out)


def check(path, options):
    strip, v = 0, Verdict()
    for o in options:
        if o.startswith("--strip="):
            strip = int(o[8:])
    data, at = open(path, "rb").read(), 0
    while at < len(data):
        n = struct.unpack_from("I", data, at)[0]
        frame = data[at + 4 : at + 4 + n]
        if not strip or (frame[12:14] == b"\x08\x00" and frame[23] == 47):
            look(frame[strip:], v)
        at += 4 + n
    print(f"frames={v.frames} bad={v.bad} cut={v.cut} longest={v.longest} tags={','.join(sorted(v.tags))}")
    for o in options:
        if o.startswith("--stream="):
            with open(o[9:], "wb") as out:
                out.write(stream(v.pieces))


# --- send ---


def udp(address, count):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for i in range(count):
        s.sendto(b"number %d" % i, (address, 9))


# --- what the kernel's own tunnel devices leave to a veth ---


def inner_frame(is_due, more=b""):
    payload = b"inside " * 30 + more
    udp = struct.pack("!HHHH", 1000, 9, 8 + len(payload), 0)
    ends = socket.inet_aton("10.1.0.2") + socket.inet_aton("10.1.0.1")
    pseudo = ends + struct.pack("!BBH", 0, 17, 8 + len(payload))
    field = ones_sum(pseudo) if is_due else checksum(pseudo + udp + payload)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0) + ends
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return bytes.fromhex("ffffffffffff 02000000aa01 0800") + ip + udp[:6] + struct.pack("!H", field) + payload


def gre(device, dst_mac, src, dst, kind):
    # A byte more tells it from the others, should it get through.
    more = b"x" if kind == "broken" else b""
    inner = inner_frame(kind == "inner", more)
    head = struct.pack("!HHHH", 0x8000, 0x6558, 0, 0)
    total = checksum(head + inner_frame(False, more)) if kind != "outer" else 0
    if kind == "broken":
        total ^= 1
    packet = head[:4] + struct.pack("!HH", total, 0) + inner
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(packet), 1, 0, 64, 47, 0)
    ip += socket.inet_aton(src) + socket.inet_aton(dst)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.bind((device, 0))
    ours = s.getsockname()[4]
    # virtio_net_hdr: flags (1: a checksum is due), where it begins, where it goes
    start, offset = {"inner": (14 + 20 + 8 + 14 + 20, 6), "outer": (14 + 20, 4)}.get(kind, (0, 0))
    virtio = struct.pack("=BBHHHH", 1 if start else 0, 0, 0, 0, start, offset)
    s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    s.send(virtio + bytes.fromhex(dst_mac.replace(":", "")) + ours + b"\x08\x00" + ip + packet)


if __name__ == "__main__":
    command, args = sys.argv[1], sys.argv[2:]
    if command == "capture":
        capture(*args)
    elif command == "check":
        check(args[0], args[1:])
    elif command == "udp":
        udp(args[0], int(args[1]))
    elif command == "gre":
        gre(*args)
    else:
        sys.exit(__doc__)
