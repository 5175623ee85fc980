# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Traffic between two namespaces, measured by who sends: connections, answers of one byte, and as much as goes through."""

from __future__ import annotations

import contextlib
import json
import socket
import statistics
import struct
import subprocess
import sys
import time
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

End = Tuple[str, int]
SECONDS = 1.0  # that each lasts
CONNECTIONS = 1500  # to each end
ECHO, COUNT = b"e", b"c"
CHUNK = 2**18
_RESET = struct.pack("ii", 1, 0)
_TOTAL = struct.Struct("=Q")


@contextlib.contextmanager
def answering(space: str, port: int) -> Iterator[None]:
    """Answer in a namespace."""
    process = _start(space, "answer", [("", port)])
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError("nothing could be started that listens in %s" % space)
        yield
    finally:
        process.kill()
        process.wait()


def ask(space: str, what: str, ends: Sequence[End]) -> List[float]:
    """Measure something from a namespace, to each of several ends."""
    process = _start(space, what, ends)
    told, _none = process.communicate()
    if process.returncode:
        raise RuntimeError("%s could not be measured from %s" % (what, space))
    figures: List[float] = json.loads(told)
    return figures


def _start(space: str, what: str, ends: Sequence[End]) -> subprocess.Popen[str]:
    command = ["nsenter", "--net=" + space, sys.executable, __file__, what, json.dumps(ends)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def answer(ends: Sequence[End]) -> List[float]:
    """Accept connections for ever, one after the other. What one is for, its first byte says; of most there is none."""
    with socket.create_server(ends[0], backlog=4096) as server:
        print("listening", flush=True)
        while True:
            connection, _peer = server.accept()
            _serve(connection)


def _serve(connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        wanted = connection.recv(1)
        if wanted == ECHO:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while connection.recv(1):
                connection.send(ECHO)
        elif wanted == COUNT:
            total, data = 0, bytearray(CHUNK)
            while True:
                arrived = connection.recv_into(data)
                if not arrived:
                    break
                total += arrived
            connection.sendall(_TOTAL.pack(total))


def connect(ends: Sequence[End]) -> List[float]:
    """Return the median of the microseconds that a connection takes, to each end in turn."""
    taken: Dict[End, List[float]] = {end: [] for end in ends}
    for _number in range(CONNECTIONS):
        for end in ends:
            with _socket() as client:
                started = time.perf_counter()
                client.connect(end)
                taken[end].append(time.perf_counter() - started)
    return [statistics.median(taken[end]) * 1e6 for end in ends]


def rate(ends: Sequence[End]) -> List[float]:
    """Return connections per second, one after the other."""
    number, started = 0, time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        with _socket() as client:
            client.connect(ends[0])
        number += 1
    return [number / (time.perf_counter() - started)]


def latency(ends: Sequence[End]) -> List[float]:
    """Return the median of the microseconds until one byte is answered."""
    taken: List[float] = []
    with socket.create_connection(ends[0]) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.send(ECHO)
        until = time.perf_counter() + SECONDS
        while time.perf_counter() < until:
            started = time.perf_counter()
            client.send(ECHO)
            client.recv(1)
            taken.append(time.perf_counter() - started)
    return [statistics.median(taken) * 1e6]


def throughput(ends: Sequence[End]) -> List[float]:
    """Return the Gbit of payload that arrive in a second, by one connection."""
    with socket.create_connection(ends[0]) as client:
        client.sendall(COUNT)
        data, started = bytes(CHUNK), time.perf_counter()
        while time.perf_counter() - started < SECONDS:
            client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        (total,) = _TOTAL.unpack(client.recv(_TOTAL.size))
        return [total * 8 / (time.perf_counter() - started) / 1e9]


def _socket() -> socket.socket:
    """Return one whose connection ends at once, so that no port stays taken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    return made


MEASURES: Dict[str, Callable[[Sequence[End]], List[float]]] = {
    "answer": answer,
    "connect": connect,
    "rate": rate,
    "latency": latency,
    "throughput": throughput,
}


def main(what: str, ends: Any) -> None:
    print(json.dumps(MEASURES[what]([(address, port) for address, port in json.loads(ends)])))


if __name__ == "__main__":
    main(*sys.argv[1:])
