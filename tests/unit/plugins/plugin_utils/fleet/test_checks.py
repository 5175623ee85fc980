# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every rule of the whole fleet: one fault gives one line, with the variable path that caused it."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock import Lock
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.members import list_members
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.reading import HostVariables
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.unprobed import list_unprobed
from fleets import MESH, WEB, endpoint, host, plan, problems

OTHER = {"name": "other", "driver": "overlay", "ipam_config": [{"subnet": "10.70.0.0/16"}]}


def on_mesh(name: str, **options: Any) -> Any:
    return endpoint(name, dict({"name": "mesh"}, **options))


def mesh(**options: Any) -> Any:
    return dict(MESH, **options)


ONE_LINE = {
    "address twice": (
        [host(1, on_mesh("a", ipv4_address="10.60.0.5")), host(2, on_mesh("b", ipv4_address="10.60.0.5"))],
        'hostvars[h2].fleet_endpoints[b].networks[mesh].ipv4_address: got string "10.60.0.5": endpoint a of host h1 has the same on overlay mesh',
    ),
    "address twice, written two ways": (
        [host(1, on_mesh("a", ipv6_address="fd00:60::5")), host(2, on_mesh("b", ipv6_address="FD00:60:0::5"))],
        "hostvars[h2].fleet_endpoints[b].networks[mesh].ipv6_address: ",
    ),
    "further address twice": (
        [host(1, on_mesh("a", ipv4_address="10.60.0.5")), host(2, on_mesh("b", addresses=["10.60.0.6", "10.60.0.5/32"]))],
        'hostvars[h2].fleet_endpoints[b].networks[mesh].addresses: got string "10.60.0.5": endpoint a of host h1 has the same on overlay mesh',
    ),
    "MAC twice": (
        [host(1, on_mesh("a", mac_address="02:00:00:00:00:01")), host(2, on_mesh("b", mac_address="02:00:00:00:00:01"))],
        "hostvars[h2].fleet_endpoints[b].networks[mesh].mac_address: ",
    ),
    "name twice": (
        [host(1, on_mesh("a")), host(2, on_mesh("a"))],
        'hostvars[h2].fleet_endpoints[a].networks[mesh]: got string "a": host h1 has an endpoint of the same name on overlay mesh',
    ),
    "VNI twice": ([host(1, networks=[mesh(vni=5), dict(OTHER, vni=5)])], "fleet_networks[other].vni: "),
    "VNI twice, other port": ([host(1, networks=[mesh(vni=5), dict(OTHER, vni=5, udp_port=8472)])], "fleet_networks[other].vni: got integer"),
    "VNI twice, other host": (
        [host(1, networks=[mesh(vni=5)]), host(2, networks=[dict(OTHER, vni=5)])],
        'hostvars[h2].fleet_networks[other].vni: got integer "5": overlay mesh has the same VNI',
    ),
    "other subnet": (
        [host(1), host(2, networks=[mesh(ipam_config=[{"subnet": "10.61.0.0/16"}])])],
        'hostvars[h2].fleet_networks[mesh].ipam_config: got string "10.61.0.0/16": differs from host h1, which has 10.60.0.0/16, fd00:60::/64',
    ),
    "other VNI": (
        [host(1, networks=[mesh(vni=5)]), host(2, networks=[mesh()])],
        "hostvars[h2].fleet_networks[mesh].vni: got null: differs from host h1, which has 5",
    ),
    "other port": ([host(1), host(2, networks=[mesh(udp_port=8472)])], "hostvars[h2].fleet_networks[mesh].udp_port: "),
    "other MTU": ([host(1), host(2, networks=[mesh(mtu=1400)])], "hostvars[h2].fleet_networks[mesh].mtu: "),
    "other peers": (
        [host(1), host(2, networks=[mesh(peers=[{"host": "x", "vtep": "192.0.2.9"}])])],
        'hostvars[h2].fleet_networks[mesh].peers: got string "192.0.2.9": differs from host h1, which has none',
    ),
    "other driver": (
        [host(1), host(2, networks=[{"name": "mesh", "ipam_config": [{"subnet": "10.99.0.0/24"}]}])],
        'hostvars[h2].fleet_networks[mesh].driver: got string "bridge": network mesh is an overlay on host h1',
    ),
    "overlap with a bridge of another host": (
        [host(1), host(2, networks=[{"name": "lab", "ipam_config": [{"subnet": "10.60.7.0/24"}]}], vtep_address=None)],
        'hostvars[h2].fleet_networks[lab].ipam_config: got string "10.60.7.0/24": overlaps overlay mesh (10.60.0.0/16)',
    ),
    "overlap with an overlay of another host": (
        [host(1), host(2, networks=[dict(OTHER, ipam_config=[{"subnet": "10.60.0.0/15"}])])],
        "hostvars[h2].fleet_networks[other].ipam_config: ",
    ),
    "overlap on one host": ([host(1, networks=[MESH, dict(WEB, ipam_config=[{"subnet": "10.60.1.0/24"}])])], "fleet_networks[web].ipam_config[0].subnet: "),
    "overlay holds a VTEP": (
        [host(1), host(2, vtep_address="10.60.3.3")],
        'fleet_networks[mesh].ipam_config: got string "10.60.0.0/16": holds 10.60.3.3, the VTEP of host h2',
    ),
    "bridge holds a VTEP": ([host(1), host(2, vtep_address="10.20.0.200")], "fleet_networks[web].ipam_config: "),
    "a wire of the host holds a VTEP": (
        [host(1, endpoint("a"), links=[{"name": "adm", "ends": [{"endpoint": "a"}, {"host": True, "addresses": ["192.0.2.129/25"]}]}]), host(200)],
        'hostvars[h1].fleet_links[adm].ends[1].addresses: got string "192.0.2.129/25": holds 192.0.2.200, the VTEP of host h200',
    ),
    "one VTEP on two hosts": (
        [host(1), host(2, vtep_address="192.0.2.1")],
        'hostvars[h2].fleet_vtep_address: got string "192.0.2.1": hosts h1 and h2 have the same VTEP; give each host',
    ),
    "no VTEP": (
        [host(1), host(2, on_mesh("a"), vtep_address=None)],
        "hostvars[h2].fleet_vtep_address: got null: overlay mesh needs this host's underlay address",
    ),
    "VTEP is no address": ([host(1), host(2, vtep_address="h2.example.org")], "hostvars[h2].fleet_vtep_address: "),
    "VTEP is an integer": ([host(1), host(2, vtep_address=167772161)], "hostvars[h2].fleet_vtep_address: got integer"),
    "VTEP is loopback": ([host(1), host(2, vtep_address="127.0.0.1")], "hostvars[h2].fleet_vtep_address: "),
    "VTEPs of two families": ([host(1, on_mesh("a")), host(2, on_mesh("b"), vtep_address="fd00:f::2")], "fleet_networks[mesh]: "),
    "a fleet host as a peer": ([host(n, networks=[mesh(peers=[{"host": "h2", "vtep": "192.0.2.2"}])]) for n in (1, 2)], "fleet_networks[mesh].peers: "),
    "bad interface": ([host(1), host(2, underlay_interface="e/1")], "hostvars[h2].fleet_underlay_interface: "),
    "host port twice": (
        [host(1), host(2, endpoint("a", "web", ports=["80:80"]), endpoint("b", "web", ports=["80:81"]))],
        "hostvars[h2].fleet_endpoints[b].ports[0]: ",
    ),
    "endpoint twice on one host": ([host(1), host(2, endpoint("a", "web"), endpoint("a", "web"))], "hostvars[h2].fleet_endpoints[1].name: "),
    "unknown network": ([host(1), host(2, endpoint("a", "wbe"))], "hostvars[h2].fleet_endpoints[a].networks[wbe]: "),
    "no room on an overlay": (
        [host(n, on_mesh("a%d" % n), on_mesh("b%d" % n), networks=[mesh(ipam_config=[{"subnet": "10.60.0.0/30"}])]) for n in (1, 2)],
        'fleet_networks[mesh].ipam_config: got string "10.60.0.0/30": needs 4 free IPv4 addresses, has 2',
    ),
    "no room on one host": (
        [host(1), host(2, endpoint("a", "web"), endpoint("b", "web"), networks=[dict(WEB, ipam_config=[{"subnet": "10.20.0.0/30"}]), MESH])],
        'hostvars[h2].fleet_networks[web].ipam_config: got string "10.20.0.0/30": host h2 needs 2 free IPv4 addresses, has 1',
    ),
    "networks is no list": ([host(1, networks=[MESH]), host(2, networks=[MESH, 5])], "hostvars[h2].fleet_networks[1]: "),
}


