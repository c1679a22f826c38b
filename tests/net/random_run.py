#!/usr/bin/python3 -IS
# SPDX-License-Identifier: Apache-2.0
"""The same ovs-vsctl commands and the same frames on two switches, and all that arrives
compared byte for byte.  Started by tests/net/random.bats, which makes the two worlds.

  random_run.py [--seeds N] [--first SEED] [--cpu N] [--shrink] WORLD WORLD
      WORLD is DIR:PID: where the switch's db.sock is, and the process whose namespaces are
      the world.  One pair of switches serves all seeds, on one processor.
      --shrink takes steps out of the first seed that differs as long as it still does, and
      prints what is left.

In each world the pool's veth pairs exist, their user's ends in namespace "ends", and a bridge
"bz" with the ports za and zb.  What is sent there after a frame is a sentinel: when the second
one has arrived, whatever the switch had to send for the frame has arrived as well, as each
switch works and delivers on one processor, in order.  (One is not enough: a switch that reads
its ports in turn may have passed over the frame's port just before.  Nor is a command's end:
Open vSwitch may look for frames once more before it makes all of it count.)

A difference is a failure, with one exception: where the kernel has counted frames that it lost
on the way, for want of room, the scenario is played again."""
import argparse
import collections
import fcntl
import json
import os
import select
import socket
import struct
import subprocess
import sys
import sysconfig
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True  # nothing outside build/
import frames  # noqa: E402
import random_draw as draw  # noqa: E402
import random_link  # noqa: E402

ROOT = os.path.realpath(f"{HERE}/../..")
# What the wrapper in bin/ starts, without the processes that it takes to find that.
PEERS, MULTIARCH = f"{ROOT}/build/peers", sysconfig.get_config_var("MULTIARCH")
VSCTL = f"{PEERS}/usr/bin/ovs-vsctl"
LIBRARIES = f"{PEERS}/usr/lib/{MULTIARCH}:{PEERS}/lib/{MULTIARCH}"
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
SOL_PACKET, PACKET_STATISTICS = 263, 6
LIMIT = 60  # seconds that anything may take
ATTEMPTS = 3  # at a scenario, if the kernel loses frames


class World:
    def __init__(self, word):
        self.directory, pid = word.rsplit(":", 1)
        self.home = f"/proc/{pid}/ns/net"
        self.ends = f"/proc/{pid}/root/run/netns/ends"
        self.name = os.path.basename(self.directory)
        self.links = {netns: random_link.Links(netns) for netns in (self.home, self.ends)}
        self.down = set()  # user's ends
        self.overflows = 0  # of our sockets
        self.poll = select.epoll()
        self.by_fd, self.ports = {}, {}
        self.arrived = collections.Counter()
        self.sentinel = 0
        for name in draw.POOL + ["za", "zb"]:
            self.listen(name, self.ends)

    def listen(self, name, netns):
        port = frames.Port(name, netns)
        self.ports[name] = port
        self.by_fd[port.socket.fileno()] = port
        self.poll.register(port.socket, select.EPOLLIN)

    def device(self, name):
        """A device of the switch's, in the world's own namespace."""
        self.set_flag(name, True, self.home)
        self.links[self.home].wait_pair(name)
        self.listen(name, self.home)

    def gone(self, name):
        self.count_overflows(name)
        port = self.ports.pop(name)
        self.poll.unregister(port.socket)
        del self.by_fd[port.socket.fileno()]
        port.socket.close()

    def set_link(self, name, is_up):
        (self.down.discard if is_up else self.down.add)(name)
        self.set_flag(name, is_up, self.ends)
        for links in self.links.values():  # both ends have the same name
            links.wait(name)

    def set_flag(self, name, is_up, netns):
        with frames.inside(netns):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        request = struct.pack("16sH14x", name.encode(), 0)
        flags = struct.unpack_from("H", fcntl.ioctl(s, SIOCGIFFLAGS, request), 16)[0]
        flags = flags | IFF_UP if is_up else flags & ~IFF_UP
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), flags))
        s.close()

    def vsctl(self, words):
        return subprocess.Popen(
            [VSCTL, f"--db=unix:{self.directory}/db.sock", f"--timeout={LIMIT}", *words],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={"LD_LIBRARY_PATH": LIBRARIES})

    def control(self, method, *params):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(LIMIT)
        s.connect(f"{self.directory}/switch.ctl")
        s.send(json.dumps({"id": 0, "method": method, "params": params}).encode())
        said = json.loads(s.recv(4096))
        s.close()
        if said["error"]:
            raise Difference(f"{self.name}: {method}: {said['error']}")

    def send(self, name, data):
        try:
            self.ports[name].socket.send(data)
        except OSError:
            pass  # the device is down, or the frame too long for it: so it is in both worlds

    def send_sentinel(self, number):
        self.send("za", b"\xff" * 6 + self.ports["za"].mac + struct.pack("!HQ50x", 0x88B5, number))

    def collect(self, until):
        """Takes what has arrived, up to this sentinel."""
        limit = time.monotonic() + LIMIT
        while self.sentinel < until:
            ready = self.poll.poll(max(0, limit - time.monotonic()))
            if not ready:
                raise Difference(f"{self.name}: no sentinel came through within {LIMIT} s")
            self.take(fd for fd, _ in ready)
        self.take(list(self.by_fd))

    def take(self, fds):
        for fd in fds:
            port = self.by_fd[fd]
            while (frame := port.receive()) is not None:
                if port.name == "zb":
                    self.sentinel = struct.unpack_from("!Q", frame[0], 14)[0]
                elif port.name != "za":
                    self.arrived[port.name, frame[0], frame[1]] += 1

    def count_overflows(self, *names):
        """The kernel's count starts again at 0 when it is read."""
        for name in names or self.ports:
            said = self.ports[name].socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
            self.overflows += struct.unpack("II", said)[1]
        return self.overflows


