#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""100 clients that insert rows, while the file is compacted again and again, until the server
is killed in the middle: compaction.py SOCKET PID CTL ACKNOWLEDGED SEED

First every row that the file ACKNOWLEDGED names must be there; then those whose insertion
was answered are added to it.
"""
import json
import os
import random
import selectors
import signal
import socket
import sys

from rpc import Client

N_CLIENTS = 100
path, pid, ctl, acknowledged, seed = sys.argv[1:]
random.seed(int(seed))


def rows(client):
    op = {"op": "select", "table": "Root", "where": [], "columns": ["i"]}
    reply, _ = client.call("transact", "S", op)
    return {row["i"] for row in reply["result"][0]["rows"]}


def check(client):
    try:
        with open(acknowledged) as f:
            wanted = set(map(int, f.read().split()))
    except FileNotFoundError:
        wanted = set()
    have = rows(client)
    if not wanted <= have:
        sys.exit(f"lost: {sorted(wanted - have)[:20]}")
    return max(have, default=0)


class Compactor:
    """Asks for the next compaction as soon as one has ended."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(ctl)
        self.n_done = 0
        self.ask()

    def ask(self):
        request = {"id": 0, "method": "ovsdb-server/compact", "params": []}
        self.sock.sendall(json.dumps(request).encode())

    def on_answer(self):
        answer = json.loads(self.sock.recv(65536))
        if answer["error"] is not None:
            sys.exit(f"compaction: {answer}")
        self.n_done += 1
        self.ask()


class Inserter:
    last = 0  # of all of them

    def __init__(self):
        self.client = Client(path)
        self.ask()

    def ask(self):
        Inserter.last += 1
        self.value = Inserter.last
        row = {"i": self.value, "name": "x" * 500}
        ops = ["S", {"op": "insert", "table": "Root", "row": row}]
        if self.value % 3 == 0:
            ops.append({"op": "commit", "durable": True})
        self.client.send({"method": "transact", "params": ops, "id": self.value})

    def on_answer(self):
        m = self.client.receive()
        if m is None or m["id"] != self.value or m["error"]:
            sys.exit(f"insert: {m}")
        value = self.value
        self.ask()
        return value


def main():
    Inserter.last = check(Client(path))
    done = []
    compactor = Compactor()
    selector = selectors.DefaultSelector()
    selector.register(compactor.sock, selectors.EVENT_READ, compactor)
    for _ in range(N_CLIENTS):
        inserter = Inserter()
        selector.register(inserter.client.sock, selectors.EVENT_READ, inserter)
    n_wanted = random.randint(1, 3000)
    n_compactions = random.randint(0, 3)
    while len(done) < n_wanted or compactor.n_done < n_compactions:
        for key, _ in selector.select():
            if key.data is compactor:
                compactor.on_answer()
            else:
                done.append(key.data.on_answer())
    os.kill(int(pid), signal.SIGKILL)
    with open(acknowledged, "a") as f:
        f.writelines(f"{value}\n" for value in done)
    print(f"killed after {len(done)} rows and {compactor.n_done} compactions")


main()
