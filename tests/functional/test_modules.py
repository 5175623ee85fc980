# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every verb of every module, by its own main function and by Ansible: what it said, and what it did to the host."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
from harness.engine import give_uplink
from harness.host import on_fake_host, sh
from harness.module import run_module
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
# What of it Ansible itself does, too: options, check mode and the result go another way then. A second run is the same way again; one of them is enough.
PLAYED = ("look", "make", "remove")
PLAYED_AGAIN = "topology"
HOST, ROOM = "the host", "room"


def options_of(item: Dict[str, Any], verb: str, place: str) -> Dict[str, Any]:
    extra: Dict[str, Any] = {} if place == HOST else {"namespace": place}
    pair = {**extra, "peer_namespace": place} if item["module"] == "veth" and extra else extra
    options = {
        "present": {**item["present"], **pair},
        "changed": {**item.get("changed", item["present"]), **pair},
        "absent": {**item.get("absent", {"name": item["present"].get("name")}), **extra, "state": "absent"},
    }
    return options[VERBS[verb][0]]


def label(item: Dict[str, Any], place: str, verb: str) -> str:
    return "%s in %s: %s" % (item["module"], place, verb)


def tasks_of(item: Dict[str, Any]) -> List[Task]:
    return [
        {"name": label(item, HOST, verb), COLLECTION + item["module"]: options_of(item, verb, HOST), "check_mode": VERBS[verb][1], "diff": True}
        for verb in played_verbs(item["module"])
    ]


def played_verbs(module: str) -> List[str]:
    return [verb for verb in VERBS if verb in PLAYED or (verb == "again" and module == PLAYED_AGAIN)]


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


def apply_all(places: List[str]) -> Results:
    """Every verb on every object in each place; each result carries the snapshot taken after it."""
    prepare()
    done: Results = {"start": {"snapshot": take_snapshot()}}

    def run(task: str, module: str, /, check: bool = False, **options: Any) -> None:
        done[task] = {**run_module(module, check=check, diff=True, **options), "snapshot": take_snapshot()}

    for place in places:
        if place != HOST:
            run(place, "netns", name=place)
        for item in OBJECTS:
            if (item["module"], place) in WHERE:
                for verb, (_which, check) in VERBS.items():
                    run(label(item, place, verb), item["module"], check, **options_of(item, verb, place))
        if place != HOST:
            run(place + " gone", "netns", name=place, state="absent")
    return done


@pytest.fixture(scope="module")
def results() -> Results:
    """What the modules' own main functions do; one namespace holds only what tests ask for."""
    return on_fake_host(lambda: apply_all([HOST, ROOM]), timeout=600)