class Difference(Exception):
    pass


class Run:
    """Scenarios, in both worlds at once."""

    def __init__(self, worlds):
        self.worlds = worlds
        self.number = 0
        self.arrivals = 0
        self.set_aside = collections.Counter()
        self.repeated = 0
        self.is_strict = True  # a command that fails is an error of the scenario

    def vsctl(self, words):
        running = [w.vsctl(words) for w in self.worlds]
        said = [p.communicate()[1] for p in running]
        if len({p.returncode for p in running}) > 1 or (self.is_strict and running[0].returncode):
            raise Difference("  ".join(f"{w.name}: exit {p.returncode} {text.strip()}"
                                       for w, p, text in zip(self.worlds, running, said)))

    def settle(self, sentinels=2):
        for _ in range(sentinels):
            self.number += 1
            for w in self.worlds:
                w.send_sentinel(self.number)
            for w in self.worlds:
                w.collect(self.number)

    def step(self, kind, *args):
        if kind == "vsctl":
            self.vsctl(args[0])
            self.settle(1)
        elif kind == "frame":
            self.frame(*args)
        elif kind == "flush":
            self.flush(*args)
        else:
            for w in self.worlds:
                {"device": w.device, "gone": w.gone, "link": w.set_link}[kind](*args)
            self.settle()  # Open vSwitch asks for news of devices when it looks for frames

    def frame(self, name, data, aside):
        for w in self.worlds:
            w.arrived.clear()
            w.send(name, data)
        self.settle()
        ours, theirs = (w.arrived for w in self.worlds)
        self.arrivals += sum(ours.values())
        remaining = aside.remains(ours, theirs, self.set_aside)
        if any(remaining):
            raise Difference("\n".join(f"    only {w.name}: {show(arrivals)}"
                                       for w, arrivals in zip(self.worlds, remaining)))

    def flush(self, bridge):
        """Both forget what they learned there."""
        for w in self.worlds:
            w.control("fdb/flush", bridge)

    def scenario(self, steps):
        """None, or where and how the worlds differ."""
        try:
            for n, step in enumerate(steps):
                try:
                    self.step(*step)
                except Difference as difference:
                    return n, str(difference)
            return None
        finally:
            self.clear()

    def lost(self):
        """How many frames the kernel has lost so far that may have been ours."""
        return backlog_overflows() + sum(w.count_overflows() for w in self.worlds)

    def play(self, steps):
        """The scenario; again if the worlds differ and the kernel lost frames."""
        for _ in range(ATTEMPTS):
            before = self.lost()
            found = self.scenario(steps)
            lost = self.lost() - before
            if not found or not lost:
                return found
            self.repeated += 1
            print(f"the kernel lost {lost} frames: once more")
        return found

    def clear(self):
        self.is_strict, was = False, self.is_strict
        words = [w for b in draw.BRIDGES for w in ("--", "--if-exists", "del-br", b)]
        self.vsctl(words[1:])
        self.is_strict = was
        for w in self.worlds:
            for name in [n for n in w.ports if n not in draw.POOL + ["za", "zb"]]:
                w.gone(name)
            for name in list(w.down):
                w.set_link(name, True)


