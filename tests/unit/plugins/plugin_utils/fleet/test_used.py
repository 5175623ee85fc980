# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A network that nothing of a host uses is not made there, unless it is to be everywhere; and nobody forgets it for that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.expectations import expectations
from fleets import EVERYWHERE, MESH, WEB, endpoint, host, plan

BACK: Dict[str, Any] = {"name": "back", "ipam_config": [{"subnet": "10.30.0.0/24"}]}
WIDE: Dict[str, Any] = {"name": "wide", "driver": "routed", "ipam_config": [{"subnet": "10.70.0.0/16"}], "host_prefix": 24}
BARE: Dict[str, Any] = {"name": "a", "container": {"netns": "a"}}
AT_BACK = endpoint("b", "back")


def made(*networks: Dict[str, Any], endpoints: Any = (BARE,), **more: Any) -> List[str]:
    """Return the networks of a plan for one host."""
    (arguments,) = plan(host(1, *endpoints, networks=networks, **more)).arguments().values()
    return [network["name"] for network in arguments["networks"]]


def wire(*ends: Dict[str, Any], **more: Any) -> List[Dict[str, Any]]:
    return [{"name": "line", "ends": list(ends), **more}]


USES: Dict[str, Any] = {
    "an endpoint": (made(WEB, BACK, endpoints=[endpoint("a", "web")]), ["web"]),
    "a wire": (made(WEB, BACK, links=wire({"network": "web"}, {"endpoint": "a"})), ["web"]),
    "a wire of two networks": (made(WEB, BACK, links=wire({"network": "web"}, {"network": "back"})), ["web", "back"]),
    "a published port": (made(WEB, BACK, endpoints=[endpoint("b", "back", ports=["10.20.0.1:80:80"])]), ["web", "back"]),
    "a source address": (made(WEB, dict(BACK, snat_address="10.20.0.1"), endpoints=[AT_BACK]), ["web", "back"]),
    "its bridge, trusted": (made(WEB, dict(BACK, trusted_interfaces=["br-web"]), endpoints=[AT_BACK]), ["web", "back"]),
    "its bridge, as underlay": (made(WEB, dict(MESH, underlay_interface="br-web"), endpoints=[endpoint("m", "mesh")]), ["web", "mesh"]),
    "its bridge, as the host's underlay": (made(WEB, BACK, underlay_interface="br-web"), ["web"]),
    "its bridge, below a tunnel": (
        made(WEB, BACK, links=wire({"endpoint": "a"}, tunnel={"vni": 7, "remote": "192.0.2.9", "underlay_interface": "br-web"})),
        ["web"],
    ),
    "its bridge, of a routed network": (
        made(WEB, dict(WIDE, proxy_interfaces=["br-web"]), endpoints=[endpoint("r", "wide")]),
        ["web", "wide"],
    ),
    "a network that is used for another one": (
        made(WEB, dict(BACK, trusted_interfaces=["br-web"]), {"name": "third", "trusted_interfaces": ["br-back"]}, endpoints=[endpoint("c", "third")]),
        ["web", "back", "third"],
    ),
    "a network that is not used": (made(WEB, dict(BACK, trusted_interfaces=["br-web"])), []),
    "nothing": (made(WEB, BACK, MESH, WIDE), []),
    "nothing, but it is to be everywhere": (made(WEB, dict(BACK, on_every_host=True), EVERYWHERE, WIDE), ["back", "mesh"]),
    "nothing, and that was said": (made(dict(WEB, on_every_host=False), BACK), []),
}


@pytest.mark.parametrize("use", USES)
def test_what_uses_a_network(use: str) -> None:
    found, expected = USES[use]
    assert found == expected


