# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, FrozenSet, List, Optional, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._compile.firewall import compile_firewall
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.bridge.network import BridgeNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.macvlan.network import MacvlanNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.overlay.network import OverlayNetwork, Peer
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.routed.network import RoutedNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.blocks import spread
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Attachment, Document, Endpoint, PublishedPort, Wire, WireEnd
from ansible_collections.netloom.container_net.plugins.module_utils._model.network import Subnet
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import Place
from rule_lines import chains

V4 = Subnet("10.20.0.0/24", "10.20.0.1")
V6 = Subnet("fd00:20::/64", "fd00:20::1")
NONE: FrozenSet[int] = frozenset()
AT_LOOPBACK = "8 d=127.0.0.0/8 i=!lo DROP"


def bridge(subnets: Tuple[Subnet, ...] = (V4, V6), **options: Any) -> Dict[str, List[str]]:
    """Compile one bridge network and return its IPv4 chains."""
    return chains(compile_firewall(Document("main", (web(subnets, **options),)), forwarding_off=NONE))


def web(subnets: Tuple[Subnet, ...] = (V4, V6), **options: Any) -> BridgeNetwork:
    return BridgeNetwork("web", subnets, bridge_name="br-web", **options)


def published(*ports: PublishedPort, family: int = 4, networks: Tuple[Any, ...] = (), attachments: Tuple[Attachment, ...] = ()) -> Dict[str, List[str]]:
    attached = attachments or (Attachment("web", "10.20.0.2", "fd00:20::2"),)
    document = Document("main", (web(), *networks), (Endpoint("api", "netns:api", attached, ports),))
    return {
        name: lines
        for name, lines in chains(tuple(spread(compile_firewall(document, forwarding_off=NONE))), family).items()
        if name.startswith(("nat/CNET-P-", "nat/CNET-DNAT"))
    }


def test_nothing_declared_needs_no_rule() -> None:
    assert compile_firewall(Document(), forwarding_off=frozenset((4, 6))) == ()


def test_wires_open_nothing() -> None:
    """Only the host's own ends are known to the firewall, and what comes in there may not pass for somebody else, in either family."""
    inner, own = WireEnd("a", interface_name="eth0"), WireEnd(host=True, interface_name="adm0")
    ends = (Endpoint("a", Place.of("netns", "a")), Endpoint("b", Place.of("netns", "b")))
    document = Document("main", endpoints=ends, links=(Wire("adm", (inner, own)), Wire("direct", (WireEnd("a"), WireEnd("b")))))
    rules = compile_firewall(document, forwarding_off=frozenset((4, 6)))
    for family in (4, 6):
        assert chains(rules, family) == {"filter/CNET-INSIDE": ["10 i=adm0 DROP"], "raw/CNET-RAW": ["8 i=adm0 off-path DROP"]}
    assert {(rule.scope, rule.owner) for rule in rules} == {("main", "adm")}


def test_a_plain_bridge_network() -> None:
    assert bridge() == {
        "raw/CNET-RAW": [
            AT_LOOPBACK,
            "9 i=lo RETURN",
            "10 s=10.20.0.0/24 i=br-web RETURN",
            "11 i=br-web to-host DROP",
            "12 i=br-web RETURN",
            "20 d=10.20.0.0/24 DROP",
        ],
        "mangle/CNET-SEAL": ["1 RELATED,ESTABLISHED RETURN", "10 i=!br-web o=br-web MARK 0x20000000/0x20000000"],
        "mangle/CNET-SEALED": ["10 sealed DROP"],
        "filter/CNET-INSIDE": ["10 i=br-web DROP"],
        "filter/CNET-SOURCES": ["10 s=10.20.0.0/24 i=br-web RETURN", "20 i=br-web DROP"],
        "filter/CNET-FORWARD": [
            "10 o=br-web RELATED,ESTABLISHED ACCEPT",
            "10 i=br-web RELATED,ESTABLISHED ACCEPT",
            "11 i=br-web o=br-web ACCEPT",
            "12 i=br-web INVALID DROP",
            "12 o=br-web INVALID DROP",
            "29 i=br-web CNET-SOURCES",
            "31 o=br-web DNAT ACCEPT",
            "39 o=br-web DROP",
            "50 i=br-web ACCEPT",
        ],
        "filter/CNET-INPUT": [
            "1 i=lo RETURN",
            "6 d=10.20.0.0/24 i=!br-web RELATED,ESTABLISHED RETURN",
            "7 d=10.20.0.0/24 i=!br-web DROP",
            "10 i=br-web RELATED,ESTABLISHED ACCEPT",
            "20 d=10.20.0.1 i=br-web icmp ACCEPT",
            "40 i=br-web DROP",
        ],
        # The same without a word about who may come in.
        "mangle/CNET-INPUT": [
            "1 i=lo RETURN",
            "6 d=10.20.0.0/24 i=!br-web RELATED,ESTABLISHED RETURN",
            "7 d=10.20.0.0/24 i=!br-web DROP",
            "10 i=br-web RELATED,ESTABLISHED RETURN",
            "20 d=10.20.0.1 i=br-web icmp RETURN",
            "40 i=br-web DROP",
        ],
        "nat/CNET-POST": [
            "10 s=10.20.0.0/24 d=10.20.0.0/24 o=br-web DNAT MASQUERADE",
            "20 d=10.20.0.0/24 RETURN",
            "21 d=224.0.0.0/4 RETURN",
            "21 d=255.255.255.255 RETURN",
            "30 s=10.20.0.0/24 o=!br-web MASQUERADE",
        ],
    }


