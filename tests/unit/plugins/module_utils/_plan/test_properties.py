# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random declarations of two scopes on one host that others use too, and that drifts between the runs.

Whatever the history: the toy kernel accepts every step, planning again gives none, and nothing of anybody else changes.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Any, Dict, Iterator, List, Set, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.scope import scope_keys
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Conflict
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link, Veth
from ansible_collections.netloom.container_net.plugins.module_utils._model.mark import read_mark
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Address, FdbEntry, KernelObject, Neighbour, Route
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Key
from ansible_collections.netloom.container_net.plugins.module_utils._plan.planner import plan
from object_rows import read_object
from toy_kernel import FRESH_PORT, ToyKernel

pytest.importorskip("hypothesis", reason="hypothesis is not installed here; the main unit leg runs these")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

Row = Dict[str, Any]
Draw = Any
MACS = ("02:00:00:00:00:0a", "02:00:00:00:00:0b")
FLOOD = "00:00:00:00:00:00"

# What others have on the host: never in the way, sometimes on or beside our links.
OTHERS: List[Row] = [
    {"link": "eth0"},
    {"address": "192.0.2.11/24", "dev": "eth0"},
    {"route": "0.0.0.0/0", "via": "192.0.2.1", "dev": "eth0"},
    {"bridge": "docker0"},
    {"address": "172.17.0.1/16", "dev": "docker0"},
    {"link": "vnet0", "master": "docker0"},
    {"vxlan": "flannel.1", "vni": 1, "udp_port": 8472},
    {"namespace": "plain"},
    {"bridge": "inner0", "in": "plain"},
    {"sysctl": "net/ipv4/ip_forward", "value": "0"},
    {"sysctl": "net/ipv4/tcp_rmem", "value": "4096"},
]
# What stands in the way of a declaration.
CLASHES: List[Row] = [
    {"bridge": "m-br0"},
    {"link": "m-api0"},
    {"vxlan": "m-vx0", "vni": 3, "udp_port": 4789},
    {"bridge": "m-br1", "mark": "o:network:x"},
    {"link": "eth1", "in": "plain"},
    {"route": "0.0.0.0/0", "in": "plain", "via": "10.9.0.1", "dev": "inner0"},
]


@st.composite
def declarations(draw: Draw, scope: str) -> List[Row]:
    """A declaration as the compiler makes them: consistent in itself, free in everything else."""
    prefix = scope[0]
    rows: List[Row] = []
    bridges = draw(st.lists(st.sampled_from(("-br0", "-br1", "-x0")), unique=True, max_size=3))
    for number, suffix in enumerate(bridges):
        bridge: Row = {"bridge": prefix + suffix, "mark": "%s:network:n%d" % (scope, number), "up": True}
        bridge.update(draw(st.fixed_dictionaries({}, optional={"mtu": st.sampled_from((1400, 1500)), "mac": st.sampled_from(MACS), "stp": st.booleans()})))
        rows.append(bridge)
        for address in draw(st.lists(st.sampled_from(("10.1.0.1/24", "10.2.0.1/24", "fd01::1/64")), unique=True, max_size=2)):
            rows.append({"address": address, "dev": bridge["bridge"]})
    usable = [prefix + suffix for suffix in bridges] + ["docker0"]
    places = draw(st.lists(st.sampled_from((prefix + "api", prefix + "db", "plain")), unique=True, max_size=2))
    for place in places:
        rows.extend(_endpoint(draw, scope, place, usable))
    if draw(st.booleans()):
        rows.extend(_overlay(draw, scope, bridges, usable))
    if draw(st.booleans()):
        rows.append({"sysctl": "net/ipv4/ip_forward", "value": "1", "restore": True})
    for table in draw(st.lists(st.sampled_from(("filter", "nat")), unique=True)):
        chain = "%s/CNET-%s" % (table, scope.upper())
        rows.append({"chain": chain, "rules": draw(st.lists(st.sampled_from(("-j ACCEPT", "-j DROP")), max_size=2))})
        rows.append({"jump": table + "/FORWARD", "rule": "-j CNET-" + scope.upper(), "leads": True, "copies": 1})
    random.Random(draw(st.integers(0, 7))).shuffle(rows)
    return rows


