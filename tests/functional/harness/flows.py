# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Live connections: clients that keep their sockets while the rules change, and servers that keep theirs."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import time
from multiprocessing import Pipe
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from harness.host import Child, Space
from harness.traffic import SOCKETS

# For an answer that must come, and for one that must not.
PATIENCE, QUIET = 20.0, 0.6


class Ask(NamedTuple):
    """A connection from a space to an address and port."""

    space: Space
    protocol: str
    address: str
    port: int


class Echo:
    """Answers each message on TCP and UDP ports of both families with its name, on connections that stay."""

    def __init__(self, space: Space, name: str, ports: Sequence[int]) -> None:
        ready, tell = os.pipe()
        self._child = Child(lambda: _echo(name.encode(), ports, tell), space)
        os.close(tell)
        assert os.read(ready, 1) == b"+", "no server in %s" % space
        os.close(ready)

    def stop(self) -> None:
        self._child.kill()


def _echo(name: bytes, ports: Sequence[int], tell: int) -> None:
    selector = selectors.DefaultSelector()
    for port in ports:
        for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            for kind in SOCKETS.values():
                server = socket.socket(family, kind)
                server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                server.bind((address, port))
                if kind == socket.SOCK_STREAM:
                    server.listen(256)
                selector.register(server, selectors.EVENT_READ, kind == socket.SOCK_STREAM)
    os.write(tell, b"+")
    while True:
        for key, _events in selector.select():
            server = key.fileobj
            assert isinstance(server, socket.socket)
            with contextlib.suppress(OSError):
                if key.data:
                    selector.register(server.accept()[0], selectors.EVENT_READ, False)
                elif server.type == socket.SOCK_DGRAM:
                    data, peer = server.recvfrom(99)
                    server.sendto(data + b" " + name, peer)
                else:
                    data = server.recv(99)
                    if data:
                        server.sendall(data + b" " + name)
                    else:
                        selector.unregister(server)
                        server.close()


class Clients:
    """Keeps one socket for each connection asked for; `beat` sends on all of them and tells who answered."""

    def __init__(self, asks: Sequence[Ask]) -> None:
        self.asks = list(asks)
        self._spaces: Dict[Space, List[int]] = {}
        for number, ask in enumerate(asks):
            self._spaces.setdefault(ask.space, []).append(number)
        self._lines: Dict[Space, Any] = {}
        self._children: List[Child] = []
        for space, numbers in self._spaces.items():
            here, there = Pipe()
            self._children.append(Child(lambda numbers=numbers, there=there: _keep([self.asks[number] for number in numbers], there), space))
            there.close()
            self._lines[space] = here

    def beat(self, expected: Optional[Sequence[Optional[str]]] = None) -> List[Optional[str]]:
        """Send on all sockets, wait long for the answers that are expected and a while for others, and return the names of those who answered."""
        for space, numbers in self._spaces.items():
            self._lines[space].send([expected[number] is not None if expected else False for number in numbers])
        answers: List[Optional[str]] = [None] * len(self.asks)
        for space, numbers in self._spaces.items():
            assert self._lines[space].poll(60), "no word from the clients in %s" % space
            for number, answer in zip(numbers, self._lines[space].recv()):
                answers[number] = answer
        return answers

    def stop(self) -> None:
        for child in self._children:
            child.kill()


def _keep(asks: Sequence[Ask], line: Any) -> None:
    sockets = [_open(ask) for ask in asks]
    beat = 0
    while True:
        expected = line.recv()
        beat += 1
        word = b"%d" % beat
        answers: List[Optional[str]] = [None] * len(asks)
        unsent = set(range(len(asks)))
        selector = selectors.DefaultSelector()
        for number, client in enumerate(sockets):
            selector.register(client, selectors.EVENT_READ, number)
        started = time.monotonic()
        while time.monotonic() < started + (PATIENCE if any(want and answers[n] is None for n, want in enumerate(expected)) else QUIET):
            for number in sorted(unsent):
                with contextlib.suppress(OSError):  # not connected yet, or not any more
                    sockets[number].send(word)
                    unsent.remove(number)
            for key, _events in selector.select(0.02):
                data = b""
                with contextlib.suppress(OSError):
                    data = sockets[key.data].recv(99)
                    if data.startswith(word + b" "):
                        answers[key.data] = data.decode().split(" ")[1]
                if not data and asks[key.data].protocol == "tcp":
                    selector.unregister(sockets[key.data])
        selector.close()
        line.send(answers)


def _open(ask: Ask) -> socket.socket:
    client = socket.socket(socket.AF_INET6 if ":" in ask.address else socket.AF_INET, SOCKETS[ask.protocol])
    client.setblocking(False)
    client.connect_ex((ask.address, ask.port))
    return client
