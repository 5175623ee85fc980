# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which interface a listed route leaves by, and what several networks of one endpoint must not share."""

from __future__ import annotations

from itertools import count
from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._document.check import check_document
from ansible_collections.netloom.container_net.plugins.module_utils._document.check_routes import check_routes
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._document.routes import lead_routes
from ansible_collections.netloom.container_net.plugins.module_utils._document.scene import Scene
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.routed.network import NEXT_DOOR, RoutedNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.routed.objects import GATEWAY, WHOLE
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Attachment, Device, Document, Endpoint, StaticRoute, Wire, WireEnd
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError, Problem
from ansible_collections.netloom.container_net.plugins.module_utils._model.names import SOURCE_TABLES, source_table
from ansible_collections.netloom.container_net.plugins.module_utils._model.network import Subnet

A = {"name": "a", "ipam_config": [{"subnet": "10.1.0.0/24"}, {"subnet": "10.11.0.0/24"}]}


def declare(*attachments: Any, networks: Any = (A,), **options: Any) -> Dict[str, Any]:
    return {"networks": list(networks), "endpoints": [{"name": "api", "container": {"netns": "api"}, "networks": list(attachments), **options}]}


def lines(document: Dict[str, Any]) -> List[str]:
    with pytest.raises(InputError) as raised:
        read_document(document)
    return [str(problem) for problem in raised.value.problems]


def test_a_second_subnet_of_the_network_is_no_neighbour() -> None:
    """An endpoint has an address in one subnet of a family; the other one lies behind the gateway."""
    found = lines(declare({"name": "a", "ipv4_address": "10.1.0.5", "routes": [{"destination": "10.9.0.0/16", "gateway": "10.11.0.9"}]}))
    assert len(found) == 1
    assert "does not reach this gateway directly; it reaches 10.1.0.0/24" in found[0]


def test_the_same_route_in_two_lists() -> None:
    route = {"destination": "10.9.0.0/16", "gateway": "10.1.0.9"}
    (found,) = lines(declare({"name": "a", "ipv4_address": "10.1.0.5", "routes": [route]}, routes=[dict(route, gateway="10.1.0.8")]))
    assert found.startswith("endpoints[api].routes[0]: got")
    assert "the route endpoints[api].networks[a].routes[0] has this destination and metric too" in found


def test_a_default_route_stands_alone_where_no_network_brings_one() -> None:
    inner = dict(A, internal=True)
    document = read_document(declare({"name": "a", "ipv4_address": "10.1.0.5"}, networks=[inner], routes=[{"destination": "0.0.0.0/0", "gateway": "10.1.0.9"}]))
    assert document.endpoints[0].routes == (StaticRoute("0.0.0.0/0", "10.1.0.9", interface="eth0"),)


def test_gateways_behind_wires_and_devices() -> None:
    wire = Wire("w", (WireEnd("api", interface_name="w0", addresses=("10.5.0.1/30", "fd05::1/64")), WireEnd("db", interface_name="w0")))
    device = Device("nic0", name="eth9", addresses=("192.0.2.5/24",))
    routes = (StaticRoute("10.6.0.0/16", "10.5.0.2"), StaticRoute("fd06::/64", "fd05::2"), StaticRoute("10.7.0.0/16", "192.0.2.1"))
    endpoint = Endpoint("api", "netns:api", devices=(device,), routes=routes)
    document = Document(endpoints=(endpoint, Endpoint("db", "netns:db")), links=(wire,))
    problems: List[Problem] = []
    check_document(document, problems=problems)
    assert problems == []
    assert [route.interface for route in lead_routes(document).endpoints[0].routes] == ["w0", "w0", "nic0"]


def test_a_routed_network_is_left_by_its_wire() -> None:
    assert {family: "%s/%d" % (gateway, WHOLE[family]) for family, gateway in GATEWAY.items()} == NEXT_DOOR
    network = RoutedNetwork("r", (Subnet("10.1.0.0/24"), Subnet("fd01::/64")))
    away = StaticRoute("10.9.0.0/16", "169.254.1.1"), StaticRoute("fd09::/64", "fe80::1"), StaticRoute("10.8.0.0/16", "10.1.0.1")
    endpoint = Endpoint("api", "netns:api", (Attachment("r", "10.1.0.5", "fd01::5", routes=away),), routes=(StaticRoute("0.0.0.0/0", type="blackhole"),))
    problems: List[Problem] = []
    check_routes(Scene(Document(networks=(network,), endpoints=(endpoint,)), "networks", "endpoints", frozenset(), problems))
    assert [(problem.path, problem.rule) for problem in problems] == [
        ("endpoints[api].networks[r].routes[2].gateway", 'its attachment to network "r" does not reach this gateway directly'),
        ("endpoints[api].routes[0]", 'the default route by network "r" has this destination and metric too'),
    ]


def test_two_networks_that_would_share_a_table() -> None:
    seen: Dict[int, str] = {}
    for number in count():
        name = "net%d" % number
        other = seen.setdefault(source_table("main", name), name)
        if other != name:
            break
    networks = [{"name": each, "ipam_config": [{"subnet": subnet}]} for each, subnet in ((other, "10.1.0.0/24"), (name, "10.2.0.0/24"))]
    (found,) = lines(declare(other, name, networks=networks))
    assert found.startswith("endpoints[api].networks[%s]" % name)
    assert 'source routing gives it the same routing table as network "%s"; rename one of the networks' % other in found
    read_document(declare(other, name, networks=networks, source_routing=False))


def test_tables_keep_clear_of_the_usual_numbers() -> None:
    tables = [source_table("main", "net%d" % number) for number in range(1000)]
    assert all(SOURCE_TABLES <= table < SOURCE_TABLES + 2**24 for table in tables)
    assert source_table("main", "web") != source_table("other", "web")
