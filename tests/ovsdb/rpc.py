#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plays a conversation with a server: rpc.py SOCKET < SCRIPT

Each line of the script names a client (made when first named) and what it does:

    a> {"method":"echo","params":[],"id":1}   sends this (any text)
    a< {"id":1,"result":[],"error":null}      the next message must equal this; the
                                              string "*" stands for any value
    a< closed                                 the server must close
    a< nothing                                there must be no message before the answer
                                              to an echo that is sent now
    a! close                                  the client closes

Empty lines and lines that begin with # are skipped.  Ends with status 1 at the first
difference.  Also the module that other tests take their client from.
"""
import codecs
import json
import socket
import sys

TIMEOUT = 10
sys.setrecursionlimit(10000)  # for deeply nested messages


class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(path)
        self.text = ""
        self.characters = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.decoder = json.JSONDecoder()
        self.n_barriers = 0

    def send(self, message):
        if not isinstance(message, str):
            message = json.dumps(message)
        try:
            self.sock.sendall(message.encode(errors="surrogateescape"))
        except (BrokenPipeError, ConnectionResetError):
            pass  # what is read next tells

    def receive(self):
        """The next message; None: closed."""
        while True:
            self.text = self.text.lstrip()
            if self.text:
                try:
                    message, end = self.decoder.raw_decode(self.text)
                    self.text = self.text[end:]
                    return message
                except json.JSONDecodeError:
                    pass
            try:
                data = self.sock.recv(1 << 20)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.text += self.characters.decode(data)

    def barrier(self):
        """All messages that the server had for us so far."""
        self.n_barriers += 1
        mark = f"barrier-{self.n_barriers}"
        self.send({"method": "echo", "params": [mark], "id": mark})
        messages = []
        while True:
            m = self.receive()
            if m is None:
                return messages + [None]
            if m.get("id") == mark:
                return messages
            messages.append(m)

    def call(self, method, *params, ident=0):
        """The reply, and the notifications that came before it."""
        self.send({"method": method, "params": list(params), "id": ident})
        before = []
        while True:
            m = self.receive()
            if m is None or ("method" not in m and m["id"] == ident):
                return m, before
            before.append(m)


def matches(have, want):
    if want == "*":
        return True
    if isinstance(want, dict):
        return (
            isinstance(have, dict)
            and have.keys() == want.keys()
            and all(matches(have[k], want[k]) for k in want)
        )
    if isinstance(want, list):
        return (
            isinstance(have, list)
            and len(have) == len(want)
            and all(map(matches, have, want))
        )
    return type(have) is type(want) and have == want


def expect(client, what):
    if what.startswith("nothing"):
        try:
            extra = client.barrier()
        except (BrokenPipeError, ConnectionResetError):
            extra = [None]
        if what == "nothing more" and extra == [None]:
            return None  # closed, as the script has said or does not care
        return None if not extra else f"unexpected {extra}"
    have = client.receive()
    if what == "closed":
        return None if have is None else f"not closed but {json.dumps(have)}"
    if have is None:
        return "closed"
    return None if matches(have, json.loads(what)) else f"have {json.dumps(have)}"


def main():
    clients = {}
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    for number, line in enumerate(sys.stdin, 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, verb, what = line[0], line[1], line[2:].strip()
        if name not in clients:
            clients[name] = Client(sys.argv[1])
        wrong = None
        if verb == ">":
            clients[name].send(what)
        elif verb == "!":
            clients.pop(name).sock.close()
        else:
            try:
                wrong = expect(clients[name], what)
            except socket.timeout:
                wrong = "no answer"
        if wrong:
            sys.exit(f"line {number}: {line}\n{wrong}")
    for name, client in clients.items():
        wrong = expect(client, "nothing more")
        if wrong:
            sys.exit(f"at the end, {name}: {wrong}")


if __name__ == "__main__":
    main()
