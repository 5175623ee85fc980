# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declaration against the facts of a host."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
import yaml
from ansible_collections.netloom.container_net.plugins.module_utils._document.host import check_host
from ansible_collections.netloom.container_net.plugins.module_utils._document.on_host import check_host_networks
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.base import HostView
from ansible_collections.netloom.container_net.plugins.module_utils._model.connection import Connection
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Problem
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Route
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import HOST
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts, Way
from ansible_collections.netloom.container_net.plugins.module_utils._model.translation import Holdings

FACTS: Dict[str, Any] = {
    "addresses": [("lo", "127.0.0.1/8"), ("lo", "::1/128"), ("eth0", "192.0.2.10/24"), ("eth1", "198.51.100.10/24"), ("eth0", "fe80::1/64")],
    "routes": [("default", "eth0"), ("0.0.0.0/0", "eth0"), ("192.0.2.0/24", "eth0"), ("198.51.100.0/24", "eth1"), ("172.30.0.0/16", "tun0")],
    "links": {"lo": None, "eth0": None, "eth1": "uplink of rack 4", "tun0": None},
    "ssh_peer": "203.0.113.200",
    "ipv6_enabled": True,
    "listening": [("tcp", "0.0.0.0", 22), ("tcp", "127.0.0.1", 5432), ("udp", "::", 53), ("tcp", "198.51.100.10", 443)],
    "ssh_port": 22,
}
WEB = "networks: [{name: web, ipam_config: [{subnet: 10.20.0.0/24}, {subnet: 'fd00:20::/64'}]}]\n"
SUBNET = "networks: [{name: web, ipam_config: [{subnet: %s}]}]"
PORT = WEB + "endpoints: [{name: api, container: {netns: api}, networks: [web], ports: ['%s']}]"
NONLOCAL = PORT.replace("'%s'", "{published: 8080, target: 80, host_ip: 192.0.2.99, host_ip_nonlocal: true}")
WIRE = "{endpoints: [{name: a, container: {netns: a}}], links: [{name: w, ends: [{endpoint: a}, {host: true, interface_name: adm0, addresses: ['%s']}]}]}"
MESH = "networks: [{name: mesh, driver: overlay, vni: 5, vtep_address: %s, ipam_config: [{subnet: 10.60.0.0/16}]%s}]"


