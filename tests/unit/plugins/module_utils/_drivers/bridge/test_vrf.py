# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The firewall of a bridge in a VRF, where the kernel names the VRF and not the bridge."""

from __future__ import annotations

from typing import Any, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._compile.firewall import compile_firewall
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.bridge.network import BridgeNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Attachment, Document, Endpoint, PublishedPort
from ansible_collections.netloom.container_net.plugins.module_utils._model.network import Subnet
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import Rule
from rule_lines import chains, end

V4, V6 = Subnet("10.20.0.0/24", "10.20.0.1"), Subnet("fd00:20::/64", "fd00:20::1")
SUBNETS = ("10.20.0.0/24", "fd00:20::/64", "10.21.0.0/24")


def web(subnets: Tuple[Subnet, ...] = (V4, V6), **options: Any) -> BridgeNetwork:
    return BridgeNetwork("web", subnets, bridge_name="br-web", vrf="red", vrf_table=1001, **options)


def rules(*networks: BridgeNetwork, **options: Any) -> Tuple[Rule, ...]:
    return compile_firewall(Document("main", networks or (web(**options),)), forwarding_off=frozenset())


def test_a_bridge_in_a_vrf() -> None:
    found = chains(rules())
    assert {name: lines for name, lines in found.items() if not name.startswith("mangle/")} == {
        "raw/CNET-RAW": [
            "8 d=127.0.0.0/8 i=!lo DROP",
            "9 i=lo RETURN",
            "10 s=10.20.0.0/24 i=br-web RETURN",
            "10 i=red RETURN",
            "11 i=br-web DROP",
            "20 d=10.20.0.0/24 DROP",
        ],
        "filter/CNET-INSIDE": ["10 i=br-web DROP", "10 s=10.20.0.0/24 i=red DROP"],
        "filter/CNET-FORWARD": [
            "10 o=br-web RELATED,ESTABLISHED ACCEPT",
            "10 i=br-web RELATED,ESTABLISHED ACCEPT",
            "10 s=10.20.0.0/24 i=red RELATED,ESTABLISHED ACCEPT",
            "11 i=br-web o=br-web ACCEPT",
            "11 s=10.20.0.0/24 i=red o=br-web ACCEPT",
            "12 i=br-web INVALID DROP",
            "12 s=10.20.0.0/24 i=red INVALID DROP",
            "12 o=br-web INVALID DROP",
            "29 i=br-web CNET-SOURCES",
            "29 s=10.20.0.0/24 i=red CNET-SOURCES",
            "31 o=br-web DNAT ACCEPT",
            "39 o=br-web DROP",
            "50 i=br-web ACCEPT",
            "50 s=10.20.0.0/24 i=red ACCEPT",
        ],
        "filter/CNET-SOURCES": [
            "10 s=10.20.0.0/24 i=br-web RETURN",
            "10 s=10.20.0.0/24 i=red RETURN",
            "20 i=br-web DROP",
            "20 s=10.20.0.0/24 i=red DROP",
        ],
        "filter/CNET-INPUT": [
            "1 i=lo RETURN",
            "6 d=10.20.0.0/24 i=!red RELATED,ESTABLISHED RETURN",
            "7 d=10.20.0.0/24 i=!red DROP",
            "10 i=br-web RELATED,ESTABLISHED ACCEPT",
            "10 s=10.20.0.0/24 i=red RELATED,ESTABLISHED ACCEPT",
            "20 d=10.20.0.1 i=br-web icmp ACCEPT",
            "20 s=10.20.0.0/24 d=10.20.0.1 i=red icmp ACCEPT",
            "40 i=br-web DROP",
            "40 s=10.20.0.0/24 i=red DROP",
            "41 d=10.20.0.0/24 i=red DROP",
        ],
        "nat/CNET-POST": [
            "10 s=10.20.0.0/24 d=10.20.0.0/24 o=br-web DNAT MASQUERADE",
            "20 d=10.20.0.0/24 RETURN",
            "21 d=224.0.0.0/4 RETURN",
            "21 d=255.255.255.255 RETURN",
            "30 s=10.20.0.0/24 o=!br-web MASQUERADE",
        ],
    }
    # A member of the VRF is no neighbour because of the name that packets come in by.
    assert found["mangle/CNET-SEAL"] == ["1 RELATED,ESTABLISHED RETURN", "10 o=br-web MARK 0x20000000/0x20000000"]
    assert [line.replace("ACCEPT", "RETURN") for line in found["filter/CNET-INPUT"]] == found["mangle/CNET-INPUT"]


