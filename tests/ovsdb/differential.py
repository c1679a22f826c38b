#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""differential.py BVSD SEED COUNT: random databases, ours beside the stock server

Plays random transactions and monitors (random_db.py) on both, each PER_SCHEMA of them with
a schema of its own, until COUNT transactions were compared: every result, all that the
clients were told, the contents of all tables, and in the end the files: ours as it comes
back after a restart and as ovsdb-tool reads it, the stock server's as ours reads it.  The
first difference is cut down to the few steps that it takes, printed, and ends it with
status 1.  Seeds are SEED, SEED + 1 ...

Not compared is what the stock server leaves to chance (which of several violations it
names, the order of rows), the 16th digit of reals, and what it is known to do wrong: it
tells of rows in which nothing changed that is watched.  With every fourth schema its
dangling weak references are taken out after each transaction, by updates that only it
gets; there are no monitors then.  Where it ends with a signal, or has dangling references
at a difference all the same, the next schema follows.
"""
import json
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import replay  # noqa: E402
from random_db import MARK, Generator  # noqa: E402

PER_SCHEMA = 400
N_WATCHERS = 3
SHRINK_SECONDS = 60
ZERO = "00000000-0000-0000-0000-000000000000"


class StockFailed(Exception):
    """It died, or its contents are broken."""


class Difference(Exception):
    pass


def in_order(values):
    return sorted(values, key=lambda v: json.dumps(v, sort_keys=True))


class Side:
    """One server, its clients, and the uuids that it chose."""

    def __init__(self, program, schema_file, schema):
        self.is_stock = program == "stock"
        self.server = replay.Server(program, [schema_file])
        self.clients = [replay.rpc.Client(self.server.path) for _ in range(N_WATCHERS + 1)]
        self.names = {ZERO: ZERO}  # its uuid: ours
        self.theirs = {}
        self.schema = schema

    def stop(self):
        for c in self.clients:
            c.sock.close()
        try:
            self.server.stop()
        except replay.Failure as e:
            if not self.is_stock:
                raise Difference(str(e)) from e

    def send(self, who, method, params):
        params = json.dumps(params)
        if self.theirs:
            params = replay.UUID.sub(lambda m: self.theirs.get(m.group(), m.group()), params)
        self.clients[who].send('{"method":"%s","params":%s,"id":1}' % (method, params))

    def receive(self, who):
        """The answer, and what came before it."""
        before = []
        while True:
            m = self.clients[who].receive()
            if m is None:
                raise StockFailed() if self.is_stock else Difference("the connection was closed")
            if "method" not in m:
                return m, before
            before.append(m)

    def learn(self, ops, reply):
        """The uuids of rows that it named."""
        results = reply.get("result") or []
        for op, r in zip(ops, results):
            if "~" in op and r and "uuid" in r:
                self.names[r["uuid"][1]] = op["~"]
                self.theirs[op["~"]] = r["uuid"][1]

    def our_name(self, m):
        uuid = m.group()
        return uuid if uuid.startswith(MARK) else self.names.get(uuid, "?")

    def normal(self, value):
        """In our names, in an order of its own."""
        if isinstance(value, str):
            value = replay.UUID.sub(self.our_name, value) if "-" in value else value
            return replay.DUPLICATES.sub(replay.sort_duplicates, value)
        if isinstance(value, float) or (isinstance(value, int) and abs(value) > 1e14):
            return float("%.12g" % value)
        if isinstance(value, list):
            is_tagged = len(value) == 2 and value[0] in ("set", "map")
            value = [self.normal(v) for v in value]
            return [value[0], in_order(value[1])] if is_tagged and value[1:] else value
        if isinstance(value, dict):
            return {
                self.normal(k): in_order(self.normal(v)) if k == "rows" else self.normal(v)
                for k, v in value.items()
            }
        return value

    def selects(self):
        return [
            {"op": "select", "table": t, "where": [], "columns": ["_uuid"] + list(columns)}
            for t, columns in self.schema.columns.items()
        ]

    def contents(self):
        self.send(0, "transact", ["D"] + self.selects())
        reply, _ = self.receive(0)
        return dict(zip(self.schema.columns, (r["rows"] for r in reply["result"])))


def without_name(op):
    return {k: v for k, v in op.items() if k != "~"}


def says_nothing(row):
    changes = row.get("modify", row.get("old") if "new" in row else None)
    return changes is not None and not set(changes) - {"_version"}


def told(side, messages):
    """What monitors told, without an order."""
    result = []
    for m in messages:
        params = side.normal(m["params"])
        if m["method"] == "update3":
            params[1] = "T"
        tables = {}
        for table, rows in params[-1].items():
            rows = {u: r for u, r in rows.items() if not says_nothing(r)}
            if rows:
                tables[table] = rows
        if tables:
            result.append(json.dumps([m["method"], params[:-1], tables], sort_keys=True))
    return sorted(result)


def without_tail(error):
    """Ours cuts off what is long."""
    return {k: v[:1900] for k, v in error.items()}


def is_same(ops, ours, stock):
    """Of the results of a transaction."""
    if ours == stock:
        return True
    if not isinstance(ours, list) or not isinstance(stock, list) or len(ours) != len(stock):
        return False
    for i, (a, b) in enumerate(zip(ours, stock)):
        if a == b:
            continue
        if not (a and b and "error" in a and "error" in b):
            return False
        # Where several rows are wrong, it is left open which of them is told.
        is_chance = i >= len(ops) or ops[i].get("op") == "mutate"
        if not is_chance and without_tail(a) != without_tail(b):
            return False
    return True


class Pair:
    def __init__(self, program, schema, is_careful):
        with tempfile.NamedTemporaryFile("w", suffix=".ovsschema") as f:
            json.dump(schema.json, f)
            f.flush()
            self.sides = [Side(p, f.name, schema) for p in (program, "stock")]
        self.schema = schema
        self.is_careful = is_careful

    def stop(self):
        for side in self.sides:
            side.stop()

    def both(self, what, values):
        if values[0] != values[1]:
            raise Difference("%s\n  ours  %s\n  stock %s" % (what, *map(json.dumps, values)))

    def step(self, who, method, params):
        """A request of client `who`, and all that everybody was told."""
        sent = params
        if method == "transact":
            sent = ["D"] + [without_name(op) for op in params[1:]]
        for side in self.sides:
            side.send(who, method, sent)
        answers = [side.receive(who) for side in self.sides]
        replies, messages = [], []
        for side, (reply, before) in zip(self.sides, answers):
            if method == "transact":
                side.learn(params[1:], reply)
            reply = side.normal(reply)
            if method == "monitor_cond_since" and "result" in reply:
                reply["result"][1] = "T"
            if method != "transact" and reply.get("error"):
                reply = {"error": 1}  # for which of the tables is left open
            replies.append(reply)
            messages.append(before)
        if method != "transact" or not is_same(
            params[1:], replies[0].get("result"), replies[1].get("result")
        ):
            self.both("the answers", replies)
        self.both("told", [told(s, m) for s, m in zip(self.sides, messages)])
        if not self.is_careful:
            self.compare_watchers(who)
        return replies[0]

    def compare_watchers(self, who):
        others = [w for w in range(1, N_WATCHERS + 1) if w != who]
        for side in self.sides:
            for w in others:
                side.send(w, "echo", [])
        for w in others:
            heard = [told(side, side.receive(w)[1]) for side in self.sides]
            self.both("client %d was told" % w, heard)

    def compare_contents(self):
        tables = [side.contents() for side in self.sides]
        repair = self.dangling(tables[1]) if self.is_careful else []
        if repair:
            self.sides[1].send(0, "transact", ["D"] + repair)
            self.sides[1].receive(0)
            tables[1] = self.sides[1].contents()
        normal = [
            {t: in_order(side.normal(rows)) for t, rows in contents.items()}
            for side, contents in zip(self.sides, tables)
        ]
        for t in normal[0]:
            ours, stock = normal[0][t], normal[1][t]
            only = [r for r in ours if r not in stock], [r for r in stock if r not in ours]
            self.both("only there in %s" % t, only) if only != ([], []) else None
        return normal[0]

    def compare_restarted(self):
        """Ours with itself, as it comes back from its file, and as ovsdb-tool reads that."""
        side = self.sides[0]
        before = self.lasting(side.contents(), side)
        for c in side.clients:
            c.sock.close()
        side.server.end()
        self.compare_with("ovsdb-tool reads", before, self.lasting(self.tool_contents(), side))
        side.server.start()
        side.clients = [replay.rpc.Client(side.server.path)]
        self.compare_with("after a restart it is", before, self.lasting(side.contents(), side))

    def compare_taken_over(self):
        """The stock server's file, as ours reads it."""
        columns = [c for t in self.schema.columns.values() for c in t.values()]
        if any(c.refers("weak") or c.is_ephemeral and c.refers("strong") for c in columns):
            return  # it leaves references dangling, and out
        ours, stock = self.sides
        before = self.lasting(stock.contents(), stock)
        for c in ours.clients:
            c.sock.close()
        ours.server.end()
        shutil.copy(stock.server.file(0), ours.server.file(0))
        ours.server.start()
        ours.clients = [replay.rpc.Client(ours.server.path)]
        after = self.lasting(ours.contents(), stock)
        self.compare_with("ours reads of the stock server's file", before, after)

    def compare_with(self, what, before, after):
        for table, rows in before.items():
            if rows != after[table]:
                only = [r for r in rows if r not in after[table]]
                others = [r for r in after[table] if r not in rows]
                raise Difference("%s was %s, %s %s" % (table, only, what, others))

    def tool_contents(self):
        query = ["D"] + self.sides[0].selects()
        command = ["ovsdb-tool", "query", self.sides[0].server.file(0), json.dumps(query)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        return dict(zip(self.schema.columns, (r["rows"] for r in json.loads(output))))

    def lasting(self, contents, side):
        """What is in that side's file."""
        tables = {}
        for table, columns in self.schema.columns.items():
            names = [n for n in columns if columns[n].is_lasting] + ["_uuid"]
            rows = [{n: row[n] for n in names} for row in contents[table]]
            tables[table] = in_order(side.normal(rows))
        return tables

    def dangling(self, tables):
        """Updates that take the stock server's dangling weak references out."""
        live = {t: {row["_uuid"][1] for row in rows} for t, rows in tables.items()}
        ops = []
        for table, columns in self.schema.columns.items():
            for row in tables[table]:
                new = {n: without_dangling(c, row[n], live) for n, c in columns.items()}
                new = {n: v for n, v in new.items() if v != row[n]}
                if new:
                    where = [["_uuid", "==", row["_uuid"]]]
                    ops.append({"op": "update", "table": table, "where": where, "row": new})
        return ops

    def blame(self, difference):
        """Raises the reason for a difference."""
        if self.dangling(self.sides[1].contents()):
            raise StockFailed() from difference
        raise difference


def without_dangling(column, value, live):
    if not column.refers("weak"):
        return value

    def is_there(base, atom):
        return not base or base.get("refType") != "weak" or atom[1] in live[base["refTable"]]

    if value[0] == "uuid":
        return value if is_there(column.key, value) else ["set", []]
    if value[0] == "map":
        kept = [p for p in value[1] if is_there(column.key, p[0]) and is_there(column.value, p[1])]
        return ["map", kept]
    kept = [v for v in value[1] if is_there(column.key, v)]
    return kept[0] if len(kept) == 1 else ["set", kept]


class Run:
    """One schema: what was done, so that it can be done again."""

    def __init__(self, program, seed):
        self.program, self.seed = program, seed
        self.is_careful = seed % 4 == 0
        self.generator = Generator(seed, self.is_careful)
        self.steps = []
        self.n_transactions = self.n_committed = 0
        self.monitors = []

    def next_step(self):
        """Who, method, params"""
        g = self.generator
        p = 1 if self.is_careful else g.random.random()
        if len(self.monitors) < 9 and p < 0.15:
            number = len(self.steps)
            ident = g.choice(number, str(number), [number, None])
            method, params, watched = g.monitor(ident)
            self.monitors.append((g.random.randint(1, N_WATCHERS), ident, method, watched))
            return self.monitors[-1][0], method, params
        if self.monitors and p < 0.22:
            who, ident, method, watched = g.random.choice(self.monitors)
            if method != "monitor":
                return who, "monitor_cond_change", g.change(ident, watched)
        if len(self.monitors) == 9 and p < 0.24:
            who, ident, _, _ = self.monitors.pop(g.random.randrange(9))
            return who, "monitor_cancel", [ident]
        self.n_transactions += 1
        return 0, "transact", ["D"] + g.transaction()

    def is_checkpoint(self, number):
        return self.is_careful or number % 10 == 0

    def play(self, limit):
        pair = Pair(self.program, self.generator.schema, self.is_careful)
        try:
            while self.n_transactions < limit:
                self.steps.append(self.next_step())
                reply = pair.step(*self.steps[-1])
                if self.steps[-1][1] == "transact":
                    results = reply.get("result") or [{"error": 1}]
                    self.n_committed += not any(r and "error" in r for r in results)
                if self.is_checkpoint(len(self.steps)):
                    self.look_at(pair.compare_contents())
            pair.compare_contents()
            pair.compare_restarted()
            pair.compare_taken_over()
        except Difference as e:
            pair.blame(e)
        finally:
            pair.stop()

    def look_at(self, tables):
        # Without rows whose uuid no reply told: of an insert that was spoilt.
        known = {t: [r["_uuid"][1] for r in rows] for t, rows in tables.items()}
        self.generator.live = {t: [u for u in us if u != "?"] for t, us in known.items()}

    def fails(self, steps):
        """The first difference when just these are played, and after how many of them."""
        pair = Pair(self.program, self.generator.schema, self.is_careful)
        try:
            for n, step in enumerate(steps, 1):
                pair.step(*step)
                pair.compare_contents()
        except Difference as e:
            try:
                pair.blame(e)
            except Difference:
                return n, str(e)
            except StockFailed:
                return None
        except StockFailed:
            return None
        finally:
            pair.stop()
        return None


def without_each(steps):
    """Ever smaller parts left out, then single operations."""
    size = len(steps) // 2
    while size:
        for at in range(len(steps) - 1 - size, -1, -size):
            yield "steps", at, size
        size //= 2
    for at in range(len(steps) - 1, -1, -1):
        yield "ops", at, 0


def shrink(run, steps):
    found = run.fails(steps)
    if not found:
        return steps, None
    steps, end = steps[: found[0]], time.time() + SHRINK_SECONDS
    is_smaller = True
    while is_smaller and time.time() < end:
        is_smaller = False
        for what, at, size in without_each(steps):
            if time.time() > end or at >= len(steps):
                continue
            if what == "steps":
                less = [steps[:at] + steps[at + size :]]
            else:
                who, method, params = steps[at]
                n = len(params) if method == "transact" else 0
                less = [
                    steps[:at] + [(who, method, params[:i] + params[i + 1 :])] + steps[at + 1 :]
                    for i in range(n - 1, 0, -1)
                ]
            for candidate in less:
                again = run.fails(candidate)
                if again:
                    steps, found, is_smaller = candidate[: again[0]], again, True
                    break
    return steps, found[1]


def complain(run, difference):
    print("seed %d, after %d steps: %s" % (run.seed, len(run.steps), difference))
    sys.stdout.flush()
    steps, difference = shrink(run, run.steps)
    if difference is None:
        print("It does not happen again; the last step was %s" % json.dumps(run.steps[-1]))
    else:
        print("In %d steps:" % len(steps))
        for step in steps:
            print("  client %d: %s %s" % (step[0], step[1], json.dumps(step[2])))
        print(difference)
    print("schema %s" % json.dumps(run.generator.schema.json))
    sys.exit(1)


def main():
    program, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    first, n, n_committed, n_failed = seed, 0, 0, 0
    while n < count:
        run = Run(program, seed)
        try:
            run.play(min(PER_SCHEMA, count - n))
        except StockFailed:
            n_failed += 1
        except Difference as e:
            complain(run, e)
        n += run.n_transactions
        n_committed += run.n_committed
        seed += 1
    print(
        "seeds %d to %d: %d transactions, %d committed; the stock server failed with %d"
        % (first, seed - 1, n, n_committed, n_failed)
    )
    sys.exit(n_committed < n // 5 or n_failed > (seed - first) // 4)


if __name__ == "__main__":
    main()
