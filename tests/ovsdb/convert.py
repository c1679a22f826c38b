#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A conversion as all kinds of clients see it: convert.py SOCKET SCHEMA"""
import json
import sys

from rpc import Client

path, schema_file = sys.argv[1:]
with open(schema_file) as f:
    schema = json.load(f)


def check(have, want):
    if have != want:
        sys.exit(f"have {have}, want {want}")


def refuse(params, error, details):
    reply, _ = Client(path).call("convert", *params)
    check((reply["error"]["error"], reply["error"]["details"]), (error, details))


def changed(**columns):
    new = json.loads(json.dumps(schema))
    new["version"] = "1.1.0"
    new["tables"]["Root"]["columns"].update(columns)
    return new


def client(is_aware):
    c = Client(path)
    if is_aware:
        c.call("set_db_change_aware", True)
    return c


def main():
    client(False).call("transact", "S", {"op": "insert", "table": "Root", "row": {"i": 7}})
    refuse([], "syntax error", "convert request params must begin with <db-name>")
    refuse(["S"], "syntax error", "array expected")
    refuse(["S", 5], "syntax error", "Parsing database schema failed: Object expected.")
    refuse(
        ["S", dict(schema, name="T")],
        "invalid parameters",
        "new schema name (T) does not match database name (S)",
    )
    refuse(["S", changed(i={"type": "string"})], "syntax error", "expected string")

    request = {"Root": [{"columns": ["i"]}]}
    aware, unaware, idle, waiting = client(True), client(False), client(False), client(True)
    aware.call("monitor_cond", "S", ["m"], request)
    unaware.call("monitor", "S", None, request)
    wait = {"op": "wait", "table": "Root", "where": [], "columns": ["i"], "until": "=="}
    waiting.send({"method": "transact", "params": ["S", dict(wait, rows=[])], "id": 7})
    check(waiting.barrier(), [])
    by = client(False)
    reply, _ = by.call("convert", "S", changed(added={"type": "string"}))
    check(reply["result"], {})
    check(by.barrier(), [None])
    check(aware.barrier(), [{"id": None, "method": "monitor_canceled", "params": [["m"]]}])
    check(unaware.barrier(), [None])
    check(idle.barrier(), [None])
    check(waiting.barrier(), [{"id": 7, "error": "canceled"}])
    reply, _ = aware.call(
        "monitor_cond", "S", ["m"], {"Root": [{"columns": ["i", "added"]}]}
    )
    check(list(reply["result"]["Root"].values()), [{"initial": {"i": 7}}])


main()
