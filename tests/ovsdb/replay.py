#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Replays ovsdb cases on a server and compares its answers with the case files.

  replay.py PROGRAM FILE...    on this bvsd, as --db-only
  replay.py stock FILE...      on ovsdb-server; it and ovsdb-tool are in the PATH
  replay.py --write ...        writes what the server answered into the files

A file holds many cases, and each begins with an empty database and no clients:

  # comment
  schema NAME.ovsschema        beside the case file
  also NAME.ovsschema          another database of the same server
  fresh                        a server of its own for each case
  == TITLE                     a case begins
  differs: REASON              stock is known to answer otherwise: not run there
  > {"op": ...}, {"op": ...}   a "transact" of these operations
  > METHOD PARAMS              any request; its id is 1, 2 ... for each client
  >> METHOD PARAMS             a request that is not answered at once
  > notify METHOD PARAMS       a notification
  > close                      the client goes
  < RESULT                     the result of the last request
  < error ERROR                or its error; "#ID " is before that of an earlier request
  < closed                     the server closed the connection
  ! METHOD PARAMS              a notification
  ?                            waits until something comes
  each TEXT                    from now on @ stands for a request with this text, in
  @ PART                       which PART takes the place of its @

A letter before these signs names another client (b> b< ...).  After each line of a
client, all that it was told is listed, then what the others were.  In requests,
"a1".."a9" stands for "a1", "a2" ... "a9".  Lines that begin with a blank continue the one
before.  Uuids that the server made up read <0>, <1> ... in the order in which they appear,
also in later requests; transaction ids read <txn>, as the stock server's are all zeros.
Rows, elements of sets, the two rows of a duplicate in an index and the updates of several
monitors come in any order, so they are sorted; times read N ms.
"""

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import rpc  # noqa: E402

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Which of two rows comes first in this text hangs on hashes in the reference.
DUPLICATES = re.compile(
    r"First row, with UUID (\S+), (.*)\.  Second row, with UUID (\S+), (.*)\.$", re.DOTALL
)
STEP = re.compile(r"([a-z]?)(>>?|\?|@)( .*|)$")
ANSWER = re.compile(r"[a-z]?[<!] ")


class Failure(Exception):
    pass


def sort_duplicates(m):
    rows = sorted([m.group(1, 2), m.group(3, 4)])
    return "First row, with UUID %s, %s.  Second row, with UUID %s, %s." % (rows[0] + rows[1])


class Names:
    """Uuids of the server <-> <0>, <1> ..."""

    def __init__(self, text):
        self.fixed = set(UUID.findall(text))
        self.names = {}

    def name(self, m):
        if m.group() in self.fixed:
            return m.group()
        return self.names.setdefault(m.group(), "<%d>" % len(self.names))

    def to_server(self, text):
        known = {name: uuid for uuid, name in self.names.items()}
        text = re.sub(r"<\d+>", lambda m: known.get(m.group(), m.group()), text)
        return re.sub(r'"([a-z]*)(\d+)"\.\."\1(\d+)"', expand, text)

    def order(self, value):
        """A key to sort by that does not depend on uuids that were not seen yet."""
        text = json.dumps(value, sort_keys=True)
        return UUID.sub(
            lambda m: m.group() if m.group() in self.fixed else self.names.get(m.group(), "?"), text
        )

    def normal(self, value):
        if isinstance(value, str):
            value = DUPLICATES.sub(sort_duplicates, UUID.sub(self.name, value))
            return re.sub(r"after \d+ ms", "after N ms", value)
        if isinstance(value, list):
            if len(value) == 2 and value[0] in ("set", "map") and isinstance(value[1], list):
                return [value[0], [self.normal(v) for v in sorted(value[1], key=self.order)]]
            return [self.normal(v) for v in value]
        if isinstance(value, dict):
            return {
                UUID.sub(self.name, k): self.normal(sorted(v, key=self.order) if k == "rows" else v)
                for k, v in sorted(value.items(), key=lambda kv: [self.order(x) for x in kv])
            }
        return value


def expand(m):
    numbers = range(int(m.group(2)), int(m.group(3)) + 1)
    return ",".join('"%s%d"' % (m.group(1), n) for n in numbers)


def end_with_parent():
    """Also when the parent is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Server:
    """A server process, its databases and a connection that empties them."""

    def __init__(self, program, schemas):
        self.program = program
        self.directory = tempfile.mkdtemp(prefix="ovsdb-case.")
        self.path = os.path.join(self.directory, "db.sock")
        self.log = open(os.path.join(self.directory, "log"), "w+")
        self.process = None
        self.schemas = []
        try:
            for i, schema in enumerate(schemas):
                subprocess.run(["ovsdb-tool", "create", self.file(i), schema], check=True)
                with open(schema) as f:
                    self.schemas.append(json.load(f))
            self.start()
        except BaseException:
            self.stop()
            raise

    def file(self, i):
        return os.path.join(self.directory, "%d.db" % i)

    def start(self):
        is_stock = self.program == "stock"
        command = ["ovsdb-server", "-vconsole:warn"] if is_stock else [self.program, "--db-only"]
        command += ["--remote=punix:" + self.path, "--unixctl=" + self.path + ".ctl", self.file(0)]
        self.process = subprocess.Popen(
            command, stdout=self.log, stderr=self.log, preexec_fn=end_with_parent
        )
        self.connect(self.path).sock.close()
        for i in range(1, len(self.schemas)):
            self.add_db(self.file(i))
        self.control = self.connect(self.path)

    def connect(self, path):
        end = time.time() + rpc.TIMEOUT
        while self.process.poll() is None and time.time() < end:
            try:
                return rpc.Client(path)
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.002)
        self.log.seek(0)
        raise Failure("the server does not start: " + self.log.read())

    def add_db(self, path):
        ctl = self.connect(self.path + ".ctl")
        reply, _ = ctl.call("ovsdb-server/add-db", path)
        if reply.get("error") is not None:
            raise Failure("add-db: %s" % reply["error"])

    def reset(self):
        # Clients that went are noticed in the first turn or in the second.
        self.control.barrier()
        self.control.barrier()
        for schema in self.schemas:
            ops = [{"op": "delete", "table": t, "where": []} for t in schema["tables"]]
            reply, _ = self.control.call("transact", schema["name"], *ops)
            if any("error" in (r or {}) for r in reply["result"]):
                raise Failure("the database cannot be emptied: %s" % reply["result"])

    def is_alive(self):
        return self.process.poll() is None

    def end(self):
        if self.process and self.is_alive():
            self.process.terminate()
        status = self.process.wait(rpc.TIMEOUT) if self.process else 0
        self.log.seek(0)
        if status not in (0, -15):
            raise Failure("the server ended with status %d: %s" % (status, self.log.read()))

    def stop(self):
        try:
            self.end()
        finally:
            self.log.close()
            shutil.rmtree(self.directory)


