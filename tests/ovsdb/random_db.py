# SPDX-License-Identifier: Apache-2.0
"""Random schemas, transactions and monitors, for differential.py.

All uuids that we choose begin with MARK.  An insert without "uuid" has a member "~": the
uuid under which we know the row that the server names; it is not sent.

What the stock server does wrong is left out: `%=` by zero, which ends it; maps of which one
side is a strong reference and the other a weak one; names of inserts with both "uuid" and
"uuid-name" in operations that come before them; changes of several conditions of which one
is refused, as it keeps the others then; conditions of a monitor on columns that it does not
watch, which end it when another monitor has the same columns.
"""
import json
import random

MARK = "c0dec0de-"
WORDS = ["", "a", "b", "c", "two words", "ä\n\"\\"]
FUNCTIONS = ["==", "==", "==", "!=", "includes", "excludes", "<", "<=", ">", ">="]
OPS = ["insert"] * 5 + ["update"] * 3 + ["mutate"] * 3 + ["delete", "select", "select", "wait"]


def as_set(values):
    return values[1] if isinstance(values, list) and values[0] == "set" else [values]


class Column:
    def __init__(self, name, schema):
        self.name = name
        self.schema = schema
        t = schema["type"]
        t = t if isinstance(t, dict) else {"key": t}
        self.key = self.base(t["key"])
        self.value = self.base(t["value"]) if "value" in t else None
        self.min, self.max = t.get("min", 1), t.get("max", 1)
        self.is_scalar = self.min == self.max == 1 and not self.value
        self.is_number = self.key["type"] in ("integer", "real") and not self.value
        # Holds many values now and then: big sets are trees in ours.
        self.is_wide = self.max == "unlimited" and set(self.key) == {"type"}
        # Some are although the schema says otherwise: see adapt_column() in schema.c.
        refers = self.refers("strong") + self.refers("weak")
        self.is_ephemeral = schema.get("ephemeral", False)
        self.is_lasting = not self.is_ephemeral or bool(refers and self.min)
        # Inserts should name it: its default is nothing that is allowed.
        harmless = {"type", "maxInteger", "maxReal", "maxLength"}
        bases = [b for b in (self.key, self.value) if b]
        self.is_needed = self.min == 1 and any(set(b) - harmless for b in bases)

    @staticmethod
    def base(b):
        return b if isinstance(b, dict) else {"type": b}

    def refers(self, kind):
        """The tables that it refers to in that way."""
        bases = [b for b in (self.key, self.value) if b and "refTable" in b]
        return [b["refTable"] for b in bases if b.get("refType", "strong") == kind]


