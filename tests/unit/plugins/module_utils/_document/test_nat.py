# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of module nat: what they declare, and faults at the paths that the user wrote."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._compile.firewall import compile_firewall
from ansible_collections.netloom.container_net.plugins.module_utils._document.nat import read_nat
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Document
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Problem
from rule_lines import end

WEB, WEB6 = "10.9.0.5", "fd00:9::5"
BASE: Dict[str, Any] = {
    "name": "n9", "interface": "br9", "subnets": ["10.9.0.0/24", "fd00:9::/64"], "masquerade": True, "snat_addresses": None,
    "snat_addresses_elsewhere": False, "ports": None,
}  # fmt: skip
PORT: Dict[str, Any] = {"published": 80, "address": WEB, "target": None, "count": 1, "protocol": "tcp", "host_ip": None, "allowed_sources": None}


def port(**given: Any) -> Dict[str, Any]:
    return {**PORT, **given}


def read(**given: Any) -> Tuple[Document, List[str]]:
    problems: List[Problem] = []
    document = read_nat({**BASE, **given}, "tasks.n9", problems)
    return document, [str(problem) for problem in problems]


def translations(*ports: Dict[str, Any]) -> List[Tuple[Any, ...]]:
    document, problems = read(ports=list(ports))
    assert problems == []
    rules = compile_firewall(document, forwarding_off=frozenset())
    return [(rule.family, rule.source, rule.destination, rule.destination_ports, end(rule)) for rule in rules if rule.target == "DNAT"]


def test_a_port_leads_to_its_address_in_its_family_only() -> None:
    assert translations(port()) == [(4, None, None, (80, 80), WEB + ":80")]
    assert translations(port(address=WEB6, target=8080)) == [(6, None, None, (80, 80), "[%s]:8080" % WEB6)]


def test_a_range_keeps_its_number_or_moves() -> None:
    assert translations(port(count=3)) == [(4, None, None, (80, 82), WEB + ":80")]
    assert translations(port(count=2, target=90)) == [(4, None, None, (80, 81), WEB + ":90")]


@pytest.mark.parametrize(
    "ports",
    [
        [port(), port(address=WEB6)],
        [port(), port(protocol="udp", address="10.9.0.6")],
        [port(host_ip="192.0.2.1"), port(host_ip="192.0.2.2", address="10.9.0.6")],
        [port(host_ip="192.0.2.1"), port(host_ip="192.0.2.2")],
        [port(host_ip="0.0.0.0"), port(host_ip="::", address=WEB6)],
        [port(count=5), port(published=85, address="10.9.0.6")],
    ],
    ids=["a family each", "a protocol each", "a host_ip each", "two host_ips to one", "every address of each family", "side by side"],
)
def test_ports_that_go_together(ports: List[Dict[str, Any]]) -> None:
    assert len(translations(*ports)) == 2


def test_the_interface_the_subnets_and_the_way_out() -> None:
    document, problems = read(snat_addresses=["192.0.2.9", "2001:DB8::9"])
    assert problems == []
    (network,) = document.networks
    assert (network.home_devices[0], [item.subnet for item in network.subnets]) == ("br9", BASE["subnets"])
    rules = compile_firewall(document, forwarding_off=frozenset())
    assert [(rule.family, rule.to) for rule in rules if rule.target == "SNAT"] == [(4, "192.0.2.9"), (6, "2001:db8::9")]
    assert not [rule for rule in compile_firewall(read(masquerade=False)[0], forwarding_off=frozenset()) if rule.target == "MASQUERADE" and rule.rank == 30]


