# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The whole fleet planned in one pass: variables and lock in, arguments of every host and the next lock out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ...module_utils._document.scalars import read_label
from ...module_utils._model.errors import InputError, Problem
from ...module_utils._model.policy import Policy
from .addresses import allocate_addresses
from .checks import check_endpoints, check_subnets
from .lans import check_lans, lan_networks
from .lock import Lock
from .merged import list_moved
from .overlays import Overlay, collect_overlays
from .policies import plan_policies
from .ports import choose_host_ports
from .reading import Host, HostVariables, read_fleet
from .render import list_left_out, render_host, render_overlays, render_routed
from .routed import Routed, collect_routed, own_parts
from .tunnels import check_tunnels
from .vnis import allocate_vnis
from .vteps import resolve_vteps


@dataclass(frozen=True)
class FleetPlan:
    """A valid plan. `hosts` are complete: every address, MAC, VNI and VTEP is in them or in `overlays` and `vteps`.

    They have the networks that are made on them; `overlays`, `routed` and `lock` know also what stands nowhere, so that it comes back as it was.
    """

    scope: str
    hosts: Tuple[Host, ...]
    overlays: Dict[str, Overlay]
    vteps: Dict[str, str]
    lock: Lock
    warnings: Tuple[str, ...] = ()
    routed: Mapping[str, Routed] = field(default_factory=dict)
    policies: Tuple[Dict[str, Any], ...] = ()  # for all hosts alike
    declared_policies: Tuple[Policy, ...] = ()

    def arguments(self) -> Dict[str, Dict[str, Any]]:
        """Return each host's arguments for the topology module, without what all hosts share."""
        return {host.name: render_host(host, scope=self.scope, overlays=self.overlays, vteps=self.vteps, routed=self.routed) for host in self.hosts}

    def left_out(self) -> Dict[str, List[str]]:
        """Return by host the declared networks that nothing there uses, where there are any."""
        found = {host.name: list_left_out(host) for host in self.hosts}
        return {name: networks for name, networks in found.items() if networks}

    def overlay_rows(self) -> Dict[str, Any]:
        """Return what all hosts of each overlay share, its peers and endpoints, and the peers of each routed network."""
        return {**render_overlays(list(self.hosts), self.overlays), **render_routed(self.routed)}


def plan_fleet(fleet: Sequence[HostVariables], *, scope: str, lock: Lock) -> FleetPlan:
    """Return the plan of the whole fleet, or raise InputError with every problem of every host."""
    problems: List[Problem] = []
    if read_label(scope, "scope", problems) is None:
        raise InputError(tuple(problems))
    hosts = read_fleet(fleet, scope=scope, problems=problems)
    vteps = resolve_vteps(hosts, lock=lock, problems=problems)
    overlays = collect_overlays(hosts, vteps=vteps.by_host, problems=problems)
    check_subnets(hosts, overlays, problems)
    routed = collect_routed(hosts, lock=lock, problems=problems)
    hosts = own_parts(hosts, routed, problems)
    filled, addresses = allocate_addresses(hosts, overlays, vteps=vteps.by_host, lock=lock, problems=problems)
    check_endpoints(filled, overlays, problems)
    check_lans(filled, vteps=vteps.by_host, problems=problems)
    check_tunnels(filled, vteps.by_host, problems)
    filled, ports = choose_host_ports(filled, scope=scope, lock=lock, problems=problems)
    policies, filled_in = plan_policies(filled, problems)
    if problems:
        raise InputError(tuple(problems))
    vnis = _choose_vnis(overlays, scope=scope, recorded=lock.vnis)
    chosen = {name: vni for name, vni in vnis.items() if not overlays[name].network.vni}
    after = Lock(scope=scope, vteps=vteps.recorded, vnis=chosen, addresses=addresses, parts=routed.parts, next_hops=routed.next_hops, ports=ports)
    shared = {*overlays, *(name for host in hosts for name in lan_networks(host))}
    return FleetPlan(
        scope=scope,
        hosts=tuple(replace(host, networks=tuple(network for network in host.networks if network.name in host.used)) for host in filled),
        overlays={name: replace(overlay, network=replace(overlay.network, vni=vnis[name])) for name, overlay in overlays.items()},
        vteps=vteps.by_host,
        lock=after,
        warnings=vteps.warnings + routed.warnings + list_moved(lock, after, shared),
        routed=routed.networks,
        policies=filled_in,
        declared_policies=policies,
    )


def _choose_vnis(overlays: Mapping[str, Overlay], *, scope: str, recorded: Mapping[str, int]) -> Dict[str, int]:
    explicit = {name: overlay.network.vni for name, overlay in overlays.items() if overlay.network.vni}
    return allocate_vnis(overlays, scope=scope, explicit=explicit, recorded=recorded)
