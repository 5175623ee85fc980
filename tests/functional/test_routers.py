# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An endpoint between two networks: it forwards, hides one behind its address if asked, and leaves nothing behind."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

import pytest
from harness.declarations import BOX, endpoint, network
from harness.drifts import Drift, assert_mended
from harness.engine import Declaration, Tools, assert_settled, check, converge, give_uplink, settle
from harness.host import await_true, bind_space, filter_bridged_frames, sh
from harness.kills import Killed, assert_survived
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, Stream, ask, await_addresses

fake_host = pytest.mark.fake_host()

LEFT = [{"subnet": "10.1.0.0/24", "gateway": "10.1.0.254"}, {"subnet": "fd01::/64", "gateway": "fd01::fe"}]
RIGHT = [{"subnet": "10.2.0.0/24", "gateway": "10.2.0.254"}, {"subnet": "fd02::/64", "gateway": "fd02::fe"}]
NETWORKS = [network("left", *LEFT, gateway_on_host=False, internal=True), network("right", *RIGHT, gateway_on_host=False, internal=True)]


def at(name: str, number: str, **options: Any) -> Dict[str, Any]:
    side = {"left": 1, "right": 2}[name]
    return {"name": name, "ipv4_address": "10.%d.0.%d" % (side, int(number, 16)), "ipv6_address": "fd0%d::%s" % (side, number), **options}


def routes(side: int, number: str) -> List[Dict[str, str]]:
    """The other side by the router."""
    return [
        {"destination": "10.%d.0.0/24" % (3 - side), "gateway": "10.%d.0.%d" % (side, int(number, 16))},
        {"destination": "fd0%d::/64" % (3 - side), "gateway": "fd0%d::%s" % (side, number)},
    ]


def declare(router: Optional[Dict[str, Any]] = None, prepare: Callable[[], None] = give_uplink, number: str = "fe", **options: Any) -> Declaration:
    gate = {"name": "gate", "container": {"netns": "gate"}, "networks": [at("left", number), at("right", number)], "forwarding": True, **options}
    ends = [endpoint("c", at("left", "5"), routes=routes(1, number)), endpoint("s", at("right", "6"), routes=routes(2, number))]
    return Declaration(NETWORKS, [*ends, {**gate, **(router or {})}], prepare=prepare)


PLAIN = declare()
HIDING = declare(masquerade=["right"])


def make_box() -> None:
    give_uplink()
    bind_space(BOX)
    sh("echo 0 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv6/conf/all/forwarding", BOX)


IN_BOX: Dict[str, Any] = {"container": {"path": BOX}}
BOXED = declare(IN_BOX, make_box, masquerade=["right"])


def serve(declaration: Declaration) -> None:
    declaration.prepare()
    settle(declaration)
    Server("s", "s", [80])
    Server("c", "c", [80])
    await_addresses("s", "c", "gate")


ASKED = [("c", protocol, address, 80) for protocol in ("tcp", "udp") for address in ("10.2.0.6", "fd02::6")]
BACK = [("s", "tcp", address, 80) for address in ("10.1.0.5", "fd01::5")]


@fake_host
@pytest.mark.parametrize("bridged", [False, True])
def test_a_router_joins_two_networks(bridged: bool) -> None:
    if filter_bridged_frames(bridged) < bridged:
        pytest.skip("tests/vm runs this on a kernel with br_netfilter, which this one lacks")
    serve(PLAIN)
    assert ask(ASKED) == ["s 10.1.0.5", "s fd01::5"] * 2
    assert ask(BACK) == ["c 10.2.0.6", "c fd02::6"]
    assert sh("iptables-save", "gate") == ""
    settle(HIDING)
    assert ask(ASKED) == ["s 10.2.0.254", "s fd02::fe"] * 2
    settle(PLAIN)
    assert ask(ASKED) == ["s 10.1.0.5", "s fd01::5"] * 2
    assert "CNET" not in sh("iptables-save; ip6tables-save", "gate")
    assert "container-net:main:router" not in sh("ip -d link; ip -n gate -d link")


