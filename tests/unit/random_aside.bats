#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What the random comparison with Open vSwitch (net/random_aside.py) sets aside is the difference
# that a rule of net/random.allow is about, and nothing beside it.

# Runs lines of Python: same() and differ() take what was sent, what arrived on bvs and on Open
# vSwitch, and what Aside is told; a frame has these tags, this length and this last byte.
compare() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$BATS_TEST_DIRNAME/../net python3 -Sc "
import collections, struct, random_aside

def frame(*tags, n, last=b''):
    tags = b''.join(struct.pack('!HH', *tag) for tag in tags)
    return (b'\2' * 12 + tags + b'\x88\xb5' + bytes(2000))[:n - len(last)] + last

def differ(sent, ours, theirs, stripped=(), retagged=(), snaplens=(), is_pushed=False):
    ours, theirs = (collections.Counter((*a, 0) for a in side) for side in (ours, theirs))
    aside = random_aside.Aside({}, None, stripped, retagged, snaplens, sent, is_pushed)
    return any(aside.remains(ours, theirs, collections.Counter()))

def same(*args, **options):
    return not differ(*args, **options)

Q, AD = 0x8100, 0x88A8
$1"
}

@test "the customer's tag, where Open vSwitch strips it" { # A8
	compare '
tagged, bare = frame((Q, 10), n=60), frame(n=56)
assert same(tagged, [("p1", tagged)], [("p1", bare)], stripped={"p1"})
assert differ(tagged, [("p1", tagged)], [("p1", bare)], stripped={"p2"})
assert differ(tagged, [("p1", tagged)], [("p2", bare)], stripped={"p1", "p2"})
assert differ(tagged, [("p1", bare)], [("p1", tagged)], stripped={"p1"})
assert differ(tagged, [("p1", tagged)], [("p1", frame(n=56, last=b"x"))], stripped={"p1"})
assert differ(tagged, [("p1", tagged)], [("p1", frame(n=60))], stripped={"p1"})
assert differ(tagged, [("p1", tagged)], [], stripped={"p1"})
assert differ(tagged, [], [("p1", bare)], stripped={"p1"})'
}

@test "of two tags the outer one" { # A8
	compare '
double = frame((AD, 10), (Q, 20), n=64)
assert same(double, [("p1", double)], [("p1", frame((Q, 20), n=60))], stripped={"p1"})
assert differ(double, [("p1", double)], [("p1", frame((AD, 10), n=60))], stripped={"p1"})
assert differ(double, [("p1", double)], [("p1", frame(n=56))], stripped={"p1"})'
}

@test "copies without it are cut later" { # A8
	compare '
sent, ours = frame((Q, 10), n=300), frame((Q, 10), n=100)
assert same(sent, [("p1", ours)], [("p1", frame(n=100))], stripped={"p1"}, snaplens=[100])
assert differ(sent, [("p1", ours)], [("p1", frame(n=101))], stripped={"p1"}, snaplens=[100])'
}

@test "the priority of a customer's tag that a mirror's replaces" { # A8
	compare '
sent, ours = frame((AD, 3 << 13 | 10), n=60), frame((AD, 3 << 13 | 99), n=60)
told = {"stripped": {"p1"}, "retagged": {99}}
assert same(sent, [("p1", ours)], [("p1", frame((Q, 99), n=60))], **told)
assert differ(sent, [("p1", ours)], [("p1", frame((Q, 98), n=60))], **told)
assert differ(sent, [("p1", ours)], [("p1", frame((Q, 1 << 13 | 99), n=60))], **told)
assert differ(sent, [("p1", ours)], [("p1", frame((Q, 99), n=60, last=b"x"))], **told)
assert differ(sent, [("p1", ours)], [("p1", frame((Q, 99), n=60))], stripped={"p1"}, retagged={98})'
}

@test "a frame that goes where a copy is too long for packet sockets" { # B19
	compare '
sent, copy = frame(n=1514), frame((AD, 99), n=1518)
assert same(sent, [("p1", copy), ("p1", sent)], [])
assert differ(sent, [("p1", copy), ("p2", sent)], [])
assert differ(sent, [("p1", sent)], [])
assert differ(sent, [("p1", copy), ("p1", frame(n=1514, last=b"x"))], [])
assert differ(sent, [("p1", frame((Q, 99), n=1518)), ("p1", sent)], [])
assert differ(sent, [("p1", frame((AD, 99), n=1519)), ("p1", sent)], [])'
}

@test "a cut copy that goes where the frame is too long" { # B19
	compare '
assert same(frame(n=640), [("p8", frame(n=100))], [], snaplens=[100])
assert differ(frame(n=640), [("p8", frame(n=100, last=b"x"))], [], snaplens=[100])
assert differ(frame(n=640), [("p7", frame(n=100))], [], snaplens=[100])
assert differ(frame(n=640), [("p8", frame(n=100))], [])
assert differ(frame(n=610), [("p8", frame(n=100))], [], snaplens=[100])'
}

@test "a frame that goes where a copy with a tag more is too long" { # B19
	compare '
sent, short = frame((Q, 5), (Q, 10), n=1518), frame((Q, 5), (Q, 10), n=1514)
assert same(sent, [("p1", sent)], [], is_pushed=True)
assert differ(sent, [("p1", sent)], [])
assert differ(sent, [("p1", frame((Q, 5), n=1514, last=b"x"))], [], is_pushed=True)
assert differ(short, [("p1", short)], [], is_pushed=True)'
}