def test_its_other_family_is_the_same_but_for_neighbour_discovery() -> None:
    rules = compile_firewall(Document("main", (web(),)), forwarding_off=NONE)
    four, six = chains(rules), chains(rules, 6)
    assert set(four) == set(six)
    assert six["filter/CNET-INPUT"] == [
        "1 i=lo RETURN",
        "6 d=fd00:20::/64 i=!br-web RELATED,ESTABLISHED RETURN",
        "7 d=fd00:20::/64 i=!br-web DROP",
        "9 i=br-web ipv6-icmp type=134 DROP",
        "10 i=br-web RELATED,ESTABLISHED ACCEPT",
        "20 i=br-web ipv6-icmp type=135 ACCEPT",
        "20 i=br-web ipv6-icmp type=136 ACCEPT",
        "20 d=fd00:20::1 i=br-web ipv6-icmp ACCEPT",
        "40 i=br-web DROP",
    ]
    for name in ("raw/CNET-RAW", "filter/CNET-FORWARD", "filter/CNET-SOURCES", "mangle/CNET-SEAL"):
        other = [line for line in four[name] if line != AT_LOOPBACK]
        assert [line.replace("fd00:20::/64", "10.20.0.0/24") for line in six[name] if "fe80" not in line] == other
    assert "10 s=fe80::/10 i=br-web RETURN" in six["raw/CNET-RAW"]
    assert "21 d=ff00::/8 RETURN" in six["nat/CNET-POST"]


def test_a_family_without_a_subnet_is_closed_not_open() -> None:
    six = chains(compile_firewall(Document("main", (web((V4,)),)), forwarding_off=NONE), 6)
    assert not any(name.startswith("nat/") for name in six)
    assert six["raw/CNET-RAW"] == ["10 s=fe80::/10 i=br-web RETURN", "11 i=br-web to-host DROP"]
    assert six["filter/CNET-SOURCES"] == ["20 i=br-web DROP"]
    assert six["filter/CNET-INPUT"] == ["10 i=br-web RELATED,ESTABLISHED ACCEPT", "40 i=br-web DROP"]
    assert six["filter/CNET-FORWARD"][-4:] == ["29 i=br-web CNET-SOURCES", "31 o=br-web DNAT ACCEPT", "39 o=br-web DROP", "50 i=br-web ACCEPT"]


def test_a_kernel_without_ipv6_gets_no_ipv6_rule() -> None:
    rules = compile_firewall(Document("main", (web(),)), forwarding_off=NONE, ipv6=False)
    assert {rule.family for rule in rules} == {4}


def test_every_rule_is_of_its_scope_and_owner() -> None:
    rules = compile_firewall(Document("blue", (web(),)), forwarding_off=NONE)
    assert {rule.scope for rule in rules} == {"blue"}
    assert {rule.owner for rule in rules} == {"", "web"}


