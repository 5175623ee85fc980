# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan is told as: from one declaration to another, and from what somebody changed by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, List, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._compile.document import compile_document
from ansible_collections.netloom.container_net.plugins.module_utils._compile.firewall import compile_firewall
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.compose import compose
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.objects import Chain, Jump
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Address, KernelObject
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts, Snapshot
from ansible_collections.netloom.container_net.plugins.module_utils._plan.planner import plan
from ansible_collections.netloom.container_net.plugins.module_utils._plan.renames import foresee_names
from ansible_collections.netloom.container_net.plugins.module_utils._report.words import tell_plan

Objects = Tuple[KernelObject, ...]
Row = Dict[str, Any]


def network(name: str, *subnets: str, **more: Any) -> Row:
    return {"name": name, "ipam_config": [{"subnet": subnet} for subnet in subnets], **more}


def endpoint(name: str, *networks: Any, **more: Any) -> Row:
    return {"name": name, "container": {"netns": name}, "networks": list(networks), **more}


def means(*entries: Row) -> Objects:
    """Return every object of a declaration: what has a container is an endpoint, what has ends a wire."""
    document = read_document(
        {
            "networks": [row for row in entries if "container" not in row and "ends" not in row],
            "endpoints": [row for row in entries if "container" in row],
            "links": [row for row in entries if "ends" in row],
        }
    )
    rules = compile_firewall(document, forwarding_off=frozenset(), ipv6=True)
    return (*compile_document(document, HERE), *compose(rules, scope="main", current=()))


def told(before: Sequence[KernelObject], after: Objects) -> List[str]:
    snapshot = Snapshot()
    for item in before:
        snapshot.add(item, mine=True)
    later = foresee_names(after, snapshot)
    steps = plan(after, later, prunable=set(later.objects))
    lines = tell_plan("main", snapshot, after, steps)
    assert bool(lines) == bool(steps)
    # Another scope has no part in it, so all it could say is of the host and of the firewall.
    assert not [line for line in tell_plan("other", snapshot, after, steps) if " port " in line or " network " in line]
    return list(lines)


HERE = Facts(links={name: Link("", name, mtu=1500) for name in ("eth0", "eth1")}, addresses=(("eth0", "192.0.2.1/24"),))
V4, V6 = "10.20.0.0/24", "fd00:20::/64"
WEB, DUAL, BACK = network("web", V4), network("web", V4, V6), network("back", "10.30.0.0/24", internal=True)
AT: Row = {"name": "web", "ipv4_address": "10.20.0.10"}
SHOP = endpoint("shop", AT, ports=["8080:80"])
OWN_WIRE = {"name": "adm", "ends": [{"host": True, "interface_name": "adm0"}, {"endpoint": "db"}]}
WIRE = {"name": "patch", "ends": [{"endpoint": "shop", "interface_name": "eth7"}, {"endpoint": "db", "interface_name": "eth7"}]}
LAN, IN_LAN = network("lan", "10.50.0.0/24", driver="macvlan", parent="eth0.10"), {"name": "lan", "ipv4_address": "10.50.0.9"}
MESH = network("mesh", "10.60.0.0/24", driver="overlay", vni=42, vtep_address="192.0.2.1")

