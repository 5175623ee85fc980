# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a container runtime asks of the CNI plugin, read without trust."""

from __future__ import annotations

from typing import Any, Dict

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._boot.cni_call import ADD, CniError, answered_version, read_call, read_configuration

ENVIRONMENT = {"CNI_COMMAND": ADD, "CNI_CONTAINERID": "shop.1", "CNI_IFNAME": "eth0", "CNI_NETNS": "/run/netns/cni-1"}
CONFIG: Dict[str, Any] = {"cniVersion": "1.1.0", "name": "web", "type": "container-net"}


def test_what_is_not_said_has_its_default() -> None:
    call = read_call(ENVIRONMENT, CONFIG)
    assert (call.scope, call.network, call.configuration, call.container, call.interface, call.path) == (
        "main",
        "web",
        "web",
        "shop.1",
        "eth0",
        "/run/netns/cni-1",
    )
    assert (call.ipv4_address, call.ipv6_address, call.mac_address, call.ports, call.aliases) == (None, None, None, (), ())
    call = read_call(ENVIRONMENT, {**CONFIG, "scope": "shop", "network": "inner"})
    assert (call.scope, call.network, call.configuration) == ("shop", "inner", "web")


def test_who_asks_in_several_ways_gets_the_one_that_runtimes_prefer() -> None:
    config: Dict[str, Any] = {**CONFIG, "runtimeConfig": {"ips": ["10.0.0.2/24"], "mac": "02:00:00:00:00:02"}, "args": {"cni": {"ips": ["10.0.0.3"]}}}
    environment = {**ENVIRONMENT, "CNI_ARGS": "IP=10.0.0.4;MAC=02:00:00:00:00:04"}
    call = read_call(environment, config)
    assert (call.ipv4_address, call.mac_address) == ("10.0.0.2", "02:00:00:00:00:02")
    del config["runtimeConfig"]
    call = read_call(environment, config)
    assert (call.ipv4_address, call.mac_address) == ("10.0.0.3", "02:00:00:00:00:04")
    del config["args"]
    assert read_call(environment, config).ipv4_address == "10.0.0.4"


PORTS = [
    ({"hostPort": 8080, "containerPort": 80}, "8080:80/tcp"),
    ({"hostPort": 53, "containerPort": 53, "protocol": "UDP"}, "53:53/udp"),
    ({"hostPort": 80, "containerPort": 80, "hostIP": "192.0.2.1"}, "192.0.2.1:80:80/tcp"),
    ({"hostPort": 80, "containerPort": 80, "hostIP": "2001:db8::1"}, "[2001:db8::1]:80:80/tcp"),
    ({"hostPort": 80, "containerPort": 80, "hostIP": ""}, "80:80/tcp"),
]


@pytest.mark.parametrize(("mapping", "port"), PORTS)
def test_ports_are_those_of_the_declaration(mapping: Dict[str, Any], port: str) -> None:
    assert read_call(ENVIRONMENT, {**CONFIG, "runtimeConfig": {"portMappings": [mapping, mapping]}}).ports == (port,)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(CniError) as caught:
        read_call(ENVIRONMENT, {**CONFIG, "scope": "a/b", "dns": 5, "runtimeConfig": {"ips": [1], "mac": 2, "portMappings": 3, "aliases": 4}})
    assert caught.value.code == 7
    paths = ("scope", "dns", "runtimeConfig.ips[0]", "runtimeConfig.mac", "runtimeConfig.portMappings", "runtimeConfig.aliases")
    assert [path for path in paths if "- %s: got " % path not in caught.value.details] == []


@pytest.mark.parametrize(("text", "code"), [("", 5), (" \n", 5), ("{", 6), ("[]", 6), ("1", 6), ("null", 6)])
def test_a_configuration_is_a_map(text: str, code: int) -> None:
    with pytest.raises(CniError) as caught:
        read_configuration(text)
    assert caught.value.code == code


REFUSED = [
    ("ADD", {"cniVersion": "0.2.0"}, 1),
    ("ADD", {"cniVersion": 1}, 1),
    ("CHECK", {"cniVersion": "0.3.1"}, 1),
    ("GC", {"cniVersion": "1.0.0"}, 1),
    ("STATUS", {"cniVersion": "1.0.0"}, 1),
    ("ADD", {"bridge": "cni0"}, 2),
    ("ADD", {"runtimeConfig": {"ipRanges": []}}, 2),
    ("NEW", {}, 4),
    ("GC", {}, 7),
    ("CHECK", {}, 7),
]


@pytest.mark.parametrize(("command", "config", "code"), REFUSED)
def test_what_is_refused_has_the_number_of_the_specification(command: str, config: Dict[str, Any], code: int) -> None:
    with pytest.raises(CniError) as caught:
        read_call({**ENVIRONMENT, "CNI_COMMAND": command}, {**CONFIG, **config})
    assert caught.value.code == code


def test_a_removal_asks_for_little() -> None:
    call = read_call({**ENVIRONMENT, "CNI_COMMAND": "DEL", "CNI_NETNS": ""}, {**CONFIG, "bridge": "cni0", "runtimeConfig": {"mac": 5}, "prevResult": None})
    assert (call.command, call.container, call.path) == ("DEL", "shop.1", "")


def test_the_valid_ones_are_pairs() -> None:
    config = {**CONFIG, "cni.dev/valid-attachments": [{"containerID": "a", "ifname": "eth0"}, {"containerID": "b", "ifname": "eth1"}]}
    assert read_call({"CNI_COMMAND": "GC"}, config).valid == frozenset((("a", "eth0"), ("b", "eth1")))


def test_an_answer_has_the_version_of_the_question() -> None:
    assert [answered_version({"cniVersion": version}) for version in ("0.4.0", "1.1.0", "9.9.9", 5)] == ["0.4.0", "1.1.0", "1.1.0", "1.1.0"]
    assert read_call({"CNI_COMMAND": "VERSION"}, {"cniVersion": "0.3.1"}).version == "0.3.1"
