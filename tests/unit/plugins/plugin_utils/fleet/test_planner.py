# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
import random
from typing import Any, Dict

from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.overlay.network import OverlayNetwork
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock import Lock, parse_lock, render_lock
from fleets import EVERYWHERE, MESH, WEB, endpoint, host, plan

API = endpoint("api", {"name": "web", "ipv4_address": "10.20.0.10"}, "mesh", ports=["8080:80/tcp"])
DB = endpoint("db", "mesh")
FAR = endpoint("far", {"name": "mesh", "mac_address": "02:00:00:00:00:AA"})


def _addresses(found: Any) -> Dict[str, Any]:
    return {row["name"]: row["addresses"] for row in found.overlay_rows()["mesh"]["endpoints"]}


def test_arguments_are_a_complete_document_of_the_host() -> None:
    found = plan(host(1, API), host(2, DB, underlay_interface="eth1"), host(3, FAR))
    arguments = found.arguments()
    json.dumps(arguments)
    for name, argument in arguments.items():
        document = read_document(argument)
        mesh = next(network for network in document.networks if isinstance(network, OverlayNetwork))
        assert mesh.vni == found.overlays["mesh"].network.vni >= 4096
        assert mesh.vtep_address == "192.0.2.%s" % name[1]
        assert mesh.underlay_interface == ("eth1" if name == "h2" else None)
        raw = argument["endpoints"][0]
        for attachment in raw["networks"]:
            assert attachment["mac_address"]
            assert attachment["ipv4_address"]
    assert arguments["h1"]["endpoints"][0]["networks"][0]["ipv4_address"] == "10.20.0.10"
    assert arguments["h1"]["endpoints"][0]["ports"] == ["8080:80/tcp"]


def test_input_is_not_changed() -> None:
    hosts = [host(1, API), host(2, DB)]
    before = copy.deepcopy(hosts)
    plan(*hosts).arguments()
    assert hosts == before


def test_further_addresses_are_told_to_every_host_and_given_to_nobody_else() -> None:
    wanted = ["10.60.0.5", "fd00:60::5"]
    small = dict(MESH, ipam_config=[{"subnet": "10.60.0.0/29"}, {"subnet": "fd00:60::/64"}])
    several = endpoint("a", {"name": "mesh", "ipv4_address": "10.60.0.2", "addresses": wanted})
    others = [endpoint(name, "mesh") for name in ("b", "c", "d")]
    found = plan(host(1, several, networks=[small]), host(2, *others, networks=[small]))
    rows = {row["name"]: row["addresses"] for row in found.overlay_rows()["mesh"]["endpoints"]}
    assert rows["a"][0] == "10.60.0.2"
    assert rows["a"][2:] == wanted
    assert {rows[name][0] for name in ("b", "c", "d")} == {"10.60.0.3", "10.60.0.4", "10.60.0.6"}
    # What is recorded is what no variable gives.
    assert [address for address in found.lock.addresses["mesh"]["a"] if address in wanted] == []
    assert found.arguments()["h1"]["endpoints"][0]["networks"][0]["addresses"] == wanted


def test_rows_of_an_overlay_name_every_host_and_endpoint_once() -> None:
    rows = plan(host(1, API), host(2, networks=[WEB, EVERYWHERE]), host(3, FAR), host(4, networks=[WEB], vtep_address=None)).overlay_rows()
    assert list(rows) == ["mesh"]
    assert rows["mesh"]["peers"] == [{"host": "h%d" % n, "vtep": "192.0.2.%d" % n} for n in (1, 2, 3)]
    assert [(row["name"], row["vtep"]) for row in rows["mesh"]["endpoints"]] == [("api", "192.0.2.1"), ("far", "192.0.2.3")]
    assert rows["mesh"]["endpoints"][1]["mac"] == "02:00:00:00:00:aa"
    assert all(len(row["addresses"]) == 2 for row in rows["mesh"]["endpoints"])


def test_bridge_networks_belong_to_their_host() -> None:
    found = plan(host(1, endpoint("a", {"name": "web", "ipv4_address": "10.20.0.7"})), host(2, endpoint("a", {"name": "web", "ipv4_address": "10.20.0.7"})))
    assert found.lock.addresses == {}


def test_each_host_may_have_its_own_list() -> None:
    other = {"name": "lab", "ipam_config": [{"subnet": "10.99.0.0/24"}]}
    found = plan(host(1, API), host(2, endpoint("x", "lab"), networks=[other], vtep_address=None))
    assert [network["name"] for network in found.arguments()["h2"]["networks"]] == ["lab"]


def test_absent_entries_pass_through() -> None:
    gone = {"name": "old", "state": "absent"}
    found = plan(host(1, API, {"name": "gone", "state": "absent"}, networks=[WEB, MESH, gone]))
    assert gone in found.arguments()["h1"]["networks"]
    assert {"name": "gone", "state": "absent"} in found.arguments()["h1"]["endpoints"]