TRANSITIONS: Dict[str, Tuple[Sequence[Row], Sequence[Row], List[str]]] = {
    "nothing": ([WEB, SHOP], [WEB, SHOP], []),
    "the first": (
        [],
        [WEB, SHOP],
        ["+ network web (bridge br-web, 10.20.0.0/24)", "+ container shop joins web as eth0, 10.20.0.10", "+ port 8080/tcp → shop:80"],
    ),
    "what comes with a container": (
        [WEB],
        [WEB, endpoint("shop", AT, sysctls={"net.ipv4.ip_forward": "1"})],
        ["+ container shop joins web as eth0, 10.20.0.10"],
    ),
    "another parent takes along what stands on it": (
        [LAN, endpoint("shop", IN_LAN)],
        [{**LAN, "parent": "eth1.10"}, endpoint("shop", IN_LAN)],
        ["~ container shop on lan: macvlan eth0 made anew"],
    ),
    "the last": ([WEB, SHOP], [], ["- network web (bridge br-web, 10.20.0.0/24)", "- container shop leaves web", "- port 8080/tcp → shop:80"]),
    "both families": (
        [],
        [DUAL, endpoint("shop", {**AT, "ipv6_address": "fd00:20::10"}, ports=["[2001:db8::1]:443:443"])],
        [
            "+ network web (bridge br-web, 10.20.0.0/24, fd00:20::/64)",
            "+ container shop joins web as eth0, 10.20.0.10, fd00:20::10",
            "+ port [2001:db8::1]:443/tcp → shop:443",
        ],
    ),
    "another port inside": ([WEB, SHOP], [WEB, {**SHOP, "ports": ["8080:81"]}], ["~ port 8080/tcp → shop:81 (was shop:80)"]),
    "another protocol": ([WEB, SHOP], [WEB, {**SHOP, "ports": ["8080:80/udp"]}], ["- port 8080/tcp → shop:80", "+ port 8080/udp → shop:80"]),
    "a port moves": (
        [WEB, SHOP, endpoint("new", {"name": "web", "ipv4_address": "10.20.0.11"})],
        [WEB, {**SHOP, "ports": []}, endpoint("new", {"name": "web", "ipv4_address": "10.20.0.11"}, ports=["8080:80"])],
        ["~ port 8080/tcp → new:80 (was shop:80)"],
    ),
    "sources": (
        [WEB, SHOP],
        [WEB, {**SHOP, "ports": [{"published": 8080, "target": 80, "allowed_sources": ["198.51.100.0/24"]}]}],
        ["~ port 8080/tcp → shop:80, from 198.51.100.0/24 (was shop:80)"],
    ),
    "ranges as a whole": (
        [WEB, {**SHOP, "ports": []}],
        [WEB, {**SHOP, "ports": ["6000-6200:6000-6200/udp", "7000-7002:70-72", "7003:73"]}],
        ["+ port 7000-7002/tcp → shop:70-72", "+ port 7003/tcp → shop:73", "+ port 6000-6200/udp → shop:6000-6200"],
    ),
    "a second network": (
        [WEB, BACK, SHOP],
        [WEB, BACK, {**SHOP, "networks": [AT, {"name": "back", "ipv4_address": "10.30.0.7"}]}],
        ["+ container shop joins back as eth1, 10.30.0.7"],
    ),
    "a router": (
        [WEB, BACK, endpoint("gate", {"name": "web", "ipv4_address": "10.20.0.9"}, {"name": "back", "ipv4_address": "10.30.0.9"})],
        [WEB, BACK, endpoint("gate", {"name": "web", "ipv4_address": "10.20.0.9"}, {"name": "back", "ipv4_address": "10.30.0.9"}, forwarding=True)],
        [],
    ),
    "an overlay": ([], [MESH], ["+ network mesh (overlay, vni 42, bridge br-mesh)"]),
    "a LAN": (
        [],
        [network("lan", V4, driver="macvlan", parent="eth1"), endpoint("mail", {"name": "lan", "ipv4_address": "10.20.0.70"})],
        ["+ network lan (macvlan on eth1, 10.20.0.0/24)", "+ container mail joins lan as eth0, 10.20.0.70"],
    ),
    "another name": (
        [WEB, SHOP],
        [WEB, {**SHOP, "networks": [{**AT, "interface_name": "web0", "host_interface_name": "shop-web"}]}],
        ["~ container shop on web: cn-b073f4dd3efa is now called shop-web, eth0 is now called web0"],
    ),
    "networks in another order": (
        [WEB, BACK, {**SHOP, "networks": [AT, {"name": "back", "ipv4_address": "10.30.0.7"}]}],
        [WEB, BACK, {**SHOP, "networks": [{"name": "back", "ipv4_address": "10.30.0.7"}, AT]}],
        ["~ container shop on back: eth1 is now called eth0", "~ container shop on web: eth0 is now called eth1"],
    ),
    "a network less": (
        [WEB, BACK, {**SHOP, "networks": [{"name": "back", "ipv4_address": "10.30.0.7"}, AT]}],
        [WEB, BACK, SHOP],
        ["- container shop leaves back", "~ container shop on web: eth1 is now called eth0"],
    ),
    "a wire's end": (
        [WEB, SHOP, endpoint("db"), WIRE],
        [WEB, SHOP, endpoint("db"), {**WIRE, "ends": [WIRE["ends"][0], {"endpoint": "db", "interface_name": "up0"}]}],
        ["~ wire patch: eth7 is now called up0"],
    ),
    "a wire of the host": ([endpoint("db")], [endpoint("db"), OWN_WIRE], ["+ wire adm (adm0 of the host, eth0 in db)"]),
    "a wire of the host that is called otherwise": (
        [endpoint("db"), OWN_WIRE],
        [endpoint("db"), {**OWN_WIRE, "ends": [{"host": True, "interface_name": "ops0"}, {"endpoint": "db"}]}],
        ["~ wire adm: adm0 is now called ops0, firewall rules +4 -4"],
    ),
    "a wire": ([WEB, SHOP, endpoint("db")], [WEB, SHOP, endpoint("db"), WIRE], ["+ wire patch (eth7 in db, eth7 in shop)"]),
    "closed": ([WEB, SHOP], [{**WEB, "masquerade": False}, SHOP], ["~ network web: firewall rules +0 -*"]),
}


