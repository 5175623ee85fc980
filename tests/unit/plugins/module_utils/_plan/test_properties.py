# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random declarations of two scopes on one host that others use too, and that drifts between the runs.

Whatever the history: the toy kernel accepts every step, planning again gives none, and nothing of anybody else changes.
"""

from __future__ import annotations

import itertools
import os
import random
import re
from dataclasses import replace
from typing import Any, Dict, Iterator, List, Optional, Sequence, Set, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._engine.scope import scope_keys
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Conflict
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.mark import read_mark
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Address, FdbEntry, KernelObject, Neighbour, Route
from ansible_collections.netloom.container_net.plugins.module_utils._model.rows import unfolded
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Key
from ansible_collections.netloom.container_net.plugins.module_utils._plan.planner import plan
from ansible_collections.netloom.container_net.plugins.module_utils._plan.renames import foresee_names
from ansible_collections.netloom.container_net.plugins.module_utils._plan.step import CHANGE, CREATE, DELETE, Step
from object_rows import packed, read_object
from toy_kernel import FRESH_PORT, ToyKernel

pytest.importorskip("hypothesis", reason="hypothesis is not installed here; the main unit leg runs these")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def _named(**values: Any) -> Dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


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


def some(values: Sequence[Any], at_most: int = 2, at_least: int = 0) -> st.SearchStrategy[Tuple[Any, ...]]:
    """Draw one of all choices of some of the values; one draw is much cheaper than a drawn list."""
    choices = [choice for size in range(at_least, at_most + 1) for choice in itertools.permutations(values, size)]
    return st.sampled_from(choices)


FLAGS: Tuple[Any, ...] = (None, True, False)
BRIDGES = some(("-br0", "-br1", "-x0"), 3)
BRIDGE_FIELDS = st.sampled_from([_named(mtu=mtu, mac=mac, stp=stp) for mtu in (None, 1400, 1500) for mac in (None, *MACS) for stp in FLAGS])
BRIDGE_ADDRESSES = some(("10.1.0.1/24", "10.2.0.1/24", "fd01::1/64"))
PLACES = {scope: some((scope[0] + "api", scope[0] + "db", "plain")) for scope in ("main", "other")}
NAMES = some(("eth0", "eth1", "lan0"), 2, 1)
PORTS = st.sampled_from([_named(isolated=isolated, hairpin=hairpin) for isolated in FLAGS for hairpin in FLAGS])
ADDRESSES = some(("10.%d.0.5/24", "10.%d.0.6/24", "10.%d.0.5/16", "fd0%d::5/64"))
INSIDE = st.sampled_from(
    [_named(up=up, accept_ra=ra, stale=stale, router=router) for up in (True, True, False) for ra in "02" for stale in (None, "30", "60") for router in "17"]
)
TUNNELS = st.sampled_from(
    [
        {"vni": vni, "udp_port": port, "local": local, "learning": learning, "port": {"learning": False, "flood": flood}}
        for vni in (7, 8)
        for port in (4789, 4790)
        for local in ("192.0.2.11", "192.0.2.21")
        for learning in (True, False)
        for flood in (True, False)
    ]
)
PEERS = some(("192.0.2.12", "192.0.2.13"))
REMOTES = some([(mac, vtep, ip) for mac in MACS for vtep in ("192.0.2.12", "192.0.2.13") for ip in ("10.60.0.8", "10.60.0.9")])
RULES = some(("-j ACCEPT", "-j DROP"))
TABLES = some(("filter", "nat"))
SCOPES = st.sampled_from([scopes for size in (2, 3, 4) for scopes in itertools.product(("main", "main", "other"), repeat=size)])
EXTRAS = st.sampled_from([(overlay, forwarding, seed) for overlay in (True, False) for forwarding in (True, False) for seed in range(6)])


@st.composite
def declarations(draw: Draw, scope: str) -> List[Row]:
    """A declaration as the compiler makes them: consistent in itself, free in everything else."""
    rows: List[Row] = []
    bridges = [scope[0] + suffix for suffix in draw(BRIDGES)]
    for number, name in enumerate(bridges):
        rows.append({"bridge": name, "mark": "%s:network:n%d" % (scope, number), "up": True, **draw(BRIDGE_FIELDS)})
        rows.extend({"address": address, "dev": name} for address in draw(BRIDGE_ADDRESSES))
    usable = st.sampled_from([*bridges, "docker0"])
    for place in draw(PLACES[scope]):
        rows.extend(_endpoint(draw, scope, place, usable))
    overlay, forwarding, seed = draw(EXTRAS)
    if overlay:
        # `-x0` may be a bridge in one declaration and a tunnel in the next.
        device = scope[0] + ("-x0" if seed % 2 and scope[0] + "-x0" not in bridges else "-vx0")
        rows.extend(_overlay(draw, scope, device, draw(usable)))
    if forwarding:
        rows.append({"sysctl": "net/ipv4/ip_forward", "value": "1", "restore": True})
    for table in draw(TABLES):
        rows.append({"chain": "%s/CNET-%s" % (table, scope.upper()), "rules": list(draw(RULES))})
        rows.append({"jump": table + "/FORWARD", "rule": "-j CNET-" + scope.upper(), "leads": True, "copies": 1})
    random.Random(seed).shuffle(rows)
    return rows


def _endpoint(draw: Draw, scope: str, place: str, bridges: st.SearchStrategy[str]) -> Iterator[Row]:
    yield {"namespace": place, "mark": "%s:namespace" % scope}
    for number, name in enumerate(draw(NAMES), 1):
        host, mark = "%s-%s%d" % (scope[0], place[-3:], number), "%s:endpoint:n%d:%s" % (scope, number, place)
        tuned = draw(INSIDE)
        up = tuned.get("up")
        yield {"veth": host, "peer": "%s/%s" % (place, name), "leads": True, "mark": mark, "up": True, "master": draw(bridges), "port": draw(PORTS)}
        inner: Row = {"veth": name, "in": place, "peer": "/" + host, "mark": mark, "up": up, "mac": MACS[number - 1]}
        yield {**inner, "sysctls": {"ipv6/accept_ra": tuned["accept_ra"]}}
        addresses = draw(ADDRESSES)
        for address in addresses:
            yield {"address": address % number, "in": place, "dev": name, "announce": True}
        for family, destination, gateway in ((".", "0.0.0.0/0", "10.1.0."), (":", "::/0", "fd01::")):
            if number == 1 and up and any(family in address for address in addresses):
                yield {"route": destination, "in": place, "via": gateway + tuned["router"], "dev": name}
        if "stale" in tuned:
            yield {"sysctl": "net/ipv4/neigh/%s/gc_stale_time" % name, "in": place, "value": tuned["stale"]}


def _overlay(draw: Draw, scope: str, device: str, bridge: str) -> Iterator[Row]:
    fixed = dict(draw(TUNNELS))
    fixed["vni"] += 10 if scope == "other" else 0
    yield {"vxlan": device, **fixed, "mark": "%s:network:mesh" % scope, "master": bridge, "up": True}
    for peer in draw(PEERS):
        yield {"fdb": FLOOD, "dev": device, "remote": peer}
    for mac, vtep, ip in draw(REMOTES):
        yield {"fdb": mac, "dev": device, "remote": vtep}
        yield {"fdb": mac, "dev": device}
        yield {"neighbour": ip, "dev": device, "mac": mac}


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
    elif kind == "rename" and link is not None and kernel.link(link.place, "stray") is None:
        kernel.rename_link(link, "stray", lowered=True)
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
    for key, item in snapshot.unfolded().objects.items():
        if key in owned or key[0] in ("Sysctl", "Chain", "Jump"):
            continue
        if isinstance(item, (Address, Route, Neighbour, FdbEntry)) and (item.place, item.device or "") in ours:
            continue
        if isinstance(item, Link) and item.name == "lo":
            continue
        found[key] = item
    return found


def plan_on(kernel: ToyKernel, scope: str, desired: Sequence[KernelObject], prune: bool) -> Tuple[Step, ...]:
    """Plan as the engine would: the scope's own may go, and the firewall, of which the backend already kept the other scopes' part."""
    snapshot = foresee_names(desired, kernel.snapshot(), lowers=lambda: kernel.renames_only_lowered)
    chains = {key for key in snapshot.mine if key[0] in ("Chain", "Jump") and "CNET-" + scope.upper() in repr(key)}
    return plan(desired, snapshot, prunable=(scope_keys(snapshot, scope) if prune else set()) | chains)


def run(kernel: ToyKernel, scope: str, rows: List[Row], prune: bool, seen: Optional[Set[str]] = None) -> List[str]:
    """Plan, apply, and check what must always hold; return the conflicts, if there were any."""
    desired = [read_object(row) for row in rows]
    before = foreign_state(kernel, scope)
    try:
        steps = plan_on(kernel, scope, desired, prune)
    except Conflict as conflict:
        return str(conflict).splitlines()[1:]
    assert sorted(map(repr, plan_on(kernel, scope, packed(desired), prune))) == sorted(map(repr, steps))
    kernel.apply(steps)
    for wanted in (desired, packed(desired)):
        assert [step.line for step in plan_on(kernel, scope, wanted, prune)] == []
    assert {key: kernel.objects.get(key) for key in before} == before
    if prune:
        left = kernel.snapshot()
        assert {item.key for item in unfolded(left.objects[key] for key in scope_keys(left, scope))} <= {item.key for item in desired}
    if seen is not None:
        seen.update(events(steps))
    return []


def events(steps: Sequence[Step]) -> Iterator[str]:
    created = {step.subject.key for step in steps if step.action == CREATE}
    for step in steps:
        if step.action == DELETE:
            yield "deleted " + type(step.subject).__name__
            if step.subject.key in created:
                yield "replaced link"
        elif step.action == CHANGE:
            yield "moved port" if "master" in step.groups else "renamed link" if step.renames else "changed " + type(step.subject).__name__


# The properties would hold emptily if no history ever came to these.
EVENTS = {"replaced link", "moved port", "renamed link"}
EVENTS |= {"deleted " + name for name in ("Link", "Namespace", "Address", "Route", "Neighbour", "FdbEntry", "Chain", "Jump")}
EVENTS |= {"changed " + name for name in ("Link", "Route", "Neighbour", "FdbEntry", "Sysctl", "Chain")}


SETTINGS = settings(derandomize=True, database=None, deadline=None, report_multiple_bugs=False, suppress_health_check=list(HealthCheck))
# A third of the histories, unless as in `make test-long` all are asked for.
SHARE = 1 if os.environ.get("CONTAINER_NET_EVERY_POINT") else 3


# The conflicts that two honest scopes, a foreign port and the leftovers of a run without prune can have.
EXPECTED_CONFLICT = re.compile(
    r"- (veth \w+ in plain belongs to scope|route \S+ in plain belongs to scope|bridge \S+ has the port vnet9 |vxlan \S+: vxlan \S+ has vni )"
)


def unexpected(conflicts: List[str]) -> List[str]:
    return [line for line in conflicts if not EXPECTED_CONFLICT.match(line)]


def test_a_friendly_host_converges_after_any_history() -> None:
    seen: Set[str] = set()

    @settings(SETTINGS, max_examples=1100 // SHARE)
    @given(st.data())
    def converge(data: st.DataObject) -> None:
        kernel = ToyKernel.of_rows(OTHERS)
        kernel.renames_only_lowered = data.draw(st.booleans())
        for scope in data.draw(SCOPES):
            conflicts = run(kernel, scope, data.draw(declarations(scope)), data.draw(st.sampled_from((True, True, False))), seen)
            assert unexpected(conflicts) == []
            drift(data.draw, kernel)

    converge()
    assert seen >= EVENTS


@settings(SETTINGS, max_examples=650 // SHARE)
@given(st.data())
def test_what_stands_in_the_way_is_never_touched(data: st.DataObject) -> None:
    kernel = ToyKernel.of_rows(OTHERS + data.draw(st.lists(st.sampled_from(CLASHES), unique_by=repr)))
    for _round in range(data.draw(st.integers(1, 3))):
        untouched = dict(kernel.objects)
        if run(kernel, "main", data.draw(declarations("main")), prune=data.draw(st.booleans())):
            assert kernel.objects == untouched


@settings(SETTINGS, max_examples=250 // SHARE)
@given(st.data())
def test_removal_leaves_what_was_there_before(data: st.DataObject) -> None:
    kernel = ToyKernel.of_rows(OTHERS)
    before = {key: item for key, item in kernel.objects.items() if key[0] != "Sysctl"}
    for _round in range(data.draw(st.integers(1, 2))):
        assert unexpected(run(kernel, "main", data.draw(declarations("main")), prune=data.draw(st.booleans()))) == []
    assert not run(kernel, "main", [], prune=True)
    assert {key: item for key, item in kernel.objects.items() if key[0] != "Sysctl"} == before