def test_an_internal_network_has_no_way_out_and_no_translation() -> None:
    found = bridge(internal=True, trusted_interfaces=("eth1",))
    assert found["filter/CNET-FORWARD"] == ["9 i=br-web o=!br-web DROP", "9 i=!br-web o=br-web DROP", "11 i=br-web o=br-web ACCEPT"]
    assert found["raw/CNET-RAW"][-1] == "20 d=10.20.0.0/24 DROP"
    assert not any("eth1" in line for lines in found.values() for line in lines)
    assert "nat/CNET-POST" not in found


@pytest.mark.parametrize(
    ("internal", "expected"),
    [
        (False, ["8 d=10.20.0.0/24 i=br-web DNAT ACCEPT", "9 d=10.20.0.0/24 i=br-web DROP", "9 i=br-web o=br-web DROP"]),
        (True, ["9 d=10.20.0.0/24 i=br-web DROP", "9 i=br-web o=br-web DROP"]),
    ],
)
def test_neighbours_kept_apart(internal: bool, expected: List[str]) -> None:
    found = bridge(enable_icc=False, internal=internal)
    assert [line for line in found["filter/CNET-FORWARD"] if "i=br-web o=br-web" in line or "d=10.20" in line] == expected
    assert all(int(line.split()[0]) < 10 for line in expected)
    assert "10 d=10.20.0.0/24 i=br-web MARK 0x20000000/0x20000000" in found["mangle/CNET-SEAL"]
    # An answer comes back through the host by whichever link the question left.
    assert internal or "10 s=10.20.0.0/24 d=10.20.0.0/24 DNAT SNAT 10.20.0.1" in found["nat/CNET-POST"]


def test_without_masquerade_the_way_in_is_filtered_by_state_alone() -> None:
    found = bridge(masquerade=False)
    assert found["raw/CNET-RAW"] == [AT_LOOPBACK, "10 s=10.20.0.0/24 i=br-web RETURN", "11 i=br-web to-host DROP", "12 i=br-web RETURN"]
    assert "39 o=br-web DROP" in found["filter/CNET-FORWARD"]
    assert "7 d=10.20.0.0/24 i=!br-web DROP" in found["filter/CNET-INPUT"]
    assert found["nat/CNET-POST"] == ["10 s=10.20.0.0/24 d=10.20.0.0/24 o=br-web DNAT MASQUERADE", "20 d=10.20.0.0/24 RETURN"]


def test_a_fixed_source_address_counts_for_its_family() -> None:
    rules = compile_firewall(Document("main", (web(snat_addresses=("192.0.2.9",)),)), forwarding_off=NONE)
    assert chains(rules)["nat/CNET-POST"][-1] == "30 s=10.20.0.0/24 o=!br-web SNAT 192.0.2.9"
    assert chains(rules, 6)["nat/CNET-POST"][-1] == "30 s=fd00:20::/64 o=!br-web MASQUERADE"


def test_a_trusted_interface_is_trusted_by_its_network_only() -> None:
    other = BridgeNetwork("db", (Subnet("10.30.0.0/24", "10.30.0.1"),), bridge_name="br-db")
    found = chains(compile_firewall(Document("main", (web(trusted_interfaces=("eth1",)), other)), forwarding_off=NONE))
    assert {name: [line for line in lines if "eth1" in line] for name, lines in found.items() if "eth1" in str(lines)} == {
        "raw/CNET-RAW": ["10 d=10.20.0.0/24 i=eth1 RETURN"],
        "filter/CNET-FORWARD": ["30 i=eth1 o=br-web ACCEPT"],
        "filter/CNET-INPUT": ["6 d=10.20.0.0/24 i=eth1 RETURN"],
        "mangle/CNET-INPUT": ["6 d=10.20.0.0/24 i=eth1 RETURN"],
    }


