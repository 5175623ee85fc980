# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which link-local frames a bridge forwards, and bridges that are never made."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
from harness.declarations import V4, make_foreign_bridge, network, two
from harness.engine import Declaration, check, converge, give_uplink, lines, settle, settle_back
from harness.host import entered, sh
from harness.snapshot import assert_same, take_snapshot

pytestmark = pytest.mark.fake_host()
NEAREST, KIND = bytes.fromhex("0180c200000e"), bytes.fromhex("88cc") + b"neighbour".ljust(46, b"\0")


def web(**options: Any) -> Declaration:
    return Declaration([network("web", V4, **options)], two(), prepare=give_uplink)


def passes() -> bool:
    """Tell whether `b` hears a frame of LLDP from `a`."""
    with entered("b"):
        ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88CC))
        ear.bind(("eth0", 0x88CC))
        ear.settimeout(0.5)
    with ear, entered("a"), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as mouth:
        mouth.bind(("eth0", 0))
        frame = NEAREST + mouth.getsockname()[4] + KIND
        mouth.send(frame)
        try:
            return ear.recv(100).startswith(frame)
        except OSError:
            return False


def test_link_local_frames_pass_where_they_are_let() -> None:
    web().prepare()
    settle(web())
    before = take_snapshot()
    assert not passes()
    assert settle(web(group_fwd_mask=0x4000)) == ["~ bridge br-web: group_fwd_mask 0 → 16384"]
    assert passes()
    sh("ip link set br-web type bridge group_fwd_mask 8")
    assert lines(converge(web(group_fwd_mask=0x4000))) == ["~ bridge br-web: group_fwd_mask 8 → 16384"]
    settle_back(web(), before)
    assert not passes()


def test_a_bridge_of_somebody_else_gets_its_own_back() -> None:
    make_foreign_bridge()
    sh("ip link set br-lan type bridge group_fwd_mask 8")
    before = take_snapshot()
    lan = {"bridge_name": "br-lan", "bridge_mode": "existing"}
    settle(web(**lan))
    assert check(web(group_fwd_mask=0x4000, **lan)) == ["~ bridge br-lan: group_fwd_mask 8 → 16384"]
    settle(web(group_fwd_mask=0x4000, **lan))
    settle(web(**lan))
    assert " group_fwd_mask 0x8 " in sh("ip -d link show br-lan")
    settle(web(group_fwd_mask=0x4000, **lan))
    settle(None)
    assert_same(before)


def test_a_bridge_that_must_exist_is_never_made() -> None:
    existing = web(bridge_name="br-lan", bridge_mode="existing")
    give_uplink()
    before = take_snapshot()
    for looking in (True, False):
        with pytest.raises(InputError) as caught:
            converge(existing, check=looking)
        assert 'networks[web].bridge_name: got string "br-lan": the host has no such bridge, and bridge_mode existing never makes one' in str(caught.value)
    assert_same(before)
    settle(web(bridge_name="br-lan"))
    with pytest.raises(InputError) as caught:
        converge(existing)
    assert "this bridge was made by this collection, not by somebody else; remove bridge_mode: existing" in str(caught.value)
