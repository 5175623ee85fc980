# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Podman and netavark ask of the plugin, read without trust. What is refused is shown in tests/functional/test_netavark.py."""

from __future__ import annotations

from typing import Any, Dict

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._boot.netavark_call import read_member, read_network

NETWORK: Dict[str, Any] = {"name": "web", "id": "2f25", "driver": "container-net", "dns_enabled": True, "internal": False}
MEMBER: Dict[str, Any] = {"container_id": "shop.1", "network": NETWORK, "network_options": {"interface_name": "eth0"}}
PATH = "/run/netns/netns-1"


def read(**more: Any) -> Any:
    return read_member("setup", {**MEMBER, **more}, PATH, leaves=False)


def test_what_is_not_said_has_its_default() -> None:
    call = read_network(NETWORK)
    assert (call.scope, call.network, call.slot, call.configuration) == ("main", "web", "", "web")
    call = read()
    assert (call.scope, call.network, call.slot, call.container, call.interface, call.path) == ("main", "web", "", "shop.1", "eth0", PATH)
    assert (call.ipv4_address, call.ipv6_address, call.mac_address, call.ports, call.aliases) == (None, None, None, (), ())


def test_options_name_what_is_meant_and_a_container_may_name_its_slot() -> None:
    network = {**NETWORK, "options": {"scope": "shop", "network": "mesh", "slot": "one"}}
    call = read_network(network)
    assert (call.scope, call.network, call.slot, call.configuration) == ("shop", "mesh", "one", "web")
    assert read(network=network).slot == "one"
    assert read(network=network, network_options={"interface_name": "eth0", "options": {"slot": "two"}}).slot == "two"
    # A name of Podman's that is none of ours is no fault where the network is named.
    assert read_network({**NETWORK, "name": "Web of all", "options": {"network": "web"}}).network == "web"


def test_who_leaves_is_asked_for_nothing_else() -> None:
    call = read_member("teardown", {**MEMBER, "port_mappings": "?", "network_options": {"interface_name": "eth0", "static_ips": "?"}}, PATH, leaves=True)
    assert (call.container, call.interface, call.ports) == ("shop.1", "eth0", ())


PORTS = [
    ({"host_port": 8080, "container_port": 80}, ("8080:80/tcp",)),
    ({"host_port": 8080, "container_port": 80, "protocol": "", "host_ip": "", "range": 0}, ("8080:80/tcp",)),
    ({"host_port": 53, "container_port": 53, "protocol": "TCP,udp"}, ("53:53/tcp", "53:53/udp")),
    ({"host_port": 8000, "container_port": 80, "range": 3}, ("8000-8002:80-82/tcp",)),
    ({"host_port": 80, "container_port": 80, "host_ip": "2001:db8::1"}, ("[2001:db8::1]:80:80/tcp",)),
]


@pytest.mark.parametrize(("mapping", "ports"), PORTS)
def test_ports_are_those_of_the_declaration(mapping: Dict[str, Any], ports: Any) -> None:
    assert read(port_mappings=[mapping, mapping]).ports == ports