class Schema:
    """is_careful: also weak references to rows that are collected, which the stock server
    leaves dangling when their holder changes in the same transaction."""

    def __init__(self, rng, is_careful):
        self.random = rng
        names = ["T%d" % i for i in range(rng.randint(1, 4))]
        roots = [n for n in names if rng.random() < 0.6] or names[:1]
        self.is_root = {n: n in roots for n in names}
        self.weak_targets = names if is_careful else roots
        self.json = {
            "name": "D",
            "version": "1.0.0",
            "tables": {n: self.table(n, names) for n in names},
        }
        self.columns = {
            n: {c: Column(c, j) for c, j in t["columns"].items()}
            for n, t in self.json["tables"].items()
        }

    def chance(self, p):
        return self.random.random() < p

    def table(self, name, names):
        columns = {"c%d" % i: self.column(names) for i in range(self.random.randint(1, 7))}
        if not self.is_root[name] or self.chance(0.3):
            columns["link"] = {"type": self.reference(names, 0, "unlimited")}
        table = {"columns": columns}
        if self.is_root[name]:
            table["isRoot"] = True
        if self.chance(0.15):
            table["maxRows"] = self.random.randint(3, 30)
        able = [c for c, j in columns.items() if not j.get("ephemeral")]
        if able and self.chance(0.4):
            n = self.random.randint(1, min(2, len(able)))
            table["indexes"] = [self.random.sample(able, n)]
        return table

    def reference(self, names, low, high):
        kind = self.random.choice(["strong", "strong", "weak"])
        table = self.random.choice(self.weak_targets if kind == "weak" else names)
        key = {"type": "uuid", "refTable": table}
        if kind == "weak":
            key["refType"] = "weak"
        return {"key": key, "min": low, "max": high}

    def base(self):
        r = self.random
        kind = r.choice(["integer", "integer", "real", "boolean", "string", "string", "uuid"])
        base = {"type": kind}
        if self.chance(0.6) or kind in ("boolean", "uuid"):
            return base
        if self.chance(0.3):
            values = {"integer": [0, 1, 2, 5], "real": [0, 0.5, 1, -2], "string": WORDS[:4]}[kind]
            base["enum"] = ["set", r.sample(values, r.randint(1, 4))]
            return base
        low, high = r.choice([(0, 6), (None, 6), (0, None), (1, 9), (2, 3)])
        names = {"integer": "Integer", "real": "Real", "string": "Length"}[kind]
        if low is not None:
            base["min" + names] = low
        if high is not None:
            base["max" + names] = high
        return base

    def column(self, names):
        r = self.random
        sizes = [(0, 1), (0, 3), (1, 3), (0, "unlimited"), (1, "unlimited")]
        low, high = r.choice([(1, 1)] * 4 + sizes)
        if self.chance(0.25):
            column = {"type": self.reference(names, low, high)}
        else:
            column = {"type": {"key": self.base(), "min": low, "max": high}}
        if self.chance(0.25):
            other = self.base() if self.chance(0.7) else self.reference(names, 0, 1)["key"]
            sides = [b for b in (column["type"]["key"], other) if "refTable" in b]
            if len({b.get("refType", "strong") for b in sides}) < 2:
                column["type"]["value"] = other
        if self.chance(0.1):
            column["mutable"] = False
        if self.chance(0.12):
            column["ephemeral"] = True
        return column