def test_an_endpoint_without_address_is_a_row_with_a_mac() -> None:
    rows = plan(host(1, endpoint("l2", {"name": "mesh", "ipam": "none"})), host(2)).overlay_rows()["mesh"]["endpoints"]
    assert rows[0]["addresses"] == []
    assert rows[0]["mac"].startswith("02:")


def test_the_lock_records_what_no_variable_says() -> None:
    half = endpoint("half", {"name": "mesh", "ipv4_address": "10.60.0.9"})
    found = plan(host(1, API), host(2, half), host(3, vtep_address=None, default_address="192.0.2.3"))
    assert found.lock.vteps == {"h3": "192.0.2.3"}
    assert list(found.lock.vnis) == ["mesh"]
    assert set(found.lock.addresses) == {"mesh"}
    assert len(found.lock.addresses["mesh"]["api"]) == 2
    assert [":" in address for address in found.lock.addresses["mesh"]["half"]] == [True]


def test_planning_again_with_the_lock_changes_nothing() -> None:
    hosts = [host(1, API), host(2, DB), host(3, FAR)]
    first = plan(*hosts)
    lock = parse_lock(render_lock(first.lock), scope="main", name="x")
    second = plan(*hosts, lock=lock)
    assert second.lock == lock
    assert second.arguments() == first.arguments()


def test_recorded_choices_win_over_derived_ones() -> None:
    lock = Lock("main", vnis={"mesh": 77}, addresses={"mesh": {"api": ("10.60.1.1", "fd00:60::11")}, "web": {"h2/w": ("10.20.0.77",), "h1/w": ("10.20.0.78",)}})
    found = plan(host(1, API), host(2, endpoint("w", "web")), lock=lock)
    assert found.overlays["mesh"].network.vni == 77
    assert _addresses(found)["api"] == ["10.60.1.1", "fd00:60::11"]
    assert found.lock.addresses["web"] == {"h2/w": ("10.20.0.77",)}


def test_records_that_no_longer_fit_are_replaced() -> None:
    lock = Lock("main", vnis={"mesh": 4200}, addresses={"mesh": {"api": ("10.61.0.1", "fd00:60::9")}})
    other = dict(MESH, name="other", vni=4200, ipam_config=[{"subnet": "10.70.0.0/16"}])
    claimer = endpoint("x", {"name": "mesh", "ipv6_address": "fd00:60::9"})
    found = plan(host(1, API, networks=[WEB, MESH, other]), host(2, claimer, networks=[WEB, MESH, other]), lock=lock)
    assert found.overlays["mesh"].network.vni != 4200
    assert found.lock.addresses["mesh"]["api"] == tuple(_addresses(found)["api"])
    assert not {"10.61.0.1", "fd00:60::9"} & set(_addresses(found)["api"])


def test_random_edits_never_move_a_neighbour() -> None:
    """200 edits of a fleet: endpoints come, go and change host; with the lock, no other address changes, and records stay exact."""
    seed = random.Random(4)
    small = dict(MESH, vni=9, ipam_config=[{"subnet": "10.60.0.0/25"}])
    homes: Dict[str, int] = {}
    lock = Lock("main")
    known: Dict[str, Any] = {}
    for step in range(200):
        name = "e%d" % seed.randrange(60)
        if name in homes and seed.random() < 0.5:
            del homes[name]
        else:
            homes[name] = seed.randrange(1, 5)
        present = [number for number in range(1, 5) if step % 7 or number != 4]
        hosts = [host(n, *[endpoint(e, "mesh") for e, home in homes.items() if home == n], networks=[small]) for n in present]
        found = plan(*hosts, lock=lock)
        now = _addresses(found)
        assert len({address for held in now.values() for address in held}) == len(now)
        assert {name: now[name] for name in now if name in known} == {name: known[name] for name in now if name in known}
        assert {name: list(held) for name, held in found.lock.addresses.get("mesh", {}).items()} == now
        lock, known = found.lock, now


def test_an_overlay_endpoint_keeps_its_address_on_another_host() -> None:
    first = plan(host(1, DB), host(2))
    second = plan(host(1), host(2, DB), lock=first.lock)
    assert _addresses(first) == _addresses(second)
    assert first.lock == second.lock


def test_an_order_of_hosts_does_not_matter() -> None:
    hosts = [host(1, API), host(2, DB), host(3, FAR)]
    assert plan(*hosts).lock == plan(*reversed(hosts)).lock
    assert plan(*hosts).arguments() == plan(*reversed(hosts)).arguments()


def test_a_host_that_left_is_in_no_plan_and_no_lock() -> None:
    lock = plan(host(1, API), host(2, DB, vtep_address=None, default_address="192.0.2.2")).lock
    found = plan(host(1, API), lock=lock)
    text = json.dumps([found.arguments(), found.overlay_rows()]) + render_lock(found.lock)
    assert "192.0.2.2" not in text
    assert "db" not in text


