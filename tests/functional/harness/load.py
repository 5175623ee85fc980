# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As much as goes through, from one namespace to another, and how much that is."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time

from harness.host import Child, Space, sh
from harness.traffic import SOCKETS

DATAGRAM = 1400  # bytes
WARM_UP = 0.3  # seconds, in which a burst passes and TCP finds its pace


class Load:
    """Sends without a pause, by one connection or as datagrams, until it is stopped."""

    def __init__(self, client: Space, server: Space, address: str, protocol: str = "tcp", port: int = 5000) -> None:
        self._receiver = server
        ready, tell = os.pipe()
        self._server = Child(lambda: _receive(address, protocol, port, tell), server)
        os.close(tell)
        assert os.read(ready, 1) == b"+"
        os.close(ready)
        self._client = Child(lambda: _send(address, protocol, port), client)

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_unused: object) -> None:
        self._client.kill()
        self._server.kill()

    def measure(self, seconds: float = 1.0, *, warm_up: float = WARM_UP) -> float:
        """Return the bits that arrive in a second, as the interface counts them: what TCP had to wait for before it went on is not among them."""
        time.sleep(warm_up)
        before, start = self._count(), time.monotonic()
        time.sleep(seconds)
        arrived = self._count() - before
        return arrived * 8 / (time.monotonic() - start)

    def _count(self) -> int:
        (link,) = json.loads(sh("ip -s -j link show dev eth0", self._receiver))
        return int(link["stats64"]["rx"]["bytes"])


def _receive(address: str, protocol: str, port: int, tell: int) -> None:
    with socket.socket(_family(address), SOCKETS[protocol]) as server:
        server.bind((address, port))
        if protocol == "tcp":
            server.listen()
        os.write(tell, b"+")
        source, data = server.accept()[0] if protocol == "tcp" else server, bytearray(2**18)
        while source.recv_into(data):
            pass


def _send(address: str, protocol: str, port: int) -> None:
    with socket.socket(_family(address), SOCKETS[protocol]) as client:
        client.connect((address, port))
        data = bytes(2**16 if protocol == "tcp" else DATAGRAM)
        while True:
            if protocol == "tcp":
                client.sendall(data)
            else:
                with contextlib.suppress(OSError):  # a full queue may tell the sender
                    client.send(data)


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
