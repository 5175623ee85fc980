# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real packets: servers, questions and streams, each in a forked child inside its namespace."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, List, Optional, Sequence, Tuple

from harness.host import Child, Space, sh

SOCKETS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
TCPI_BUSY_TIME = 168  # where it begins in the kernel's struct tcp_info
Question = Tuple[Space, str, str, int]  # from, protocol, address, port


def await_addresses(*spaces: Space) -> None:
    """Wait until no address is still looked for elsewhere: nothing is sent from such a one. The kernel is late where many namespaces come and go."""
    deadline = time.monotonic() + 60
    for space in spaces:
        while "tentative" in sh("ip -6 address", space):
            assert time.monotonic() < deadline, "addresses stay tentative"
            time.sleep(0.02)


class Server:
    """Answers on TCP and UDP ports of both families with its name and the client's address, until it is stopped."""

    def __init__(self, space: Space, name: str, ports: Sequence[int]) -> None:
        ready, tell = os.pipe()
        self._child = Child(lambda: _serve(name, ports, tell), space)
        os.close(tell)
        assert os.read(ready, 1) == b"+", "no server in %s" % space
        os.close(ready)

    @property
    def pid(self) -> int:
        return self._child.pid

    def stop(self) -> None:
        self._child.kill()


def _serve(name: str, ports: Sequence[int], tell: int) -> None:
    sockets: List[socket.socket] = []
    for port in ports:
        for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            for kind in SOCKETS.values():
                server = socket.socket(family, kind)
                server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                server.bind((address, port))
                if kind == socket.SOCK_STREAM:
                    server.listen(64)
                sockets.append(server)
    os.write(tell, b"+")
    while True:
        for server in select.select(sockets, [], [])[0]:
            with contextlib.suppress(OSError):
                if server.type == socket.SOCK_STREAM:
                    client, peer = server.accept()
                    client.sendall(("%s %s" % (name, peer[0])).encode())
                    client.close()
                else:
                    _data, peer = server.recvfrom(99)
                    server.sendto(("%s %s" % (name, peer[0])).encode(), peer)


AGAIN = 1.0  # seconds, after which TCP sends its first packet again


def ask(questions: Sequence[Question], timeout: float = 1.4) -> List[Optional[str]]:
    """Ask all at once; return who answered and whom he saw, or None. A first packet that was lost is sent again after a second."""
    by_space: Dict[Space, List[int]] = {}
    for number, question in enumerate(questions):
        by_space.setdefault(question[0], []).append(number)
    children = [(numbers, Child(lambda numbers=numbers: _ask_here([questions[n] for n in numbers], timeout), space)) for space, numbers in by_space.items()]
    answers: List[Optional[str]] = [None] * len(questions)
    for numbers, child in children:
        for number, answer in zip(numbers, child.result(60)):
            answers[number] = answer
    return answers


def _ask_here(questions: Sequence[Question], timeout: float) -> List[Optional[str]]:
    with ThreadPoolExecutor(32) as pool:
        return list(pool.map(lambda question: ask_one(question, timeout), questions))


def ask_one(question: Question, timeout: float) -> Optional[str]:
    _space, protocol, address, port = question
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, SOCKETS[protocol]) as client:
        client.settimeout(timeout)
        try:
            client.connect((address, port))
            return (_ask_by_datagrams(client, timeout) if protocol == "udp" else client.recv(99)).decode() or None
        except OSError:
            return None


def await_answer(address: str, port: int, limit: float = 30.0) -> float:
    """Ask over TCP every 20 milliseconds, each time anew, and return at what time of the clock the first answer was there: no lost packet is waited for."""
    deadline = time.monotonic() + limit
    asked: List[socket.socket] = []
    try:
        while time.monotonic() < deadline:
            asked.append(socket.socket())
            asked[-1].setblocking(False)
            asked[-1].connect_ex((address, port))
            again = time.monotonic() + 0.02
            while time.monotonic() < again:
                for client in select.select(asked, [], [], max(0.0, again - time.monotonic()))[0]:
                    with contextlib.suppress(OSError):
                        if client.recv(99):
                            return time.time()
                    client.close()
                    asked.remove(client)
    finally:
        for client in asked:
            client.close()
    raise AssertionError("no answer from %s port %d" % (address, port))


def _ask_by_datagrams(client: socket.socket, timeout: float) -> bytes:
    """Ask, and after a second once more: TCP does that by itself."""
    client.settimeout(min(AGAIN, timeout))
    client.send(b"?")
    try:
        return client.recv(99)
    except socket.timeout:
        client.settimeout(max(timeout - AGAIN, 0.1))
        client.send(b"?")
        return client.recv(99)


class Stream:
    """One long TCP connection between two namespaces; every beat is echoed."""

    BEAT = 0.01

    def __init__(self, client: Space, server: Space, address: str, port: int = 4000) -> None:
        ready, tell = os.pipe()
        self._server = Child(lambda: _echo(":" in address, port, tell), server)
        os.close(tell)
        assert os.read(ready, 1) == b"+"
        os.close(ready)
        self._stop, stop = os.pipe()
        self._client = Child(lambda: _beat(address, port, self._stop), client)
        self._stopper = stop
        time.sleep(0.15)

    @property
    def server(self) -> int:
        """The process that echoes."""
        return self._server.pid

    def finish(self) -> Tuple[int, float]:
        """End it and return how many beats came back, and for how many seconds at most one was not acknowledged; a broken connection fails the test.

        The kernel acknowledges by itself: how busy the machine is does not count.
        """
        time.sleep(0.15)
        os.write(self._stopper, b"x")
        beats, longest = self._client.result(20)
        self._server.kill()
        return beats, longest


def _echo(six: bool, port: int, tell: int) -> None:
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET) as server:
        server.bind(("::" if six else "0.0.0.0", port))
        server.listen()
        os.write(tell, b"+")
        client, _peer = server.accept()
        while True:
            data = client.recv(4096)
            if not data:
                return
            client.sendall(data)


def _beat(address: str, port: int, stop: int) -> Tuple[int, float]:
    with socket.create_connection((address, port), timeout=5) as connection:
        beats, longest, before = 0, 0.0, 0.0
        while not select.select([stop], [], [], Stream.BEAT)[0]:
            connection.sendall(struct.pack("=Q", beats))
            back = b""
            while len(back) < 8:
                part = connection.recv(8 - len(back))
                assert part, "the connection was closed"
                back += part
            assert struct.unpack("=Q", back)[0] == beats
            beats += 1
            waited = _waited(connection)
            longest, before = max(longest, waited - before), waited
        return beats, longest


def _waited(connection: socket.socket) -> float:
    """Return for how many seconds in all a connection had something to send, or to be acknowledged."""
    (microseconds,) = struct.unpack_from("=Q", connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256), TCPI_BUSY_TIME)
    return float(microseconds) / 1e6