@pytest.mark.parametrize(
    ("access", "family", "expected"),
    [
        ("all", 4, []),
        ("all", 6, []),
        ("none", 4, ["40 i=br-web DROP"]),
        (
            "none",
            6,
            ["9 i=br-web ipv6-icmp type=134 DROP", "20 i=br-web ipv6-icmp type=135 ACCEPT", "20 i=br-web ipv6-icmp type=136 ACCEPT", "40 i=br-web DROP"],
        ),
        (
            ("53/udp", "22/tcp"),
            4,
            [
                "10 i=br-web RELATED,ESTABLISHED ACCEPT",
                "20 d=10.20.0.1 i=br-web icmp ACCEPT",
                "30 i=br-web udp:53-53 ACCEPT",
                "30 i=br-web tcp:22-22 ACCEPT",
                "40 i=br-web DROP",
            ],
        ),
    ],
)
def test_host_access(access: Any, family: int, expected: List[str]) -> None:
    found = chains(compile_firewall(Document("main", (web(host_access=access),)), forwarding_off=NONE), family)
    assert [line for line in found["filter/CNET-INPUT"] if " i=br-web" in line] == expected


def test_the_default_drop_comes_only_where_forwarding_was_off() -> None:
    rules = compile_firewall(Document("main", (web(),)), forwarding_off=frozenset((6,)))
    assert "filter/CNET-LAST" not in chains(rules)
    assert chains(rules, 6)["filter/CNET-LAST"] == ["90 DROP"]
    # Nor where nothing of ours switched it on, nor for what goes from port to port of somebody's bridge.
    rules = compile_firewall(Document("main", (web((V4,)), web((V6,), internal=True))), forwarding_off=frozenset((4, 6)), bridge_filter=True)
    assert chains(rules)["filter/CNET-LAST"] == ["90 not-bridged DROP"]
    assert "filter/CNET-LAST" not in chains(rules, 6)


def test_somebody_elses_bridge_may_have_others_on_it() -> None:
    assert bridge(adopted=True)["raw/CNET-RAW"] == [AT_LOOPBACK, "9 i=lo RETURN", "12 i=br-web RETURN", "20 d=10.20.0.0/24 DROP"]
    assert bridge(adopted=True)["filter/CNET-SOURCES"] == bridge()["filter/CNET-SOURCES"]


def mesh(
    name: str = "mesh", vtep: str = "192.0.2.1", port: int = 4789, peers: Tuple[str, ...] = ("192.0.2.2",), underlay: Optional[str] = None
) -> OverlayNetwork:
    return OverlayNetwork(
        name,
        (Subnet("10.60.0.0/16"),),
        bridge_name="br-" + name,
        vxlan_name="vx-" + name,
        vni=42,
        udp_port=port,
        vtep_address=vtep,
        underlay_interface=underlay,
        peers=tuple(Peer("h%d" % index, peer) for index, peer in enumerate(peers)),
    )


CLOSED_6 = ["20 to-host DROP", "20 d=fe80::/10 DROP", "20 d=ff00::/8 DROP"]


def test_an_overlay_is_a_closed_segment() -> None:
    rules = compile_firewall(Document("main", (mesh(),)), forwarding_off=NONE)
    expected = {
        "filter/CNET-INSIDE": ["10 i=br-mesh DROP"],
        "filter/CNET-FORWARD": ["5 udp:4789-4789 CNET-INSIDE", "9 i=br-mesh o=!br-mesh DROP", "9 i=!br-mesh o=br-mesh DROP", "11 i=br-mesh o=br-mesh ACCEPT"],
        "filter/CNET-INPUT": ["5 udp:4789-4789 CNET-INSIDE", "40 i=br-mesh DROP"],
    }
    expected["mangle/CNET-INPUT"] = ["40 i=br-mesh DROP"]
    expected["mangle/CNET-SEAL"] = ["1 RELATED,ESTABLISHED RETURN"]
    expected["mangle/CNET-SEAL"] += ["10 %s MARK 0x20000000/0x20000000" % way for way in ("i=!br-mesh o=br-mesh", "i=br-mesh o=!br-mesh")]
    expected["mangle/CNET-SEALED"] = ["10 sealed DROP"]
    expected["raw/CNET-RAW"] = ["5 udp:4789-4789 CNET-VX-4789"]
    assert chains(rules, 6) == {**expected, "raw/CNET-VX-4789": CLOSED_6}
    expected["raw/CNET-VX-4789"] = ["10 s=192.0.2.2 d=192.0.2.1 vni=42 RETURN", "20 not-unicast DROP", "30 s=192.0.2.2 off-path DROP"]
    expected["filter/CNET-FORWARD"].insert(1, "5 udp:4789-4789 CNET-VX-4789")
    expected["filter/CNET-VX-4789"] = ["10 s=192.0.2.2 RETURN", "20 d=192.0.2.2 DROP"]
    expected["raw/CNET-OUTPUT"] = ["5 udp:4789-4789 users=0-4294967294 CNET-VX-OUT-4789"]
    expected["raw/CNET-VX-OUT-4789"] = ["20 d=192.0.2.2 DROP"]
    assert chains(rules) == expected


