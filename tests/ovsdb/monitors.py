#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Monitors of two servers compared: monitors.py OURS STOCK SEED TRANSACTIONS

Random transactions are sent to both, while clients of both watch with random monitors of
all three kinds and change their conditions.  After each step all that the clients were
told must be the same.  Rows are inserted under uuids of our choice, so nothing needs
translation but the values that servers invent: _version and transaction ids.
"""
import json
import random
import sys

from rpc import Client

COLUMNS = {
    # Not the weak references: the stock server leaves some of them dangling.
    "Root": ["b", "i", "r", "name", "opt", "ints", "few", "map", "kids", "eph"],
    "Kid": ["n", "tags"],
}
METHODS = {
    "monitor": "update",
    "monitor_cond": "update2",
    "monitor_cond_since": "update3",
}


def clean(value):
    """Without what differs between servers."""
    if isinstance(value, dict):
        return {k: "V" if k == "_version" else clean(v) for k, v in value.items()}
    if isinstance(value, list):
        return [clean(v) for v in value]
    return value


def says_nothing(row):
    """The stock server tells of a row that ends as it began, because of its new _version,
    and of changes to none of the columns that are watched; ours does not."""
    changes = row.get("modify", row.get("old") if "new" in row else None)
    return changes is not None and not set(changes) - {"_version"}


def clean_notifications(messages):
    """In an order of their own, as that of a server's monitors is any."""
    result = []
    for m in messages:
        params = clean(m["params"])
        if m["method"] == "update3":
            params[1] = "T"
        for table, rows in list(params[-1].items()):
            params[-1][table] = {u: r for u, r in rows.items() if not says_nothing(r)}
            if not params[-1][table]:
                del params[-1][table]
        if params[-1]:
            result.append(json.dumps([m["method"], params], sort_keys=True))
    return sorted(result)


def clean_result(reply):
    """Which of several wrong rows an error names is the server's choice."""
    for r in reply.get("result") or []:
        if isinstance(r, dict) and "error" in r:
            r.pop("details", None)
    return clean({k: v for k, v in reply.items() if k != "id"})


class World:
    """What was inserted, as far as random transactions need it."""

    def __init__(self, rng):
        self.rng = rng
        self.n = 0
        self.roots = []
        self.kids = []

    def uuid(self):
        self.n += 1
        return f"{self.rng.getrandbits(32):08x}-0000-4000-8000-{self.n:012x}"

    def set_of(self, values):
        return ["set", values]

    def value(self, column):
        r = self.rng
        if column in ("i", "eph", "n"):
            return r.randrange(4)
        if column == "b":
            return r.random() < 0.5
        if column == "r":
            return r.choice([0.0, 0.5, 1.25])
        if column == "name":
            return r.choice(["", "a", "b", "ä\n\"\\"])
        if column == "opt":
            return r.choice([self.set_of([]), "x", "y"])
        if column == "ints":
            return self.set_of(r.sample(range(10), r.randrange(5)))
        if column == "few":
            return self.set_of(r.sample(range(10), r.randrange(4)))
        if column == "tags":
            return self.set_of(r.sample(["a", "b", "c", "d"], r.randrange(4)))
        if column == "map":
            keys = r.sample(["a", "b", "c", "d"], r.randrange(4))
            return ["map", [[k, r.choice(["1", "2"])] for k in keys]]
        refs = r.sample(self.kids, min(len(self.kids), r.randrange(4)))
        return self.set_of([["uuid", k] for k in refs])

    def row(self, table):
        columns = self.rng.sample(COLUMNS[table], self.rng.randrange(len(COLUMNS[table]) + 1))
        return {c: self.value(c) for c in columns}

    def where(self, rows):
        if not rows or self.rng.random() < 0.1:
            return []
        return [["_uuid", "==", ["uuid", self.rng.choice(rows)]]]

    def insert_root(self):
        uuid = self.uuid()
        self.roots.append(uuid)
        return [{"op": "insert", "table": "Root", "uuid": uuid, "row": self.row("Root")}]

    def insert_kid(self):
        uuid = self.uuid()
        self.kids.append(uuid)
        ops = [{"op": "insert", "table": "Kid", "uuid": uuid, "row": self.row("Kid")}]
        if self.roots and self.rng.random() < 0.9:
            ops.append(
                {
                    "op": "mutate",
                    "table": "Root",
                    "where": self.where(self.roots),
                    "mutations": [["kids", "insert", ["uuid", uuid]]],
                }
            )
        return ops

    def update(self):
        table = self.rng.choice(["Root", "Root", "Kid"])
        rows = self.roots if table == "Root" else self.kids
        return [{"op": "update", "table": table, "where": self.where(rows), "row": self.row(table)}]

    def mutate(self):
        mutation = self.rng.choice(
            [
                ["i", "+=", 1],
                ["ints", "insert", self.value("ints")],
                ["ints", "delete", self.value("ints")],
                ["ints", "+=", 1],
                ["map", "insert", self.value("map")],
                ["map", "delete", self.set_of(["a", "c"])],
                ["kids", "delete", self.value("kids")],
                ["few", "insert", self.value("few")],
            ]
        )
        return [
            {
                "op": "mutate",
                "table": "Root",
                "where": self.where(self.roots),
                "mutations": [mutation],
            }
        ]

    def delete(self):
        where = self.where(self.roots)
        return [{"op": "delete", "table": "Root", "where": where}] if where else []

    def transaction(self):
        kinds = [self.insert_root, self.insert_kid, self.update, self.update, self.mutate]
        kinds += [self.mutate, self.delete]
        ops = []
        for _ in range(self.rng.choice([1, 1, 1, 2, 4])):
            ops += self.rng.choice(kinds)()
        if self.rng.random() < 0.05:
            ops.append({"op": "abort"})
        return ops

    def clause(self, table):
        column = self.rng.choice(["i", "name"] if table == "Root" else ["n"])
        return [column, self.rng.choice(["==", "!=", "includes"]), self.value(column)]

    def conditions(self, table):
        n = self.rng.randrange(3)
        if not n and self.rng.random() < 0.5:
            return [self.rng.random() < 0.5]
        return [self.clause(table) for _ in range(n)]

    def request(self, table, method):
        r = self.rng
        columns = COLUMNS[table][:]
        r.shuffle(columns)
        cut = r.randrange(len(columns) + 1)
        request = {}
        if r.random() < 0.8:
            request["columns"] = columns[:cut] + (["_version"] if r.random() < 0.2 else [])
        if r.random() < 0.3:
            names = ["initial", "insert", "delete", "modify"]
            request["select"] = {k: r.random() < 0.6 for k in r.sample(names, 3)}
        if method != "monitor" and r.random() < 0.5:
            request["where"] = self.conditions(table)
        # Of several conditions for a table the stock server takes one by accident.
        if "columns" in request and "where" not in request and r.random() < 0.3:
            return [request, {"columns": columns[cut:]}]
        return r.choice([request, [request]])

    def monitor(self, ident):
        method = self.rng.choice(list(METHODS))
        tables = self.rng.sample(list(COLUMNS), self.rng.randrange(1, 3))
        params = ["S", ident, {t: self.request(t, method) for t in tables}]
        if method == "monitor_cond_since":
            params.append("00000000-0000-0000-0000-000000000000")
        return method, params