@pytest.fixture(scope="module")
def played(collections_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The same by Ansible, as far as that could make a difference."""
    tasks: List[Task] = [{"name": "start", "ansible.builtin.debug": {"msg": ""}}]
    for item in OBJECTS:
        tasks += tasks_of(item)
    # The last object is the topology: it stands before the last task.
    tasks.insert(-1, {"name": "info", COLLECTION + "topology_info": {}})
    tasks.append({"name": "info nothing", COLLECTION + "topology_info": {}})
    tasks += [
        {"name": name, COLLECTION + module: options, "ignore_errors": True} for name, (module, options, _words) in REFUSED.items() if name in REFUSED_BY_ANSIBLE
    ]

    def body() -> Results:
        prepare()
        return play(collections_path, tmp_path_factory.mktemp("modules"), tasks)

    return on_fake_host(body, timeout=600)


# Who is refused: module, options, and what is said.
REFUSED: Dict[str, Tuple[str, Dict[str, Any], List[str]]] = {
    "a bridge of somebody else": (
        "bridge",
        {"name": "theirs", "state": "absent"},
        ["bridge theirs exists and was not made by this collection"],
    ),
    "a namespace of somebody else": (
        "netns",
        {"name": "foreign", "state": "absent"},
        ["namespace foreign exists and was not made by this collection"],
    ),
    "a veth of somebody else": (
        "veth",
        {"name": "x0", "state": "absent"},
        ["x0", "was not made by this collection"],
    ),
    "another kind": (
        "bridge",
        {"name": "x0"},
        ["bridge x0 exists already, as veth x0"],
    ),
    "no such namespace": (
        "bridge",
        {"name": "br9", "namespace": "nowhere"},
        ["nowhere", "nothing was changed"],
    ),
    "all errors at once": (
        "bridge",
        {"name": "br 9", "mtu": 3, "mac_address": "01:00:00:00:00:00", "addresses": ["10.0.0.1"]},
        ["4 input errors, nothing was changed", "- name: ", "- mtu: ", "- mac_address: ", "- addresses[0]: "],
    ),
    "a bad declaration": (
        "topology",
        {"networks": [{"name": "web", "ipam_config": [{"subnet": "10.20.0.1/24"}], "mtuu": 3}]},
        ["2 input errors, nothing was changed", "did you mean", "networks[web]"],
    ),
    "a parent that is not there": (
        "macvlan",
        {"name": "mv9", "parent": "eth7"},
        ["macvlan mv9: there is no interface eth7 on this host"],
    ),
    "a parent as its own": (
        "vlan",
        {"name": "eth0", "parent": "eth0", "vlan_id": 4095},
        ["2 input errors, nothing was changed", "- vlan_id: ", "- parent: ", "a link cannot stand on itself"],
    ),
    "above the parent's MTU": (
        "ipvlan",
        {"name": "ip9", "parent": "eth0", "mtu": 1501},
        ["mtu: got integer", "above the MTU of the parent eth0; at most 1500"],
    ),
    "a MAC of its own in mode passthru": (
        "macvlan",
        {"name": "mv9", "parent": "eth0", "mode": "passthru", "mac_address": "02:00:00:00:00:01"},
        ["mac_address: ", "in mode passthru the device has the parent's MAC; remove it"],
    ),
    "an unknown option": (
        "netns",
        {"name": "t1", "nmae": "t2"},
        ["Unsupported parameters", "nmae"],
    ),
    "a path as a name": (
        "netns",
        {"name": "../t1"},
        ["name", "a path separator is not allowed in a name"],
    ),
}
# Of a kind each: an option that Ansible does not know, several errors in one, a declaration, something of somebody else.
REFUSED_BY_ANSIBLE = ("an unknown option", "all errors at once", "a bad declaration", "a bridge of somebody else")


def lines(results: Results, task: str) -> List[str]:
    result = results[task]
    assert not result.get("failed"), result.get("msg")
    assert set(result) >= SHARED
    assert result["changed"] == bool(result["actions"])
    objects = [line for line in result["actions"] if not re.match(r". ip6?tables ", line)]
    assert all(line in result["diff"]["prepared"] for line in objects)
    assert ("firewall rules: " in result["diff"]["prepared"]) == (objects != result["actions"])
    return list(result["actions"])


WHERE = [(item["module"], place) for item in OBJECTS for place in (HOST, ROOM) if place == HOST or item["module"] not in ("netns", "topology")]


def item_of(module: str) -> Dict[str, Any]:
    return next(item for item in OBJECTS if item["module"] == module)


@pytest.mark.parametrize(("module", "place"), WHERE)
def test_look_make_change_remove(module: str, place: str, results: Results) -> None:
    item = item_of(module)
    here = "" if place == HOST else " in room"
    done = {verb: lines(results, label(item, place, verb)) for verb in VERBS}
    assert item["line"] + here in done["make"]
    assert done["look"] == done["make"]
    assert done["again"] == []
    again = results[label(item, place, "again")]["statistics"]
    assert (again["netlink_changes"], again["firewall_restores"]) == (0, 0)
    assert done["look at change"] == done["change"]
    for line in item.get("change", []):
        head, colon, tail = line.partition(":") if line.startswith("~") else (line, "", "")
        assert head + here + colon + tail in done["change"]
    assert done["remove"]
    assert done["look at removal"] == done["remove"]
    assert done["remove again"] == []


@pytest.mark.parametrize(("module", "place"), WHERE)
def test_looking_changes_nothing_and_removal_leaves_nothing(module: str, place: str, results: Results) -> None:
    before = results["start" if place == HOST else "room"]["snapshot"]
    after = {verb: results[label(item_of(module), place, verb)]["snapshot"] for verb in VERBS}
    assert differences(before, after["make"])
    for one, other in (
        (before, after["look"]),
        (after["make"], after["again"]),
        (after["make"], after["look at change"]),
        (after["change"], after["look at removal"]),
        (before, after["remove"]),
        (before, after["remove again"]),
    ):
        assert differences(one, other) == ""


@pytest.mark.parametrize("module", [item["module"] for item in OBJECTS])
def test_ansible_does_the_same(module: str, results: Results, played: Results) -> None:
    item = item_of(module)
    for verb in played_verbs(module):
        task = label(item, HOST, verb)
        # After a change something else is removed.
        assert lines(played, task) == lines(results, task) or verb == "remove"
        assert bool(differences(played["start"]["snapshot"], played[task]["snapshot"])) == (verb in ("make", "again"))
        assert set(played[task]) >= set(results[task])


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str, request: pytest.FixtureRequest) -> None:
    module, options, said = REFUSED[what]

    def refuse() -> Dict[str, Any]:
        prepare()
        before = take_snapshot()
        result = run_module(module, **options)
        assert_same(before)
        return result

    answers = [on_fake_host(refuse)]
    if what in REFUSED_BY_ANSIBLE:
        played = request.getfixturevalue("played")
        assert differences(played["info nothing"]["snapshot"], played[what]["snapshot"]) == ""
        answers.append(played[what])
    for answer in answers:
        assert answer["failed"]
        assert not answer.get("changed")
        assert "Traceback" not in json.dumps(answer)
        for words in said:
            assert words in answer["msg"]


def test_nat_tells_what_stands(results: Results) -> None:
    stands = results["nat in the host: change"]["nat"]
    assert (stands["name"], stands["exists"], stands["subnets"]) == ("n9", True, ["10.9.0.0/24"])
    assert [(port["published"], port["address"], port["target"]) for port in stands["ports"]] == [(81, "10.9.0.5", 81)]


def test_nat_tells_what_stands_in_a_room(results: Results) -> None:
    assert results["nat in room: look"]["nat"] == results["nat in room: make"]["nat"]
    assert results["nat in room: remove"]["nat"] == {"name": "n9", "namespace": "room", "exists": False}


def test_info_shows_what_was_made(played: Results) -> None:
    assert not played["info nothing"].get("networks")
    text = json.dumps(played["info"])
    assert not played["info"]["changed"]
    for word in ("br-web", "10.20.0.10", "api", "8080"):
        assert word in text


def without_library(prelude: str) -> Results:
    """Run every module in a process that begins with some statements; nothing may change."""
    script = "\n".join(
        (
            "import json, sys",
            prelude,
            "from harness.module import run_module",
            "print(json.dumps({module: run_module(module, **options) for module, options in json.load(sys.stdin)}))",
        )
    )
    asked = [(item["module"], item["present"]) for item in OBJECTS]

    def body() -> Results:
        prepare()
        before = take_snapshot()
        around = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, input=json.dumps(asked), env=around, stdout=subprocess.PIPE, text=True, check=True)
        assert_same(before)
        return json.loads(done.stdout)

    return on_fake_host(body)


def test_missing_library_is_named_and_nothing_changed(collections_path: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True, timeout=60)

    def body() -> Results:
        prepare()
        return play(collections_path, tmp_path, [{"name": "by Ansible", COLLECTION + "topology": WEB, "ignore_errors": True}], str(bare / "bin" / "python"))

    done = {**on_fake_host(body), **without_library("sys.modules['pyroute2'] = None")}
    assert set(done) == {"by Ansible", *(item["module"] for item in OBJECTS)}
    for result in done.values():
        assert result["failed"]
        assert "Failed to import the required Python library (pyroute2 >= 0.7.2) on" in result["msg"]


def test_too_old_library_is_named_and_nothing_changed(tmp_path: Path) -> None:
    (installed,) = find_spec("pyroute2").submodule_search_locations
    (tmp_path / "pyroute2" / "config").mkdir(parents=True)
    (tmp_path / "pyroute2" / "__init__.py").write_text("__path__.append(%r)\n" % installed)
    (tmp_path / "pyroute2" / "config" / "version.py").write_text('__version__ = "0.6.9"\n')
    for result in without_library("sys.path.insert(0, %r)" % str(tmp_path)).values():
        assert result["failed"]
        assert "Failed to import the required Python library (pyroute2 >= 0.7.2) on" in result["msg"]
        assert "found 0.6.9" in result["msg"]