def test_by_the_shim_of_a_lan_only_its_containers_speak() -> None:
    lan = MacvlanNetwork("lan", parent="eth0", host_access=True, shim_name="cns-lan")
    rules = compile_firewall(Document("main", (lan, MacvlanNetwork("other", parent="eth1"))), forwarding_off=NONE)
    assert [chains(rules, family) for family in (4, 6)] == [{"raw/CNET-RAW": ["8 i=cns-lan off-path DROP"]}] * 2


def test_overlays_on_one_port_share_the_list_of_peers() -> None:
    overlays = (mesh("a", peers=("192.0.2.2", "192.0.2.1")), mesh("b", peers=("192.0.2.2", "192.0.2.3")), mesh("c", port=4790, peers=()))
    found = chains(compile_firewall(Document("main", overlays), forwarding_off=NONE))
    assert found["raw/CNET-RAW"] == ["5 udp:4789-4789 CNET-VX-4789", "5 udp:4790-4790 CNET-VX-4790"]
    assert found["raw/CNET-VX-4789"] == [
        "10 s=192.0.2.2 d=192.0.2.1 vni=42 RETURN",
        "10 s=192.0.2.3 d=192.0.2.1 vni=42 RETURN",
        "20 not-unicast DROP",
        "30 s=192.0.2.2 off-path DROP",
        "30 s=192.0.2.3 off-path DROP",
    ]
    assert found["raw/CNET-VX-OUT-4789"] == ["20 d=192.0.2.2 DROP", "20 d=192.0.2.3 DROP"]
    # Without peers nobody may send.
    assert found["raw/CNET-VX-4790"] == ["20 not-unicast DROP"]


def test_an_ipv6_underlay_and_its_interface() -> None:
    rules = compile_firewall(Document("main", (mesh(vtep="2001:db8::1", peers=("2001:db8::2",), underlay="eth0"),)), forwarding_off=NONE)
    assert chains(rules)["raw/CNET-VX-4789"] == ["20 not-unicast DROP"]
    assert chains(rules, 6)["raw/CNET-VX-4789"] == [
        "10 s=2001:db8::2 d=2001:db8::1 i=eth0 vni=42 RETURN",
        "20 to-host DROP",
        "20 d=fe80::/10 DROP",
        "20 d=ff00::/8 DROP",
        "30 s=2001:db8::2 off-path DROP",
    ]


