# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As much as goes through, from one namespace to another, and how much that is."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import socket
import struct
import time
from typing import Callable

from harness.host import Child, Space, sh
from harness.traffic import SOCKETS

SEGMENT, SEGMENTS = 1400, 40  # bytes of a datagram, and how many are sent at once
FRAME = 1514  # bytes
PAYLOAD = {("tcp", 4): FRAME - 66, ("tcp", 6): FRAME - 86}
HEADERS = {4: 42, 6: 62}  # of a datagram
WARM_UP = 0.3  # seconds, in which a burst passes and TCP finds its pace
SOL_UDP, UDP_SEGMENT, UDP_GRO = 17, 103, 104
_COUNT = struct.Struct("=Q")


class Load:
    """Sends without a pause, by one connection or as datagrams, until it is stopped. Both hand many frames at once to the kernel, which cuts them."""

    def __init__(self, client: Space, server: Space, address: str, protocol: str = "tcp", port: int = 5000) -> None:
        self._receiver = server
        version = 6 if ":" in address else 4
        self._framed = FRAME / PAYLOAD[protocol, version] if protocol == "tcp" else (SEGMENT + HEADERS[version]) / SEGMENT
        self._count = mmap.mmap(-1, _COUNT.size)  # shared with the children: the payload that arrived
        ready, tell = os.pipe()
        self._server = Child(lambda: self._receive(address, protocol, port, tell), server)
        os.close(tell)
        assert os.read(ready, 1) == b"+"
        os.close(ready)
        self._client = Child(lambda: _send(address, protocol, port), client)

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_unused: object) -> None:
        self._client.kill()
        self._server.kill()
        self._count.close()

    def measure(self, seconds: float = 1.0, *, warm_up: float = WARM_UP) -> float:
        """Return the bits that arrive in a second, as the interface counts them: of frames that it got as one, the headers of the first alone."""
        return _measure(self._count_link, seconds, warm_up)

    def measure_frames(self, seconds: float, *, warm_up: float) -> float:
        """Return the bits of whole frames that arrive in a second, by their payload and for an MTU of 1500. Behind a gap TCP keeps some back for a while, so
        this is for long times."""
        return _measure(self._count_payload, seconds, warm_up) * self._framed

    def _count_link(self) -> int:
        (link,) = json.loads(sh("ip -s -j link show dev eth0", self._receiver))
        return int(link["stats64"]["rx"]["bytes"])

    def _count_payload(self) -> int:
        return int(_COUNT.unpack(self._count[:])[0])

    def _receive(self, address: str, protocol: str, port: int, tell: int) -> None:
        with socket.socket(_family(address), SOCKETS[protocol]) as server:
            server.bind((address, port))
            if protocol == "tcp":
                server.listen()
            else:
                server.setsockopt(SOL_UDP, UDP_GRO, 1)
            os.write(tell, b"+")
            source, total, data = server.accept()[0] if protocol == "tcp" else server, 0, bytearray(2**18)
            while True:
                arrived = source.recv_into(data)
                assert arrived, "the connection was closed"
                total += arrived
                self._count[:] = _COUNT.pack(total)


def _measure(count: Callable[[], int], seconds: float, warm_up: float) -> float:
    time.sleep(warm_up)
    before, start = count(), time.monotonic()
    time.sleep(seconds)
    arrived = count() - before
    return arrived * 8 / (time.monotonic() - start)


def _send(address: str, protocol: str, port: int) -> None:
    with socket.socket(_family(address), SOCKETS[protocol]) as client:
        client.connect((address, port))
        if protocol == "tcp":
            while True:
                client.sendall(bytes(2**16))
        client.setsockopt(SOL_UDP, UDP_SEGMENT, SEGMENT)
        while True:
            with contextlib.suppress(OSError):  # a full queue may tell the sender
                client.send(bytes(SEGMENT * SEGMENTS))


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