class Peer:
    """One client of a case."""

    def __init__(self, letter, server):
        self.letter = letter
        self.client = rpc.Client(server.path)
        self.ident = 0

    def send(self, line, db):
        m = re.match(r"(notify )?([a-z_]+) (.*)$", line, re.DOTALL)
        method, params = m.group(2, 3) if m else ("transact", '["%s",%s]' % (db, line))
        if m and m.group(1):
            ident = "null"
        else:
            self.ident += 1
            ident = str(self.ident)
        self.client.send('{"method":"%s","params":%s,"id":%s}' % (method, params, ident))

    def line(self, message, names):
        """As it reads in a case file."""
        if message is None:
            return self.letter + "< closed"
        if "method" in message:
            params = message["params"]
            if message["method"] == "update3":
                params[1] = "<txn>"
            params = json.dumps(names.normal(params), ensure_ascii=False)
            return "%s! %s %s" % (self.letter, message["method"], params)
        earlier = "" if message["id"] == self.ident else "#%s " % message["id"]
        error = message.get("error")
        value = message["result"] if error is None else error
        if isinstance(value, list) and value[1:] and UUID.fullmatch(str(value[1])):
            value[1] = "<txn>"  # monitor_cond_since
        value = json.dumps(names.normal(value), ensure_ascii=False)
        return "%s< %s%s%s" % (self.letter, earlier, "" if error is None else "error ", value)

    def told(self, until):
        """What came, at least until that holds for a message."""
        messages = []
        while until and not (messages and until(messages[-1])):
            messages.append(self.client.receive())
            if messages[-1] is None:
                return messages
        return messages + self.client.barrier()

    def until(self, step):
        if step.sign == "?":
            return lambda message: True
        if step.sign in ">@" and not step.body.startswith("notify "):
            return lambda message: "method" not in message and message["id"] == self.ident
        return None


class Step:
    def __init__(self, number, letter, sign, body):
        self.number, self.letter, self.sign, self.part = number, letter, sign, body.strip()
        self.last = number  # its last line
        self.template = "@"
        self.answers = []

    @property
    def body(self):
        return self.template.replace("@", self.part)


class Case:
    def __init__(self, title):
        self.title = title
        self.differs = None
        self.steps = []
        self.each = None
        self.text = ""


class File:
    def __init__(self, path):
        self.path = path
        self.schemas, self.cases = [], []
        self.is_fresh = False
        with open(path) as f:
            self.lines = f.read().splitlines()
        for number, line in enumerate(self.lines, 1):
            self.parse(number, line)

    def parse(self, number, line):
        case = self.cases[-1] if self.cases else None
        step = case.steps[-1] if case and case.steps else None
        if case:
            case.text += line + "\n"
        m = STEP.match(line)
        if line.startswith("== "):
            self.cases.append(Case(line[3:]))
        elif line.startswith(("schema ", "also ")):
            self.schemas.append(os.path.join(os.path.dirname(self.path), line.split()[1]))
        elif line == "fresh":
            self.is_fresh = True
        elif line.startswith("differs: "):
            case.differs = line[9:]
        elif line.startswith("each "):
            case.each = line[5:]
        elif m and case:
            case.steps.append(Step(number, *m.groups()))
            if m.group(2) == "@":
                case.steps[-1].template = case.each
        elif ANSWER.match(line) and step:
            step.answers.append(line)
        elif line[:1].isspace() and step and step.answers:
            step.answers[-1] += line
        elif line[:1].isspace() and step:
            step.part += line
            step.last = number
        elif line.strip() and not line.startswith("#"):
            raise Failure("%s: line %d: what is this?" % (self.path, number))