def _endpoint(draw: Draw, scope: str, place: str, bridges: List[str]) -> Iterator[Row]:
    yield {"namespace": place, "mark": "%s:namespace" % scope}
    names = draw(st.lists(st.sampled_from(("eth0", "eth1", "lan0")), unique=True, min_size=1, max_size=2))
    for number, name in enumerate(names):
        host, mark = "%s-%s%d" % (scope[0], place[-3:], number), "%s:endpoint:n%d:%s" % (scope, number, place)
        port = draw(st.fixed_dictionaries({}, optional={"isolated": st.booleans(), "hairpin": st.booleans()}))
        up = draw(st.sampled_from((True, True, True, False)))
        outer: Row = {"veth": host, "peer": "%s/%s" % (place, name), "leads": True, "mark": mark, "up": True, "master": draw(st.sampled_from(bridges))}
        inner: Row = {"veth": name, "in": place, "peer": "/" + host, "mark": mark, "up": up, "mac": MACS[number]}
        inner["sysctls"] = {"ipv6/accept_ra": draw(st.sampled_from("02"))}
        yield {**outer, "port": port}
        yield inner
        addresses = draw(st.lists(st.sampled_from(("10.%d.0.5/24", "10.%d.0.6/24", "10.%d.0.5/16", "fd0%d::5/64")), unique=True, max_size=2))
        for address in addresses:
            yield {"address": address % (number + 1), "in": place, "dev": name, "announce": True}
        for family, destination, gateway in ((".", "0.0.0.0/0", "10.%d.0.1"), (":", "::/0", "fd0%d::1")):
            if number == 0 and up and any(family in address for address in addresses):
                yield {"route": destination, "in": place, "via": gateway % (number + 1), "dev": name}
        if draw(st.booleans()):
            yield {"sysctl": "net/ipv4/neigh/%s/gc_stale_time" % name, "in": place, "value": draw(st.sampled_from(("30", "60")))}


def _overlay(draw: Draw, scope: str, bridges: List[str], usable: List[str]) -> Iterator[Row]:
    # `-x0` may be a bridge in one declaration and a tunnel in the next.
    device = scope[0] + draw(st.sampled_from(("-vx0", "-x0")) if "-x0" not in bridges else st.just("-vx0"))
    yield {
        "vxlan": device,
        "vni": draw(st.sampled_from((7, 8))) + (10 if scope == "other" else 0),
        "udp_port": draw(st.sampled_from((4789, 4790))),
        "local": draw(st.sampled_from(("192.0.2.11", "192.0.2.21"))),
        "learning": draw(st.booleans()),
        "mark": "%s:network:mesh" % scope,
        "master": draw(st.sampled_from(usable)),
        "up": True,
        "port": {"learning": False, "flood": draw(st.booleans())},
    }
    for peer in draw(st.lists(st.sampled_from(("192.0.2.12", "192.0.2.13")), unique=True)):
        yield {"fdb": FLOOD, "dev": device, "remote": peer}
    for mac in draw(st.lists(st.sampled_from(MACS), unique=True)):
        yield {"fdb": mac, "dev": device, "remote": draw(st.sampled_from(("192.0.2.12", "192.0.2.13")))}
        yield {"fdb": mac, "dev": device}
        yield {"neighbour": "10.60.0.%d" % draw(st.sampled_from((8, 9))), "dev": device, "mac": mac}


def drift(draw: Draw, kernel: ToyKernel) -> None:
    """Let somebody who does not know us change something of ours, or die, as containers do."""
    kind = draw(st.sampled_from(("nothing", "nothing", "link", "namespace", "entry", "field", "rename", "foreign port")))
    ours = [link for link in kernel.links() if read_mark(link.alias) and link.name != "lo"]
    if kind == "namespace":
        kernel.drop_namespace("netns:" + draw(st.sampled_from(("mapi", "mdb", "oapi"))))
    elif kind == "entry" and kernel.ours:
        kernel.objects.pop(draw(st.sampled_from(sorted(kernel.ours, key=repr))))
        kernel.ours &= set(kernel.objects)
    elif not ours:
        return
    link = draw(st.sampled_from(sorted(ours, key=repr))) if ours else None
    if kind == "link" and link is not None:
        kernel.drop_link(link.place, link.name)
    elif kind == "field" and link is not None:
        change = draw(st.sampled_from((("mtu", 1300), ("up", False), ("master", ""), ("mac", "02:00:00:00:00:99"), ("sysctls", ()))))
        values: Dict[str, Any] = {change[0]: change[1]}
        if change[0] == "master":
            values["port"] = None
            for entry in kernel.entries(link.place, link.name):
                if isinstance(entry, FdbEntry) and not entry.remote:
                    kernel.objects.pop(entry.key)
                    kernel.ours.discard(entry.key)
        elif link.master and draw(st.booleans()):
            values = {"port": replace(FRESH_PORT, isolated=True, flood=False)}
        kernel.objects[link.key] = replace(link, **values)
    elif kind == "foreign port" and link is not None and link.kind is not None and link.kind.kind == "bridge" and link.place == "":
        kernel.put(read_object({"link": "vnet9", "master": link.name}))


def foreign_state(kernel: ToyKernel, scope: str) -> Dict[Key, KernelObject]:
    """Everything a scope must not touch. A foreign link in one of its bridges is left out where the bridge decides over it."""
    snapshot = kernel.snapshot()
    owned = scope_keys(snapshot, scope)
    ours: Set[Tuple[str, str]] = {(key[1], key[2]) for key in owned if key[0] == "Link"}  # type: ignore[misc]
    found: Dict[Key, KernelObject] = {}
    for key, item in snapshot.objects.items():
        if key in owned or key[0] in ("Sysctl", "Chain", "Jump"):
            continue
        if isinstance(item, (Address, Route, Neighbour, FdbEntry)) and (item.place, item.device or "") in ours:
            continue
        if isinstance(item, Link) and item.name == "lo":
            continue
        found[key] = item
    return found


