# SPDX-License-Identifier: Apache-2.0
"""limits.py WHAT SOCKET PID: clients for limits.bats."""

import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from rpc import Client  # noqa: E402

what, path, pid = sys.argv[1:]


def memory():
    # The address sanitizer keeps what is freed.
    with open(f"/proc/{pid}/maps") as f:
        if "libasan" in f.read():
            return 0
    with open(f"/proc/{pid}/status") as f:
        return int([line for line in f if line.startswith("VmRSS")][0].split()[1])


def is_served(client):
    reply, _ = client.call("echo", "x", ident="served")
    assert reply and reply["result"] == ["x"], reply


def until(holds, what_for):
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, what_for
        time.sleep(0.02)


def exhausted(reply):
    return isinstance(reply["error"], dict) and reply["error"]["error"] == "resources exhausted"


def sessions():
    clients = [Client(path) for _ in range(44)]
    for c in clients:
        is_served(c)
    surplus = Client(path)
    surplus.send({"method": "echo", "params": [], "id": 1})
    assert surplus.receive() is None
    for c in clients:
        is_served(c)
    print("full", flush=True)
    until(lambda: os.path.exists(path + ".go"), "word from the test")
    clients.pop().sock.close()

    def has_room():
        c = Client(path)
        c.send({"method": "echo", "params": [], "id": 1})
        return c.receive() is not None

    until(has_room, "room for one")


def idle():
    for c in [Client(path) for _ in range(10)]:  # what the first one needs is not counted
        is_served(c)
    before = memory()
    clients = [Client(path) for _ in range(700)]
    for c in clients:
        is_served(c)
    assert memory() - before < 700 * 3, memory() - before


def monitors():
    c = Client(path)
    request = {"Root": [{"columns": ["i"]}]}
    for n in range(1000):
        reply, _ = c.call("monitor_cond", "S", n, request)
        assert reply["error"] is None, (n, reply)
    for method in "monitor", "monitor_cond":
        reply, _ = c.call(method, "S", "more", request)
        assert exhausted(reply), reply
    reply, _ = c.call("monitor_cancel", 7)
    assert reply["error"] is None, reply
    reply, _ = c.call("monitor_cond", "S", "more", request)
    assert reply["error"] is None, reply
    is_served(c)


def waits():
    c = Client(path)
    wait = {"op": "wait", "table": "Root", "where": [], "columns": ["i"], "until": "==", "rows": [{"i": 1}]}
    request = {"method": "transact", "params": ["S", wait]}
    for n in range(10000):
        c.send({**request, "id": n})
    assert c.barrier() == []
    c.send({**request, "id": "more"})
    (reply,) = c.barrier()
    assert reply["id"] == "more" and exhausted(reply), reply
    c.send({"method": "cancel", "params": [5], "id": None})
    (reply,) = c.barrier()
    assert reply == {"id": 5, "error": "canceled"}, reply
    c.send({**request, "id": "more"})
    assert c.barrier() == []


def locks():
    c = Client(path)
    for n in range(1000):
        reply, _ = c.call("lock", f"l{n}")
        assert reply["result"] == {"locked": True}, (n, reply)
    for method in "lock", "steal":
        reply, _ = c.call(method, "more")
        assert exhausted(reply), reply
    reply, _ = c.call("unlock", "l3")
    assert reply["error"] is None, reply
    reply, _ = c.call("lock", "more")
    assert reply["result"] == {"locked": True}, reply


def send_all_that_goes(client, data):
    """How much of data the server takes from a client that does not read."""
    n = 0
    client.sock.settimeout(0)
    last = time.monotonic()
    while n < len(data) and time.monotonic() - last < 1:
        try:
            n += client.sock.send(data[n : n + 65536])
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    client.sock.settimeout(20)
    return n


def unread():
    other = Client(path)
    is_served(other)
    before = memory()
    # Each answer is many times its request.
    one = b'{"method":"get_schema","params":["S"],"id":1}'
    lazy = [Client(path) for _ in range(4)]
    taken = [send_all_that_goes(c, one * 200000) for c in lazy]
    assert all(n < 200000 * len(one) for n in taken), taken
    is_served(other)
    # Four times a backlog of 4 MB, and what that costs in malloc's books.
    assert memory() - before < 4 * 4096 * 1.5, (before, memory())
    # The last request may be cut: it is completed.
    c, n = lazy[0], taken[0]
    c.sock.setblocking(False)
    rest = one[n % len(one) :] if n % len(one) else b""
    whole = (n + len(rest)) // len(one)
    got, text = 0, b""
    end = time.monotonic() + 60
    while got < whole:
        assert time.monotonic() < end, (got, whole)
        try:
            text += c.sock.recv(1 << 20)
        except BlockingIOError:
            time.sleep(0.001)
        if rest:
            try:
                rest = rest[c.sock.send(rest) :]
            except BlockingIOError:
                pass
        got += text.count(b'"error":null}')
        text = text[-12:]  # perhaps the beginning of one
    assert got == whole, (got, whole)
    for c in lazy:
        c.sock.close()
    is_served(other)


def halves():
    other = Client(path)
    request = json.dumps({"method": "transact", "params": ["S", {"op": "comment", "comment": "x" * 1000}], "id": 1})
    silent = [Client(path) for _ in range(50)]
    for n, c in enumerate(silent):
        c.send(request[: 1 + n * 20])
    is_served(other)
    reply, _ = other.call("transact", "S", {"op": "insert", "table": "Root", "row": {}})
    assert reply["error"] is None, reply
    for n, c in enumerate(silent):
        if n % 2:
            c.sock.close()
            continue
        c.send(request[1 + n * 20 :])
        reply = c.receive()
        assert reply["result"] == [{}], reply
    is_served(other)


def too_long():
    other = Client(path)
    is_served(other)
    before = memory()
    c = Client(path)
    c.sock.settimeout(60)
    piece = b"x" * (1 << 20)
    sent = 0
    try:
        c.sock.sendall(b'{"method":"echo","id":1,"params":["')
        for _ in range(300):
            c.sock.sendall(piece)
            sent += 1
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert 250 <= sent < 300, sent
    assert c.receive() is None
    is_served(other)
    until(lambda: memory() < before + 20000, "the memory is given back")


{f.__name__: f for f in (sessions, idle, monitors, waits, locks, unread, halves, too_long)}[what]()
