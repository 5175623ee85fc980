# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What engines print of networks and containers, translated and then read by the reader of declarations."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.netloom.container_net.plugins.filter.from_inspect import from_inspect
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document

BRIDGE_OPTIONS = {"com.docker.network.bridge.name": "br-shop", "com.docker.network.driver.mtu": "1400", "com.docker.network.bridge.other": "x"}


def docker_network(name: str = "shop", **keys: Any) -> Dict[str, Any]:
    config = [{"Subnet": "172.18.0.0/16", "IPRange": "172.18.5.0/24", "Gateway": "172.18.0.1", "AuxiliaryAddresses": {"printer": "172.18.0.9"}}]
    plain = {"Name": name, "Id": "8f5c", "Scope": "local", "Driver": "bridge", "EnableIPv4": True, "EnableIPv6": False, "Internal": False}
    more = {"Attachable": False, "Ingress": False, "ConfigFrom": {"Network": ""}, "ConfigOnly": False, "Containers": {}, "Options": {}, "Labels": {}}
    return {**plain, **more, "IPAM": {"Driver": "default", "Options": None, "Config": config}, **keys}


def docker_container(name: str, networks: Dict[str, Dict[str, Any]], mode: str = "shop", **host: Any) -> Dict[str, Any]:
    return {
        "Id": "4b1d" + name,
        "Name": "/" + name,
        "HostConfig": {"NetworkMode": mode, "PortBindings": {}, **host},
        "Config": {"Labels": {}},
        "NetworkSettings": {"Ports": {}, "Networks": networks},
    }


def podman_network(**keys: Any) -> Dict[str, Any]:
    subnets = [{"subnet": "10.89.0.0/24", "gateway": "10.89.0.1", "lease_range": {"start_ip": "10.89.0.100", "end_ip": "10.89.0.200"}}]
    plain = {"name": "shop", "id": "5a1b", "driver": "bridge", "network_interface": "podman1", "created": "2026-01-01T00:00:00Z", "subnets": subnets}
    return {**plain, "ipv6_enabled": False, "internal": False, "dns_enabled": True, "ipam_options": {"driver": "host-local"}, "containers": {}, **keys}


def translated(*items: Dict[str, Any]) -> Dict[str, Any]:
    found = from_inspect(list(items))
    read_document({key: found[key] for key in ("networks", "endpoints")})
    return found


def noted(found: Dict[str, Any]) -> List[str]:
    return [note["path"] for note in found["untranslated"]]


def test_a_network_of_docker() -> None:
    found = translated(docker_network(Options=BRIDGE_OPTIONS, Labels={"team": "shop"}, Internal=True))
    subnet = {"subnet": "172.18.0.0/16", "ip_range": "172.18.5.0/24", "gateway": "172.18.0.1", "aux_addresses": {"printer": "172.18.0.9"}}
    expected = {"name": "shop", "ipam_config": [subnet], "internal": True, "bridge_name": "br-shop", "mtu": 1400, "labels": {"team": "shop"}}
    assert found["networks"] == [expected]
    assert found["endpoints"] == []
    assert noted(found) == ["networks.shop.driver_opts.com.docker.network.bridge.other"]


def test_a_container_of_docker_keeps_its_addresses_and_ports() -> None:
    bindings = {
        "80/tcp": [{"HostIp": "", "HostPort": "8080"}, {"HostIp": "192.0.2.1", "HostPort": "8081"}],
        "53/udp": [{"HostIp": "", "HostPort": ""}],
        "9/tcp": None,
    }
    joined = {"shop": {"IPAddress": "172.18.5.2", "Aliases": ["api", "www", "4b1da"]}}
    api = docker_container("api", joined, PortBindings=bindings, Sysctls={"net.core.somaxconn": "9"})
    api["NetworkSettings"]["Ports"] = {"53/udp": [{"HostIp": "0.0.0.0", "HostPort": "32768"}, {"HostIp": "::", "HostPort": "32768"}], "80/tcp": None}
    api["Config"]["Labels"] = {"team": "shop", "empty": ""}
    (endpoint,) = translated(docker_network(), api)["endpoints"]
    assert endpoint == {
        "name": "api",
        "container": {"docker": "api"},
        "labels": {"team": "shop", "empty": ""},
        "networks": [{"name": "shop", "ipv4_address": "172.18.5.2", "aliases": ["api", "www"]}],
        "ports": [
            {"target": "80", "published": "8080"},
            {"target": "80", "published": "8081", "host_ip": "192.0.2.1"},
            {"target": "53", "published": "32768", "protocol": "udp"},
        ],
        "sysctls": {"net.core.somaxconn": "9"},
    }


