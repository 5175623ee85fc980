# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Checks over TCP and UDP."""

from __future__ import annotations

import os
import socket
import time
from typing import Any, Tuple

from .answer import LINE_LIMIT, read_banner
from .check import ERROR, PASS, REFUSE, Check, Outcome
from .refusal import NO_ANSWER, explain

# A responder of ours speaks at once; a server that waits for its client says nothing for longer.
GREETING_WAIT = 0.1
DATAGRAM_LIMIT = 65535


def _connect(check: Check, kind: int) -> Tuple[socket.socket, Any]:
    family, _kind, _protocol, _name, target = socket.getaddrinfo(check.address, check.port, type=kind, flags=socket.AI_NUMERICHOST)[0]
    return socket.socket(family, kind), target


def connect_tcp(check: Check) -> Outcome:
    """Open a connection; where a banner is expected, read it."""
    end = time.monotonic() + check.timeout
    stream, target = _connect(check, socket.SOCK_STREAM)
    with stream:
        stream.settimeout(check.timeout)
        try:
            stream.connect(target)
        except socket.timeout:
            return Outcome(REFUSE, "%s in %g s" % (NO_ANSWER, check.timeout))
        line, closed = _read_line(stream, end if check.expect_banner else min(end, time.monotonic() + GREETING_WAIT))
    seen = read_banner(line)
    if check.expect_banner and not line:
        return Outcome(REFUSE, "connected, but %s" % (closed or "nothing was said in %g s" % check.timeout), {"banner": ""})
    return _judge(check, seen, "connected")


def _read_line(stream: socket.socket, end: float) -> Tuple[bytes, str]:
    """Return the first line, and why there was none."""
    line = b""
    while b"\n" not in line and len(line) < LINE_LIMIT:
        left = end - time.monotonic()
        if left <= 0:
            break
        stream.settimeout(left)
        try:
            part = stream.recv(LINE_LIMIT)
        except socket.timeout:
            break
        except OSError as error:
            return line, explain(error)
        if not part:
            return line, "the connection was closed"
        line += part
    return line, ""


def send_udp(check: Check) -> Outcome:
    """Send a datagram with a unique token up to `count` times; pass when the token comes back."""
    began = time.monotonic()
    token = os.urandom(12).hex().encode()
    datagram, target = _connect(check, socket.SOCK_DGRAM)
    with datagram:
        # Connected, so that "port unreachable" reaches us, and only the one asked can answer.
        datagram.connect(target)
        for number in range(check.count):
            datagram.send(token)
            slot_end = began + check.timeout * (number + 1) / check.count
            while time.monotonic() < slot_end:
                datagram.settimeout(max(0.001, slot_end - time.monotonic()))
                try:
                    answer = datagram.recv(DATAGRAM_LIMIT)
                except socket.timeout:
                    break
                if token in answer:
                    return _judge(check, read_banner(answer) if answer.strip() != token else "", "answer to datagram %d" % (number + 1))
    return Outcome(REFUSE, "%s to %d datagrams in %g s" % (NO_ANSWER, check.count, check.timeout))


def _judge(check: Check, seen: str, detail: str) -> Outcome:
    """Compare who answered with who should."""
    found = {"banner": seen}
    if not check.expect_banner or seen == check.expect_banner:
        return Outcome(PASS, detail + (', "%s" answered' % seen if seen else ""), dict(found))
    return Outcome(ERROR, 'answered by "%s", not by "%s"' % (seen, check.expect_banner), dict(found))
