# SPDX-License-Identifier: Apache-2.0
"""Draws what tests/net/random.bats does to two switches: bridges, ports, mirrors, frames and
changes, from a seed.  Knows what it has configured, so that most of what it draws matters,
but not what a switch makes of it.

A scenario is a list of steps:
    ("vsctl", [argument...])     a command of ovs-vsctl
    ("device", name)             this device exists now: bring it up, send and listen there
    ("gone", name)               it does not any more
    ("link", name, is_up)        the user's end of a veth pair set up or down
    ("flush", bridge)            fdb/flush
    ("frame", name, bytes, Aside)
                                 sent into the switch from the user's end; what difference
                                 does not count

Every choice is counted as a feature; MINIMUM says how many of each 200 seeds have to give.
Nothing is left out of the comparison without a line in random.allow."""
import collections
import random

import random_aside
import random_frames
from random_frames import POOL, VIDS

BRIDGES = ("br0", "br1", "br2")
MODES = ("trunk", "access", "native-tagged", "native-untagged", "dot1q-tunnel")
PRIORITY_TAGS = ("never", "true", "if-nonzero", "always", "nonsense")


class Port:
    def __init__(self, name, bridge, kind):
        self.name, self.bridge, self.kind = name, bridge, kind
        self.mode = self.tag = None
        self.trunks = self.cvlans = ()
        self.is_protected = False

    def has_device(self):
        return self.kind != "patch"

    def likely_vids(self):
        """VLANs that a frame from here may be in, as far as one can tell."""
        if self.mode == "access" or (self.mode is None and self.tag is not None):
            return (0,)
        return self.trunks or self.cvlans or VIDS

    def carries(self, vid):
        """May a frame in this VLAN leave here?  Rather too often yes."""
        mode = self.mode or ("trunk" if self.tag is None else "access")
        if mode in ("access", "dot1q-tunnel"):
            return vid == (self.tag or 0)
        return not self.trunks or vid in self.trunks or mode != "trunk"


class Mirror:
    def __init__(self, name, bridge):
        self.name, self.bridge = name, bridge
        self.all = False
        self.src, self.dst, self.vlans = set(), set(), ()
        self.out = self.out_vlan = self.snaplen = None


