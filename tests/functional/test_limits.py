# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast an endpoint may send and be sent to: never more passes than was declared, whoever sends what, and much more does without it.

How near the rate is on a machine that has nothing else to do, `bench/limits.py` tells.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Conflict, EnvironmentUnfit
from ansible_collections.netloom.container_net.plugins.module_utils._model.names import host_interface_name
from harness.declarations import LAN4, LAN6, V4, V6, endpoint, network, overlay
from harness.engine import Declaration, check, converge, give_uplink, lines, settle, settle_back
from harness.host import sh
from harness.load import Load
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import await_addresses

pytestmark = pytest.mark.fake_host()

MBIT = 10**6
LEEWAY = 1.05
SAVED = 2 * 49 * 1024 * 8 / 0.4 / MBIT  # twice the burst of 40 mbit
A = host_interface_name("main", "a", "web")
MESH = overlay("192.0.2.1", "192.0.2.2", "192.0.2.3")


def pair(name: str, addresses: Tuple[str, ...], limits: Any) -> List[Any]:
    """Two endpoints on a network, the first one limited; each has one of two addresses in each family."""
    keys = [("ipv6_address" if ":" in text else "ipv4_address") for text in addresses]
    first, second = ({"name": name, **{key: text + end for key, text in zip(keys, addresses)}} for end in ("10", "11"))
    return [endpoint("a", {**first, **limits}), endpoint("b", second)]


def bridged(**limits: Any) -> Declaration:
    return Declaration([network("web", V4, V6)], pair("web", ("10.20.0.", "fd00:20::"), limits), prepare=give_uplink)


def tunnelled(**limits: Any) -> Declaration:
    return replace(MESH, endpoints=pair("mesh", ("10.60.0.", "fd60::"), limits))


def on_the_lan(**limits: Any) -> Declaration:
    return Declaration([network("lan", LAN4, LAN6, driver="macvlan")], pair("lan", ("192.0.2.", "2001:db8:2::"), limits), prepare=give_uplink)


def routed(**limits: Any) -> Declaration:
    mesh = network("mesh", {"subnet": "10.62.1.0/24"}, {"subnet": "fd62:1::/64"}, driver="routed", reach=["10.62.0.0/16", "fd62::/16"])
    return Declaration([mesh], pair("mesh", ("10.62.1.", "fd62:1::"), limits), prepare=give_uplink)


DRIVERS = {"bridge": bridged, "overlay": tunnelled, "macvlan": on_the_lan, "routed": routed}
ADDRESSES = {"bridge": ("10.20.0.", "fd00:20::"), "overlay": ("10.60.0.", "fd60::"), "routed": ("10.62.1.", "fd62:1::")}
ADDRESSES["macvlan"] = ("192.0.2.", "2001:db8:2::")


def directions(driver: str) -> List[Tuple[str, str, str]]:
    """The key of each limit that a driver knows, and who sends to whom."""
    found = [("egress", "a", "b")]
    return found if driver == "macvlan" else [*found, ("ingress", "b", "a")]


@pytest.mark.parametrize("driver", ["bridge", "macvlan", "routed"])
def test_never_faster_than_declared(driver: str) -> None:
    declare = DRIVERS[driver]
    declare().prepare()
    ways = [
        (key, sender, receiver, text + ("10" if receiver == "a" else "11"), protocol)
        for key, sender, receiver in directions(driver)
        for text in ADDRESSES[driver]
        for protocol in ("tcp", "udp")
    ]
    assert len(ways) >= 4
    for rate in (0, 4, 40):
        settle(declare(**{key + "_rate": "%dmbit" % rate for key, _from, _to in directions(driver) if rate}))
        await_addresses("a", "b")
        for key, sender, receiver, address, protocol in ways:
            with Load(sender, receiver, address, protocol) as load:
                found = load.measure(0.4 if rate else 0.1) / MBIT
            words = "%s %d: %s to %s: %.2f mbit" % (key, rate, protocol, address, found)
            if rate:
                # A burst may pass, too, that was saved up while TCP waited for something.
                assert found <= rate * LEEWAY + SAVED, words
                assert found >= rate / 20, words
            else:
                assert found > 5 * 40, words