@pytest.mark.parametrize(
    ("port", "family", "expected"),
    [
        (
            PublishedPort(8080, 80),
            4,
            {"nat/CNET-P-tcp-8064": ["20 tcp:8080-8080 DNAT 10.20.0.2:80"], "nat/CNET-DNAT": ["10 tcp:8064-8127 CNET-P-tcp-8064"]},
        ),
        (
            PublishedPort(8080, 80),
            6,
            {"nat/CNET-P-tcp-8064": ["20 tcp:8080-8080 DNAT [fd00:20::2]:80"], "nat/CNET-DNAT": ["10 tcp:8064-8127 CNET-P-tcp-8064"]},
        ),
        (
            PublishedPort(53, 53, protocol="udp", host_ip="192.0.2.9"),
            4,
            {"nat/CNET-P-udp-0": ["10 d=192.0.2.9 udp:53-53 DNAT 10.20.0.2:53"], "nat/CNET-DNAT": ["10 udp:0-63 CNET-P-udp-0"]},
        ),
        (PublishedPort(53, 53, host_ip="192.0.2.9"), 6, {}),
        (PublishedPort(53, 53, host_ip="0.0.0.0"), 6, {}),
        (
            PublishedPort(53, 53, host_ip="::"),
            6,
            {"nat/CNET-P-tcp-0": ["20 tcp:53-53 DNAT [fd00:20::2]:53"], "nat/CNET-DNAT": ["10 tcp:0-63 CNET-P-tcp-0"]},
        ),
        (
            PublishedPort(120, 120, 80),
            4,
            {
                "nat/CNET-P-tcp-64": ["20 tcp:120-127 DNAT 10.20.0.2"],
                "nat/CNET-P-tcp-128": ["21 tcp:128-191 DNAT 10.20.0.2"],
                "nat/CNET-P-tcp-192": ["21 tcp:192-199 DNAT 10.20.0.2"],
                "nat/CNET-DNAT": ["10 tcp:64-127 CNET-P-tcp-64", "10 tcp:128-191 CNET-P-tcp-128", "10 tcp:192-255 CNET-P-tcp-192"],
            },
        ),
        (
            PublishedPort(127, 80, 2),
            4,
            {
                "nat/CNET-P-tcp-64": ["20 tcp:127-127 DNAT 10.20.0.2:80"],
                "nat/CNET-P-tcp-128": ["21 tcp:128-128 DNAT 10.20.0.2:81"],
                "nat/CNET-DNAT": ["10 tcp:64-127 CNET-P-tcp-64", "10 tcp:128-191 CNET-P-tcp-128"],
            },
        ),
        (
            PublishedPort(65535, 1, allowed_sources=("198.51.100.0/24", "203.0.113.1", "2001:db8::/32")),
            4,
            {
                "nat/CNET-P-tcp-65472": ["20 s=198.51.100.0/24 tcp:65535-65535 DNAT 10.20.0.2:1", "20 s=203.0.113.1 tcp:65535-65535 DNAT 10.20.0.2:1"],
                "nat/CNET-DNAT": ["10 tcp:65472-65535 CNET-P-tcp-65472"],
            },
        ),
        # Sources of the other family only: closed, not open to everybody.
        (PublishedPort(80, 80, allowed_sources=("198.51.100.0/24",)), 6, {}),
    ],
)
def test_published_ports(port: PublishedPort, family: int, expected: Dict[str, List[str]]) -> None:
    assert published(port, family=family) == expected


def test_where_the_source_is_kept_answers_come_in_and_nothing_is_translated() -> None:
    document = Document("main", (web(no_masquerade=("10.0.0.0/8", "::/0")),))
    found, plain = compile_firewall(document, forwarding_off=NONE), compile_firewall(Document("main", (web(),)), forwarding_off=NONE)
    more = {
        (family, name): [line for line in lines if line not in chains(plain, family)[name]]
        for family in (4, 6)
        for name, lines in chains(found, family).items()
    }
    assert {where: lines for where, lines in more.items() if lines} == {
        (4, "raw/CNET-RAW"): ["19 s=10.0.0.0/8 d=10.20.0.0/24 RETURN"],
        (4, "nat/CNET-POST"): ["22 s=10.20.0.0/24 d=10.0.0.0/8 RETURN"],
        (6, "raw/CNET-RAW"): ["19 d=fd00:20::/64 RETURN"],
        (6, "nat/CNET-POST"): ["22 s=fd00:20::/64 RETURN"],
    }


def test_segments_are_clamped_both_ways_past_the_bridge() -> None:
    assert bridge(mss_clamp="pmtu")["mangle/CNET-MSS"] == ["10 i=br-web o=!br-web tcp TCPMSS pmtu", "10 i=!br-web o=br-web tcp TCPMSS pmtu"]
    assert "mangle/CNET-MSS" not in bridge()


def test_a_port_at_loopback_is_for_the_host_alone() -> None:
    ports = (PublishedPort(80, 8080, host_ip="127.0.0.1"), PublishedPort(80, 81))
    endpoint = Endpoint("api", "netns:api", (Attachment("web", "10.20.0.2", "fd00:20::2"),), ports)
    with_port, without = (compile_firewall(Document("main", (web(),), (item,)), forwarding_off=NONE) for item in (endpoint, replace(endpoint, ports=ports[1:])))
    more = {name: [line for line in lines if line not in chains(without).get(name, ())] for name, lines in chains(with_port).items()}
    guard = ["8 d=127.0.0.0/8 i=br-web RELATED,ESTABLISHED %s", "9 d=127.0.0.0/8 i=br-web DROP"]
    assert {name: lines for name, lines in more.items() if lines} == {
        "nat/CNET-LOOPBACK": ["10 d=127.0.0.1 tcp:80-80 DNAT 10.20.0.2:8080"],
        "nat/CNET-POST": ["10 s=127.0.0.0/8 o=br-web DNAT MASQUERADE"],
        "filter/CNET-INPUT": [guard[0] % "ACCEPT", guard[1]],
        "mangle/CNET-INPUT": [guard[0] % "RETURN", guard[1]],
    }
    assert chains(with_port, 6) == chains(without, 6)
    spread_out = chains(tuple(spread(with_port)))
    assert spread_out["nat/CNET-L-tcp-64"] == ["10 d=127.0.0.1 tcp:80-80 DNAT 10.20.0.2:8080"]
    assert spread_out["nat/CNET-LOOPBACK"] == ["10 tcp:64-127 CNET-L-tcp-64"]


