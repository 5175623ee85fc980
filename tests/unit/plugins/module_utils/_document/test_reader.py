# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Good input: defaults, canonical spelling, derived names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, List

import pytest
import yaml
from ansible_collections.netloom.container_net.plugins.module_utils._document.check import check_document
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document, read_endpoints, read_networks
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.bridge.network import BridgeNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.overlay.network import OverlayNetwork, Peer
from ansible_collections.netloom.container_net.plugins.module_utils._model import names
from ansible_collections.netloom.container_net.plugins.module_utils._model.addresses import derive_mac, derive_ula
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Document, PublishedPort
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Problem
from ansible_collections.netloom.container_net.plugins.module_utils._model.network import RemoteEndpoint, Subnet

CHOSEN = 0  # stands for a port of the host that nobody named


def read(text: str) -> Document:
    return read_document(yaml.safe_load(text))


def port_of(port: Any) -> PublishedPort:
    document = {
        "networks": [{"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]}],
        "endpoints": [{"name": "api", "container": {"netns": "api"}, "networks": ["web"], "ports": [port]}],
    }
    (found,) = read_document(document).endpoints[0].ports
    return found


def test_a_bare_bridge_has_every_default() -> None:
    (network,) = read("networks: [{name: web, ipam_config: [{subnet: 10.20.0.0/24}]}]").networks
    assert network == BridgeNetwork(name="web", subnets=(Subnet("10.20.0.0/24", "10.20.0.1"),), bridge_name="br-web")
    assert isinstance(network, BridgeNetwork)
    assert (network.masquerade, network.internal, network.enable_icc, network.hairpin, network.gateway_on_host) == (True, False, True, False, True)
    assert network.host_access == "established"


def test_every_key_of_a_bridge() -> None:
    (network,) = read(
        """
        networks:
          - name: web
            driver: bridge
            state: present
            ipam_config:
              - {subnet: 10.20.0.0/24, gateway: 10.20.0.254, ip_range: 10.20.0.128/25, aux_addresses: {printer: 10.20.0.5}}
              - {subnet: 10.21.0.0/24}
              - {subnet: "FD00:0020:0::/64"}
            mtu: 1400
            bridge_name: br0
            mac_address: "02:AA:00:00:00:01"
            masquerade: true
            snat_address: [192.0.2.1, "2001:DB8::1"]
            snat_address_elsewhere: true
            enable_icc: false
            gateway_on_host: false
            hairpin: true
            host_access: [53/udp, 53/tcp]
            trusted_interfaces: [wg0]
            labels: {team: net, note: ""}
        """
    ).networks
    assert network == BridgeNetwork(
        name="web",
        subnets=(
            Subnet("10.20.0.0/24", "10.20.0.254", "10.20.0.128/25", (("printer", "10.20.0.5"),)),
            Subnet("10.21.0.0/24", "10.21.0.1"),
            Subnet("fd00:20::/64", "fd00:20::1"),
        ),
        bridge_name="br0",
        mtu=1400,
        mac_address="02:aa:00:00:00:01",
        snat_addresses=("192.0.2.1", "2001:db8::1"),
        snat_elsewhere=True,
        enable_icc=False,
        gateway_on_host=False,
        hairpin=True,
        host_access=("53/udp", "53/tcp"),
        trusted_interfaces=("wg0",),
        labels={"team": "net", "note": ""},
    )


def test_every_key_of_an_overlay_which_has_no_gateway_unless_asked() -> None:
    (network,) = read(
        """
        networks:
          - name: mesh
            driver: overlay
            vni: 4200
            udp_port: 8472
            encryption: none
            control_plane: static
            vtep_address: 192.0.2.1
            underlay_interface: eth1
            vxlan_name: vx0
            bridge_name: br0
            ipam_config: [{subnet: 10.60.0.0/16}, {subnet: "fd60::/64", gateway: "fd60::9"}]
            peers: [{host: b.example.org, vtep: 192.0.2.2}]
            remote_endpoints: [{name: far, mac: "02:00:00:00:00:09", vtep: 192.0.2.2, addresses: [10.60.0.9, "fd60:0::a"]}]
        """
    ).networks
    assert network == OverlayNetwork(
        name="mesh",
        subnets=(Subnet("10.60.0.0/16"), Subnet("fd60::/64", "fd60::9")),
        bridge_name="br0",
        vxlan_name="vx0",
        vni=4200,
        udp_port=8472,
        vtep_address="192.0.2.1",
        underlay_interface="eth1",
        peers=(Peer("b.example.org", "192.0.2.2", foreign=True),),
        remote_endpoints=(RemoteEndpoint("far", "02:00:00:00:00:09", "192.0.2.2", ("10.60.0.9", "fd60::a")),),
    )


def test_the_fleet_reads_overlays_before_their_plan_exists() -> None:
    problems: List[Problem] = []
    networks = read_networks([{"name": "mesh", "driver": "overlay"}], path="fleet_networks", scope="main", problems=problems)
    endpoints = read_endpoints(
        [{"name": "api", "container": {"netns": "api"}, "networks": ["mesh"]}], path="fleet_endpoints", scope="main", networks=networks, problems=problems
    )
    check_document(Document(networks=networks, endpoints=endpoints), path_networks="fleet_networks", path_endpoints="fleet_endpoints", problems=problems)
    assert problems == []
    assert isinstance(networks[0], OverlayNetwork)
    assert (networks[0].vni, networks[0].vtep_address) == (0, "")
    assert endpoints[0].attachments[0].mac_address is None


def test_paths_begin_with_the_name_of_the_variable() -> None:
    problems: List[Problem] = []
    networks = read_networks([{"name": "web", "mtu": 1}, {"name": "ok"}], path="fleet_networks", scope="main", problems=problems)
    raw = [{"name": "api", "container": {"netns": "api"}, "networks": ["ok"], "ports": [1342]}]
    read_endpoints(raw, path="fleet_endpoints", scope="main", networks=networks, problems=problems)
    assert [problem.path for problem in problems] == ["fleet_networks[web].mtu", "fleet_endpoints[api].ports[0]"]


def test_ipv6_is_generated_where_it_is_wanted_without_a_subnet() -> None:
    (network,) = read("{scope: blue, networks: [{name: web, enable_ipv6: true, ipam_config: [{subnet: 10.0.0.0/24}]}]}").networks
    prefix = derive_ula("blue", "web")
    assert network.subnets[1] == Subnet(prefix, prefix.replace("::/64", "::1"))
    (given,) = read("networks: [{name: web, enable_ipv6: true, ipam_config: [{subnet: 'fd00::/64'}]}]").networks
    assert [subnet.subnet for subnet in given.subnets] == ["fd00::/64"]


def test_absent_things_are_left_out() -> None:
    document = read("{networks: [{name: a, driver: overlay, state: absent}, {name: b}], endpoints: [{name: x, state: absent}]}")
    assert [network.name for network in document.networks] == ["b"]
    assert document.endpoints == ()


def test_nothing_declared_is_fine() -> None:
    assert read_document({"networks": None, "endpoints": []}) == Document()


def test_an_endpoint_gets_addresses_macs_and_names() -> None:
    document = read(
        """
        networks:
          - {name: web, ipam_config: [{subnet: 10.20.0.0/24}, {subnet: "fd00:20::/64"}]}
          - {name: db, ipam_config: [{subnet: 10.21.0.0/24}]}
          - {name: l2}
          - {name: tap, ipam_config: [{subnet: 10.22.0.0/24}]}
        endpoints:
          - name: api
            container: {path: /run//ns/./api}
            networks:
              - db
              - {name: web, ipv4_address: 10.20.0.10, ipv6_address: "FD00:20:0::A", interface_name: eth0, host_interface_name: ve-api,
                 mac_address: "02:00:00:00:00:AA", aliases: [backend], gw_priority: -5, sysctls: {net.ipv4.conf.IFNAME.arp_notify: true}}
              - l2
              - {name: tap, ipam: none}
            sysctls: {net.ipv4.ip_unprivileged_port_start: 0, net.core.somaxconn: "512", net.ipv4.ip_local_port_range: "1024 65000"}
            labels: {a: b}
        """
    )
    (endpoint,) = document.endpoints
    db, web, l2, tap = endpoint.attachments
    assert endpoint.place == "path:/run/ns/api"
    assert (web.ipv4_address, web.ipv6_address, web.mac_address) == ("10.20.0.10", "fd00:20::a", "02:00:00:00:00:aa")
    assert (web.host_interface_name, web.aliases, web.gw_priority) == ("ve-api", ("backend",), -5)
    assert web.sysctls == (("net.ipv4.conf.IFNAME.arp_notify", "1"),)
    assert [item.interface_name for item in endpoint.attachments] == ["eth1", "eth0", "eth2", "eth3"]
    assert db.host_interface_name == names.host_interface_name("main", "api", "db")
    assert db.ipv4_address is not None
    assert db.ipv4_address.startswith("10.21.0.")
    assert db.ipv6_address is None
    assert db.mac_address == derive_mac("db", db.ipv4_address)
    assert (l2.addresses, l2.mac_address) == ((), derive_mac("l2", "api"))
    assert (tap.addresses, tap.mac_address) == ((), derive_mac("tap", "api"))
    assert endpoint.sysctls == (("net.core.somaxconn", "512"), ("net.ipv4.ip_local_port_range", "1024 65000"), ("net.ipv4.ip_unprivileged_port_start", "0"))


@pytest.mark.parametrize("number", [4711, "4711"])
def test_a_process_number_may_come_from_a_template(number: object) -> None:
    document = read_document({"endpoints": [{"name": "a", "container": {"pid": number}}]})
    assert document.endpoints[0].place == "pid:4711"


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("8080:80", PublishedPort(8080, 80)),
        ("8080:80/udp", PublishedPort(8080, 80, protocol="udp")),
        ("8000-8010:9000-9010/sctp", PublishedPort(8000, 9000, 11, "sctp")),
        ("192.0.2.10:8080:80", PublishedPort(8080, 80, host_ip="192.0.2.10")),
        ("0.0.0.0:8080:80", PublishedPort(8080, 80, host_ip="0.0.0.0")),
        ("127.0.0.1:8080:80", PublishedPort(8080, 80, host_ip="127.0.0.1")),
        ("127.0.0.5::53/udp", PublishedPort(CHOSEN, 53, protocol="udp", host_ip="127.0.0.5")),
        ("[2001:DB8::1]:8080:80", PublishedPort(8080, 80, host_ip="2001:db8::1")),
        ({"published": 8443, "target": 443}, PublishedPort(8443, 443)),
        ("80", PublishedPort(CHOSEN, 80)),
        ("80/udp", PublishedPort(CHOSEN, 80, protocol="udp")),
        ("8000-8010", PublishedPort(CHOSEN, 8000, 11)),
        ("192.0.2.1::80", PublishedPort(CHOSEN, 80, host_ip="192.0.2.1")),
        ("[FD00::2]::80-81/sctp", PublishedPort(CHOSEN, 80, 2, "sctp", "fd00::2")),
        ({"target": "80-81", "protocol": "udp"}, PublishedPort(CHOSEN, 80, 2, "udp")),
        ({"published": "8000-8001", "target": "80-81", "protocol": "udp"}, PublishedPort(8000, 80, 2, "udp")),
        (
            {"published": 8443, "target": 443, "host_ip": "192.0.2.10", "allowed_sources": ["198.51.100.0/24", "203.0.113.7"]},
            PublishedPort(8443, 443, host_ip="192.0.2.10", allowed_sources=("198.51.100.0/24", "203.0.113.7/32")),
        ),
    ],
)
def test_ports(port: Any, expected: PublishedPort) -> None:
    found = port_of(port)
    assert found.given == (expected.published == CHOSEN)
    assert (replace(found, published=CHOSEN) if found.given else found) == expected