@pytest.mark.parametrize("case", list(ONE_LINE))
def test_one_fault_is_one_line(case: str) -> None:
    hosts, start = ONE_LINE[case]
    lines = problems(*hosts)
    assert len(lines) == 1, lines
    assert lines[0].startswith(start)
    assert "; " in lines[0]  # a fix is offered
    assert len(lines[0]) <= 300  # values are shortened, rule and fix are whole


def test_a_fault_of_a_shared_list_is_told_once() -> None:
    bad = mesh(udp_port="5")
    assert [line.partition(":")[0] for line in problems(*[host(n, networks=[bad]) for n in range(1, 9)])] == ["fleet_networks[mesh].udp_port"]


def test_a_fault_of_a_list_that_some_hosts_share_names_the_first() -> None:
    bad = mesh(udp_port="5")
    lines = problems(host(1, networks=[WEB]), host(2, networks=[bad]), host(3, networks=[bad]))
    assert [line.partition(":")[0] for line in lines] == ["hostvars[h2].fleet_networks[mesh].udp_port"]


def test_all_faults_of_all_hosts_at_once() -> None:
    hosts = [
        host(1, on_mesh("a", ipv4_address="10.60.0.5"), networks=[WEB, MESH, dict(OTHER, vni=0)]),
        host(2, on_mesh("b", ipv4_address="10.60.0.5"), networks=[WEB, MESH, dict(OTHER, vni=0)], vtep_address="192.0.2.1"),
        host(3, endpoint("c", "web", sysctl={}), on_mesh("d"), networks=[WEB, MESH, dict(OTHER, vni=0)], vtep_address=None),
    ]
    paths = sorted(line.split(": ")[0] for line in problems(*hosts))
    assert paths == [
        "fleet_networks[other].vni",
        "hostvars[h2].fleet_endpoints[b].networks[mesh].ipv4_address",
        "hostvars[h2].fleet_vtep_address",
        "hostvars[h3].fleet_endpoints[c].sysctl",
        "hostvars[h3].fleet_vtep_address",
    ]


