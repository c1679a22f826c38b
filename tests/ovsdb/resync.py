#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that come back: resync.py STEP DIRECTORY TESTS

The steps first, again, restarted and unknown are those of one raw client, which keeps its
last id in DIRECTORY/id; idl is a Python IDL that prints the values it has, as long as its
standard input is open.
"""
import select
import sys

step, directory, tests = sys.argv[1:]
sys.path.insert(0, tests)
from rpc import Client  # noqa: E402

SOCK = directory + "/db.sock"
ZERO = "00000000-0000-0000-0000-000000000000"


def transact(*ops):
    reply, _ = Client(SOCK).call("transact", "S", *ops)
    assert reply["error"] is None and "error" not in str(reply["result"]), reply


def monitor(last_id, columns):
    """Found, the new id, and all that was told without the rows' uuids."""
    c = Client(SOCK)
    reply, _ = c.call("monitor_cond_since", "S", "m", {"Root": [{"columns": columns}]}, last_id)
    found, new_id, updates = reply["result"]
    rows = list(updates.get("Root", {}).values())
    return found, new_id, sorted(rows, key=str)


def insert(i):
    transact({"op": "insert", "table": "Root", "row": {"i": i}})


def saved_id():
    with open(directory + "/id") as f:
        return f.read()


def save_id(last_id):
    with open(directory + "/id", "w") as f:
        f.write(last_id)


def check(have, want):
    assert have == want, f"have {have}, want {want}"


def first():
    insert(1)
    found, last_id, rows = monitor(ZERO, ["i"])
    check((found, rows), (False, [{"initial": {"i": 1}}]))
    save_id(last_id)


def again():
    check(monitor(saved_id(), ["i"])[::2], (True, []))
    insert(2)
    transact({"op": "update", "table": "Root", "where": [["i", "==", 1]], "row": {"i": 3}})
    transact({"op": "update", "table": "Root", "where": [["i", "==", 3]], "row": {"i": 4}})
    transact({"op": "update", "table": "Root", "where": [], "row": {"eph": 5}})
    want = [{"insert": {"i": 2}}, {"modify": {"i": 4}}]
    check(monitor(saved_id(), ["i"])[::2], (True, want))
    found, new_id, rows = monitor(saved_id(), ["eph"])
    check((found, len(rows)), (True, 2))
    check(monitor(new_id, ["eph"])[::2], (True, []))


def restarted():
    want = [{"insert": {"i": 2}}, {"modify": {"i": 4}}]
    found, last_id, rows = monitor(saved_id(), ["i"])
    check((found, rows), (True, want))
    check(monitor(saved_id(), ["i", "eph"])[0], False)  # it may have changed unseen
    check(monitor(last_id, ["i"])[::2], (True, []))
    transact({"op": "delete", "table": "Root", "where": [["i", "==", 2]]})
    check(monitor(last_id, ["i"])[::2], (True, [{"delete": None}]))


def unknown():
    found, _, rows = monitor(saved_id(), ["i"])
    check((found, rows), (False, [{"initial": {"i": 4}}]))


def idl():
    import ovs.db.idl
    import ovs.poller

    helper = ovs.db.idl.SchemaHelper(directory + "/schema")
    helper.register_columns("Root", ["i"])
    client = ovs.db.idl.Idl("unix:" + SOCK, helper)
    seen = None

    def resumed(reply):
        if isinstance(reply, list) and len(reply) == 3 and isinstance(reply[0], bool):
            print("resumed", reply[0], flush=True)

    received = client._session.recv

    def recv():
        m = received()
        if m is not None and m.type == m.T_REPLY:
            resumed(m.result)
        return m

    client._session.recv = recv
    while True:
        client.run()
        rows = sorted(r.i for r in client.tables["Root"].rows.values())
        if client.has_ever_connected() and rows != seen:
            seen = rows
            print("rows", *(rows or [0]), flush=True)
        poller = ovs.poller.Poller()
        client.wait(poller)
        poller.fd_wait(0, select.POLLIN)
        poller.block()
        if select.select([0], [], [], 0)[0]:
            return


{f.__name__: f for f in (first, again, restarted, unknown, idl)}[step]()