class Scenario:
    def __init__(self, seed, allow):
        self.rng = random.Random(seed)
        self.allow = allow
        self.steps = []
        self.features = collections.Counter()
        self.excluded = collections.Counter()
        self.bridges, self.ports, self.mirrors, self.floods = [], {}, {}, {}
        self.down = set()
        self.n_mirrors = 0
        self.topology()
        for _ in range(3):
            self.mirror_new()
        self.frames(12)
        for _ in range(7):
            self.change()
            self.frames(5)

    # --- small ones ---

    def note(self, *features):
        self.features.update(features)

    def chance(self, percent):
        return self.rng.randrange(100) < percent

    def pick(self, things):
        return self.rng.choice(list(things))

    def some(self, things, least=1):
        things = list(things)
        most = min(len(things), 3)
        return tuple(self.rng.sample(things, self.rng.randint(min(least, most), most)))

    def excludes(self, rule):
        """Is this left out?  Only what random.allow names."""
        if rule not in self.allow:
            raise KeyError(f"random.allow has no rule '{rule}'")
        self.excluded[rule] += 1
        return True

    def vsctl(self, *words):
        self.steps.append(("vsctl", list(words)))

    def ports_of(self, bridge, *kinds):
        return [p for p in self.ports.values()
                if p.bridge == bridge and (not kinds or p.kind in kinds)]

    def has_patch(self, bridge):
        return bool(self.ports_of(bridge, "patch"))

    # --- bridges and ports ---

    def topology(self):
        n = self.rng.choice((1, 1, 1, 2, 3))
        for name in BRIDGES[:n]:
            self.bridges.append(name)
            self.vsctl("add-br", name, "--", "set", "bridge", name, "datapath_type=netdev",
                       "--", "set", "interface", name, "mtu_request=1500")
            self.ports[name] = Port(name, name, "local")
            self.steps.append(("device", name))
        pool = POOL[:]
        self.rng.shuffle(pool)
        for name in pool[: self.rng.randint(4, 7)]:
            self.port_new(name, self.pick(self.bridges))
        for name in ("i1", "i2"):
            if self.chance(25):
                self.port_new(name, self.pick(self.bridges))
        if self.chance(30):
            self.fake_bridge(self.pick(self.bridges))
        for a, b in zip(self.bridges, self.bridges[1:]):
            if self.chance(75):
                self.patch(a, b)
        for bridge in self.bridges:
            if self.chance(35):
                self.bridge_change(bridge)
            if self.chance(25):
                self.vlan_change(self.ports[bridge])

    def port_new(self, name, bridge):
        port = Port(name, bridge, "internal" if name[0] == "i" else "veth")
        words = ["add-port", bridge, name]
        if port.kind == "internal":
            words += ["--", "set", "interface", name, "type=internal", "mtu_request=1500"]
            self.note("internal port")
        columns = self.vlan_columns(port)
        if self.chance(15):
            port.is_protected = True
            columns.append("protected=true")
            self.note("protected port")
        if columns:
            words += ["--", "set", "port", name] + columns
        self.vsctl(*words)
        self.ports[name] = port
        if port.kind == "internal":
            self.steps.append(("device", name))

    def fake_bridge(self, parent):
        """A bridge that is a VLAN of another one."""
        self.note("fake bridge")
        vid = self.pick((10, 20))
        self.vsctl("add-br", "vb", parent, str(vid),
                   "--", "set", "interface", "vb", "mtu_request=1500")
        for name in ("vb", *[n for n in POOL if n not in self.ports][:1]):
            if name != "vb":
                self.vsctl("add-port", "vb", name)
            self.ports[name] = Port(name, parent, "fake" if name == "vb" else "veth")
            self.ports[name].tag = vid
        self.steps.append(("device", "vb"))

    def patch(self, a, b):
        self.note("patch pair")
        ends = (f"x{a[-1]}{b[-1]}", a), (f"x{b[-1]}{a[-1]}", b)
        words = []
        for (name, bridge), (peer, _) in zip(ends, reversed(ends)):
            port = self.ports[name] = Port(name, bridge, "patch")
            words += ["--", "add-port", bridge, name]
            columns = self.vlan_columns(port) if self.chance(30) else []
            if columns:
                words += ["--", "set", "port", name] + columns
            words += ["--", "set", "interface", name, "type=patch", f"options:peer={peer}"]
        self.vsctl(*words[1:])

    def vlan_columns(self, port):
        """VLAN columns for the port, as arguments of "set"."""
        rng, columns = self.rng, []
        port.mode = self.pick(MODES) if self.chance(60) else None
        port.tag = self.pick(VIDS) if self.chance(60) else None
        port.trunks = self.some((0, 10, 20, 30, 4095)) if self.chance(40) else ()
        port.cvlans = self.some((0, 10, 20)) if self.chance(25) else ()
        # Behind a patch port the other bridge would learn in another VLAN, too.
        if port.mode == "dot1q-tunnel" and not port.tag and len(self.bridges) > 1 and \
                self.excludes("tunnel-without-tag"):
            port.tag = self.pick((10, 5))
        self.note(f"vlan_mode {port.mode or 'unset'}")
        if port.mode:
            columns.append(f"vlan_mode={port.mode}")
        if port.tag is not None:
            self.note("tag")
            columns.append(f"tag={port.tag}")
        if port.trunks:
            self.note("trunks")
            columns.append("trunks=" + ",".join(map(str, port.trunks)))
        if port.cvlans:
            self.note("cvlans")
            columns.append("cvlans=" + ",".join(map(str, port.cvlans)))
        if self.chance(35):
            value = self.pick(PRIORITY_TAGS)
            self.note(f"priority-tags {value}")
            columns.append(f"other_config:priority-tags={value}")
        if self.chance(60 if port.mode == "dot1q-tunnel" else 5):
            value = rng.choice(("802.1q", "802.1ad"))
            self.note(f"qinq-ethtype {value}")
            columns.append(f"other_config:qinq-ethtype={value}")
        return columns

    # --- mirrors ---

    def mirror_new(self):
        bridge = self.pick(self.bridges)
        m = Mirror(f"m{self.n_mirrors}", bridge)
        self.mirror_draw(m)
        if not self.mirror_may_be(m):
            return
        self.n_mirrors += 1
        self.mirrors[m.name] = m
        words, columns = self.mirror_words(m)
        self.vsctl(*words, "--", "--id=@the_mirror", "create", "mirror", f"name={m.name}", *columns,
                   "--", "add", "bridge", bridge, "mirrors", "@the_mirror")
        self.mirror_note(m)

    def mirror_draw(self, m):
        near = [p.name for p in self.ports_of(m.bridge)]
        form = self.pick(("all", "src", "src", "dst", "dst", "both", "vlan alone"))
        m.all = form == "all"
        if form in ("src", "both"):
            m.src = set(self.some(near))
        if form in ("dst", "both"):
            m.dst = set(self.some(near))
        if form == "vlan alone" or self.chance(25):
            m.vlans = self.some((0, 10, 20))
        if self.chance(4):
            m.src.add(self.pick(self.ports))  # perhaps another bridge's: ignored then
        output = self.pick(("port",) * 6 + ("vlan",) * 3 + ("both", "none"))
        if output in ("port", "both"):
            m.out = self.pick(near)
        if output in ("vlan", "both"):
            m.out_vlan = self.pick((10, 20, 99))
        if self.chance(30):
            m.snaplen = self.pick((14, 18, 20, 34, 60, 80, 90, 100, 65535))

    def mirror_words(self, m):
        """What gets the ports' rows, and the columns."""
        columns = []
        names = sorted(m.src | m.dst | ({m.out} if m.out else set()))
        words = [w for n in names for w in ("--", f"--id=@{n}", "get", "port", n)]
        if m.all:
            columns.append("select_all=true")
        for column, value in (("select_src_port", m.src), ("select_dst_port", m.dst)):
            if value:
                columns.append(f"{column}=" + ",".join(f"@{n}" for n in sorted(value)))
        if m.vlans:
            columns.append("select_vlan=" + ",".join(map(str, m.vlans)))
        if m.out:
            columns.append(f"output_port=@{m.out}")
        if m.out_vlan:
            columns.append(f"output_vlan={m.out_vlan}")
        if m.snaplen:
            columns.append(f"snaplen={m.snaplen}")
        return words, columns

    def mirror_note(self, m):
        for is_so, name in (
            (m.all, "mirror of all"), (m.src, "mirror of sources"),
            (m.dst, "mirror of destinations"), (m.vlans, "mirror of VLANs"),
            (m.vlans and not (m.all or m.src or m.dst), "mirror of a VLAN alone"),
            (m.out and not m.out_vlan, "mirror to a port"),
            (m.out_vlan and not m.out, "mirror to a VLAN"),
            (m.out and m.out_vlan, "mirror to both"),
            (not m.out and not m.out_vlan, "mirror to nothing"), (m.snaplen, "snaplen"),
        ):
            if is_so:
                self.note(name)
        others = [o for o in self.mirrors.values() if o is not m and o.bridge == m.bridge]
        if others:
            self.note("several mirrors")
        if any(o.out and o.out == m.out for o in others):
            self.note("mirrors to the same port")
        if any(self.feeds(o, m) or self.feeds(m, o) for o in others):
            self.note("chain of mirrors")

    def reserved(self, extra=()):
        """Ports that are mirrors' outputs."""
        mirrors = [*self.mirrors.values(), *extra]
        return {m.out for m in mirrors if m.out in self.ports
                and self.ports[m.out].bridge == m.bridge}

    def outputs(self, m, extra=()):
        if m.out:
            return {m.out}
        if not m.out_vlan:
            return set()
        return {p.name for p in self.ports_of(m.bridge) if p.carries(m.out_vlan)} - \
            self.reserved(extra)

    def feeds(self, a, b):
        """Do a's copies leave by a port whose output b selects?"""
        if a is b or a.bridge != b.bridge or (a.out and a.out == b.out):
            return False
        return bool(self.outputs(a, (a, b))) if b.all else bool(self.outputs(a, (a, b)) & b.dst)

    def is_order_bound(self, m, mirrors):
        """Could it be that m copies the packet, but finds another mirror's copy first?"""
        alone = m.all or m.src or m.dst - self.reserved(mirrors)
        return bool(alone) and any(self.feeds(o, m) for o in mirrors)

    def is_merged_late(self, m, mirrors):
        """Could m's copy of a copy be first where another's copy of the packet goes, too?"""
        return any(self.feeds(o, m) for o in mirrors) and any(
            o is not m and o.bridge == m.bridge and (o.out, o.out or o.out_vlan)
            == (m.out, m.out or m.out_vlan) for o in mirrors)

    def selects_patch(self, m):
        return self.has_patch(m.bridge) and (m.all or any(
            n in self.ports and self.ports[n].kind == "patch" for n in m.src | m.dst))

    def doubtful(self, mirrors=None):
        """{mirror: rule}: those whose copies differ by a rule, and what copies them on."""
        mirrors = list(self.mirrors.values()) if mirrors is None else mirrors
        found = {m: "patch-selected" for m in mirrors if self.selects_patch(m)}
        found |= {m: "mirror-order" for m in mirrors
                  if self.is_order_bound(m, mirrors) or self.is_merged_late(m, mirrors)}
        return self.with_fed(found, mirrors)

    def with_fed(self, found, mirrors):
        """{mirror: rule}, and those that copy on what these copied."""
        todo = list(found)
        for m in todo:
            for o in mirrors:
                if o not in found and self.feeds(m, o):
                    found[o] = found[m]
                    todo.append(o)
        return found

    def mirror_may_be(self, m):
        """False: with it the outcome would rest on what random.allow says is not copied."""
        mirrors = [o for o in self.mirrors.values() if o.name != m.name] + [m]
        if self.has_patch(m.bridge):
            out_of_patch = m.out and m.out in self.ports and self.ports[m.out].kind == "patch"
            if m.snaplen and (out_of_patch or not m.out) and self.excludes("patch-snaplen"):
                return False
            if self.leaves_bridge(m) and self.excludes_loop(m, mirrors):
                return False
        for o in mirrors:
            if not (o.out and m.out) and self.may_merge(o, m) and self.excludes("merged-in-flood"):
                return False
        for o, rule in self.doubtful(mirrors).items():
            # What goes to one port can be set aside, what goes everywhere cannot.
            everywhere = not o.out or self.ports[o.out].kind == "patch"
            if everywhere and self.outputs(o, mirrors) and self.excludes(rule):
                return False
        return True

    def may_merge(self, a, b):
        """Do both take what is flooded, by other ports, to the same place?"""
        return (a is not b and a.bridge == b.bridge and bool(a.dst and b.dst)
                and (a.out, a.out or a.out_vlan) == (b.out, b.out or b.out_vlan))

    def leaves_bridge(self, m):
        """Do copies go to another bridge?"""
        out = self.ports.get(m.out)
        return self.has_patch(m.bridge) and (out.kind == "patch" if out else bool(m.out_vlan))

    def excludes_loop(self, m, mirrors):
        return any(o.bridge != m.bridge and self.leaves_bridge(o) for o in mirrors) and \
            self.excludes("mirror-loop")

    # --- changes ---

    def change(self):
        kind = self.pick(("vlan",) * 6 + ("delete",) * 2 + ("add",) * 2 + ("mirror",) * 5
                         + ("bridge",) * 2 + ("protect", "link", "move"))
        getattr(self, f"change_{kind}")()

    def changeable(self):
        return [p for p in self.ports.values() if p.kind in ("veth", "internal")]

    def change_vlan(self):
        self.vlan_change(self.pick(self.ports.values()))

    def vlan_change(self, port):
        """Under whatever has been learned there."""
        before = port.mode, port.tag, port.trunks, port.cvlans
        columns = self.vlan_columns(port)
        if not self.mirrors_may_stay():
            port.mode, port.tag, port.trunks, port.cvlans = before
            return
        self.note("VLAN columns changed")
        self.vsctl("clear", "port", port.name, "vlan_mode", "tag", "trunks", "cvlans",
                   "other_config", *(["--", "set", "port", port.name] + columns if columns else []))

    def mirrors_may_stay(self):
        return all(map(self.mirror_may_be, self.mirrors.values()))

    def change_protect(self):
        port = self.pick(self.ports.values())
        port.is_protected = not port.is_protected
        self.note("protection changed")
        self.vsctl("set", "port", port.name, f"protected={str(port.is_protected).lower()}")

    def forget(self, port):
        """From the columns of mirrors, as a weak reference goes."""
        del self.ports[port.name]
        for m in self.mirrors.values():
            m.src.discard(port.name)
            m.dst.discard(port.name)
            if m.out == port.name:
                m.out = None

    def change_delete(self):
        if len(self.changeable()) > 3:
            port = self.pick(self.changeable())
            saved = [(m, set(m.src), set(m.dst), m.out) for m in self.mirrors.values()]
            is_mirrored = any(m.all or port.name in m.src | m.dst for m in self.mirrors.values()
                              if m.bridge == port.bridge)
            self.forget(port)
            if not self.mirrors_may_stay():
                self.ports[port.name] = port
                for m, m.src, m.dst, m.out in saved:
                    pass
                return
            self.note("port deleted")
            self.vsctl("del-port", port.name)
            self.flush_alike(port.bridge, is_mirrored)
            if port.kind == "internal":
                self.steps.append(("gone", port.name))

    def change_add(self):
        free = [n for n in POOL if n not in self.ports]
        if free:
            name = self.pick(free)
            self.note("port added")
            self.port_new(name, self.pick(self.bridges))
            if not self.mirrors_may_stay():
                self.forget(self.ports[name])
                self.vsctl("del-port", name)

    def change_move(self):
        """To another bridge, or out of this one and in again, in one transaction or two."""
        port = self.pick(p for p in self.changeable() if p.kind == "veth")
        if any(port.name in m.src | m.dst | {m.out} for m in self.mirrors.values()):
            return
        bridge = self.pick(self.bridges)
        self.note("port moved")
        is_mirrored = any(m.all and m.bridge == port.bridge for m in self.mirrors.values())
        self.forget(port)
        if bridge == port.bridge and self.chance(50):
            self.note("port replaced")
            self.vsctl("del-port", port.name, "--", "add-port", bridge, port.name)
            if self.excludes("flush-of-same-name"):
                self.flush(bridge)
        elif bridge == port.bridge:
            self.vsctl("del-port", port.name)
            self.vsctl("add-port", bridge, port.name)
        else:
            self.vsctl("del-port", port.name, "--", "add-port", bridge, port.name)
        self.flush_alike(port.bridge, is_mirrored)
        self.ports[port.name] = Port(port.name, bridge, "veth")
        if not self.mirrors_may_stay():
            self.forget(self.ports[port.name])
            self.vsctl("del-port", port.name)

    def change_link(self):
        name = self.pick(POOL)
        is_up = name in self.down
        (self.down.discard if is_up else self.down.add)(name)
        self.note("link set down or up")
        self.steps.append(("link", name, is_up))

    def change_bridge(self):
        self.bridge_change(self.pick(self.bridges))

    def bridge_change(self, name):
        kind = self.pick(("flood_vlans", "forward-bpdu", "forward-bpdu", "fail_mode"))
        self.note(kind)
        if kind == "flood_vlans":
            self.flood_vlans(name)
        elif kind == "forward-bpdu":
            value = self.pick(("true", "true", "false"))
            self.vsctl("set", "bridge", name, f"other_config:forward-bpdu={value}")
        elif self.chance(50):
            self.vsctl("set", "bridge", name, "fail_mode=secure")
        else:
            self.vsctl("clear", "bridge", name, "fail_mode")

    def flush(self, bridge):
        self.steps.append(("flush", bridge))

    def flush_alike(self, bridge, is_mirrored):
        """A port of the bridge was deleted: makes both forget what only Open vSwitch forgets."""
        if is_mirrored and self.excludes("flush-of-all"):
            self.flush(bridge)

    def flood_vlans(self, bridge):
        """Others than before; what was learned is forgotten."""
        vlans = self.floods.get(bridge, ())
        while vlans == self.floods.get(bridge, ()):
            vlans = tuple(sorted(self.some((0, 10, 20, 30, 99, 77), 0)))
        self.floods[bridge] = vlans
        self.vsctl("set", "bridge", bridge, f"flood_vlans=[{','.join(map(str, vlans))}]")

    def change_mirror(self):
        if not self.mirrors or self.chance(35):
            return self.mirror_new()
        m = self.pick(self.mirrors.values())
        if self.chance(35):
            return self.mirror_delete(m)
        self.mirror_alter(m)

    def mirror_delete(self, m):
        del self.mirrors[m.name]
        if not self.mirrors_may_stay():  # a port that was reserved is not any more
            self.mirrors[m.name] = m
            return
        self.note("mirror deleted")
        self.vsctl("--", "--id=@m", "get", "mirror", m.name,
                   "--", "remove", "bridge", m.bridge, "mirrors", "@m")

    def mirror_alter(self, m):
        new = Mirror(m.name, m.bridge)
        self.mirror_draw(new)
        self.mirrors[m.name] = new
        if not self.mirrors_may_stay():
            self.mirrors[m.name] = m
            return
        self.note("mirror changed")
        self.mirror_note(new)
        words, columns = self.mirror_words(new)
        self.vsctl("clear", "mirror", m.name, "select_src_port", "select_dst_port", "select_vlan",
                   "output_port", "output_vlan", "snaplen", "--", "set", "mirror", m.name,
                   "select_all=false", *words, *(["--", "set", "mirror", m.name] + columns
                                                 if columns else []))

    # --- frames ---

    def frames(self, n):
        for _ in range(n):
            port = self.pick(p for p in self.ports.values() if p.has_device())
            frame = random_frames.draw(self, port)
            self.steps.append(("frame", port.name, frame, random_aside.of(self, port, frame)))