def test_the_engines_own_networks_are_left_out() -> None:
    own = [docker_network(name, Driver=driver) for name, driver in (("bridge", "bridge"), ("host", "host"), ("none", "null"), ("docker_gwbridge", "bridge"))]
    old = docker_container("old", {"bridge": {"IPAddress": "172.17.0.2"}}, mode="default")
    found = translated(*own, docker_network(), docker_network("ingress", Driver="overlay", Ingress=True), docker_network("base", ConfigOnly=True), old)
    assert [network["name"] for network in found["networks"]] == ["shop"]
    assert found["endpoints"] == []
    left = ["networks.%s" % name for name in ("bridge", "host", "none", "docker_gwbridge", "ingress", "base")]
    assert noted(found) == [*left, "services.old"]


def test_modes_and_who_shares_a_namespace() -> None:
    api = docker_container("api", {"shop": {"IPAddress": "172.18.5.2"}})
    beside = docker_container("log", {}, mode="container:" + api["Id"])
    stranger = docker_container("gone", {}, mode="container:77aa")
    others = [docker_container("closed", {"none": {}}, mode="none"), docker_container("open", {"host": {}}, mode="host")]
    found = translated(docker_network(), api, beside, stranger, *others)
    assert {entry["name"]: entry.get("network_mode") for entry in found["endpoints"]} == {"api": None, "log": "container:api", "closed": "none", "open": "host"}
    assert noted(found) == ["services.gone.network_mode"]


def test_whom_only_a_network_tells_of() -> None:
    members = {"1f": {"Name": "api", "MacAddress": "02:42:ac:12:00:02", "IPv4Address": "172.18.5.2/16", "IPv6Address": ""}}
    both = docker_network("back", Containers={"1f": {**members["1f"], "IPv4Address": "172.19.0.2/16"}})
    both["IPAM"] = {"Config": [{"Subnet": "172.19.0.0/16"}]}
    found = translated(docker_network(Containers=members), both)
    networks = [{"name": "shop", "ipv4_address": "172.18.5.2"}, {"name": "back", "ipv4_address": "172.19.0.2"}]
    assert found["endpoints"] == [{"name": "api", "container": {"docker": "api"}, "networks": networks}]
    assert noted(found) == ["services.api.ports"]


def test_a_network_that_is_not_told_of() -> None:
    found = translated(docker_network(), docker_container("api", {"shop": {"IPAddress": "172.18.5.2"}, "back": {"IPAddress": "172.19.0.2"}}))
    assert [item["name"] for item in found["endpoints"][0]["networks"]] == ["shop"]
    assert noted(found) == ["services.api.networks.back"]


def test_networks_and_containers_of_podman() -> None:
    interfaces = {"eth0": {"subnets": [{"ipnet": "10.89.0.101/24", "gateway": "10.89.0.1"}], "mac_address": "9a:00:00:00:00:01"}}
    api = docker_container("api", {"shop": {"IPAddress": "10.89.0.100", "Aliases": ["4b1da"]}}, mode="bridge", PortBindings={"80/tcp": [{"HostPort": "8080"}]})
    api["Name"] = "api"
    found = translated(podman_network(options={"mtu": "1400"}, containers={"2e": {"name": "db", "interfaces": interfaces}}), api)
    subnet = {"subnet": "10.89.0.0/24", "ip_range": "10.89.0.100-10.89.0.200", "gateway": "10.89.0.1"}
    assert found["networks"] == [{"name": "shop", "ipam_config": [subnet], "mtu": 1400, "bridge_name": "podman1"}]
    assert found["endpoints"] == [
        {
            "name": "api",
            "container": {"podman": "api"},
            "networks": [{"name": "shop", "ipv4_address": "10.89.0.100"}],
            "ports": [{"target": "80", "published": "8080"}],
        },
        {"name": "db", "container": {"podman": "db"}, "networks": [{"name": "shop", "ipv4_address": "10.89.0.101"}]},
    ]
    assert noted(found) == ["networks.shop.dns_enabled", "services.db.ports"]


def test_a_macvlan_of_podman_stands_on_its_parent() -> None:
    (network,) = translated(podman_network(driver="macvlan", network_interface="eth1", dns_enabled=False))["networks"]
    assert (network["driver"], network["parent"]) == ("macvlan", "eth1")


def test_text_is_taken_as_well() -> None:
    assert from_inspect(json.dumps([docker_network()])) == from_inspect([docker_network()]) == from_inspect(docker_network())


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("no JSON", "inspect: got null: not JSON"),
        ("[]", "inspect: got list of 0: neither networks nor containers are told of; give what `docker network inspect`"),
        (["x"], "inspect[0]: got string"),
        ([{"Image": "x"}], "inspect[0]: got list of 1: neither a network nor a container"),
        (7, 'inspect: got integer "7": expected a list'),
        ([docker_network(), podman_network()], "two engines"),
        ([docker_network(IPAM={"Config": [7]})], 'networks.shop.IPAM.Config: got integer "7": expected a map; give what `docker network inspect`'),
    ],
)
def test_what_is_no_answer_of_an_engine_is_refused(content: object, rule: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        from_inspect(content)
    assert rule in str(caught.value)