def test_vtep_from_variable_then_lock_then_facts() -> None:
    lock = Lock("main", vteps={"h1": "192.0.2.91", "h2": "192.0.2.92"})
    unset: Dict[str, Any] = {"vtep_address": None}
    hosts = [host(1, default_address="198.51.100.1"), host(2, default_address="198.51.100.2", **unset), host(3, default_address="192.0.2.3", **unset)]
    found = plan(*hosts, lock=lock)
    assert found.vteps == {"h1": "192.0.2.1", "h2": "192.0.2.92", "h3": "192.0.2.3"}
    assert found.lock.vteps == {"h2": "192.0.2.92", "h3": "192.0.2.3"}
    assert len(found.warnings) == 1
    assert "host h2: the lock file records VTEP 192.0.2.92, its facts say 198.51.100.2" in found.warnings[0]


def test_a_network_may_name_its_own_vtep() -> None:
    own = dict(MESH, vtep_address="198.51.100.1")
    found = plan(host(1, API, networks=[WEB, own], vtep_address=None), host(2, DB, networks=[MESH]))
    assert found.overlay_rows()["mesh"]["peers"] == [{"host": "h1", "vtep": "198.51.100.1"}, {"host": "h2", "vtep": "192.0.2.2"}]
    assert found.arguments()["h1"]["networks"][1]["vtep_address"] == "198.51.100.1"


def test_tunnel_ends_outside_the_fleet_are_kept() -> None:
    remote = {"name": "probe", "mac": "02:00:00:00:00:01", "vtep": "192.0.2.200", "addresses": ["10.60.0.9"]}
    wide = dict(MESH, peers=[{"host": "switch", "vtep": "192.0.2.200"}], remote_endpoints=[remote])
    rows = plan(host(1, API, networks=[WEB, wide]), host(2, DB, networks=[WEB, wide])).overlay_rows()["mesh"]
    assert [peer["host"] for peer in rows["peers"]] == ["h1", "h2", "switch"]
    assert [peer.get("foreign", False) for peer in rows["peers"]] == [False, False, True]
    assert [row["name"] for row in rows["endpoints"]] == ["api", "db", "probe"]
    assert rows["endpoints"][2] == remote


def test_addresses_are_spelled_as_in_the_rows() -> None:
    own = dict(MESH, vtep_address="FD00:F:0::1")
    found = plan(host(1, DB, networks=[own], vtep_address=None), host(2, FAR, networks=[MESH], vtep_address="fd00:f::2"))
    assert found.arguments()["h1"]["networks"][0]["vtep_address"] == found.overlay_rows()["mesh"]["peers"][0]["vtep"] == "fd00:f::1"


def test_ipv6_underlay() -> None:
    found = plan(host(1, API, vtep_address="fd00:f::1"), host(2, DB, vtep_address="FD00:F:0::2"))
    assert [peer["vtep"] for peer in found.overlay_rows()["mesh"]["peers"]] == ["fd00:f::1", "fd00:f::2"]


def test_a_fleet_without_overlays_needs_no_vtep() -> None:
    found = plan(host(1, endpoint("a", "web"), networks=[WEB], vtep_address=None), host(2, networks=[], vtep_address=None))
    assert found.overlay_rows() == {}
    assert found.vteps == {}


def test_an_empty_fleet() -> None:
    assert plan().arguments() == {}


def test_an_address_recorded_twice_says_who_moved() -> None:
    """Two branches that each added a container, merged without a conflict."""
    twice = {
        "addresses": {"mesh": {"api": ("10.60.0.9",), "db": ("10.60.0.9",), "gone": ("10.60.0.9",)}, "web": {"h1/api": ("10.20.0.9",), "h2/db": ("10.20.0.9",)}}
    }
    web_too = [endpoint("api", "web", "mesh"), endpoint("db", "web", "mesh")]
    found = plan(host(1, web_too[0]), host(2, web_too[1]), lock=Lock("main", **twice))
    now = found.lock.addresses["mesh"]["db"]
    assert found.lock.addresses["mesh"]["api"][0] == "10.60.0.9"
    (said,) = found.warnings
    assert said.startswith("network mesh: the lock file gives 10.60.0.9 to api and to db and to gone, as after a merge of two branches; api keeps it, db has ")
    assert now[0] in said
    again = plan(host(1, web_too[0]), host(2, web_too[1]), lock=found.lock)
    assert (again.warnings, again.lock) == ((), found.lock)


def test_on_one_host_an_address_recorded_twice_says_who_moved_too() -> None:
    lock = Lock("main", addresses={"web": {"h1/api": ("10.20.0.9",), "h1/db": ("10.20.0.9",)}})
    (said,) = plan(host(1, endpoint("api", "web"), endpoint("db", "web")), lock=lock).warnings
    assert said.startswith("network web of host h1: the lock file gives 10.20.0.9 to h1/api and to h1/db")


def test_a_vni_recorded_twice_says_which_network_moved() -> None:
    other = {**MESH, "name": "other", "ipam_config": [{"subnet": "10.61.0.0/16"}]}
    found = plan(host(1, networks=[MESH, other]), lock=Lock("main", vnis={"mesh": 5000, "other": 5000}))
    assert found.lock.vnis["mesh"] == 5000
    assert found.warnings == (
        "VNIs: the lock file gives 5000 to mesh and to other, as after a merge of two branches; mesh keeps it, other has %d now" % found.lock.vnis["other"],
    )