# Of each 200 seeds at least so many.
MINIMUM = {
    "VLAN columns changed": 300, "chain of mirrors": 70, "cvlans": 300, "fail_mode": 30,
    "fake bridge": 30, "flood_vlans": 30, "forward-bpdu": 70, "frame above an MTU": 1300,
    "from 0": 230, "from a group address": 230, "from a station that moved": 2800,
    "internal port": 60, "link set down or up": 35, "mirror changed": 50, "mirror deleted": 40,
    "mirror of VLANs": 150, "mirror of a VLAN alone": 60, "mirror of all": 30,
    "mirror of destinations": 140, "mirror of sources": 160, "mirror to a VLAN": 70,
    "mirror to a port": 210, "mirror to both": 30, "mirror to nothing": 20,
    "mirrors to the same port": 20, "patch pair": 50, "port added": 70, "port deleted": 70,
    "port moved": 20, "port replaced": 4,
    "priority-tags always": 75, "priority-tags if-nonzero": 75,
    "priority-tags never": 75, "priority-tags nonsense": 75, "priority-tags true": 75,
    "protected port": 120, "protection changed": 40, "qinq-ethtype 802.1ad": 35,
    "qinq-ethtype 802.1q": 35, "several mirrors": 200, "short frame": 240, "snaplen": 100,
    "tag": 800, "tags: 802.1ad": 400, "tags: 802.1ad double": 400, "tags: double": 400,
    "tags: double with 0 outside": 400, "tags: none": 1300, "tags: one": 1300,
    "tags: one with priority": 400, "tags: priority": 400, "tags: triple": 400,
    "tags: zero": 400, "to broadcast": 1200, "to multicast": 600, "to not reserved": 300,
    "to reserved": 600, "to station": 2800, "to unknown": 600, "trunks": 450,
    "vlan_mode access": 140, "vlan_mode dot1q-tunnel": 140, "vlan_mode native-tagged": 140,
    "vlan_mode native-untagged": 140, "vlan_mode trunk": 140, "vlan_mode unset": 450,
}
