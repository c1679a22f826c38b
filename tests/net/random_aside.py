# SPDX-License-Identifier: Apache-2.0
"""What arrives on one switch only, and by which rule of random.allow that is set aside."""
import frames
from random_frames import POOL, SMALL_LENGTH, SMALL_MTU

ETHERNET, TAG = 14, 4
LEAST_BEHIND_TAG = 20  # bytes; what is shorter Linux does not receive with its tag in the bytes


class Aside:
    """For one frame.  ports: {port: rule} where a difference does not count; everywhere: a rule
    by which it does not count anywhere, or None; snaplens: those of the mirrors."""

    def __init__(self, ports, everywhere, snaplens):
        self.ports, self.everywhere, self.snaplens = ports, everywhere, snaplens

    def lone(self, port, data):
        """The rule for a frame that came on bvs alone, or None."""
        form = frames.split(data)[0]
        is_small = port == SMALL_MTU
        most = SMALL_LENGTH if is_small else 1500 + ETHERNET
        if form != "-" and len(data) < LEAST_BEHIND_TAG:
            return "frame-ends-in-tag"
        if form.startswith("[88a8:") and most < len(data) <= most + TAG:
            return "mtu-of-802.1ad"
        if self.snaplens and min(self.snaplens) < LEAST_BEHIND_TAG:
            return "short-snaplen"
        if is_small and self.snaplens and len(data) <= most + TAG:
            return "batch-of-too-long"
        return None

    def cut(self, ours, theirs):
        """The rule for two that are the same but for where they end, or None."""
        if not self.snaplens:
            return None
        if len(ours) < len(theirs) and theirs.startswith(ours):
            return "nested-snaplen"
        if len(theirs) < len(ours) and ours.startswith(theirs):
            return "short-snaplen"
        return None

    def remains(self, ours, theirs, tally):
        """What makes a difference of what arrived on bvs and on stock: two Counters.  The rest
        is added to the tally."""
        one, other = ours - theirs, theirs - ours
        for mine in list(one):
            for his in list(other):
                rule = mine[::2] == his[::2] and self.cut(mine[1], his[1])
                if rule:
                    n = min(one[mine], other[his])
                    one[mine] -= n
                    other[his] -= n
                    tally[rule] += n
        for mine in list(+one):
            rule = self.lone(mine[0], mine[1])
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