def test_a_port_written_back_reads_the_same() -> None:
    for text in ("8080:80/tcp", "8000-8010:80-90/udp", "192.0.2.1:53:53/udp", "[fd00::1]:53:53/udp"):
        assert str(port_of(text)) == text


@pytest.mark.parametrize(
    "ports",
    [
        pytest.param(["53:53/udp", "53:53/tcp"], id="protocols"),
        pytest.param(["192.0.2.1:80:80", "192.0.2.2:80:80"], id="addresses"),
        pytest.param(["0.0.0.0:80:80", "[::]:80:80"], id="families"),
        pytest.param(["8000-8010:80-90", "8011-8020:91-100", "7990-7999:1-10"], id="neighbouring ranges"),
    ],
)
def test_ports_that_do_not_clash(ports: List[str]) -> None:
    document = {
        "networks": [{"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]}],
        "endpoints": [{"name": "api", "container": {"netns": "api"}, "networks": ["web"], "ports": ports}],
    }
    assert len(read_document(document).endpoints[0].ports) == len(ports)


def test_neighbouring_subnets_and_one_vni_on_two_ports_are_fine() -> None:
    overlay: Dict[str, Any] = {"driver": "overlay", "vni": 5, "vtep_address": "192.0.2.1"}
    networks = [
        {"name": "a", "ipam_config": [{"subnet": "10.0.0.0/25"}]},
        {"name": "b", "ipam_config": [{"subnet": "10.0.0.128/25"}]},
        {**overlay, "name": "c"},
        {**overlay, "name": "d", "udp_port": 4790},
    ]
    assert len(read_document({"networks": networks}).networks) == 4


def test_the_same_names_in_two_scopes_give_different_interfaces() -> None:
    text = "networks: [{name: web}]\nendpoints: [{name: api, container: {netns: api}, networks: [web]}]\nscope: %s"
    first, second = (read(text % scope).endpoints[0].attachments[0].host_interface_name for scope in ("blue", "green"))
    assert first != second


def test_twenty_thousand_endpoints_are_read_whole() -> None:
    endpoints = [
        {"name": "e%d" % index, "container": {"netns": "n%d" % index}, "networks": ["web"], "ports": ["%d:80" % (1024 + index)]} for index in range(20000)
    ]
    document = read_document({"networks": [{"name": "web", "ipam_config": [{"subnet": "10.0.0.0/15"}]}], "endpoints": endpoints})
    assert len({endpoint.attachments[0].ipv4_address for endpoint in document.endpoints}) == 20000
    assert len({endpoint.attachments[0].mac_address for endpoint in document.endpoints}) == 20000


def test_an_integer_may_be_its_decimal_text() -> None:
    """As a template of ansible-core 2.18 hands it over; what a document says is the same either way."""

    def given(quote: Callable[[int], object]) -> Dict[str, Any]:
        web = {"name": "web", "mtu": quote(1400), "ageing_time": quote(0), "vlan_filtering": True, "ipam_config": [{"subnet": "10.20.0.0/24"}]}
        mesh = {"name": "mesh", "driver": "overlay", "vni": quote(42), "udp_port": quote(8472), "vtep_address": "192.0.2.1"}
        places = [{"name": "web", "gw_priority": quote(-5), "vlan": quote(10), "trunk": [quote(20)]}]
        routes = [{"destination": "10.9.0.0/16", "gateway": "10.20.0.9", "metric": quote(7)}]
        api = {"name": "api", "container": {"pid": quote(4711)}, "networks": places, "routes": routes}
        return {"networks": [web, {**mesh, "ipam_config": [{"subnet": "10.60.0.0/16"}]}], "endpoints": [api]}

    assert read_document(given(str)) == read_document(given(int))