MESH = [{"subnet": "10.60.0.0/16", "gateway": "10.60.0.1"}, {"subnet": "fd60::/64", "gateway": "fd60::1"}]
OPEN = {"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1}


def meshed(**router: Any) -> Declaration:
    """A container on an overlay that has no way out but its gateway: the router, or a container of another host."""
    mesh = network("mesh", *MESH, driver="overlay", vni=4200, vtep_address="192.0.2.1")
    there = {"name": "mesh", "ipv4_address": "10.60.0.1", "ipv6_address": "fd60::1"}
    back = [{**route, "destination": mesh["ipam_config"][six]["subnet"]} for six, route in enumerate(routes(2, "fe"))]
    ends = [endpoint("c", {"name": "mesh", "ipv4_address": "10.60.0.5", "ipv6_address": "fd60::5"}), endpoint("s", at("right", "6"), routes=back)]
    far = [{"name": "gate", "mac": "02:00:00:00:60:01", "vtep": "192.0.2.2", "addresses": ["10.60.0.1", "fd60::1"]}]
    rows = {"peers": [{"host": "h2", "vtep": "192.0.2.2"}], "endpoints": [] if router else far}
    gate = [endpoint("gate", there, at("right", "fe"), **router)] if router else []
    return Declaration([mesh, NETWORKS[1]], [*ends, *gate], overlays={"mesh": rows})


@fake_host
def test_the_gateway_of_an_overlay_is_a_container() -> None:
    """With forwarding, with settings of its own, and on another host."""
    give_uplink()
    before = take_snapshot()
    settle(meshed(forwarding=True))
    Server("s", "s", [80])
    await_addresses("s", "c", "gate")
    assert ask(ASKED) == ["s 10.60.0.5", "s fd60::5"] * 2
    settle(meshed(sysctls=OPEN))
    assert ask(ASKED) == ["s 10.60.0.5", "s fd60::5"] * 2
    settle(meshed())
    assert [sh("ip -n c %s route show default" % family).split()[2] for family in ("-4", "-6")] == ["10.60.0.1", "fd60::1"]
    settle(None)
    assert_same(before)


@fake_host
def test_without_forwarding_it_is_no_way() -> None:
    serve(declare(number="fd", forwarding=False, sysctls={"net.ipv4.ip_forward": 0, "net.ipv6.conf.all.forwarding": 0}))
    assert ask(ASKED) == [None] * 4


@fake_host
def test_masquerade_comes_and_goes_in_place() -> None:
    give_uplink()
    settle(PLAIN)
    await_addresses("c", "s")
    stream = Stream("c", "gate", "10.1.0.254")
    added = settle(HIDING)
    assert {line for line in added if "tables" in line} == {"+ %s chain nat/CNET-POST in gate" % tool for tool in ("iptables", "ip6tables")} | {
        "+ %s jump nat/POSTROUTING -j CNET-POST in gate" % tool for tool in ("iptables", "ip6tables")
    }
    assert not [line for line in added if line.startswith(("+ veth", "- veth"))]
    removed = settle(PLAIN)
    assert {line for line in removed if line.startswith("- ip")} == {line.replace("+ ", "- ", 1) for line in added if line.startswith("+ ip")}
    assert stream.finish()[0] > 10


@fake_host
@pytest.mark.parametrize("declaration", [PLAIN, HIDING, BOXED], ids=["plain", "hiding", "in a box"])
def test_it_goes_without_a_trace(declaration: Declaration) -> None:
    declaration.prepare()
    before = take_snapshot()
    settle(declaration)
    settle(None)
    assert_same(before)
    assert_settled(None)


@fake_host
def test_an_endpoint_that_is_no_router_any_more_gets_its_settings_back() -> None:
    make_box()
    before = [sh("cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding", BOX)]
    settle(declare(IN_BOX, make_box, number="fd", masquerade=["right"]))
    assert sh("cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding", BOX).split() == ["1", "1"]
    stopped = settle(declare({**IN_BOX, "forwarding": False}, number="fd"))
    assert "~ sysctl net.ipv4.ip_forward in %s: value 1 → 0" % BOX in stopped
    assert [sh("cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding", BOX)] == before
    assert "CNET" not in sh("iptables-save", BOX)


DRIFTS: Dict[str, Drift] = {
    "rules gone": ("iptables -t nat -F CNET-POST", ["~ iptables chain nat/CNET-POST in gate: rules +1 -0"]),
    "a rule more": ("iptables -t nat -A CNET-POST -j ACCEPT", ["~ iptables chain nat/CNET-POST in gate: rules +0 -1"]),
    "jump gone": ("iptables -t nat -D POSTROUTING -j CNET-POST", ["+ iptables jump nat/POSTROUTING -j CNET-POST in gate"]),
    "all gone": (
        "ip6tables -t nat -F",
        ["~ ip6tables chain nat/CNET-POST in gate: rules +1 -0", "+ ip6tables jump nat/POSTROUTING -j CNET-POST in gate"],
    ),
    "forwarding": ("echo 0 > /proc/sys/net/ipv4/ip_forward", ["~ sysctl net.ipv4.ip_forward in gate: value 0 → 1"]),
}


@fake_host
def test_drift_of_a_rule_inside_is_seen_and_mended() -> None:
    give_uplink()
    converge(HIDING)
    assert_mended(HIDING, DRIFTS, space="gate")
    # What somebody else put there stays, also when ours goes.
    sh("iptables -t nat -A POSTROUTING -s 203.0.113.0/24 -j MASQUERADE", "gate")
    settle(HIDING)
    settle(PLAIN)
    assert "203.0.113.0/24" in sh("iptables-save -t nat", "gate")


@fake_host
def test_only_routers_are_asked_for_their_rules() -> None:
    give_uplink()
    converge(HIDING)
    tools = Tools()
    converge(HIDING, tools=tools)
    # The host and its router, and the table of frames of the host.
    assert sorted(tools.calls) == sorted(["iptables-save", "ip6tables-save"] * 2 + ["nft"])


@fake_host
def test_a_router_that_died_is_made_again() -> None:
    serve(HIDING)
    sh("ip netns delete gate")
    await_true(lambda: ask(ASKED[:1]) == [None], 10, lambda: "the namespace lives on")
    settle(HIDING)
    await_addresses("gate")
    assert ask(ASKED) == ["s 10.2.0.254", "s fd02::fe"] * 2


@fake_host
def test_a_boxed_router_is_found_after_its_endpoint_left_the_declaration() -> None:
    make_box()
    before = take_snapshot()
    settle(BOXED)
    gone = settle(Declaration(NETWORKS, [endpoint("c", at("left", "5"))]))
    assert "- iptables chain nat/CNET-POST in %s" % BOX in gone
    settle(None)
    assert_same(before)


BEFORE = Declaration(prepare=make_box)


def is_near_a_router(point: str) -> bool:
    return any(word in point for word in ("tables", BOX, "visits", "write"))


KILLED = (
    Killed(BEFORE, BOXED, then=BEFORE, least=8, deadly=is_near_a_router),
    Killed(BEFORE, BOXED, least=8, deadly=is_near_a_router),
    Killed(BOXED, declare(IN_BOX), least=8, deadly=is_near_a_router),
    Killed(BOXED, BEFORE, least=8, deadly=is_near_a_router),
)


def test_killed_at_every_point() -> None:
    assert_survived(*KILLED)


@fake_host
def test_check_mode_reads_a_router_that_does_not_exist_yet() -> None:
    give_uplink()
    assert "+ iptables chain nat/CNET-POST in gate" in check(HIDING)