def prunable(kernel: ToyKernel, scope: str, prune: bool) -> Set[Key]:
    """What the engine would give: the scope's own, and the firewall, of which the backend already kept the other scopes' part."""
    snapshot = kernel.snapshot()
    chains = {key for key in snapshot.mine if key[0] in ("Chain", "Jump") and "CNET-" + scope.upper() in repr(key)}
    return (scope_keys(snapshot, scope) if prune else set()) | chains


def run(kernel: ToyKernel, scope: str, rows: List[Row], prune: bool) -> List[str]:
    """Plan, apply, and check what must always hold; return the conflicts, if there were any."""
    desired = [read_object(row) for row in rows]
    before = foreign_state(kernel, scope)
    try:
        steps = plan(desired, kernel.snapshot(), prunable=prunable(kernel, scope, prune))
    except Conflict as conflict:
        return str(conflict).splitlines()[1:]
    kernel.apply(steps)
    assert [step.line for step in plan(desired, kernel.snapshot(), prunable=prunable(kernel, scope, prune))] == []
    after = kernel.objects
    assert {key: after.get(key) for key in before} == before
    if prune:
        kept = {item.key for item in desired}
        assert scope_keys(kernel.snapshot(), scope) <= kept
    return []


SETTINGS = settings(derandomize=True, database=None, deadline=None, report_multiple_bugs=False, suppress_health_check=list(HealthCheck))


# The conflicts that two honest scopes, a foreign port and the leftovers of a run without prune can have.
EXPECTED_CONFLICT = re.compile(
    r"- (veth \w+ in plain belongs to scope|route \S+ in plain belongs to scope|bridge \S+ has the port vnet9 |vxlan \S+: vxlan \S+ has vni )"
)


def unexpected(conflicts: List[str]) -> List[str]:
    return [line for line in conflicts if not EXPECTED_CONFLICT.match(line)]


@settings(SETTINGS, max_examples=1000)
@given(st.data())
def test_a_friendly_host_converges_after_any_history(data: st.DataObject) -> None:
    kernel = ToyKernel.of_rows(OTHERS)
    for scope in data.draw(st.lists(st.sampled_from(("main", "main", "other")), min_size=2, max_size=4)):
        conflicts = run(kernel, scope, data.draw(declarations(scope)), prune=data.draw(st.sampled_from((True, True, False))))
        assert unexpected(conflicts) == []
        drift(data.draw, kernel)


@settings(SETTINGS, max_examples=600)
@given(st.data())
def test_what_stands_in_the_way_is_never_touched(data: st.DataObject) -> None:
    kernel = ToyKernel.of_rows(OTHERS + data.draw(st.lists(st.sampled_from(CLASHES), unique_by=repr)))
    for _round in range(data.draw(st.integers(1, 3))):
        untouched = dict(kernel.objects)
        if run(kernel, "main", data.draw(declarations("main")), prune=data.draw(st.booleans())):
            assert kernel.objects == untouched


@settings(SETTINGS, max_examples=200)
@given(st.data())
def test_removal_leaves_what_was_there_before(data: st.DataObject) -> None:
    kernel = ToyKernel.of_rows(OTHERS)
    before = {key: item for key, item in kernel.objects.items() if key[0] != "Sysctl"}
    for _round in range(data.draw(st.integers(1, 2))):
        assert unexpected(run(kernel, "main", data.draw(declarations("main")), prune=data.draw(st.booleans()))) == []
    assert not run(kernel, "main", [], prune=True)
    assert {key: item for key, item in kernel.objects.items() if key[0] != "Sysctl"} == before


def test_the_generator_reaches_what_matters() -> None:
    """The properties would hold emptily if no declaration ever replaced a pair, moved a port or lost a bridge."""
    seen: Set[str] = set()

    @settings(SETTINGS, max_examples=200)
    @given(st.data())
    def look(data: st.DataObject) -> None:
        kernel = ToyKernel.of_rows(OTHERS)
        for _round in range(2):
            desired = [read_object(row) for row in data.draw(declarations("main"))]
            steps = plan(desired, kernel.snapshot(), prunable=prunable(kernel, "main", True))
            created = {step.subject.key for step in steps if step.action == "create"}
            for step in steps:
                if step.action == "delete" and step.subject.key in created:
                    seen.add("replaced %s" % ("pair" if isinstance(getattr(step.subject, "kind", None), Veth) else "link"))
                if "master" in step.groups:
                    seen.add("moved port")
                if step.action == "delete":
                    seen.add("deleted " + type(step.subject).__name__)
            kernel.apply(steps)

    look()
    assert seen >= {"replaced pair", "replaced link", "moved port", "deleted Namespace", "deleted Address", "deleted FdbEntry", "deleted Neighbour", "deleted Chain"}