def backlog_overflows():
    """Frames that found the queue of this processor full, whoever sent them."""
    with open("/proc/net/softnet_stat", encoding="ascii") as f:
        rows = [[int(word, 16) for word in line.split()] for line in f]
    return sum(row[1] for row in rows if row[12] in os.sched_getaffinity(0))


def show(arrivals):
    return ", ".join(
        f"{port} {frames.split(data)[0]} {len(data)} bytes" + (f" type {kind}" if kind else "")
        + (f" x{n}" if n > 1 else "") for (port, data, kind), n in sorted(arrivals.items())) or "-"


def describe(step):
    if step[0] == "vsctl":
        return "ovs-vsctl " + " ".join(step[1])
    if step[0] == "frame":
        form, bare = frames.split(step[2])
        return (f"frame at {step[1]}: {form} dst={bare[:6].hex(':')} src={bare[6:12].hex(':')}"
                f" type={bare[12:14].hex()} {len(step[2])} bytes")
    return " ".join(map(str, step))


def shrink(run, steps):
    """Fewer steps that still make a difference."""
    run.is_strict = False
    size, tries = len(steps) // 2, 60
    while size and tries:
        at = 0
        while at < len(steps) and tries:
            fewer = steps[:at] + steps[at + size:]
            tries -= 1
            try:
                found = run.scenario(fewer)
            except (KeyError, OSError):
                found = None  # a step needs one that is gone
            if found:
                steps = fewer[: found[0] + 1]
            else:
                at += size
        size //= 2
    return steps


def read_allow():
    rules = {}
    with open(f"{HERE}/random.allow", encoding="ascii") as f:
        for line in f:
            if line.strip() and line[0] != "#":
                rule, where, how, why = line.split(None, 3)
                rules[rule] = (where, how, why.strip())
    return rules


def report(features, excluded, rules, seeds):
    """The tally; true if too little of something was drawn."""
    few = []
    for name in sorted(set(features) | set(draw.MINIMUM)):
        least = draw.MINIMUM.get(name)
        print(f"  {features[name]:6} {name}" + ("" if least is None else
                                               f" (of {least * seeds // 200})"))
        # Of few seeds chance decides.
        if least is None or (seeds >= 200 and features[name] < least * seeds // 200):
            few.append(name)
    for rule, (where, how, why) in rules.items():
        print(f"  {excluded[rule]:6} not drawn, or set aside, by {where}: {why}")
    if few:
        print("drawn too seldom, or without a minimum: " + ", ".join(few))
    return bool(few)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--cpu", type=int, default=0)
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("world", nargs=2)
    args = parser.parse_args()
    os.sched_setaffinity(0, {args.cpu})
    run = Run([World(w) for w in args.world])
    rules = read_allow()
    features, excluded = collections.Counter(), collections.Counter()
    differing, start = 0, time.monotonic()
    for seed in range(args.first, args.first + args.seeds):
        scenario = draw.Scenario(seed, rules)
        features += scenario.features
        excluded += scenario.excluded
        found = run.play(scenario.steps)
        if found:
            differing += 1
            steps = scenario.steps
            print(f"seed {seed}: step {found[0]}: {describe(steps[found[0]])}\n{found[1]}")
            if args.shrink:
                steps = shrink(run, steps[: found[0] + 1])
                print("\n".join(f"    {describe(s)}" for s in steps))
                found = run.scenario(steps)
                print(found[1] if found else "    (not always)")
            sys.stdout.flush()
            run.is_strict = True
    few = report(features, excluded + run.set_aside, rules, args.seeds)
    print(f"seeds {args.first} to {args.first + args.seeds - 1}: {differing} differ;"
          f" {run.arrivals} arrivals compared, {sum(run.set_aside.values())} set aside,"
          f" {run.repeated} times lost by the kernel and repeated,"
          f" {time.monotonic() - start:.1f} s")
    sys.exit(bool(differing or few or not run.arrivals))


if __name__ == "__main__":
    main()
