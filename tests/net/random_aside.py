# SPDX-License-Identifier: Apache-2.0
"""What arrives on one switch only, and by which rule of random.allow that is set aside."""
import struct

import frames
import random_frames
from random_frames import POOL, SMALL_LENGTH, SMALL_MTU

ETHERNET, TAG = 14, 4
LEAST_BEHIND_TAG = 20  # bytes; what is shorter Linux does not receive with its tag in the bytes


def of(s, port, frame):
    """For this frame that is sent at this port of the scenario."""
    mirrors = s.mirrors.values()
    ports = {m.out: rule for m, rule in s.doubtful().items() if m.out}
    ports |= {a.out: "merged-in-flood" for a in mirrors for b in mirrors
              if a.out and s.may_merge(a, b)}
    everywhere, stripped, retagged = None, (), ()
    if random_frames.is_tagged(frame):
        stripped = stripped_at(s, port)
        retagged = {m.out_vlan for m in mirrors if is_stripping(port) and m.dst and not m.out}
        others = in_other_vlan(s, port, random_frames.outer_vid(frame))
        ports = {out: rule for m, rule in others.items() for out in s.outputs(m)} | ports
        everywhere = "third-tag" if tunnels(s, port)[1:] else None
    is_pushed = port.mode == "dot1q-tunnel" and any(m.out_vlan and not m.out for m in mirrors)
    return Aside(ports, everywhere, stripped, retagged,
                 [m.snaplen for m in mirrors if m.snaplen], frame, is_pushed)


def tunnels(s, port):
    """Dot1q-tunnel ports that a frame from this one may come in by."""
    return [p for p in s.ports.values()
            if p.mode == "dot1q-tunnel" and (p is port or p.kind == "patch")]


def is_stripping(port):
    return port.mode == "dot1q-tunnel" and not port.tag


def stripped_at(s, port):
    """Ports where the tag of a frame from this port may be missing on Open vSwitch."""
    if is_stripping(port):
        return set(s.ports)
    # A copy of what leaves by such a port is made as if it had come in there.
    names = {p.name for p in s.ports.values() if is_stripping(p)}
    copying = {m: "tunnel-without-tag" for m in s.mirrors.values() if m.out and m.dst & names}
    return {m.out for m in s.with_fed(copying, s.mirrors.values())}


def in_other_vlan(s, port, vid):
    """{mirror: rule}: those to which it counts that what leaves without the customer's tag, which
    has this VLAN, is in another VLAN than what leaves with it."""
    refusing = {p.name for p in s.ports.values() if vid not in (taken_in(p) or [vid])}
    found = {m: "tunnel-without-tag" for m in s.mirrors.values() if is_stripping(port) and (
        m.vlans and (m.all or m.dst) or m.dst and m.out_vlan == vid or m.dst & refusing)}
    return s.with_fed(found, s.mirrors.values())


def taken_in(port):
    """VLANs; none: all of them.  Mirrors see what leaves as the port would take it in."""
    return port.cvlans if port.mode == "dot1q-tunnel" else port.trunks


def longest(port):
    return SMALL_LENGTH if port == SMALL_MTU else 1500 + ETHERNET


def is_802_1ad_too_long(port, data):
    """For packet sockets, that is, which leave room for an 802.1Q tag only."""
    return frames.split(data)[0].startswith("[88a8:") and \
        longest(port) < len(data) <= longest(port) + TAG


class Aside:
    """For one frame.  ports: {port: rule} where a difference does not count; everywhere: a rule
    by which it does not count anywhere, or None; stripped: ports where Open vSwitch may have taken
    the customer's tag; retagged: VLANs that it may have copied it to after that; snaplens: those
    of the mirrors; is_pushed: mirrors copy it to a VLAN with a tag more."""

    def __init__(self, ports, everywhere, stripped, retagged, snaplens, frame, is_pushed):
        self.ports, self.everywhere = ports, everywhere
        self.stripped, self.retagged = stripped, retagged
        self.snaplens, self.frame, self.is_pushed = snaplens, frame, is_pushed

    def lone(self, port, data, too_long):
        """The rule for a frame that came on bvs alone, or None.  too_long: the ports to which
        something went that was too long for Open vSwitch, not for bvs."""
        if is_802_1ad_too_long(port, data):
            return "mtu-of-802.1ad"
        if frames.split(data)[0] != "-" and len(data) < LEAST_BEHIND_TAG:
            return "frame-ends-in-tag"
        if self.snaplens and min(self.snaplens) < LEAST_BEHIND_TAG:
            return "short-snaplen"
        if (port in too_long or self.may_be_too_long(port)) and self.is_of_frame(data):
            return "batch-of-too-long"
        return None

    def may_be_too_long(self, port):
        """The frame or a copy of it: what is too long for bvs as well shows nowhere."""
        return port == SMALL_MTU and self.snaplens and len(self.frame) + TAG > SMALL_LENGTH or \
            self.is_pushed and len(self.frame) > longest(port)

    def is_of_frame(self, data):
        return frames.split(self.frame)[1].startswith(frames.split(data)[1])

    def is_retagged(self, port, ours, theirs):
        """Was a tag replaced that is not there on Open vSwitch, so that its priority is not?"""
        vid = random_frames.outer_vid(ours)
        return port in self.stripped and vid in self.retagged and \
            frames.split(ours)[0] != "-" and \
            theirs == ours[:12] + struct.pack("!HH", 0x8100, vid) + ours[12 + TAG:]

    def is_stripped(self, port, ours, theirs):
        bare = ours[:12] + ours[12 + TAG:]  # cut where the other was not, perhaps
        return port in self.stripped and frames.split(ours)[0] != "-" and \
            theirs.startswith(bare) and len(theirs) - len(bare) <= bool(self.snaplens) * TAG

    def is_cut_more(self, _, ours, theirs):
        return self.snaplens and len(ours) < len(theirs) and theirs.startswith(ours)

    def is_cut_less(self, port, ours, theirs):
        return self.is_cut_more(port, theirs, ours)

    def match(self, one, other, rule, is_like, tally):
        """Takes away pairs that are the same but for this rule."""
        for mine in list(one):
            for his in list(other):
                if mine[::2] == his[::2] and is_like(mine[0], mine[1], his[1]):
                    n = min(one[mine], other[his])
                    one[mine] -= n
                    other[his] -= n
                    tally[rule] += n

    def remains(self, ours, theirs, tally):
        """What makes a difference of what arrived on bvs and on stock: two Counters.  The rest
        is added to the tally."""
        one, other = ours - theirs, theirs - ours
        for rule, is_like in (
            ("nested-snaplen", self.is_cut_more), ("short-snaplen", self.is_cut_less),
            ("tunnel-without-tag", self.is_retagged), ("tunnel-without-tag", self.is_stripped),
        ):
            self.match(one, other, rule, is_like, tally)
        too_long = {port for port, data, _ in +one if is_802_1ad_too_long(port, data)}
        for mine in list(+one):
            rule = self.lone(mine[0], mine[1], too_long)
            if rule:
                tally[rule] += one.pop(mine)
        for his in list(+other):
            if his[0] not in POOL and len(his[1]) > 1500 + ETHERNET + TAG:
                tally["mtu-of-internal"] += other.pop(his)
        for side in (one, other):
            for arrival in list(+side):
                rule = self.everywhere or self.ports.get(arrival[0])
                if rule:
                    tally[rule] += side.pop(arrival)
        return +one, +other