def test_the_jump_belongs_to_all_scopes() -> None:
    document = Document("main", (web(),), (Endpoint("api", "netns:api", (Attachment("web", "10.20.0.2"),), (PublishedPort(80, 80), PublishedPort(81, 81))),))
    compiled = compile_firewall(document, forwarding_off=NONE)
    assert [rule.destination_ports for rule in compiled if rule.chain == "CNET-DNAT"] == [(80, 80), (81, 81)]
    jumps = [rule for rule in spread(compiled) if rule.chain == "CNET-DNAT"]
    assert [(rule.family, rule.scope, rule.target) for rule in jumps] == [(4, "", "CNET-P-tcp-64")]


@pytest.mark.parametrize(
    ("priorities", "expected"),
    [
        ({"web": 0, "alt": 0, "vault": 9, "mesh": 9}, "10.21.0.2"),
        ({"web": 5, "alt": 0, "vault": 9, "mesh": 9}, "10.20.0.2"),
    ],
)
def test_the_address_is_that_of_the_default_route(priorities: Dict[str, int], expected: str) -> None:
    alt = BridgeNetwork("alt", (Subnet("10.21.0.0/24", "10.21.0.1"),), bridge_name="br-alt")
    vault = BridgeNetwork("vault", (Subnet("10.22.0.0/24", "10.22.0.1"),), bridge_name="br-vault", internal=True)
    addresses = {"web": "10.20.0.2", "alt": "10.21.0.2", "vault": "10.22.0.2", "mesh": "10.60.0.2"}
    attachments = tuple(Attachment(name, address, gw_priority=priorities[name]) for name, address in addresses.items())
    found = published(PublishedPort(80, 80), networks=(alt, vault, mesh()), attachments=attachments)
    assert found["nat/CNET-P-tcp-64"] == ["20 tcp:80-80 DNAT %s:80" % expected]


def test_an_endpoint_on_closed_networks_publishes_nothing() -> None:
    assert published(PublishedPort(80, 80), networks=(mesh(),), attachments=(Attachment("mesh", "10.60.0.2"),)) == {}


def test_what_an_endpoint_sends_is_told_by_its_addresses() -> None:
    """Where it comes in: by the bridge for those that share one, else by the host's end of its own."""
    mesh = RoutedNetwork("mesh", (Subnet("10.62.1.0/24"),))
    attachments = (
        Attachment("web", "10.20.0.2", "fd00:20::2", more=("10.20.0.9/32",), dscp=46),
        Attachment("mesh", "10.62.1.2", interface_name="eth1", host_interface_name="cnr-api", dscp=0),
    )
    others = Attachment("web", "10.20.0.3", "fd00:20::3")
    document = Document("main", (web(), mesh), (Endpoint("api", "netns:api", attachments), Endpoint("db", "netns:db", (others,))))
    rules = [rule for rule in compile_firewall(document, forwarding_off=NONE) if rule.target == "DSCP"]
    assert [(rule.family, rule.in_interface, rule.source, rule.to) for rule in rules] == [
        (4, "br-web", "10.20.0.2/32", "0x2e"),
        (4, "br-web", "10.20.0.9/32", "0x2e"),
        (4, "cnr-api", "10.62.1.2/32", "0x00"),
        (6, "br-web", "fd00:20::2/128", "0x2e"),
    ]
    assert {(rule.table, rule.chain, rule.scope, rule.owner) for rule in rules} == {("mangle", "CNET-DSCP", "main", "api")}
