#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that are slow to take what they asked for: big_reply.py SCENARIO SOCKET [...]

The reply is of the database as it was when they asked, whatever others do meanwhile.
"""
import json
import sys

from rpc import Client

N_ROWS = 3000
scenario, path = sys.argv[1:3]


def check(condition, what):
    if not condition:
        sys.exit(what)


def transact(client, *ops):
    reply, _ = client.call("transact", "S", *ops)
    check(reply and not reply.get("error"), reply)
    check(not any(r and "error" in r for r in reply["result"]), reply)
    return reply["result"]


def fill(client):
    for first in range(0, N_ROWS, 500):
        rows = ({"i": i, "map": ["map", [["k", "x" * 300]]]} for i in range(first, first + 500))
        transact(client, *({"op": "insert", "table": "Root", "row": r} for r in rows))


def update(client, value):
    row = {"map": ["map", [["k", value]]]}
    op = {"op": "update", "table": "Root", "where": [["i", "==", 5]], "row": row}
    check(transact(client, op) == [{"count": 1}], "no row was changed")


SELECT = {"op": "select", "table": "Root", "where": [], "columns": ["i", "map", "_uuid"]}
REQUESTS = {"Root": [{"columns": ["i", "map"]}]}


def ask(method, is_aware=False):
    """A client that asked for all rows and takes nothing of the answer yet."""
    c = Client(path)
    c.call("set_db_change_aware", is_aware)
    if method == "transact":
        c.send({"method": method, "params": ["S", SELECT], "id": 1})
    elif method == "monitor_cond_since":
        zero = "00000000-0000-0000-0000-000000000000"
        c.send({"method": method, "params": ["S", "m", REQUESTS, zero], "id": 1})
    else:
        c.send({"method": method, "params": ["S", "m", REQUESTS], "id": 1})
    return c


METHODS = ["transact", "monitor", "monitor_cond", "monitor_cond_since"]


def rows_of(reply, method):
    check(reply is not None and reply.get("id") == 1, f"no answer to {method}")
    result = reply["result"]
    if method == "transact":
        return result[0]["rows"]
    tables = result[2] if method == "monitor_cond_since" else result
    return [r.get("initial") or r["new"] for r in tables["Root"].values()]


def check_rows(client, method):
    rows = rows_of(client.receive(), method)
    check(sorted(r.get("i", 0) for r in rows) == list(range(N_ROWS)), "not every row, once")
    check(all(r["map"][1] == [["k", "x" * 300]] for r in rows), "not as it was")


def others_go_on():
    other = Client(path)
    fill(other)
    slow = [(ask(m), m) for m in METHODS]
    other.barrier()
    update(other, "changed")
    transact(other, {"op": "delete", "table": "Root", "where": [["i", ">", 2000]]})
    for client, method in slow:
        check_rows(client, method)
        if method != "transact":
            m = client.receive()  # what has changed since, in one update
            n = len(m["params"][-1]["Root"])
            check(m["params"][0] == "m" and n == N_ROWS - 2001 + 1, "not the changes")
        check(client.barrier() == [], "more than asked for")


def they_go_away():
    other = Client(path)
    fill(other)
    for method in METHODS:
        clients = [ask(method) for _ in range(5)]
        other.barrier()
        for c in clients:
            c.sock.close()
        update(other, method)
    other.barrier()


def conversion():
    with open(sys.argv[3]) as f:
        schema = json.load(f)
    schema["version"] = "1.1.0"
    schema["tables"]["Root"]["columns"]["added"] = {"type": "string"}
    other = Client(path)
    other.call("set_db_change_aware", True)
    fill(other)
    slow = [(ask(m, True), m) for m in METHODS]
    other.barrier()
    reply, _ = other.call("convert", "S", schema)
    check(reply.get("result") == {}, reply)
    for client, method in slow:
        check_rows(client, method)


def memory(pid, n_clients):
    other = Client(path)
    fill(other)

    def rss_mb():
        with open(f"/proc/{pid}/status") as f:
            return next(int(l.split()[1]) for l in f if l.startswith("VmRSS")) / 1000

    before = rss_mb()
    clients = []
    for i in range(n_clients):
        clients.append(ask(METHODS[i % len(METHODS)]))
        update(other, str(i))  # so that each asks for another state
    grown = rss_mb() - before
    check(grown < n_clients * 0.4, f"{grown} MB more for {n_clients} that do not read")
    for c in clients:
        c.sock.close()
    other.barrier()


if scenario == "others":
    others_go_on()
elif scenario == "gone":
    they_go_away()
elif scenario == "convert":
    conversion()
else:
    memory(sys.argv[3], 100)
