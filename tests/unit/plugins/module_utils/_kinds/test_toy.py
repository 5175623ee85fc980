# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kind is one file and one row: everything else works for tests/unit/toys/tap.py as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Sequence

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._engine import support
from ansible_collections.netloom.container_net.plugins.module_utils._kernel import feature_probe
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import read_attributes
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.link import change_link, create_link
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.parse import parse_link
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.macvlan import Macvlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.table import KINDS
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Conflict, EnvironmentUnfit
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Snapshot
from ansible_collections.netloom.container_net.plugins.module_utils._plan.planner import plan
from ansible_collections.netloom.container_net.plugins.module_utils._report.info import Report
from fresh_network import in_fresh_network
from kernel_engine import settle, sh, shown
from tap import Tap

HEADER = 16  # octets of a message before what it is about, and of that before the attributes
IFLA_LINKINFO, IFLA_INFO_DATA = 18, 2
MARK = "container-net:main:endpoint:lan:vm"
LOWER = Link("", "br0", kind=Bridge(), mtu=1500, up=True, alias="container-net:main:network:lan")
TAP = Link("netns:vm", "tap0", kind=Tap("br0", "", "bridge", 500), mac="02:00:00:00:00:07", mtu=1500, up=True, alias=MARK)


@pytest.fixture(autouse=True)
def _row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "macvtap", lambda: Tap)


def number_of(_place: str, name: str) -> int:
    return {"br0": 7, "tap0": 20}[name]


def kind_in(message: bytes) -> Dict[int, bytes]:
    """Return the attributes of the kind in a message."""
    found = read_attributes(message, 2 * HEADER, len(message))
    info = read_attributes(found[IFLA_LINKINFO], 0, len(found[IFLA_LINKINFO]))
    return read_attributes(info[IFLA_INFO_DATA], 0, len(info[IFLA_INFO_DATA]))


def standing(*links: Link) -> Snapshot:
    snapshot = Snapshot()
    for link in links:
        snapshot.add(link, mine=True)
    return snapshot


def lines(desired: Sequence[Link], snapshot: Snapshot) -> List[str]:
    return [step.line for step in plan(desired, snapshot)]


def test_what_makes_and_changes_it_is_read_back() -> None:
    made = create_link(TAP, None, number_of, lambda _place: 5) or b""
    found = parse_link("netns:vm", made[HEADER:])
    assert (found.kind, found.number, found.lower_index, found.link.mac) == ("macvtap", 20, 7, TAP.mac)
    assert found.link.kind == Tap(mode="bridge", queue=500)
    (changed,) = change_link(replace(TAP, kind=Tap("br0", "", "vepa")), ("kind",), 20, number_of)
    assert Tap.parse(kind_in(changed)) == Tap(mode="vepa")


def test_it_is_planned() -> None:
    assert lines([TAP, LOWER], standing()) == ["+ bridge br0", "+ macvtap tap0 in vm"]
    assert lines([TAP, LOWER], standing(LOWER, TAP)) == []
    assert lines([replace(TAP, kind=Tap("br0", "", queue=900))], standing(LOWER, TAP)) == ["~ macvtap tap0 in vm: queue 500 → 900"]
    assert lines([replace(TAP, kind=Tap("br1", ""))], standing(LOWER, TAP)) == ["- macvtap tap0 in vm", "+ macvtap tap0 in vm"]
    with pytest.raises(Conflict, match="macvtap tap0 in vm: macvtap and macvlan cannot share an interface; macvlan eth0 in vm is there too"):
        plan([TAP], standing(LOWER, Link("netns:vm", "eth0", kind=Macvlan("br0", "", "bridge"))))


def test_it_is_reported() -> None:
    (network,) = Report(standing(LOWER, TAP), "main").networks()
    (endpoint,) = network["endpoints"]
    assert (network["parent"], network["mode"]) == ("br0", "bridge")
    assert (network["driver"], endpoint["parent"], endpoint["mode"], endpoint["mac"]) == ("macvtap", "br0", "bridge", TAP.mac)


def test_a_kernel_without_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_probe, "find_lacking", lambda asked, _timeout: frozenset(asked))
    with pytest.raises(EnvironmentUnfit, match=r"this kernel has no links of kind macvtap \(module macvtap\), needed for macvtap tap0"):
        support.refuse_unsupported(plan([TAP], standing(LOWER)), standing(LOWER), 1.0)


def test_it_is_made_observed_and_changed_on_a_kernel_that_has_it() -> None:
    def work() -> bool:
        if feature_probe.find_lacking(["macvtap"]):
            return False
        sh("ip link add br0 type bridge; ip link set br0 addrgenmode none; ip link set br0 up")
        tap = Link("", "tap0", kind=Tap("br0", "", "vepa", 500), up=True, alias="container-net:main:object")
        assert settle([tap]) == ["+ macvtap tap0"]
        assert shown("tap0")["linkinfo"]["info_data"]["mode"] == "vepa"
        assert settle([replace(tap, kind=Tap("br0", "", "bridge", 700))]) == ["~ macvtap tap0: mode vepa → bridge, queue 500 → 700"]
        assert shown("tap0")["linkinfo"]["info_data"]["mode"] == "bridge"
        assert settle([]) == ["- macvtap tap0"]
        return True

    if not in_fresh_network(work):
        pytest.skip("this kernel has no macvtap")