def lines(text: str, **changes: Any) -> List[str]:
    known = {**FACTS, **changes}
    facts = Facts(
        addresses=tuple(known["addresses"]),
        entries=tuple(Route(HOST, destination, device=device) for destination, device in known["routes"]),
        links={name: Link(HOST, name, alias=alias) for name, alias in known["links"].items()},
        ipv6=known["ipv6_enabled"],
        holdings=Holdings(tuple(known["addresses"]), tuple(known["listening"])),
        ways=known.get("ways", ()),
    )
    connection = Connection(known["ssh_peer"], known["ssh_port"])
    document = read_document(yaml.safe_load(text))
    problems: List[Problem] = []
    others = {name: known[name] for name in ("name_process",) if name in known}
    check_host(HostView(document, facts, problems, connection, known.get("allow_management", False), **others))
    check_host_networks(HostView(document, facts, problems, allow_management=True))
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        pytest.param(
            SUBNET % "192.0.2.0/26",
            {},
            'networks[web].ipam_config[0].subnet: got string "192.0.2.0/26": '
            'network "web" overlaps the host\'s address 192.0.2.10/24 on eth0; choose another subnet',
            id="more specific than the LAN",
        ),
        pytest.param(
            SUBNET % "172.16.0.0/12",
            {},
            'networks[web].ipam_config[0].subnet: got string "172.16.0.0/12": '
            'network "web" overlaps the host\'s route 172.30.0.0/16 by tun0; choose another subnet',
            id="route",
        ),
        pytest.param(
            SUBNET % "203.0.113.0/24",
            {},
            'networks[web].ipam_config[0].subnet: got string "203.0.113.0/24": would make controller 203.0.113.200 unreachable; '
            "use another one or set allow_management: true",
            id="controller",
        ),
        pytest.param(
            "networks: [{name: web, ipam_config: [{subnet: 'fd00::/64'}]}]",
            {"ipv6_enabled": False},
            'networks[web].ipam_config[0].subnet: got string "fd00::/64": IPv6 is disabled on this host (net.ipv6.conf.*.disable_ipv6); '
            "enable it or remove the subnet",
            id="ipv6 disabled",
        ),
        pytest.param(
            PORT % "192.0.2.99:8080:80",
            {},
            'endpoints[api].ports[0]: got string "192.0.2.99:8080:80/tcp": host_ip 192.0.2.99 is no address of this host; it has 192.0.2.10, 198.51.100.10; '
            "or set host_ip_nonlocal: true",
            id="host_ip",
        ),
        pytest.param(
            PORT % "127.0.0.1:5432:80",
            {},
            'endpoints[api].ports[0]: got string "127.0.0.1:5432:80/tcp": a process on this host listens on 127.0.0.1 port 5432 (tcp); '
            "stop it or choose another port",
            id="port in use at loopback",
        ),
        pytest.param(
            PORT % "127.0.0.1:8000:80",
            {"listening": [("tcp", "0.0.0.0", 8000)]},
            'endpoints[api].ports[0]: got string "127.0.0.1:8000:80/tcp": a process on this host listens on 0.0.0.0 port 8000 (tcp); '
            "stop it or choose another port",
            id="port at loopback in use everywhere",
        ),
        pytest.param(
            PORT % "5353-5400:53-100/udp",
            {"listening": [("udp", "0.0.0.0", 5360)]},
            'endpoints[api].ports[0]: got string "5353-5400:53-100/udp": a process on this host listens on 0.0.0.0 port 5360 (udp); '
            "stop it or choose another port",
            id="port in use",
        ),
        pytest.param(
            PORT % "192.0.2.10:53:53/udp",
            {},
            'endpoints[api].ports[0]: got string "192.0.2.10:53:53/udp": a process on this host listens on :: port 53 (udp); stop it or choose another port',
            id="port in use by a dual-stack socket",
        ),
        pytest.param(
            PORT % "0.0.0.0:443:443",
            {},
            'endpoints[api].ports[0]: got string "0.0.0.0:443:443/tcp": a process on this host listens on 198.51.100.10 port 443 (tcp); '
            "stop it or choose another port",
            id="port in use on one address",
        ),
        pytest.param(
            PORT % "20-30:20-30",
            {},
            'endpoints[api].ports[0]: got string "20-30:20-30/tcp": port 22 is how this host is reached by SSH; '
            "add a host_ip SSH does not use, or set allow_management: true",
            id="ssh port",
        ),
        pytest.param(
            PORT % "192.0.2.10:22:22",
            {},
            'endpoints[api].ports[0]: got string "192.0.2.10:22:22/tcp": a process on this host listens on 0.0.0.0 port 22 (tcp); '
            "stop it or choose another port",
            id="ssh port on an address sshd takes",
        ),
        pytest.param(
            MESH % ("192.0.2.77", ""),
            {},
            'networks[mesh].vtep_address: got string "192.0.2.77": no interface of this host has this address; it has 192.0.2.10, 198.51.100.10',
            id="vtep on no interface",
        ),
        pytest.param(
            MESH % ("192.0.2.10", ", underlay_interface: eth1"),
            {},
            'networks[mesh].underlay_interface: got string "eth1": vtep_address 192.0.2.10 is on eth0; correct one of the two',
            id="vtep on another interface",
        ),
        pytest.param(
            MESH % ("192.0.2.10", ", underlay_interface: eth7"),
            {},
            'networks[mesh].underlay_interface: got string "eth7": no such interface on this host; correct or remove it',
            id="underlay missing",
        ),
        pytest.param(
            "networks: [{name: mesh, driver: overlay, vni: 5, vtep_address: 192.0.2.10}, {name: web, ipam_config: [{subnet: 192.0.2.128/25}]}]",
            {},
            'networks[web].ipam_config[0].subnet: got string "192.0.2.128/25": network "web" overlaps the underlay 192.0.2.10/24 of overlay "mesh"; '
            "choose another subnet",
            id="underlay",
        ),
        pytest.param(
            WIRE % "192.0.2.129/25",
            {},
            'links[w].ends[1].addresses: got string "192.0.2.129/25": link "w" overlaps the host\'s address 192.0.2.10/24 on eth0; choose another address',
            id="wire on the LAN",
        ),
        pytest.param(
            WIRE % "192.0.2.10/32",
            {},
            'links[w].ends[1].addresses: got string "192.0.2.10/32": link "w" overlaps the host\'s address 192.0.2.10/24 on eth0; choose another address',
            id="wire with the host's own address",
        ),
        pytest.param(
            WIRE % "172.31.0.1/12",
            {},
            'links[w].ends[1].addresses: got string "172.31.0.1/12": link "w" overlaps the host\'s route 172.30.0.0/16 by tun0; choose another address',
            id="wire and a route",
        ),
        pytest.param(
            WIRE % "10.9.0.1/24",
            {"ways": (Way("10.9.0.0/16", ("tun1",), 200, ahead=True),)},
            'links[w].ends[1].addresses: got string "10.9.0.1/24": link "w" is out of the host\'s reach: '
            "every packet asks the host's route 10.9.0.0/16 by tun1 in table 200 first; choose another address",
            id="wire and a table that is asked first",
        ),
        pytest.param(
            WIRE % "203.0.113.1/24",
            {},
            'links[w].ends[1].addresses: got string "203.0.113.1/24": would make controller 203.0.113.200 unreachable; '
            "use another one or set allow_management: true",
            id="wire and the controller",
        ),
        pytest.param(
            WIRE % "fd09::1/64",
            {"ipv6_enabled": False},
            'links[w].ends[1].addresses: got string "fd09::1/64": IPv6 is disabled on this host (net.ipv6.conf.*.disable_ipv6); '
            "enable it or remove the address",
            id="wire with ipv6 disabled",
        ),
    ],
)
def test_refused(text: str, changes: Dict[str, Any], expected: str) -> None:
    assert lines(text, **changes) == [expected]
    assert len(expected) < 200


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        pytest.param(WEB, {}, id="free subnet"),
        pytest.param(WIRE % "10.9.0.1/24", {}, id="free wire"),
        pytest.param(WIRE % "192.0.2.1/24", {"addresses": [("adm0", "192.0.2.1/24")], "routes": [("192.0.2.0/24", "adm0")]}, id="wire, second run"),
        pytest.param(
            WIRE % "10.9.0.1/24",
            {"addresses": [("old0", "10.9.0.1/24")], "links": {"old0": "container-net:main:link:w"}},
            id="wire under another name",
        ),
        pytest.param(SUBNET % "10.20.0.0/24", {"addresses": [("br-web", "10.20.0.1/24")], "routes": [("10.20.0.0/24", "br-web")]}, id="second run"),
        pytest.param(
            SUBNET % "10.20.0.0/24",
            {"addresses": [("br-old", "10.20.0.1/24")], "links": {"br-old": "container-net:main:network:old"}},
            id="taken over from a network this scope no longer has",
        ),
        pytest.param(SUBNET % "10.20.0.0/24", {"addresses": [("br-web", "10.20.0.1/24")], "ssh_peer": "10.20.0.7"}, id="controller inside the network already"),
        pytest.param(SUBNET % "203.0.113.0/24", {"allow_management": True}, id="controller, allowed"),
        pytest.param(SUBNET % "172.30.1.0/24", {"allow_management": True}, id="route, allowed"),
        pytest.param(SUBNET % "203.0.113.0/24", {"ssh_peer": None}, id="no controller"),
        pytest.param(PORT % "22:22", {"allow_management": True}, id="ssh port, allowed"),
        pytest.param(PORT % "22:22/udp", {}, id="ssh port of another protocol"),
        pytest.param(PORT % "198.51.100.10:22:22", {"listening": [("tcp", "192.0.2.10", 22)]}, id="ssh port on an address sshd does not take"),
        pytest.param(PORT % "5432:5432", {}, id="listener on loopback only"),
        pytest.param(PORT % "127.0.0.7:5432:5432", {}, id="listener on another address of loopback"),
        pytest.param(NONLOCAL, {}, id="host_ip that comes later"),
        pytest.param(PORT % "192.0.2.10:443:443", {}, id="listener on another address"),
        pytest.param(PORT % "[::]:443:443", {}, id="listener of the other family"),
        pytest.param(PORT % "53:53", {}, id="listener of another protocol"),
        pytest.param(MESH % ("192.0.2.10", ", underlay_interface: eth0"), {}, id="vtep"),
        pytest.param(SUBNET % "10.20.0.0/24", {"ipv6_enabled": False}, id="ipv4 only without ipv6"),
    ],
)
def test_accepted(text: str, changes: Dict[str, Any]) -> None:
    assert lines(text, **changes) == []


def test_another_scope_is_foreign() -> None:
    facts = {"addresses": [("br-old", "10.20.0.1/24")], "links": {"br-old": "container-net:other:network:old"}}
    assert lines(SUBNET % "10.20.0.0/24", **facts) == [
        'networks[web].ipam_config[0].subnet: got string "10.20.0.0/24": '
        'network "web" overlaps the host\'s address 10.20.0.1/24 on br-old; choose another subnet'
    ]


def test_allow_management_does_not_share_an_address_of_the_host() -> None:
    assert len(lines(SUBNET % "192.0.2.0/24", allow_management=True)) == 1
