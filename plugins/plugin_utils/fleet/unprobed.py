# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the declaration promises and the probes do not prove, in words."""

from __future__ import annotations

from typing import Iterator, List, Optional, Sequence

from ...module_utils._model.place import SLOT
from .edge import PROBED_PROTOCOLS
from .expectations import ALL_PAIRS_LIMIT
from .members import Member, list_members
from .outside import FAMILIES, Outside
from .planner import FleetPlan
from .tunnels import list_lonely

SHOWN = 5


def list_unprobed(plan: FleetPlan) -> List[str]:
    """Return one sentence for each kind of promise that no probe looks at."""
    members = list_members(plan)
    return [
        fact for fact in (_silent_protocols(members), _slots(plan), *_no_outside(plan), _lonely_tunnels(plan), _foreign_ends(plan), _sampled(members)) if fact
    ]


def _silent_protocols(members: Sequence[Member]) -> Optional[str]:
    found = [
        "%s of %s on %s" % (port, member.endpoint.name, member.host.name)
        for member in members
        for port in member.endpoint.ports
        if port.protocol not in PROBED_PROTOCOLS
    ]
    more = ", and %d more" % (len(found) - SHOWN) if len(found) > SHOWN else ""
    return "published ports of a protocol that probe does not speak: %s%s" % (", ".join(found[:SHOWN]), more) if found else None


def _slots(plan: FleetPlan) -> Optional[str]:
    found = ["%s on %s" % (endpoint.name, host.name) for host in plan.hosts for endpoint in host.endpoints if endpoint.place.kind == SLOT]
    more = ", and %d more" % (len(found) - SHOWN) if len(found) > SHOWN else ""
    return "slots, which container runtimes fill: %s%s" % (", ".join(found[:SHOWN]), more) if found else None


def _no_outside(plan: FleetPlan) -> Iterator[str]:
    """Yield the families in which nobody stands outside, of those that the fleet's endpoints have."""
    outside = Outside(plan)
    for version in FAMILIES:
        carried = any(
            (item.ipv4_address if version == 4 else item.ipv6_address) for host in plan.hosts for endpoint in host.endpoints for item in endpoint.attachments
        )
        if not carried or outside.has_strangers(version):
            continue
        if len(plan.hosts) < 2:
            yield "IPv%d from and to the outside: another host of the fleet would stand for it, and there is none" % version
        else:
            yield "IPv%d from and to the outside: fewer than two hosts have a known IPv%d address of their own; set fleet_underlay_addresses" % (
                version,
                version,
            )


def _lonely_tunnels(plan: FleetPlan) -> Optional[str]:
    found = list_lonely(plan.hosts, Outside(plan).is_at)
    more = ", and %d more" % (len(found) - SHOWN) if len(found) > SHOWN else ""
    return "tunnels whose other end this fleet does not have: %s%s" % ("; ".join(found[:SHOWN]), more) if found else None


def _foreign_ends(plan: FleetPlan) -> Optional[str]:
    found = ["%s (%s) of %s" % (peer.host, peer.vtep, overlay.name) for overlay in plan.overlays.values() for peer in overlay.network.peers]
    more = ", and %d more" % (len(found) - SHOWN) if len(found) > SHOWN else ""
    return "endpoints behind peers outside this fleet: %s%s" % (", ".join(found[:SHOWN]), more) if found else None


def _sampled(members: Sequence[Member]) -> Optional[str]:
    if len(members) <= ALL_PAIRS_LIMIT:
        return None
    return "every pair of endpoints: of %d endpoints, each asks its neighbours and a few others" % len(members)