class Side:
    """The clients of one server."""

    def __init__(self, path, n_watchers):
        self.writer = Client(path)
        self.watchers = [Client(path) for _ in range(n_watchers)]

    def call(self, client, method, params):
        reply, before = client.call(method, *params)
        result = clean_result(reply)
        if method == "monitor_cond_since" and "result" in result:
            result["result"][1] = "T"
        return json.dumps(result, sort_keys=True), clean_notifications(before)

    def told(self):
        return [clean_notifications(w.barrier()) for w in self.watchers]


def main():
    paths, seed, n_transactions = sys.argv[1:3], int(sys.argv[3]), int(sys.argv[4])
    rng = random.Random(seed)
    world = World(rng)
    n_watchers = 4
    sides = [Side(p, n_watchers) for p in paths]
    monitors = []  # (watcher, id, method, tables)
    number = 0

    def both(what, act):
        have, want = (act(s) for s in sides)
        if have != want:
            sys.exit(f"seed {seed}, after {what}\n  ours  {have}\n  stock {want}")

    for step in range(n_transactions):
        if len(monitors) < 12 and rng.random() < 0.2:
            w = rng.randrange(n_watchers)
            number += 1
            ident = rng.choice([number, str(number), [number, None]])
            method, params = world.monitor(ident)
            monitors.append((w, ident, method, list(params[2])))
            both(f"{method} {params}", lambda s: s.call(s.watchers[w], method, params))
        elif monitors and rng.random() < 0.1:
            w, ident, method, tables = rng.choice(monitors)
            if method != "monitor":
                table = rng.choice(tables)
                params = [ident, ident, {table: [{"where": world.conditions(table)}]}]
                both(
                    f"monitor_cond_change {params}",
                    lambda s: s.call(s.watchers[w], "monitor_cond_change", params),
                )
        elif len(monitors) == 12 and rng.random() < 0.05:
            w, ident, _, _ = monitors.pop(rng.randrange(12))
            both("cancel", lambda s: s.call(s.watchers[w], "monitor_cancel", [ident]))
        params = ["S"] + world.transaction()
        both(f"step {step} {json.dumps(params)}", lambda s: s.call(s.writer, "transact", params))
        both(f"step {step} {json.dumps(params)}", lambda s: s.told())


if __name__ == "__main__":
    main()
