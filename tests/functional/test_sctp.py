# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A published SCTP port, by packets where the kernel speaks SCTP; what its rules say is tested everywhere."""

from __future__ import annotations

import os
import socket
from typing import Optional

import pytest
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, converge, give_uplink
from harness.host import Child, inside
from harness.traffic import await_addresses

pytestmark = pytest.mark.fake_host()
PORT = 9900


def open_sctp(family: socket.AddressFamily) -> socket.socket:
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_SCTP)


def serve_one(tell: int) -> None:
    with open_sctp(socket.AF_INET6) as server:
        server.bind(("::", PORT))
        server.listen()
        os.write(tell, b"+")
        while True:
            client, _peer = server.accept()
            client.sendall(b"inside")
            client.close()


def answer_of(address: str) -> Optional[bytes]:
    with open_sctp(socket.AF_INET6 if ":" in address else socket.AF_INET) as client:
        client.settimeout(3)
        try:
            client.connect((address, PORT))
            return client.recv(99)
        except OSError:
            return None


def test_a_published_port_is_reached() -> None:
    try:
        open_sctp(socket.AF_INET).close()
    except OSError as error:
        pytest.skip("tests/vm runs this on a kernel with SCTP (module sctp), which this one lacks: %s" % error.strerror)
    give_uplink()
    converge(Declaration([network("web", V4, V6)], [endpoint("a", "web", ports=["%d:%d/sctp" % (PORT, PORT)])]))
    ready, tell = os.pipe()
    server = Child(lambda: serve_one(tell), "a")
    os.close(tell)
    assert os.read(ready, 1) == b"+"
    await_addresses("", "a", "outside")
    try:
        for address in ("192.0.2.1", "2001:db8:2::1"):
            assert inside("outside", lambda address=address: answer_of(address)) == b"inside", address
    finally:
        server.kill()
