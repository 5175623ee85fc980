# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What policies make of the fleet's probes: what they deny is refused, and what they may have opened is not asked."""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from ...module_utils._model import span
from ...module_utils._model.addresses import ip_version
from ...module_utils._model.network import Network
from ...module_utils._model.policy import ALLOW, DENY, Policy, Selector
from .members import Check, Member
from .outside import Outside
from .planner import FleetPlan

PORTED = ("tcp", "udp")


class End(NamedTuple):
    """One end of a connection, as the host that judges it sees it."""

    address: str
    member: Optional[Member] = None
    network: Optional[Network] = None


def judge_checks(plan: FleetPlan, members: Sequence[Member], outside: Outside, checks: Sequence[Check]) -> List[Check]:
    """Return the probes with what policies and defaults make of them; those that they leave open, for somebody may come by several ways, are left out."""
    if not plan.policies and not any(network.denies for host in plan.hosts for network in host.networks):
        return list(checks)
    known = {(member.host.name, member.endpoint.name): member for member in members}
    found: List[Check] = []
    for check in checks:
        words = {_judge(plan.declared_policies, source, target, check) for source, target in _ends(check, known, outside)}
        if words <= {""}:
            found.append(check)
        elif len(words) == 1 and ALLOW not in words and check["type"] != "mtu":
            found.append({**check, "expect": "refuse", "reason": words.pop()})
        elif words == {ALLOW} and check["expect"] == "pass":
            found.append(check)
    return found


def _ends(check: Check, known: Dict[Tuple[str, str], Member], outside: Outside) -> Iterator[Tuple[End, End]]:
    """Yield the ends of a probe that a host may take further; a host judges nothing that it sends itself."""
    version = ip_version(check["address"])
    target = known.get((check["to_host"], check["to"]))
    if check["container"] is None:
        own = outside.address(check["from_host"], version) if check["from_host"] != check["to_host"] else None
        sources = [End(own)] if own is not None else []
    else:
        source = known.get((check["from_host"], check["from"]))
        sources = list(_held(source, version)) if source is not None else []
    targets = [End(check["address"])]
    if target is not None:
        held = list(_held(target, version))
        targets = [end for end in held if end.address == check["address"]] or (held if check["port"] is not None else [])
    for one in sources:
        for other in targets:
            if one.member is None or one.member is not other.member or check["port"] is not None:
                yield one, other


def _held(member: Member, version: int) -> Iterator[End]:
    for item in member.endpoint.attachments:
        network = member.networks[item.network]
        if network.passes_host:
            yield from (End(address, member, network) for address in item.addresses if ip_version(address) == version)


def _judge(policies: Sequence[Policy], source: End, target: End, check: Check) -> str:
    """Return why a connection is denied, ALLOW for one that a policy allows, and nothing for one that nobody speaks of."""
    for policy in policies:
        if _names(policy.source, source) and _names(policy.target, target) and _is_about(policy, check):
            return "policy %s denies it" % policy.name if policy.action == DENY else ALLOW
    if source.network is not None and source.network.default_egress == DENY:
        return "default_egress: deny of network %s" % source.network.name
    if target.network is not None and target.network.default_policy == DENY and check["port"] is None:
        return "default_policy: deny of network %s" % target.network.name
    return ""


def _names(selector: Optional[Selector], end: End) -> bool:
    if selector is None:
        return True
    if end.member is not None and (end.member.endpoint.name in selector.endpoints or _share(end.member.endpoint.groups, selector.groups)):
        return True
    return (end.network is not None and end.network.name in selector.networks) or any(span.holds(cidr, end.address) for cidr in selector.cidrs)


def _share(one: Sequence[str], other: Sequence[str]) -> bool:
    groups: Set[str] = set(one)
    return not groups.isdisjoint(other)


def _is_about(policy: Policy, check: Check) -> bool:
    port = check["to_port"] or check["port"]
    if not policy.ports:
        return True
    return check["type"] in PORTED and any(item.protocol == check["type"] and item.first <= port <= item.last for item in policy.ports)