def test_neighbour_discovery_keeps_the_name_of_the_bridge() -> None:
    six = chains(rules(), 6)
    assert six["raw/CNET-RAW"] == [
        "9 i=lo RETURN",
        "10 s=fd00:20::/64 i=br-web RETURN",
        "10 s=fe80::/10 i=br-web ipv6-icmp RETURN",
        "10 s=:: i=br-web ipv6-icmp RETURN",
        "10 i=red RETURN",
        "11 i=br-web DROP",
        "20 d=fd00:20::/64 DROP",
    ]
    # Before the guard of the gateway's address, which knows the VRF only.
    lines = six["filter/CNET-INPUT"]
    assert lines.index("6 i=br-web ipv6-icmp type=135 ACCEPT") < lines.index("7 d=fd00:20::/64 i=!red DROP")
    assert "6 i=br-web ipv6-icmp type=136 ACCEPT" in lines
    assert not any("type=" in line and "i=red" in line for line in lines)


@pytest.mark.parametrize(
    "options", [{}, {"internal": True}, {"enable_icc": False}, {"masquerade": False}, {"host_access": "all"}, {"host_access": ("53/udp",)}]
)
def test_the_other_members_of_the_vrf_are_left_alone(options: Any) -> None:
    """In filter chains a rule for the VRF speaks of the network: by its source, its address, or the way to its bridge."""
    for rule in rules(subnets=(V4, V6, Subnet("10.21.0.0/24", "10.21.0.1")), **options):
        if rule.in_interface == "red" and rule.table in ("filter", "mangle"):
            assert rule.source in SUBNETS or rule.destination in SUBNETS or rule.out_interface == "br-web", rule
        assert rule.in_interface != "red" or rule.table in ("filter", "mangle") or rule.target == "RETURN"


def test_nobody_of_the_vrf_reaches_an_internal_network() -> None:
    forward = chains(rules(internal=True))["filter/CNET-FORWARD"]
    assert forward == [
        "8 i=br-web o=br-web ACCEPT",
        "9 i=br-web o=!br-web DROP",
        "9 s=10.20.0.0/24 i=red o=!br-web DROP",
        "9 i=!red o=br-web DROP",
        "11 i=br-web o=br-web ACCEPT",
        "11 s=10.20.0.0/24 i=red o=br-web ACCEPT",
        "39 i=red o=br-web DROP",
    ]
    assert chains(rules(internal=True, enable_icc=False))["filter/CNET-FORWARD"][0] == "9 i=br-web o=!br-web DROP"


def test_a_gateway_that_is_open_is_so_for_its_network_only() -> None:
    assert chains(rules(host_access="all"))["filter/CNET-INPUT"][-2:] == ["40 s=10.20.0.0/24 i=red RETURN", "41 d=10.20.0.0/24 i=red DROP"]


def test_a_family_without_a_subnet_ends_at_the_first_hook() -> None:
    six = chains(rules(web((V4,))), 6)
    assert six["raw/CNET-RAW"] == ["10 s=fe80::/10 i=br-web ipv6-icmp RETURN", "10 s=:: i=br-web ipv6-icmp RETURN", "11 i=br-web DROP"]
    assert not any("red" in line for lines in six.values() for line in lines)


def test_ports_are_those_of_a_network_that_is_reached() -> None:
    endpoint = Endpoint("api", "netns:api", (Attachment("web", "10.20.0.2"), Attachment("zoo", "10.30.0.2")), (PublishedPort(80, 80),))
    document = Document("main", (web(), BridgeNetwork("zoo", (Subnet("10.30.0.0/24", "10.30.0.1"),), bridge_name="br-zoo")), (endpoint,))
    assert [end(rule) for rule in compile_firewall(document, forwarding_off=frozenset()) if rule.target == "DNAT"] == ["10.30.0.2:80"]