@pytest.mark.parametrize("value", [None, {}, "web", 5, [None], [[]], [{}], [{"name": 5}], [{"name": "mesh", "driver": 3}]])
@pytest.mark.parametrize("field", ["networks", "endpoints"])
def test_wrong_types_are_reported_and_never_raise(field: str, value: Any) -> None:
    hosts: List[Any] = [host(1), host(2)]
    object.__setattr__(hosts[1], field, value)
    assert all("fleet_%s" % field in line or "fleet_endpoints" in line for line in problems(*hosts))


def test_an_address_recorded_for_another_is_no_fault_of_the_user() -> None:
    lock = Lock("main", addresses={"mesh": {"a": ("10.60.0.5", "fd00:60::5"), "b": ("10.60.0.5",)}})
    found = plan(host(1, on_mesh("a")), host(2, on_mesh("b")), lock=lock)
    assert found.lock.addresses["mesh"]["a"] == ("10.60.0.5", "fd00:60::5")
    assert found.lock.addresses["mesh"]["b"][0] != "10.60.0.5"


def test_the_same_bridge_subnet_on_many_hosts_is_fine() -> None:
    plan(*[host(n, endpoint("a%d" % n, "web")) for n in range(1, 6)])


@pytest.mark.parametrize("scope", ["", "a/b", "ü"])
def test_a_bad_scope_is_refused(scope: str) -> None:
    with pytest.raises(InputError, match="scope"):
        plan(host(1), scope=scope)