def sort_updates(messages, names):
    """Those of different monitors, between other messages."""
    out, updates = [], []
    for m in messages + [{}]:
        if m and m.get("method", "").startswith(("update", "monitor_canceled")):
            updates.append(m)
            continue
        out += sorted(updates, key=names.order) + [m]
        updates = []
    return out[:-1]


def play(case, server):
    """[(step, what the clients were told)]"""
    names = Names(case.text)
    db = server.schemas[0]["name"]
    peers = {}
    try:
        for step in case.steps:
            peer = peers.get(step.letter)
            if not peer:
                peer = peers[step.letter] = Peer(step.letter, server)
            if step.body == "close":
                peers.pop(step.letter).client.sock.close()
                yield step, []
                continue
            if step.sign != "?":
                peer.send(names.to_server(step.body), db)
            lines = []
            order = [peer] + [peers[k] for k in sorted(peers) if k != step.letter]
            for p in order:
                messages = sort_updates(p.told(peer.until(step) if p is peer else None), names)
                lines += [p.line(m, names) for m in messages]
                if messages and messages[-1] is None:
                    peers.pop(p.letter)
            yield step, lines
    finally:
        for p in peers.values():
            p.client.sock.close()


def canonical(line):
    """A line of a file as Peer.line() would write it."""
    m = re.match(r"([a-z]?[<!] (?:#\S+ |error |[a-z_0-9]+ (?=\[))*)(.*)$", line, re.DOTALL)
    try:
        value = json.dumps(json.loads(m.group(2)), ensure_ascii=False, sort_keys=False)
    except ValueError:
        value = m.group(2)
    return m.group(1) + value


class Replay:
    def __init__(self, program, is_writing):
        self.program, self.is_writing = program, is_writing
        self.servers = {}

    def server(self, file):
        key = tuple(file.schemas)
        server = self.servers.get(key)
        if server and (file.is_fresh or not server.is_alive()):
            self.servers.pop(key).stop()
            server = None
        if not server:
            server = self.servers[key] = Server(self.program, file.schemas)
        try:
            server.reset()
        except Failure:
            self.servers.pop(key).stop()
            raise
        return server

    def stop(self):
        while self.servers:
            self.servers.popitem()[1].stop()

    def run_case(self, case, server):
        for step, lines in play(case, server):
            if self.is_writing:
                step.answers = lines
                continue
            want = [canonical(a) for a in step.answers]
            if want != lines:
                raise Failure(
                    "line %d\n  wanted %s\n  got    %s"
                    % (step.number, "\n         ".join(want), "\n         ".join(lines))
                )

    def run_file(self, file):
        n_failed = 0
        for case in file.cases:
            name = "%s: %s" % (os.path.basename(file.path), case.title)
            is_ours_only = case.differs is not None
            if (self.is_writing or self.program == "stock") and is_ours_only == (
                self.program == "stock"
            ):
                continue
            try:
                self.run_case(case, self.server(file))
            except (Failure, OSError, ValueError, subprocess.SubprocessError) as e:
                n_failed += 1
                print("%s: FAILED: %s" % (name, e or type(e).__name__))
        if self.is_writing:
            self.write(file)
        return n_failed

    def write(self, file):
        steps = {s.last: s for c in file.cases for s in c.steps}
        out = []
        is_answer = False
        for number, line in enumerate(file.lines, 1):
            is_answer = bool(ANSWER.match(line)) or (is_answer and line[:1].isspace())
            if not is_answer:
                out.append(line)
            if number in steps:
                out += steps[number].answers
        text = ("\n".join(out) + "\n").encode()
        with open(file.path, "wb") as f:
            f.write(text)


def main():
    args = [a for a in sys.argv[1:] if a != "--write"]
    if len(args) < 2:
        sys.exit(__doc__)
    replay = Replay(args[0], "--write" in sys.argv)
    files = [File(path) for path in args[1:]]
    try:
        n_failed = sum(replay.run_file(f) for f in files)
    finally:
        replay.stop()
    n_skipped = sum(bool(c.differs) for f in files for c in f.cases)
    n = sum(len(f.cases) for f in files)
    if args[0] == "stock":
        print("%d cases, %d of them for ours alone" % (n, n_skipped))
    sys.exit(1 if n_failed or n == 0 else 0)


if __name__ == "__main__":
    main()