class Generator:
    def __init__(self, seed, is_careful):
        self.random = random.Random(seed)
        self.schema = Schema(self.random, is_careful)
        self.columns = self.schema.columns
        self.live = {t: [] for t in self.columns}
        self.coming = {t: [] for t in self.columns}  # what this transaction inserts
        self.is_bad = False  # one wrong value is due
        self.n = 0

    def chance(self, p):
        return self.random.random() < p

    def choice(self, *values):
        return self.random.choice(values)

    def uuid(self):
        self.n += 1
        return MARK + "%04x-4000-8000-%012x" % (self.random.getrandbits(16), self.n)

    # Values

    def reference(self, table):
        p = self.random.random()
        if self.coming.get(table) and p < 0.5:
            return self.random.choice(self.coming[table])
        if self.live.get(table) and p < 0.97:
            return ["uuid", self.random.choice(self.live[table])]
        return ["uuid", self.uuid()]

    def wrong(self, base):
        self.is_bad = False
        wrong = [None, {}, [], "x", 1.5, True, -1000, 1000, "x" * 20, ["uuid", "x"], ["set", 1]]
        return self.random.choice(wrong)

    def atom(self, base, is_wide=False):
        kind, r = base["type"], self.random
        if is_wide and kind in ("integer", "string"):
            return r.randrange(150) if kind == "integer" else "s%d" % r.randrange(150)
        if self.is_bad and self.chance(0.5):
            return self.wrong(base)
        if "enum" in base:
            return r.choice(base["enum"][1])
        if kind == "integer":
            low = base.get("minInteger", -3)
            return r.randint(low, min(base.get("maxInteger", 9), low + 9))
        if kind == "real":
            low = base.get("minReal", -3)
            return low + r.randint(0, 2 * int(min(base.get("maxReal", 9), low + 9) - low)) / 2
        if kind == "boolean":
            return r.random() < 0.5
        if kind == "uuid":
            return self.reference(base["refTable"]) if "refTable" in base else ["uuid", self.uuid()]
        if "minLength" in base or "maxLength" in base:
            low = base.get("minLength", 0)
            n = r.randint(low, min(low + 3, base.get("maxLength", 9)))
            return "".join(r.choice("xyä") for _ in range(n))
        return r.choice(WORDS)

    def value(self, column, low=None):
        low = column.min if low is None else low
        high = 4 if column.max == "unlimited" else min(column.max, 4)
        if column.is_wide and self.chance(0.2):
            high = 120
        if self.is_bad and self.chance(0.2):
            self.is_bad, high = False, high + 3
        keys = []
        for _ in range(self.random.randint(low, high)):
            key = self.atom(column.key, column.is_wide)
            if key not in keys:
                keys.append(key)
        if column.value:
            return ["map", [[k, self.atom(column.value)] for k in keys]]
        return keys[0] if len(keys) == 1 and self.chance(0.7) else ["set", keys]

    def row(self, table, share, needed=False):
        return {
            name: self.value(c)
            for name, c in self.columns[table].items()
            if self.chance(share) or (needed and c.is_needed and self.chance(0.995))
        }

    # Operations

    def clause(self, table, name=None):
        name = name or self.random.choice(list(self.columns[table]))
        column = self.columns[table][name]
        function = self.random.choice(FUNCTIONS)
        if function[0] in "<>" and not (column.is_number and column.max == 1) and self.chance(0.97):
            function = "includes"
        return [name, function, self.value(column)]

    def where(self, table):
        p = self.random.random()
        if p < 0.08:
            return []
        if p < 0.6:
            return [["_uuid", self.choice(*["=="] * 9, "!="), self.reference(table)]]
        clauses = [self.clause(table) for _ in range(self.choice(1, 1, 2))]
        return clauses + [self.chance(0.5)] if self.chance(0.02) else clauses

    def mutation(self, table):
        name, column = self.random.choice(list(self.columns[table].items()))
        if column.is_number and (column.is_scalar or self.chance(0.4)):
            functions = ["+=", "-=", "*=", "/=", "%="]
            return [name, self.random.choice(functions), self.choice(1, 1, 2, -1, 3)]
        function, value = self.choice("insert", "insert", "delete"), self.value(column, 0)
        if function == "delete" and column.value and self.chance(0.5):
            value = ["set", [pair[0] for pair in value[1]]]
        return [name, function, value]

    def insert(self, op, uuid, name, before):
        op["row"] = self.row(op["table"], 0.4, needed=True)
        if not name:
            op["uuid"] = uuid
        elif '"%s"' % name not in json.dumps(before) and self.chance(0.5):
            op["uuid"], op["uuid-name"] = uuid, name
        else:
            op["~"], op["uuid-name"] = uuid, name

    def operation(self, kind, table, uuid, name, before):
        self.is_bad = self.chance(0.04)
        op = {"op": kind, "table": table}
        if kind == "insert":
            self.insert(op, uuid, name, before)
            return op
        op["where"] = self.where(table)
        if kind == "update":
            op["row"] = self.row(table, 0.3)
            for c in self.columns[table].values():
                if c.schema.get("mutable") is False and self.chance(0.97):
                    op["row"].pop(c.name, None)
        elif kind == "mutate":
            op["mutations"] = [self.mutation(table) for _ in range(self.choice(1, 1, 2))]
        elif kind == "delete" and not op["where"] and self.chance(0.8):
            op["where"] = [["_uuid", "==", self.reference(table)]]
        elif kind == "select":
            names = list(self.columns[table]) + ["_uuid"]
            op["columns"] = self.random.sample(names, self.random.randint(0, min(3, len(names))))
        elif kind == "wait":
            columns = self.random.sample(list(self.columns[table]), self.choice(0, 1))
            op.update(columns=columns or ["_uuid"], timeout=0, rows=[])
            if columns:
                op["rows"] = [{c: self.value(self.columns[table][c]) for c in columns}]
            op["until"] = self.choice("!=", "!=", "!=", "==")
        return op

    def spoil(self, op):
        """A request that is none."""
        name = self.random.choice(sorted(op))
        spoilt = dict(op)
        if self.chance(0.5):
            spoilt.pop(name)
        else:
            spoilt[name] = self.choice(1, "zz", [], {}, None, [1], {"zz": 1}, [["zz", "==", 1]])
        return spoilt

    def transaction(self):
        plan = []
        self.coming = {t: [] for t in self.columns}
        for i in range(self.choice(1, 1, 2, 3, 5, 8)):
            kind, table = self.random.choice(OPS), self.random.choice(list(self.columns))
            uuid, name = self.uuid(), None
            if kind == "insert":
                name = "n%d" % i if self.chance(0.5) else None
                self.coming[table].append(["named-uuid", name] if name else ["uuid", uuid])
            plan.append((kind, table, uuid, name))
        ops = []
        for step in plan:
            ops.append(self.operation(*step, ops))
        if self.chance(0.05):
            other = self.choice({"op": "comment", "comment": "x"}, {"op": "abort"})
            ops.insert(self.random.randint(0, len(ops)), other)
        if self.chance(0.02):
            at = self.random.randrange(len(ops))
            if "~" not in ops[at] and "timeout" not in ops[at]:  # it could block
                ops[at] = self.spoil(ops[at])
        return ops

    # Monitors

    def condition(self, table, names, is_right=False):
        """On the columns of these names."""
        self.coming, self.is_bad = {t: [] for t in self.columns}, False
        n = self.choice(0, 1, 1, 2) if names else 0
        if not n and self.chance(0.5):
            return [self.chance(0.5)]
        clauses = []
        for name in [self.random.choice(names) for _ in range(n)]:
            if name[0] == "_":
                clauses.append([name, self.choice("==", "!="), self.reference(table)])
            else:
                clauses.append(self.clause(table, name))
                if is_right and clauses[-1][1][0] in "<>":
                    clauses[-1][1] = "=="
        return clauses

    def request(self, table, method):
        names = list(self.columns[table])
        self.random.shuffle(names)
        cut = self.random.randint(0, len(names))
        request, watched = {}, names
        if self.chance(0.8):
            watched = names[:cut] + [n for n in ("_version", "_uuid") if self.chance(0.1)]
            request["columns"] = watched
        if self.chance(0.3):
            flags = self.random.sample(["initial", "insert", "delete", "modify"], 3)
            request["select"] = {f: self.chance(0.6) for f in flags}
        if method != "monitor" and self.chance(0.5):
            request["where"] = self.condition(table, watched)
        # Of several conditions for a table the stock server takes one by accident.
        if "columns" in request and "where" not in request and self.chance(0.3):
            return [request, {"columns": names[cut:]}], watched + names[cut:]
        return self.choice(request, [request]), watched

    def monitor(self, ident):
        """Method, params, {table: names of columns}"""
        method = self.choice("monitor", "monitor_cond", "monitor_cond_since")
        requests, watched = {}, {}
        for t in self.random.sample(list(self.columns), self.random.randint(1, len(self.columns))):
            requests[t], watched[t] = self.request(t, method)
        params = ["D", ident, requests]
        if method == "monitor_cond_since":
            params.append("00000000-0000-0000-0000-000000000000")
        return method, params, watched

    def change(self, ident, watched):
        some = self.random.sample(list(watched), self.random.randint(1, len(watched)))
        conditions = {t: self.condition(t, watched[t], len(some) > 1) for t in some}
        return [ident, ident, {t: [{"where": c}] for t, c in conditions.items()}]
