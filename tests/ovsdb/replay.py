#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Replays ovsdb cases on a server and compares the results with the case file.

  replay.py bvsd PROGRAM CASE...          bvsd --db-only
  replay.py stock DIR CASE...             ovsdb-server; DIR holds it and ovsdb-tool
  replay.py --write ...                   writes what the server answered into the cases

A case file:
  # comment
  schema NAME.ovsschema        beside the case file
  differs: REASON              stock is known to answer otherwise: not run there
  > ["db", {"op": ...}, ...]   a "transact", and
  < [...]                      its result
  2> [...]                     the same on a second connection, without waiting
  2< [...]                     for its result, which is read here

Lines that begin with a blank continue the one before.  Uuids that the server made up
read <0>, <1> ... in order of their appearance, in results and in later requests.  Rows
of a select, elements of a set and the two rows of a duplicate in an index come in any
order, so they are sorted; times read N ms.
"""

import json
import os
import re
import shutil
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

    def name(self, uuid):
        if uuid in self.fixed:
            return uuid
        return self.names.setdefault(uuid, "<%d>" % len(self.names))

    def to_server(self, text):
        known = {name: uuid for uuid, name in self.names.items()}
        return re.sub(r"<\d+>", lambda m: known.get(m.group(), m.group()), text)

    def order(self, value):
        """A key to sort by that does not depend on uuids that were not seen yet."""
        text = json.dumps(value, sort_keys=True)
        return UUID.sub(lambda m: self.names.get(m.group(), "?"), text)

    def normal(self, value):
        if isinstance(value, str):
            value = UUID.sub(lambda m: self.name(m.group()), value)
            value = DUPLICATES.sub(sort_duplicates, value)
            return re.sub(r"after \d+ ms", "after N ms", value)
        if isinstance(value, list):
            if len(value) == 2 and value[0] in ("set", "map") and isinstance(value[1], list):
                return [value[0], [self.normal(v) for v in sorted(value[1], key=self.order)]]
            return [self.normal(v) for v in value]
        if isinstance(value, dict):
            return {
                k: self.normal(sorted(v, key=self.order) if k == "rows" else v)
                for k, v in sorted(value.items())
            }
        return value


class Server:
    """A server process with a unix socket."""

    def __init__(self, command, directory):
        self.path = os.path.join(directory, "db.sock")
        self.log = open(os.path.join(directory, "log"), "w+")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self.clients = {}
        end = time.time() + rpc.TIMEOUT
        while not self.connect(1):
            if self.process.poll() is not None or time.time() > end:
                self.log.seek(0)
                raise Failure("the server does not start: " + self.log.read())
            time.sleep(0.005)

    def connect(self, session):
        try:
            self.clients[session] = rpc.Client(self.path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def send(self, session, params):
        if session not in self.clients:
            self.connect(session)
        self.clients[session].send({"id": 1, "method": "transact", "params": params})

    def receive(self, session):
        message = self.clients[session].receive()
        if message is None:
            raise Failure("the server closed the connection")
        if message.get("error") is not None:
            return {"error": message["error"]}
        return message["result"]

    def stop(self):
        for client in self.clients.values():
            client.sock.close()
        self.process.terminate()
        status = self.process.wait(rpc.TIMEOUT)
        self.log.close()
        if status not in (0, -15):
            raise Failure("the server ended with status %d" % status)


def start_stock(where, schema, directory):
    db = os.path.join(directory, "db")
    subprocess.run([os.path.join(where, "ovsdb-tool"), "create", db, schema], check=True)
    return Server(
        [
            os.path.join(where, "ovsdb-server"),
            "--remote=punix:" + os.path.join(directory, "db.sock"),
            "--unixctl=" + os.path.join(directory, "ctl"),
            "-vconsole:warn",
            db,
        ],
        directory,
    )


def start_bvsd(program, schema, directory):
    return Server(
        [
            program,
            "--db-only",
            "--schema=" + schema,
            "--remote=punix:" + os.path.join(directory, "db.sock"),
            "--unixctl=" + os.path.join(directory, "ctl"),
            os.path.join(directory, "db"),
        ],
        directory,
    )


def parse(text):
    """-> schema, reason why stock differs or None, [(line, session, kind, json text)]"""
    schema, differs, steps = None, None, []
    for number, line in enumerate(text.splitlines(), 1):
        m = re.match(r"(\d?)([<>]) (.*)", line)
        if m:
            steps.append([number, int(m.group(1) or 1), m.group(2), m.group(3)])
        elif line.startswith("schema "):
            schema = line[7:].strip()
        elif line.startswith("differs: "):
            differs = line[9:].strip()
        elif line[:1].isspace() and line.strip() and steps:
            steps[-1][3] += line
        elif line.strip() and not line.startswith("#"):
            raise Failure("line %d: what is this?" % number)
    return schema, differs, steps


def answers(server, text, steps):
    """The results, in the order in which the case reads them, each with its line."""
    names = Names(text)
    for number, session, kind, body in steps:
        if kind == ">":
            server.send(session, json.loads(names.to_server(body)))
            # A request of session 1 is answered at once.
            if session == 1:
                yield number, names.normal(server.receive(session))
        elif session != 1:
            yield number, names.normal(server.receive(session))


def run_case(kind, where, path, is_writing):
    with open(path) as f:
        text = f.read()
    schema, differs, steps = parse(text)
    if kind == "stock" and differs:
        return "skipped: " + differs
    schema = os.path.join(os.path.dirname(path), schema)
    directory = tempfile.mkdtemp(prefix="ovsdb-case.")
    try:
        if kind == "stock":
            server = start_stock(where, schema, directory)
        else:
            server = start_bvsd(where, schema, directory)
        try:
            got = list(answers(server, text, steps))
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory)
    if is_writing:
        write(path, text, steps, got)
        return None
    wanted = [(s[0], json.loads(s[3])) for s in steps if s[2] == "<"]
    if len(wanted) != len(got):
        raise Failure("%d results, but the case has %d" % (len(got), len(wanted)))
    for (line, want), (_, have) in zip(wanted, got):
        if json.dumps(want) != json.dumps(have):
            raise Failure(
                "line %d\n  wanted %s\n  got    %s" % (line, json.dumps(want), json.dumps(have))
            )
    return None


def write(path, text, steps, got):
    results = dict(got)
    out = []
    is_result = False
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"<", line):
            is_result = True
            continue
        if line[:1].isspace() and is_result:
            continue
        is_result = False
        if re.match(r"\d<", line):
            line = line[:2]
        out.append(line)
        # A request may go on over several lines: its result follows the last of them.
        last = number
        lines = text.splitlines()
        while last < len(lines) and lines[last][:1].isspace():
            last += 1
        start = number
        while start > 1 and lines[start - 1][:1].isspace():
            start -= 1
        if last == number and start in results:
            result = json.dumps(results[start], ensure_ascii=False)
            if re.match(r"\d<", lines[start - 1]):
                out[-1] = out[-1] + " " + result
            else:
                out.append("< " + result)
    with open(path, "w") as f:
        f.write("\n".join(out) + "\n")


def main():
    args = sys.argv[1:]
    is_writing = "--write" in args
    args = [a for a in args if a != "--write"]
    if len(args) < 3 or args[0] not in ("bvsd", "stock"):
        sys.exit(__doc__)
    n_failed = 0
    for path in args[2:]:
        name = os.path.basename(path)
        try:
            skipped = run_case(args[0], args[1], path, is_writing)
            if skipped:
                print("%s: %s" % (name, skipped))
        except (Failure, OSError, ValueError, subprocess.SubprocessError) as e:
            n_failed += 1
            print("%s: FAILED: %s" % (name, e))
    sys.exit(1 if n_failed else 0)


main()