def tunnel(host_number: int, remote: str, vni: int = 100, name: str = "far", **more: Any) -> Dict[str, Any]:
    end = {"endpoint": "e%d" % host_number, "interface_name": name, "addresses": ["10.%d.0.%d/24" % (len(name), host_number)]}
    return {"name": name, "ends": [end], "tunnel": {"vni": vni, "remote": remote, **more}}


def tunnelled(number: int, *links: Dict[str, Any]) -> HostVariables:
    return host(number, endpoint("e%d" % number), networks=[], links=list(links))


@pytest.mark.parametrize(
    ("field", "other", "said"),
    [
        ("vni", {"vni": 101}, 'tunnel.vni: got integer "100": link far of host h2 leads back with vni 101, so nothing passes; give both ends the same'),
        ("udp_port", {"udp_port": 4790}, 'tunnel.udp_port: got integer "4789": link far of host h2 leads back with udp_port 4790, so nothing passes'),
    ],
)
def test_a_tunnel_half_edited_is_refused_once(field: str, other: Dict[str, Any], said: str) -> None:
    (problem,) = problems(tunnelled(1, tunnel(1, "192.0.2.2")), tunnelled(2, tunnel(2, "192.0.2.1", **other)))
    assert problem.startswith("hostvars[h1].fleet_links[far]." + said)


def test_tunnels_side_by_side_find_their_twins() -> None:
    plan(
        tunnelled(1, tunnel(1, "192.0.2.2"), tunnel(1, "192.0.2.2", 200, "another")),
        tunnelled(2, tunnel(2, "192.0.2.1", 200, "another"), tunnel(2, "192.0.2.1")),
    )
    (problem,) = problems(
        tunnelled(1, tunnel(1, "192.0.2.2"), tunnel(1, "192.0.2.2", 200, "another")),
        tunnelled(2, tunnel(2, "192.0.2.1", 201, "another"), tunnel(2, "192.0.2.1")),
    )
    assert "hostvars[h1].fleet_links[another].tunnel.vni" in problem


def test_a_tunnel_without_a_twin_is_not_probed_and_listed() -> None:
    found = list_unprobed(plan(tunnelled(1, tunnel(1, "192.0.2.2")), tunnelled(2, tunnel(2, "198.51.100.9"))))
    (said,) = [fact for fact in found if fact.startswith("tunnels")]
    assert "far of h1 to 192.0.2.2, host h2 has no such tunnel back; far of h2 to 198.51.100.9, which is no host of the fleet" in said


def test_ends_outside_the_fleet_are_not_probed_and_listed() -> None:
    found = list_unprobed(plan(*(host(n, networks=[mesh(peers=[{"host": "switch", "vtep": "192.0.2.200"}])]) for n in (1, 2))))
    assert "endpoints behind peers outside this fleet: switch (192.0.2.200) of mesh" in found


def test_a_slot_has_addresses_in_the_fleet_and_is_not_probed() -> None:
    slot = {"name": "s", "container": {"cni": "s"}, "networks": ["mesh"]}
    found = plan(host(1, slot), host(2, endpoint("a", "mesh")))
    assert sorted(row["name"] for row in found.overlay_rows()["mesh"]["endpoints"]) == ["a", "s"]
    (given,) = found.arguments()["h1"]["endpoints"]
    assert given["networks"][0]["ipv4_address"]
    assert given["networks"][0]["mac_address"]
    assert [member.endpoint.name for member in list_members(found)] == ["a"]
    assert "slots, which container runtimes fill: s on h1" in list_unprobed(found)
