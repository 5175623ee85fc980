# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules as Ansible runs them: one play with every case, and what each task did to the host."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest
from harness.engine import give_uplink
from harness.host import Child, on_fake_host, sh
from harness.snapshot import assert_same, differences, take_snapshot
from lab_helpers import Ansible

Task = Dict[str, Any]
Results = Dict[str, Dict[str, Any]]
COLLECTION = "netloom.container_net."
WEB = {
    "networks": [{"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]}],
    "endpoints": [{"name": "api", "container": {"netns": "api"}, "networks": [{"name": "web", "ipv4_address": "10.20.0.10"}], "ports": ["8080:80/tcp"]}],
}
# One object for each module: name, how it is declared, a change made in place, and the words of both.
OBJECTS: List[Dict[str, Any]] = [
    {"module": "netns", "present": {"name": "t1"}, "line": "+ namespace t1"},
    {
        "module": "bridge",
        "present": {"name": "br9", "addresses": ["10.9.0.1/24", "fd00:9::1/64"], "mtu": 1400},
        "changed": {"name": "br9", "addresses": ["10.9.0.2/24", "fd00:9::1/64"], "mtu": 1300, "stp": True},
        "line": "+ bridge br9",
        "change": ["~ bridge br9: stp off → on, mtu 1400 → 1300", "+ address 10.9.0.2/24 on br9", "- address 10.9.0.1/24 on br9"],
    },
    {
        "module": "veth",
        "present": {"name": "v9", "peer_name": "v9p", "addresses": ["10.8.0.1/30"], "peer_addresses": ["10.8.0.2/30"]},
        "changed": {"name": "v9", "peer_name": "v9p", "mtu": 1300, "addresses": ["10.8.0.1/30"], "peer_addresses": ["10.8.0.2/30"]},
        "line": "+ veth v9",
        "change": ["~ veth v9: mtu 1500 → 1300", "~ veth v9p: mtu 1500 → 1300"],
    },
    {
        "module": "macvlan",
        "present": {"name": "mv9", "parent": "eth0", "mtu": 1400, "addresses": ["10.6.0.1/24", "fd00:6::1/64"]},
        "changed": {"name": "mv9", "parent": "eth0", "mtu": 1300, "mode": "private", "addresses": ["10.6.0.2/24", "fd00:6::1/64"]},
        "line": "+ macvlan mv9",
        "change": ["~ macvlan mv9: mode bridge → private, mtu 1400 → 1300", "+ address 10.6.0.2/24 on mv9", "- address 10.6.0.1/24 on mv9"],
    },
    {
        "module": "vxlan",
        "present": {"name": "vx9", "vni": 9, "peers": ["192.0.2.2"], "learning": True},
        "changed": {"name": "vx9", "vni": 9, "peers": ["192.0.2.3"], "learning": False},
        "line": "+ vxlan vx9",
        "change": [
            "~ vxlan vx9: learning on → off",
            "+ fdb 00:00:00:00:00:00 via 192.0.2.3 on vx9",
            "- fdb 00:00:00:00:00:00 via 192.0.2.2 on vx9",
        ],
    },
    {
        "module": "nat",
        "present": {"name": "n9", "interface": "br9", "subnets": ["10.9.0.0/24"], "ports": [{"published": 80, "address": "10.9.0.5"}]},
        "changed": {"name": "n9", "interface": "br9", "subnets": ["10.9.0.0/24"], "ports": [{"published": 81, "address": "10.9.0.5"}]},
        "absent": {"name": "n9"},
        "line": "+ iptables chain nat/CNET-P-tcp-64",
        "change": ["~ iptables chain nat/CNET-P-tcp-64: rules +1 -1"],
    },
    {
        "module": "topology",
        "present": WEB,
        "changed": {**WEB, "networks": [{**WEB["networks"][0], "mtu": 1400}]},
        "absent": {},
        "line": "+ bridge br-web",
        "change": [],
    },
]
SHARED = {"changed", "actions", "diff", "statistics"}


VERBS = {
    "look": ("present", True),
    "make": ("present", False),
    "again": ("present", False),
    "look at change": ("changed", True),
    "change": ("changed", False),
    "look at removal": ("absent", True),
    "remove": ("absent", False),
    "remove again": ("absent", False),
}


def verbs(item: Dict[str, Any], namespace: Optional[str]) -> List[Task]:
    """Every verb on one object."""
    extra: Dict[str, Any] = {"namespace": namespace} if namespace else {}
    pair = {**extra, "peer_namespace": namespace} if item["module"] == "veth" and namespace else extra
    options = {
        "present": {**item["present"], **pair},
        "changed": {**item.get("changed", item["present"]), **pair},
        "absent": {**item.get("absent", {"name": item["present"].get("name")}), **extra, "state": "absent"},
    }
    label = "%s in %s" % (item["module"], namespace or "the host")
    return [
        {"name": "%s: %s" % (label, verb), COLLECTION + item["module"]: options[which], "check_mode": check, "diff": True}
        for verb, (which, check) in VERBS.items()
    ]


def prepare() -> None:
    give_uplink()
    sh("ip link add theirs type bridge; ip netns add foreign; ip -n foreign link set lo up; ip link add x0 type veth peer name x1")


def play(collections: Path, home: Path, tasks: List[Task], interpreter: str = sys.executable) -> Results:
    """Run tasks on this host; each result carries the snapshot taken after it."""
    home.mkdir(exist_ok=True)
    inventory, snapshots = home / "inventory.json", home / "snapshots.jsonl"
    host = {"ansible_connection": "local", "ansible_python_interpreter": interpreter, "ansible_remote_tmp": str(home / "remote")}
    inventory.write_text(json.dumps({"all": {"hosts": {"here": host}}}))
    ansible = Ansible(collections, home)
    ansible.settings.update({"ANSIBLE_PIPELINING": "1", "TEST_SNAPSHOTS": str(snapshots)})
    ran = ansible.play(inventory, tasks, hosts="here")
    results = {name: hosts["here"] for name, hosts in ran.items()}
    for line in snapshots.read_text().splitlines():
        entry = json.loads(line)
        results[entry["task"]]["snapshot"] = entry["snapshot"]
    return results


@pytest.fixture(scope="module")
def results(collections_path: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Results:
    """Two plays side by side, each on a host of its own: one in the host's namespace, one in another, which only holds what tests ask for."""
    home = tmp_path_factory.mktemp("modules")
    in_room = any("room" in item.name for item in request.session.items)
    here: List[Task] = [{"name": "start", "ansible.builtin.debug": {"msg": ""}}]
    for item in OBJECTS:
        here += verbs(item, None)
    there: List[Task] = [{"name": "room", COLLECTION + "netns": {"name": "room"}}]
    for item in OBJECTS:
        if in_room and item["module"] not in ("netns", "topology"):
            there += verbs(item, "room")
    there += [
        {"name": "room gone", COLLECTION + "netns": {"name": "room", "state": "absent"}},
        {"name": "info nothing", COLLECTION + "topology_info": {}},
        {"name": "info make", COLLECTION + "topology": WEB},
        {"name": "info", COLLECTION + "topology_info": {}},
        {"name": "info remove", COLLECTION + "topology": {"state": "absent"}},
    ]
    there += [{"name": name, **task, "ignore_errors": True} for name, task in REFUSED.items()]

    def run(name: str, tasks: List[Task]) -> Results:
        def body() -> Results:
            prepare()
            return play(collections_path, home / name, tasks)

        return on_fake_host(body, timeout=600)

    running = [Child(lambda name=name, tasks=tasks: run(name, tasks)) for name, tasks in (("here", here), ("there", there))]
    merged: Results = {}
    for child in running:
        merged.update(child.result(600))
    return merged


REFUSED: Dict[str, Task] = {
    "a bridge of somebody else": {COLLECTION + "bridge": {"name": "theirs", "state": "absent"}},
    "a namespace of somebody else": {COLLECTION + "netns": {"name": "foreign", "state": "absent"}},
    "a veth of somebody else": {COLLECTION + "veth": {"name": "x0", "state": "absent"}},
    "another kind": {COLLECTION + "bridge": {"name": "x0"}},
    "no such namespace": {COLLECTION + "bridge": {"name": "br9", "namespace": "nowhere"}},
    "all errors at once": {COLLECTION + "bridge": {"name": "br 9", "mtu": 3, "mac_address": "01:00:00:00:00:00", "addresses": ["10.0.0.1"]}},
    "a bad declaration": {COLLECTION + "topology": {"networks": [{"name": "web", "ipam_config": [{"subnet": "10.20.0.1/24"}], "mtuu": 3}]}},
    "a parent that is not there": {COLLECTION + "macvlan": {"name": "mv9", "parent": "eth7"}},
    "a parent as its own": {COLLECTION + "vlan": {"name": "eth0", "parent": "eth0", "vlan_id": 4095}},
    "above the parent's MTU": {COLLECTION + "ipvlan": {"name": "ip9", "parent": "eth0", "mtu": 1501}},
    "a MAC of its own in mode passthru": {COLLECTION + "macvlan": {"name": "mv9", "parent": "eth0", "mode": "passthru", "mac_address": "02:00:00:00:00:01"}},
    "an unknown option": {COLLECTION + "netns": {"name": "t1", "nmae": "t2"}},
    "a path as a name": {COLLECTION + "netns": {"name": "../t1"}},
}
WORDS = {
    "a bridge of somebody else": ["bridge theirs exists and was not made by this collection"],
    "a namespace of somebody else": ["namespace foreign exists and was not made by this collection"],
    "a veth of somebody else": ["x0", "was not made by this collection"],
    "another kind": ["bridge x0 exists already, as veth x0"],
    "no such namespace": ["nowhere", "nothing was changed"],
    "all errors at once": ["4 input errors, nothing was changed", "- name: ", "- mtu: ", "- mac_address: ", "- addresses[0]: "],
    "a bad declaration": ["2 input errors, nothing was changed", "did you mean", "networks[web]"],
    "a parent that is not there": ["macvlan mv9: there is no interface eth7 on this host"],
    "a parent as its own": ["2 input errors, nothing was changed", "- vlan_id: ", "- parent: ", "a link cannot stand on itself"],
    "above the parent's MTU": ["mtu: got integer", "above the MTU of the parent eth0; at most 1500"],
    "a MAC of its own in mode passthru": ["mac_address: ", "in mode passthru the device has the parent's MAC; remove it"],
    "an unknown option": ["Unsupported parameters", "nmae"],
    "a path as a name": ["name", "a path separator is not allowed in a name"],
}


def lines(results: Results, task: str) -> List[str]:
    result = results[task]
    assert not result.get("failed"), result.get("msg")
    assert set(result) >= SHARED
    assert result["changed"] == bool(result["actions"])
    objects = [line for line in result["actions"] if not re.match(r". ip6?tables ", line)]
    assert all(line in result["diff"]["prepared"] for line in objects)
    assert ("firewall rules: " in result["diff"]["prepared"]) == (objects != result["actions"])
    return list(result["actions"])


WHERE = [(item["module"], place) for item in OBJECTS for place in ("the host", "room") if place == "the host" or item["module"] not in ("netns", "topology")]


@pytest.mark.parametrize(("module", "place"), WHERE)
def test_look_make_change_remove(module: str, place: str, results: Results) -> None:
    item = next(item for item in OBJECTS if item["module"] == module)
    label = "%s in %s: " % (module, place)
    here = "" if place == "the host" else " in room"
    made = lines(results, label + "make")
    assert item["line"] + here in made
    assert lines(results, label + "look") == made
    assert lines(results, label + "again") == []
    assert results[label + "again"]["statistics"]["netlink_changes"] == 0
    assert results[label + "again"]["statistics"]["firewall_restores"] == 0
    changed = lines(results, label + "change")
    assert lines(results, label + "look at change") == changed
    for line in item.get("change", []):
        head, colon, tail = line.partition(":") if line.startswith("~") else (line, "", "")
        assert head + here + colon + tail in changed
    removed = lines(results, label + "remove")
    assert removed
    assert lines(results, label + "look at removal") == removed
    assert lines(results, label + "remove again") == []


@pytest.mark.parametrize(("module", "place"), WHERE)
def test_looking_changes_nothing_and_removal_leaves_nothing(module: str, place: str, results: Results) -> None:
    label = "%s in %s: " % (module, place)
    before = results["start" if place == "the host" else "room"]["snapshot"]
    made, changed = (results[label + verb]["snapshot"] for verb in ("make", "change"))
    assert differences(before, results[label + "look"]["snapshot"]) == ""
    assert differences(before, made)
    assert differences(made, results[label + "again"]["snapshot"]) == ""
    assert differences(made, results[label + "look at change"]["snapshot"]) == ""
    assert differences(changed, results[label + "look at removal"]["snapshot"]) == ""
    assert differences(before, results[label + "remove"]["snapshot"]) == ""
    assert differences(before, results[label + "remove again"]["snapshot"]) == ""


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str, results: Results) -> None:
    result = results[what]
    assert result["failed"]
    assert not result.get("changed")
    assert "Traceback" not in json.dumps(result)
    for words in WORDS[what]:
        assert words in result["msg"]


def test_refusals_changed_nothing(results: Results) -> None:
    for what in REFUSED:
        assert differences(results["room gone"]["snapshot"], results[what]["snapshot"]) == "", what


def test_nat_tells_what_stands(results: Results) -> None:
    stands = results["nat in the host: change"]["nat"]
    assert (stands["name"], stands["exists"], stands["subnets"]) == ("n9", True, ["10.9.0.0/24"])
    assert [(port["published"], port["address"], port["target"]) for port in stands["ports"]] == [(81, "10.9.0.5", 81)]


def test_nat_tells_what_stands_in_a_room(results: Results) -> None:
    assert results["nat in room: look"]["nat"] == results["nat in room: make"]["nat"]
    assert results["nat in room: remove"]["nat"] == {"name": "n9", "namespace": "room", "exists": False}


def test_info_shows_what_was_made(results: Results) -> None:
    assert not results["info nothing"].get("networks")
    text = json.dumps(results["info"])
    assert not results["info"]["changed"]
    for word in ("br-web", "10.20.0.10", "api", "8080"):
        assert word in text


OBJECT_TASKS: List[Task] = [{"name": item["module"], COLLECTION + item["module"]: item["present"], "ignore_errors": True} for item in OBJECTS]


def fails_for_want_of_library(collections: Path, home: Path, tasks: List[Task], interpreter: str) -> Results:
    def body() -> Results:
        prepare()
        before = take_snapshot()
        done = play(collections, home, tasks, interpreter)
        assert_same(before)
        return done

    return on_fake_host(body)


def test_missing_library_is_named_and_nothing_changed(collections_path: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True, timeout=60)
    done = fails_for_want_of_library(collections_path, tmp_path, OBJECT_TASKS, str(bare / "bin" / "python"))
    assert set(done) == {item["module"] for item in OBJECTS}
    for result in done.values():
        assert result["failed"]
        assert "Failed to import the required Python library (pyroute2 >= 0.7.2) on" in result["msg"]


def test_too_old_library_is_named_and_nothing_changed(collections_path: Path, tmp_path: Path) -> None:
    metadata = tmp_path / "old" / "pyroute2-0.6.9.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: pyroute2\nVersion: 0.6.9\n")
    tasks = [{**task, "environment": {"PYTHONPATH": str(metadata.parent)}} for task in OBJECT_TASKS]
    done = fails_for_want_of_library(collections_path, tmp_path, tasks, sys.executable)
    for result in done.values():
        assert result["failed"]
        assert "Failed to import the required Python library (pyroute2 >= 0.7.2) on" in result["msg"]
        assert "found 0.6.9" in result["msg"]