TAKEN = "the host port is already published: 80:80/tcp of ports[0]; choose another port or host_ip"
BAD: List[Tuple[Dict[str, Any], List[str]]] = [
    ({"subnets": []}, ["subnets: got list of 0: there is nothing to translate; name at least one subnet"]),
    ({"subnets": ["10.9.0.1/24"]}, ['subnets[0]: got string "10.9.0.1/24": host bits are set; did you mean 10.9.0.0/24']),
    ({"subnets": ["10.9.0.0/24", "10.9.0.128/25"]}, ['subnets[1]: got string "10.9.0.128/25": overlaps 10.9.0.0/24; name each address once']),
    ({"snat_addresses": ["192.0.2"]}, ['snat_addresses[0]: got string "192.0.2": an IPv4 address has four parts, this has 3; write all four']),
    (
        {"snat_addresses": ["192.0.2.1", "192.0.2.2"]},
        ["snat_addresses: got list of 2: at most one address of each family; keep one IPv4 and one IPv6 address"],
    ),
    (
        {"snat_addresses": ["192.0.2.1"], "masquerade": False},
        ["snat_addresses: got list of 1: masquerade is false, so no source address is rewritten; remove one of the two"],
    ),
    ({"ports": [port(address="web")]}, ['ports[0].address: got string "web": not an IP address; write one such as 10.0.0.2 or fd00::2']),
    (
        {"ports": [port(address="10.8.0.5")]},
        ['ports[0].address: got string "10.8.0.5": is in none of the subnets; name an address inside 10.9.0.0/24, fd00:9::/64'],
    ),
    (
        {"ports": [port(address="10.9.0.255")]},
        ['ports[0].address: got string "10.9.0.255": the broadcast address of 10.9.0.0/24; name an address inside 10.9.0.0/24'],
    ),
    ({"ports": [port(published=0)]}, ['ports[0].published: got integer "0": must be 1 to 65535; write a number in that range']),
    ({"ports": [port(count=0)]}, ['ports[0].count: got integer "0": must be 1 to 65535; write a number in that range']),
    ({"ports": [port(published=65530, count=7)]}, ['ports[0].count: got integer "7": port 65535 is the last there is; write at most 6']),
    ({"ports": [port(target=65535, count=2)]}, ['ports[0].count: got integer "2": port 65535 is the last there is; write at most 1']),
    (
        {"ports": [port(host_ip="2001:db8::1")]},
        ['ports[0].host_ip: got string "2001:db8::1": is IPv6, and 10.9.0.5 is IPv4; name an IPv4 address of the host'],
    ),
    (
        {"ports": [port(host_ip="127.0.0.1")]},
        [
            'ports[0].host_ip: got string "127.0.0.1": the interface would have to lead packets of the loopback network (route_localnet), and is not ours; '
            "name another address of the host, or declare the port of an endpoint"
        ],
    ),
    ({"ports": [port(host_ip="")]}, ['ports[0].host_ip: got string "": empty text is not allowed; give an IP address or remove the key']),
    (
        {"ports": [port(allowed_sources=[])]},
        ["ports[0].allowed_sources: got list of 0: an empty list allows nobody, a missing key allows everybody; give subnets or remove the key"],
    ),
    (
        {"ports": [port(allowed_sources=["2001:db8::/64"])]},
        ["ports[0].allowed_sources: got list of 1: none of them is IPv4 as 10.9.0.5 is, so nobody could come; name an IPv4 subnet"],
    ),
    ({"ports": [port(), port(address="10.9.0.6")]}, ['ports[1]: got string "80:80/tcp": ' + TAKEN]),
    ({"ports": [port(), port(host_ip="192.0.2.1")]}, ['ports[1]: got string "192.0.2.1:80:80/tcp": ' + TAKEN]),
    ({"ports": [port(), port(published=79, count=2)]}, ['ports[0]: got string "80:80/tcp": the host port is already published: 79-80:79-80/tcp of ports[1];']),
]


@pytest.mark.parametrize(("given", "expected"), BAD)
def test_faults_stand_where_the_user_wrote_them(given: Dict[str, Any], expected: List[str]) -> None:
    found = read(**given)[1]
    assert len(found) == len(expected)
    for line, start in zip(found, expected):
        assert line.startswith(start)


def test_all_faults_at_once_and_none_that_only_follows() -> None:
    bad = [port(published=0, host_ip="x", allowed_sources=["y"]), port(address="10.8.0.5", target=70000), port(), port(address="10.9.0.6")]
    found = read(subnets=["10.9.0.0/33"], snat_addresses=["z"], ports=bad)[1]
    paths = ["subnets[0]", "ports[0].published", "ports[0].host_ip", "ports[0].allowed_sources[0]", "ports[1].target", "ports[3]", "snat_addresses[0]"]
    assert [line.split(": ")[0] for line in found] == paths
