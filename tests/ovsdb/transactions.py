#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""transactions.py OURS STOCK SEED COUNT: random transactions, the same on both servers

Compares each reply, and the contents of all tables after it.  The schema is
cases/t.ovsschema (its maxRows may be larger).  Where a transaction breaks several
constraints, which of them is told is not compared.  The stock server's own faults:
- `%=` by zero ends it: not generated.
- An insert with both `uuid` and `uuid-name` does not fulfil references that came before
  it: its name is left out, so these refer to nothing, by a uuid of the server's.
- It leaves weak references dangling (case weak-gc-touched): taken out after each
  transaction, by updates that only it gets.
"""
import json
import random
import re
import sys

sys.dont_write_bytecode = True
import rpc  # noqa: E402

DUPLICATES = re.compile(
    r"First row, with UUID (\S+), (.*)\.  Second row, with UUID (\S+), (.*)\.$", re.DOTALL
)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
WEAK = {
    "Root": {"weak": "Kid", "weak_by_name": "Kid"},
    "Kid": {"weak_self": "Kid"},
    "Needy": {"some": "Needy"},
}
WORDS = ["a", "b", "c", "k1", "two words", ""]
TABLES = ["Root", "Root", "Kid", "Kid", "Kid", "Pair", "Needy", "Half"]
OPS = 5 * ["insert"] + 2 * ["update", "mutate"] + ["delete", "select", "wait", "comment"]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.live = {}  # table: its rows' uuids
        self.named = {}  # table: names of rows that the transaction inserts
        self.is_bad = False  # now and then a value that is not allowed
        self.columns = self.make_columns()

    def chance(self, p):
        return self.random.random() < p

    def choice(self, *values):
        return self.random.choice(values)

    def uuid(self):
        bits = "%032x" % self.random.getrandbits(128)
        return "-".join((bits[:8], bits[8:12], "4" + bits[13:16], "8" + bits[17:20], bits[20:]))

    def reference(self, table):
        p = self.random.random()
        if self.named.get(table) and p < 0.45:
            return ["named-uuid", self.random.choice(self.named[table])]
        if self.live.get(table) and p < 0.97:
            return ["uuid", self.random.choice(self.live[table])]
        return ["uuid", self.uuid()]

    def set_of(self, element, n):
        values = []
        for _ in range(self.random.randint(0, n)):
            value = element()
            if value not in values:
                values.append(value)
        return values[0] if len(values) == 1 and self.chance(0.5) else ["set", values]

    def map_of(self, key, value, n):
        keys = self.set_of(key, n)
        keys = keys[1] if isinstance(keys, list) and keys[0] == "set" else [keys]
        return ["map", [[k, value()] for k in keys]]

    def make_columns(self):
        def number(low, high, bad=None):
            return lambda: bad if self.is_bad and bad is not None else self.random.randint(low, high)

        def one_of(*values, bad=None):
            return lambda: bad if self.is_bad and bad is not None else self.choice(*values)

        def some(element, n):
            return lambda: self.set_of(element, n)

        def pairs(key, value, n):
            return lambda: self.map_of(key, value, n)

        word = one_of(*WORDS)

        def kid():
            return self.reference("Kid")

        return {
            "Root": {
                "name": word,
                "i": number(0, 100, bad=101),
                "free": number(-5, 5),
                "r": one_of(0, 1.5, -2.25, 1e10),
                "r_low": one_of(0, 1, -1, 5, bad=-2),
                "b": one_of(True, False),
                "u": lambda: ["uuid", self.uuid()],
                "e": some(one_of("a", "b", "other one", bad="zz"), 1),
                "e_int": some(one_of(1, 2, 4, bad=3), 2),
                "at_least": number(0, 3, bad=-1),
                "at_most": number(0, 9, bad=10),
                "s_len": some(one_of("a", "bb", "cccc", bad="ddddd"), 3),
                "s_min": some(one_of("aa", "bbb", bad="c"), 2),
                "ints": some(number(0, 9), 5),
                "reals": some(one_of(0.5, 1, 2, -3), 4),
                "strings": some(lambda: "s%d" % self.random.randrange(200), 80),
                "m": pairs(word, word, 4),
                "m_int": pairs(number(0, 4), number(0, 9, bad=10), 2),
                "opt": some(number(0, 3), 1),
                "opt_s": some(word, 1),
                "eph": number(0, 3),
                "kids": some(kid, 4),
                "one": some(kid, 1),
                "by_name": pairs(word, kid, 3),
                "weak": some(kid, 4),
                "weak_by_name": pairs(word, kid, 3),
            },
            "Kid": {
                "name": lambda: "k%d" % self.random.randrange(60),
                "n": number(0, 3),
                "self": some(kid, 1),
                "weak_self": some(kid, 2),
            },
            "Needy": {"name": word, "kid": kid, "some": lambda: self.reference("Needy")},
            "Pair": {
                "a": word,
                "b": some(number(0, 2), 3),
                "c": number(0, 12),
                "note": word,
            },
            "Half": {"v": one_of(0.5, 1, 2, bad=0.25), "w": one_of("x", "y")},
        }

    NUMBERS = {"i", "free", "r", "r_low", "at_least", "at_most", "eph", "n", "c", "v"}
    SCALARS = NUMBERS | {"name", "b", "u", "a", "note", "w", "kid"}

    def row(self, table, share, without=()):
        return {
            name: value()
            for name, value in self.columns[table].items()
            if name not in without and self.chance(share)
        }

    def where(self, table):
        p = self.random.random()
        if p < 0.08:
            return []
        if p < 0.55:
            return [["_uuid", "==", self.reference(table)]]
        clauses = []
        for _ in range(self.choice(1, 1, 2)):
            name, value = self.random.choice(list(self.columns[table].items()))
            function = self.choice("==", "==", "!=", "includes", "excludes", "<", ">=")
            if function in "<>=" and name not in self.NUMBERS and self.chance(0.97):
                function = "=="
            clauses.append([name, function, value()])
        return clauses + [self.chance(0.5)] if self.chance(0.02) else clauses

    def mutation(self, table):
        name, value = self.random.choice(list(self.columns[table].items()))
        if name in self.NUMBERS or (name in ("ints", "reals", "opt") and self.chance(0.7)):
            return [name, self.choice("+=", "-=", "*=", "/=", "%="), self.choice(1, 2, -1, 3)]
        if name in self.SCALARS and self.chance(0.97):
            return self.mutation(table)
        mutator, value = self.choice("insert", "insert", "delete"), value()
        if mutator == "delete" and isinstance(value, list) and value[0] == "map":
            value = value if self.chance(0.5) else ["set", [pair[0] for pair in value[1]]]
        return [name, mutator, value]

    def insert(self, table, name, before):
        row = self.row(table, 0.25 if table == "Root" else 0.5)
        for needed in {"Needy": ["kid", "some"], "Kid": ["name"], "Pair": ["c"]}.get(table, []):
            row.setdefault(needed, self.columns[table][needed]())
        op = {"op": "insert", "table": table, "row": row, "uuid": self.uuid()}
        if name in self.named.get(table, []) and '"%s"' % name not in json.dumps(before):
            op["uuid-name"] = name
        return op

    def operation(self, kind, table, name, before):
        self.is_bad = self.chance(0.02)
        if kind == "insert":
            return self.insert(table, name, before)
        if kind == "comment":
            return {"op": "comment", "comment": "x"}
        op = {"op": kind, "table": table, "where": self.where(table)}
        if kind == "update":
            op["row"] = self.row(table, 0.2, ["name"] if table == "Root" else [])
        elif kind == "mutate":
            op["mutations"] = [self.mutation(table) for _ in range(self.choice(1, 1, 2))]
        elif kind == "delete" and not op["where"]:
            op["where"] = [["_uuid", "==", self.reference(table)]]
        elif kind == "select":
            names = list(self.columns[table]) + ["_uuid"]
            op["columns"] = self.random.sample(names, self.random.randint(1, 3))
        elif kind == "wait":
            op.update(columns=["_uuid"], rows=[], timeout=0)
            op["until"] = self.choice("!=", "!=", "!=", "!=", "==")
        return op

    def transaction(self):
        n = self.choice(1, 1, 2, 3, 5, 8)
        plan = [(self.choice(*OPS), self.choice(*TABLES), "n%d" % i) for i in range(n)]
        self.named = {}
        for kind, table, name in plan:
            if kind == "insert" and self.chance(0.8):
                self.named.setdefault(table, []).append(name)
        ops = []
        for kind, table, name in plan:
            ops.append(self.operation(kind, table, name, ops))
        return ops


def in_order(values):
    return sorted(values, key=lambda v: json.dumps(v, sort_keys=True))


def normal(value):
    """Without what is left to chance: orders, and the last digits of reals."""
    if isinstance(value, str):
        return DUPLICATES.sub(lambda m: str(sorted([m.group(1, 2), m.group(3, 4)])), value)
    if isinstance(value, float):
        return float("%.12g" % value)
    if isinstance(value, list):
        value = [normal(v) for v in value]
        is_tagged = len(value) == 2 and value[0] in ("set", "map")
        return [value[0], in_order(value[1])] if is_tagged else value
    if isinstance(value, dict):
        return {k: in_order(normal(v)) if k == "rows" else normal(v) for k, v in value.items()}
    return value


def transact(client, ops):
    (reply, _) = client.call("transact", "T", *ops)
    return normal(reply.get("result", reply.get("error")))


def run(client, ops, tables):
    """The reply, with uuids that the server made up for itself as "?"."""
    known = set(UUID.findall(json.dumps(ops) + json.dumps(tables)))
    text = json.dumps(transact(client, ops), sort_keys=True)
    return normal(json.loads(UUID.sub(lambda m: m.group() if m.group() in known else "?", text)))


def without_errors(reply):
    return [r if not (r and "error" in r) else "error" for r in reply]


def is_same(ours, stock, n_ops):
    if ours == stock:
        return True
    # Several violations: at the commit, or of one kind.
    both = [[r["error"] for r in reply if r and "error" in r] for reply in (ours, stock)]
    return without_errors(ours) == without_errors(stock) and (
        both[0] == both[1] or len(ours) > n_ops
    )


def contents(client, generator):
    ops = [
        {"op": "select", "table": table, "where": [], "columns": ["_uuid"] + list(columns)}
        for table, columns in generator.columns.items()
    ]
    return dict(zip(generator.columns, (r["rows"] for r in transact(client, ops))))


def without_dangling(value, live):
    if value[0] == "uuid":
        return value if value[1] in live else ["set", []]
    of_map = value[0] == "map"
    kept = [v for v in value[1] if (v[1][1] if of_map else v[1]) in live]
    return kept[0] if len(kept) == 1 and not of_map else [value[0], kept]


def repair(client, tables):
    """Takes dangling weak references out; False: there were none."""
    live = {table: {row["_uuid"][1] for row in rows} for table, rows in tables.items()}
    ops = []
    for table, columns in WEAK.items():
        for row in tables[table]:
            new = {c: without_dangling(row[c], live[to]) for c, to in columns.items()}
            if any(new[c] != row[c] for c in columns):
                where = [["_uuid", "==", row["_uuid"]]]
                ops.append({"op": "update", "table": table, "where": where, "row": new})
    if ops:
        transact(client, ops)
    return bool(ops)


def complain(title, ops, results, tables):
    print("%s: %s" % (title, json.dumps(ops)))
    for name, result, table, other in zip(("ours", "stock"), results, tables, tables[::-1]):
        print("%-5s %s" % (name, json.dumps(result)))
        for t, rows in table.items():
            print("      only here in %s: %s" % (t, [r for r in rows if r not in other[t]]))
    sys.exit(1)


def main():
    ours, stock = rpc.Client(sys.argv[1]), rpc.Client(sys.argv[2])
    seed, count = int(sys.argv[3]), int(sys.argv[4])
    generator = Generator(seed)
    before = contents(ours, generator)
    n_committed = n_repaired = 0
    for number in range(count):
        ops = generator.transaction()
        results = run(ours, ops, before), run(stock, ops, before)
        tables = contents(ours, generator), contents(stock, generator)
        if repair(stock, tables[1]):
            n_repaired += 1
            tables = tables[0], contents(stock, generator)
        if not is_same(*results, len(ops)) or tables[0] != tables[1]:
            complain("seed %d, transaction %d" % (seed, number), ops, results, tables)
        n_committed += not any(r and "error" in r for r in results[0])
        before = tables[0]
        generator.live = {t: [r["_uuid"][1] for r in rows] for t, rows in before.items()}
    print("seed %d: %d of %d transactions were committed, the stock server was wrong in %d"
          % (seed, n_committed, count, n_repaired))
    sys.exit(n_committed < count // 5)


main()