def test_the_plan_of_a_fleet_in_full() -> None:
    """Peers are who has the network, a host that has none needs no address, and the key is the plan's own."""
    api = endpoint("api", {"name": "mesh", "ipv4_address": "10.60.0.5", "mac_address": "02:00:00:00:00:05"})
    mesh = {"name": "mesh", "driver": "overlay", "vni": 42, "ipam_config": [{"subnet": "10.60.0.0/16"}]}
    everywhere = dict(BACK, on_every_host=True)
    networks = [WEB, mesh, everywhere, {"name": "old", "state": "absent"}]
    found = plan(host(1, api, networks=networks), host(2, endpoint("w", {"name": "web", "ipv4_address": "10.20.0.2"}), networks=networks, vtep_address=None))
    web_endpoint = {"name": "web", "ipv4_address": "10.20.0.2", "mac_address": found.hosts[1].endpoints[0].attachments[0].mac_address}
    assert found.arguments() == {
        "h1": {
            "scope": "main",
            "networks": [dict(mesh, vtep_address="192.0.2.1"), BACK, {"name": "old", "state": "absent"}],
            "endpoints": [api],
            "links": [],
        },
        "h2": {
            "scope": "main",
            "networks": [WEB, BACK, {"name": "old", "state": "absent"}],
            "endpoints": [{"name": "w", "container": {"netns": "w"}, "networks": [web_endpoint]}],
            "links": [],
        },
    }
    assert found.left_out() == {"h1": ["web"], "h2": ["mesh"]}
    row = {"name": "api", "mac": "02:00:00:00:00:05", "vtep": "192.0.2.1", "addresses": ["10.60.0.5"]}
    assert found.overlay_rows() == {"mesh": {"peers": [{"host": "h1", "vtep": "192.0.2.1"}], "endpoints": [row]}}


def test_the_lock_keeps_what_stands_nowhere() -> None:
    networks = [MESH, WIDE]
    used = [host(n, endpoint("m%d" % n, "mesh"), endpoint("r%d" % n, "wide"), networks=networks, underlay_addresses="192.0.2.%d" % n) for n in (1, 2)]
    first = plan(*used)
    empty = plan(*(replace(item, endpoints=[]) for item in used), lock=first.lock)
    assert empty.lock == replace(first.lock, addresses={})
    assert {name: arguments["networks"] for name, arguments in empty.arguments().items()} == {"h1": [], "h2": []}
    half = plan(used[0], replace(used[1], endpoints=[]), lock=empty.lock)
    rows = half.overlay_rows()
    assert [[peer["host"] for peer in rows[name]["peers"]] for name in ("mesh", "wide")] == [["h1"], ["h1"]]
    assert plan(*used, lock=empty.lock) == first


@pytest.mark.parametrize("networks", [[MESH], [WIDE]], ids=["overlay", "routed"])
def test_only_who_has_a_network_needs_an_address(networks: Any) -> None:
    """The others of the fleet may have none that the plan knows of."""
    unknown: Dict[str, Any] = {"networks": networks, "vtep_address": None}
    name = networks[0]["name"]
    assert plan(host(1, endpoint("a", name), networks=networks), host(2, **unknown)).left_out() == {"h2": [name]}


def test_no_probe_expects_a_network_where_it_is_not() -> None:
    networks = [WEB, BACK, WIDE]
    one = host(1, endpoint("a", "web"), endpoint("r", "wide", ports=["80:80"]), networks=networks, underlay_addresses="192.0.2.1")
    two = host(2, AT_BACK, networks=networks, underlay_addresses="192.0.2.2")
    checks = expectations(plan(one, two))
    (address,) = (item.addresses[0] for item in plan(one, two).hosts[0].endpoints[0].attachments)
    # The other host has no such subnet of its own, so that it must not get there can be shown.
    assert [(check["from_host"], check["expect"]) for check in checks if check["address"] == address and not check["container"]] == [("h2", "refuse")]
    # It has no route to this part of the routed network.
    assert not [check for check in checks if check["from_host"] == "h2" and not check["container"] and check["to"] == "r"]