def fits(lines: Sequence[str], expected: Sequence[str]) -> bool:
    return len(lines) == len(expected) and all(line == want or (want[-1] == "*" and line.startswith(want[:-1])) for line, want in zip(lines, expected))


@pytest.mark.parametrize("name", TRANSITIONS)
def test_a_declaration_becomes_another(name: str) -> None:
    before, after, expected = TRANSITIONS[name]
    found = [line for line in told(means(*before), means(*after)) if line[2:6] != "host"]
    if name == "a router":  # its settings and rules are its own
        assert found
        assert all(line.startswith("~ container gate") for line in found)
        return
    assert fits(found, expected), found


def without(kind: type, name: str) -> Callable[[Objects], Objects]:
    return lambda objects: tuple(item for item in objects if not (isinstance(item, kind) and name in item.label))


def slower(name: str) -> Callable[[Objects], Objects]:
    return lambda objects: tuple(replace(item, mtu=1300) if isinstance(item, Link) and item.label.endswith(name) else item for item in objects)


def emptied(name: str) -> Callable[[Objects], Objects]:
    return lambda objects: tuple(replace(item, rules=()) if isinstance(item, Chain) and item.name == name else item for item in objects)


DRIFT: Dict[str, Tuple[Callable[[Objects], Objects], List[str]]] = {
    "an inner end": (slower("eth0 in shop"), ["~ container shop on web: mtu 1300 → 1500"]),
    "a bridge": (slower("br-web"), ["~ network web: mtu 1300 → 1500"]),
    "an address": (without(Address, "10.20.0.10"), ["~ container shop on web: + address 10.20.0.10/24"]),
    "a gateway": (without(Address, "10.20.0.1/"), ["~ network web: + address 10.20.0.1/24"]),
    "the default route": (without(KernelObject, "route 0.0.0.0/0"), ["~ container shop on web: + route 0.0.0.0/0"]),
    "the firewall of a network": (emptied("CNET-FORWARD"), ["~ network web: firewall rules +*"]),
    "a published port": (emptied("CNET-P-tcp-8064"), ["+ port 8080/tcp → shop:80"]),
    "a jump": (without(Jump, "CNET-FORWARD"), ["~ firewall: jumps +*"]),
}


@pytest.mark.parametrize("name", DRIFT)
def test_what_others_changed(name: str) -> None:
    spoil, expected = DRIFT[name]
    wanted = means(WEB, SHOP)
    found = told(spoil(wanted), wanted)
    assert fits(found, expected), found


def test_an_address_that_becomes_another() -> None:
    moved = {**SHOP, "networks": [{**AT, "ipv4_address": "10.20.0.11"}]}
    found = told(means(WEB, SHOP), means(WEB, moved))
    assert found[0].startswith("~ container shop on web: 10.20.0.10 → 10.20.0.11")
    assert found[1:] == ["~ port 8080/tcp → shop:80: address 10.20.0.10 → 10.20.0.11"]