def test_changed_under_a_stream() -> None:
    """The connection goes on, and what it takes is what is declared now."""
    give_uplink()
    settle(bridged())
    before = take_snapshot()
    await_addresses("a", "b")
    with Load("a", "b", "fd00:20::11") as load:
        assert load.measure(0.3) > 400 * MBIT
        assert settle(bridged(egress_rate="10mbit")) == ["+ egress limit on eth0 in a"]
        assert MBIT < load.measure(2, warm_up=1) < 11 * MBIT
        assert settle(bridged(egress_rate="80mbit")) == ["~ egress limit on eth0 in a: rate 10mbit → 80mbit, burst 16kib → 98kib, queue 78kib → 587kib"]
        assert 20 * MBIT < load.measure(2, warm_up=1) < 88 * MBIT
        assert settle(bridged()) == ["- egress limit on eth0 in a"]
        assert load.measure(0.5, warm_up=1) > 400 * MBIT
    settle_back(bridged(), before)


@pytest.mark.parametrize("driver", DRIVERS)
def test_in_place_on_every_driver(driver: str) -> None:
    declare, count = DRIVERS[driver], len(directions(driver))
    declare().prepare()
    empty = take_snapshot()
    settle(declare())
    before = take_snapshot()
    limits = {key + "_rate": "100mbit" for key, _from, _to in directions(driver)}
    assert [line.split(" on ")[0] for line in settle(declare(**limits))] == ["+ ingress limit", "+ egress limit"][-count:]
    bursts = {key + "_burst": "1mib" for key, _from, _to in directions(driver)}
    changed = settle(declare(**limits, **bursts))
    assert len(changed) == count
    assert all(line.startswith("~ ") and ": burst 123kib → 1mib, queue " in line for line in changed)
    settle_back(declare(), before)
    settle(declare(**limits))
    settle(None)
    assert_same(empty)


def test_somebody_elses_discipline_is_named_and_stays() -> None:
    give_uplink()
    settle(bridged())
    sh("tc qdisc add dev %s root handle 1: pfifo" % A)
    before = take_snapshot()
    assert check(bridged()) == []
    with pytest.raises(Conflict, match="%s has the queueing discipline pfifo, which was not made by this collection; take it away first: tc" % A):
        converge(bridged(ingress_rate="1mbit"))
    assert_same(before)
    sh("tc qdisc delete dev %s root" % A)
    assert settle(bridged(ingress_rate="1mbit")) == ["+ ingress limit on %s" % A]


def test_what_a_container_made_of_its_own_is_named_and_all_else_is_done() -> None:
    give_uplink()
    settle(bridged())
    sh("tc -n a qdisc add dev eth0 root handle 1: pfifo")
    outcome = converge(bridged(ingress_rate="1mbit", egress_rate="1mbit"))
    assert lines(outcome) == ["+ ingress limit on %s" % A]
    (warning,) = outcome.warnings
    assert "eth0 in a has the queueing discipline pfifo" in warning
    assert "until then egress limit on eth0 in a is left out" in warning
    sh("tc -n a qdisc delete dev eth0 root")
    assert lines(converge(bridged(ingress_rate="1mbit", egress_rate="1mbit"))) == ["+ egress limit on eth0 in a"]


@pytest.mark.parametrize(
    ("constant", "lacking", "limits"),
    [
        ("BUCKET", r"token buckets \(CONFIG_NET_SCH_TBF, module sch_tbf\), needed for ingress limit on", {"ingress_rate": "1mbit"}),
        ("NETEM", r"netem \(CONFIG_NET_SCH_NETEM, module sch_netem\), needed for egress limit on eth0 in a;", {"netem": {"delay": "1ms"}}),
    ],
)
def test_a_kernel_without_it_refuses_before_anything_changes(monkeypatch: pytest.MonkeyPatch, constant: str, lacking: str, limits: Any) -> None:
    """The trial asks for a discipline that this kernel really lacks."""
    give_uplink()
    settle(bridged(egress_rate="1mbit"))
    before = take_snapshot()
    monkeypatch.setattr("ansible_collections.netloom.container_net.plugins.module_utils._kernel.limit." + constant, "nosuch")
    with pytest.raises(EnvironmentUnfit, match="nothing was changed:\n- this kernel has no " + lacking):
        converge(bridged(egress_rate="1mbit", **limits))
    assert_same(before)
