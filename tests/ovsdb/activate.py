# SPDX-License-Identifier: Apache-2.0
"""activate.py PATH PORT PROGRAM WORD...: runs the program as systemd does that has a socket
unit for it: descriptors 3 and 4 listen.  5 is a socket that does not."""

import os
import socket
import sys

unix = socket.socket(socket.AF_UNIX)
unix.bind(sys.argv[1])
unix.listen()
tcp = socket.create_server(("127.0.0.1", int(sys.argv[2])))
other = socket.socket(socket.AF_UNIX)
# First out of the way of each other, then to their places.
for number, s in enumerate((unix, tcp, other), 13):
    os.dup2(s.fileno(), number)
for number in (3, 4, 5):
    os.dup2(number + 10, number)
    os.close(number + 10)
os.environ.update(LISTEN_FDS="2", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[3], sys.argv[3:])
