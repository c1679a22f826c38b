# SPDX-License-Identifier: Apache-2.0
"""Draws the frames of a scenario (random_draw.py): addresses, tags, types and lengths."""
import struct

POOL = [f"p{n}" for n in range(1, 9)]
SMALL_MTU, SMALL_LENGTH = "p8", 614  # this one's MTU is 600
VIDS = (10, 10, 10, 20, 20, 5, 0, 30, 4095)
RESERVED = (
    "0180c2000000", "0180c2000003", "0180c200000e", "0180c200000f", "01000ccccccc",
    "01000ccccccd", "01000ccdcdcd", "01000c000000", "00e02b000000", "00e02b000004",
    "00e02b000006",
)
NOT_RESERVED = (
    "0180c2000010", "0180c2000020", "0180c2000021", "01000cccccce", "01000ccdcdd0",
    "01000cdddddd", "00e02b000001", "00005e000101",
)
TYPES = (0x88B5, 0x88B5, 0x88B5, 0x0800, 0x0806, 0x86DD, 0x8847, 0x9100, 0x88CC, 0x0040)
TAGGINGS = ("none", "none", "none", "zero", "priority", "one", "one", "one", "one with priority",
            "802.1ad", "double", "802.1ad double", "double with 0 outside", "triple")
LENGTHS = (60, 60, 60, 64, 80, 100, 101, 128, 300, 590, 610, 614, 618, 640, 1000, 1500, 1510,
           1514, 1518)


def mac_of(name):
    """The address of the user's end of a device of the pool."""
    return bytes.fromhex(f"0200000000{int(name[1:]):02x}")


def draw(s, port):
    """For this port of the scenario."""
    kind = s.pick(("station",) * 9 + ("broadcast",) * 4 + ("multicast",) * 2 + ("unknown",) * 2
                  + ("reserved", "reserved", "not reserved"))
    s.note(f"to {kind}")
    dst = {
        "station": lambda: mac_of(s.pick(POOL)),
        "broadcast": lambda: b"\xff" * 6,
        "multicast": lambda: bytes.fromhex("01005e000063"),
        "unknown": lambda: bytes.fromhex("02dead000001"),
        "reserved": lambda: bytes.fromhex(s.pick(RESERVED)),
        "not reserved": lambda: bytes.fromhex(s.pick(NOT_RESERVED)),
    }[kind]()
    source = s.rng.randrange(100)
    if source < 65 and port.name in POOL:
        src = mac_of(port.name)
    elif source < 92:
        s.note("from a station that moved")
        src = mac_of(s.pick(POOL))
    elif source < 96:
        s.note("from a group address")
        src = bytes.fromhex("01005e000001")
    else:
        s.note("from 0")
        src = bytes(6)
    return body(s, port, dst + src, tags_of(s, port))


def is_tagged(frame):
    return frame[12:14] in (b"\x81\x00", b"\x88\xa8")


def outer_vid(frame):
    return int.from_bytes(frame[14:16], "big") & 0xFFF


def shortest(s, port, tags):
    """A device of Open vSwitch's own hands over what ends in its tag, bvs none of a packet whose
    second one is not whole."""
    if len(tags) > 4:
        return s.excludes("frame-ends-in-tag") and 14 + len(tags) + 2
    return 20 if tags and port.name not in POOL and s.excludes("frame-ends-in-tag") else 14


def tags_of(s, port):
    kind = s.pick(TAGGINGS)
    s.note(f"tags: {kind}")
    vids = port.likely_vids() if s.chance(80) else VIDS

    def tag(tpid=0x8100, vid=None, priority=0):
        return struct.pack("!HH", tpid, (s.pick(vids) if vid is None else vid)
                           | priority << 13)

    some = s.rng.randint(1, 7)
    return {
        "none": lambda: b"",
        "zero": lambda: tag(vid=0),
        "priority": lambda: tag(vid=0, priority=some),
        "one": tag,
        "one with priority": lambda: tag(priority=some),
        "802.1ad": lambda: tag(0x88A8, priority=s.pick((0, some))),
        "double": lambda: tag() + tag(vid=s.pick(VIDS)),
        "802.1ad double": lambda: tag(0x88A8) + tag(priority=s.pick((0, some))),
        "double with 0 outside": lambda: tag(vid=0, priority=s.pick((0, some))) + tag(),
        "triple": lambda: tag(0x88A8) + tag() + tag(),
    }[kind]()


def body(s, port, addresses, tags):
    kind = s.pick(TYPES)
    length = s.pick(LENGTHS)
    if s.chance(4):
        length = s.rng.randint(shortest(s, port, tags), 59)
        s.note("short frame")
    if length > SMALL_LENGTH:
        s.note("frame above an MTU")
    n = len(s.steps)
    some = bytearray(s.rng.randbytes(8))
    if kind == 0x86DD:
        some[2] = 59  # nothing follows the header, which a copy could not be cut in
    rest = struct.pack("!HI", kind, n) + some + bytes(range(256)) * 6
    return (addresses + tags + rest)[:length]
