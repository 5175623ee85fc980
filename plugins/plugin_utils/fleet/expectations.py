# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the plan promises: which probe must pass and which must be refused."""

from __future__ import annotations

from typing import Any, Collection, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from ...module_utils._model.names import derive_seed
from .between import check_pair
from .edge import check_from_own_host, check_opened, check_published, check_unpublished, check_way_out
from .members import Check, Fleet, Member, list_members
from .outside import Outside
from .permits import judge_checks
from .planner import FleetPlan
from .wires import check_wires

# Up to this many endpoints every one is probed from every other, and beyond it a part of them.
ALL_PAIRS_LIMIT = 50
SAMPLE = 2
# Columns of the matrix that are no endpoint.
OUTSIDE, DIRECT, UNPUBLISHED = "outside", "direct", "unpublished"


def expectations(plan: FleetPlan) -> List[Check]:
    """Return every probe of the fleet, in a stable order."""
    members = list_members(plan)
    outside = Outside(plan)
    fleet = Fleet(members)
    checks: List[Check] = []
    for source, target in _pairs(members):
        checks += check_pair(source, target, fleet)
    checks += check_wires(plan, members, outside)
    neighbours: Dict[str, List[Member]] = {}
    for member in members:
        neighbours.setdefault(member.host.name, []).append(member)
    for member in members:
        checks += check_way_out(member, outside)
        checks += check_from_own_host(member)
        checks += check_published(member, neighbours[member.host.name], outside)
        checks += check_opened(member, outside)
    for host in plan.hosts:
        checks += check_unpublished(host, outside)
    return judge_checks(plan, members, outside, checks)


def probes(checks: Sequence[Check], *, playing: Optional[Collection[str]] = None) -> Dict[str, Dict[str, List[Dict[str, Any]]]]:
    """Return by host what M(probe) must do there: the checks that start from it, and the responders that answer others.

    Of each check, `ways` says in the same order what it leads to and where it comes from, in the words of the declaration.

    What needs a responder on a host that is not `playing` is left out, for nobody would answer there.
    """
    found: Dict[str, Dict[str, List[Dict[str, Any]]]] = {}
    responders: Set[Tuple[str, str, str, int]] = set()
    for check in checks:
        if playing is not None and check["to_port"] is not None and check["to_host"] not in playing:
            continue
        found.setdefault(check["from_host"], _nothing())["checks"].append(_as_probe(check))
        found[check["from_host"]]["ways"].append({"to": _group(check), "from": _origin(check)})
        if check["to_port"] is None:
            continue
        key = (check["to_host"], check["to"], check["type"], check["to_port"])
        if key not in responders:
            responders.add(key)
            responder = {"name": check["to"], "in": check["to_container"], "protocol": check["type"], "port": check["to_port"]}
            found.setdefault(check["to_host"], _nothing())["listen"].append(responder)
    return found


def _nothing() -> Dict[str, List[Dict[str, Any]]]:
    return {"checks": [], "ways": [], "listen": []}


def _group(check: Check) -> str:
    """Return what a check leads to: a network, ports, wires or the outside."""
    if check["network"]:
        return "network %s" % check["network"]
    if check["port"] is not None:
        return "published ports" if check["to"] else "ports that nobody published"
    return "wires and tunnels" if check["to"] else "the outside" if not check["to_host"] else "hosts"


def _origin(check: Check) -> str:
    """Return where a check comes from: the networks of a container, or a host."""
    if check["container"] is None:
        return "hosts"
    far = check["to_host"] not in ("", check["from_host"])
    return (" and ".join(check["from_networks"]) or "containers on no network") + (" on another host" if far else "")


def _as_probe(check: Check) -> Dict[str, Any]:
    start = {**(check["container"] or {}), "label": check["from"] or check["from_host"]}
    target = _target(check)
    found = {"from": start, "type": check["type"], "address": check["address"], "to": target, "expect": check["expect"]}
    found["name"] = "%s -> %s (%s), %s" % (start["label"], target, check["address"], check["reason"])
    if check["port"] is not None:
        found["port"] = check["port"]
    return found


def _target(check: Check) -> str:
    """Return the matrix column: an endpoint, its published port, or what must stay closed or lies outside."""
    if check["port"] is not None:
        return "%s:%d/%s" % (check["to"], check["port"], check["type"]) if check["to"] else UNPUBLISHED
    return check["to"] or (DIRECT if check["to_host"] else OUTSIDE)


def _pairs(members: Sequence[Member]) -> Iterator[Tuple[Member, Member]]:
    """Yield (source, target): all of a small fleet; of a large one a ring, a ring in each network, and a sample."""
    if len(members) <= ALL_PAIRS_LIMIT:
        yield from ((source, target) for source in members for target in members if source is not target)
        return
    rings: Dict[Tuple[str, str], List[int]] = {}
    places: List[List[Tuple[Tuple[str, str], int]]] = []
    for index, member in enumerate(members):
        places.append([])
        for name, network in member.networks.items():
            ring = rings.setdefault((member.host.name if network.is_local else "", name), [])
            places[index].append(((member.host.name if network.is_local else "", name), len(ring)))
            ring.append(index)
    for index, member in enumerate(members):
        targets = [(index + 1) % len(members)]
        targets += [rings[key][(place + 1) % len(rings[key])] for key, place in places[index]]
        for step in range(SAMPLE):
            targets.append(derive_seed(member.host.name, member.endpoint.name, str(step)) % len(members))
        for target in dict.fromkeys(targets):
            if target != index:
                yield member, members[target]
