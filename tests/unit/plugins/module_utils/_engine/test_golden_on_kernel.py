# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planner's golden cases once more, as far as they can be raised, on the real kernel and by the whole engine.

What stands is made first; then check mode, the run and a second run must give exactly the steps of the file, the same steps, and none.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterable, List, Mapping, Set, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._engine.pipeline import converge
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Outcome, Request
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.none import NoFirewall
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.veth import Veth
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Conflict
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.mark import read_mark
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Address, KernelObject, Limit, Route
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Key, Snapshot
from fresh_network import in_fresh_network
from golden_files import read_cases
from object_rows import is_ours, read_object

WORDS = ("what", "scope", "prune", "removes", "adopt", "old_kernel", "current", "desired", "steps", "conflicts")
FOLDER = Path(__file__).parents[1] / "_plan" / "golden"


def can_be_raised(case: Dict[str, Any]) -> bool:
    """Leave out old kernels, the firewall, devices of other tools, entries of others, and ends without their partner."""
    if case.get("old_kernel"):
        return False
    rows = case.get("current", ())
    items = [read_object(row) for row in rows]
    ends = {(item.place, item.name): item.kind for item in items if isinstance(item, Link) and isinstance(item.kind, Veth)}
    for row, item in zip(rows, items):
        if isinstance(item, (Address, Limit, Route)) and not is_ours(row):
            return False
        if isinstance(item, Link):
            mark = read_mark(item.alias)
            if item.kind is None or (mark is not None and not mark.scope):
                return False
            if isinstance(item.kind, Veth) and (item.kind.peer_place, item.kind.peer_name) not in ends:
                return False
    words = {next(iter(row)) for row in [*rows, *case.get("desired", ())]}
    words.update({"vlan_filtering": "vlan filtering", "netem": "netem"}[key] for row in rows for key in ("vlan_filtering", "netem") if key in row)
    return not words & {"chain", "jump", "nic", *missing_kinds()} and all(mutual(name, kind, ends) for name, kind in ends.items())


@lru_cache(maxsize=1)
def missing_kinds() -> FrozenSet[str]:
    """Return what this kernel lacks; a distribution's has it all."""

    def ask() -> FrozenSet[str]:
        found = set()
        for what, words in {
            "macvlan": "link lower0 name x0 type macvlan",
            "ipvlan": "link lower0 name x1 type ipvlan",
            "vlan": "link lower0 name x2 type vlan id 3",
            "dummy": "name x3 type dummy",
            "vrf": "name x4 type vrf table 10",
            "vlan filtering": "name x5 type bridge vlan_filtering 1",
        }.items():
            subprocess.run("ip link add lower0 type bridge".split(), check=True)
            if subprocess.run(["ip", "link", "add", *words.split()], capture_output=True, check=False).returncode:
                found.add(what)
            subprocess.run("ip link delete lower0".split(), check=True)
        if subprocess.run("tc qdisc add dev lo root netem delay 1ms".split(), capture_output=True, check=False).returncode:
            found.add("netem")
        return frozenset(found)

    return frozenset(in_fresh_network(ask))


def mutual(name: Tuple[str, str], kind: Veth, ends: Mapping[Tuple[str, str], Veth]) -> bool:
    other = ends[kind.peer_place or "", kind.peer_name or ""]
    return (other.peer_place, other.peer_name) == name


def raisable(items: Iterable[KernelObject]) -> List[KernelObject]:
    """Return the objects as a declaration: up unless they say otherwise, one end of each pair leading."""
    led: Set[Tuple[str, str]] = set()
    found: List[KernelObject] = []
    for item in items:
        if isinstance(item, Link):
            item = replace(item, up=True if item.up is None else item.up)
            if isinstance(item.kind, Veth) and (item.place, item.name) not in led:
                led.add((item.kind.peer_place or "", item.kind.peer_name or ""))
                item = replace(item, kind=replace(item.kind, leads=True))
        found.append(item)
    return found


def engine(case: Dict[str, Any], desired: List[KernelObject], **options: Any) -> Outcome:
    labels = set(case.get("removes", ()))

    def removes(snapshot: Snapshot) -> Iterable[Key]:
        return [key for key, item in snapshot.objects.items() if item.label in labels]

    def run(_argv: Any, _data: Any = None) -> Tuple[int, str, str]:
        raise AssertionError("no tool is needed")

    request = Request(
        scope=case.get("scope", "main"),
        build=lambda _facts: (desired, ()),
        backend=NoFirewall(),
        run=run,
        state_directory="/run/container_net_test",
        **{"removes": removes, **options},
    )
    return converge(request)


def lines(outcome: Outcome) -> List[str]:
    return [step.line for step in outcome.steps]


def play(case: Dict[str, Any]) -> Dict[str, Any]:
    engine({}, raisable(read_object(row) for row in case.get("current", ())), verify=False)
    desired = [read_object(row) for row in case.get("desired", ())]
    options = {"prune": case.get("prune", False), "adopt": case.get("adopt", False)}
    try:
        planned = engine(case, desired, check_mode=True, **options)
    except Conflict as conflict:
        return {"conflicts": [line[2:] for line in str(conflict).splitlines()[1:]]}
    if "conflicts" in case:  # inside a container nothing is refused, but left out
        return {"conflicts": [warning.partition("; until then ")[0] for warning in planned.warnings]}
    done, again = engine(case, desired, **options), engine(case, desired, **options)
    return {
        "planned": lines(planned),
        "done": lines(done),
        "again": lines(again),
        "sent": {"planned": planned.netlink_changes, "done": done.netlink_changes, "again": again.netlink_changes},
    }


CASES = [case for case in read_cases(FOLDER, WORDS) if can_be_raised(case.values[0])]


@pytest.mark.parametrize("case", CASES)
def test_case(case: Dict[str, Any]) -> None:
    outcome = in_fresh_network(lambda: play(case))
    if "conflicts" in case:
        assert outcome == {"conflicts": case["conflicts"]}
        return
    assert outcome["planned"] == case["steps"]
    assert outcome["done"] == case["steps"]
    assert outcome["again"] == []
    assert outcome["sent"]["planned"] == outcome["sent"]["again"] == 0
    if any(line.startswith("+ ") and "sysctl" not in line for line in case["steps"]):
        assert outcome["sent"]["done"] > 0


def test_most_cases_can_be_raised() -> None:
    assert len(CASES) >= 35
