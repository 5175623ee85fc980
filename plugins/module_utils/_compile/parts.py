# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What few declarations have, compiled by files that are loaded where one has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Iterable, List, Mapping, Sequence, Tuple

from .._model.document import Attachment, Document, Endpoint
from .._model.objects import KernelObject
from .._model.published import at_loopback
from .._model.rule import Rule, Users
from .._model.snapshot import Facts

if TYPE_CHECKING:
    from .._drivers.segment import Segment


def _has_tunnels(document: Document) -> bool:
    return bool(document.links) or any(network.tunnel_port is not None for network in document.networks)


def find_tunnel_ends(document: Document, facts: Facts) -> Document:
    """Return the declaration with the local address of every tunnel."""
    if not document.links:
        return document
    from . import wire

    return wire.find_tunnel_ends(document, facts)


def join_segments(document: Document, segments: Dict[str, Segment]) -> None:
    if document.links:
        from . import wire

        wire.join_segments(document, segments)


def compile_wires(document: Document, segments: Mapping[str, Segment], facts: Facts) -> Tuple[KernelObject, ...]:
    if not document.links:
        return ()
    from . import wire

    return wire.compile_wires(document, segments, facts)


def compile_wire_rules(document: Document, family: int) -> Iterable[Rule]:
    if not document.links:
        return ()
    from . import wire_firewall

    return wire_firewall.compile_wire_rules(document, family)


def quieten_bridges(document: Document, objects: Iterable[KernelObject], segments: Mapping[str, Segment]) -> Tuple[KernelObject, ...]:
    if not document.links:
        return tuple(objects)
    from . import wire

    return wire.quieten_bridges(document, objects, segments)


def leave_out_ways_by_lowered(document: Document, objects: Iterable[KernelObject]) -> Iterable[KernelObject]:
    if all(attachment.up for endpoint in document.endpoints for attachment in endpoint.attachments):
        return objects
    from . import lowered

    return lowered.leave_out_ways_by_lowered(document, objects)


def compile_devices(endpoint: Endpoint, scope: str, facts: Facts) -> Iterable[KernelObject]:
    if not endpoint.devices:
        return ()
    from . import device

    return device.compile_devices(endpoint, scope, facts)


def compile_limits(endpoint: Endpoint, attachment: Attachment, segment: Segment) -> Iterable[KernelObject]:
    if attachment.ingress_rate is None and attachment.egress_rate is None and not attachment.netem:
        return ()
    from . import limits

    return limits.compile_limits(endpoint, attachment, segment)


def compile_source_routing(document: Document, segments: Mapping[str, Segment], made: Iterable[KernelObject], facts: Facts) -> List[KernelObject]:
    led = any(way.scope != document.scope for ways in facts.ways_out.values() for way in ways)
    if not led and not any(map(has_choice, document.endpoints)):
        return []
    from . import source_routing

    return source_routing.compile_source_routing(document, segments, made, facts)


def has_choice(endpoint: Endpoint) -> bool:
    """Tell whether answers could leave by another interface than the one the question came in on."""
    return len(endpoint.attachments) > 1 or bool(endpoint.devices or endpoint.routes) or any(item.default_route is False for item in endpoint.attachments)


def compile_dscp(document: Document, family: int) -> Iterable[Rule]:
    if all(attachment.dscp is None for endpoint in document.endpoints for attachment in endpoint.attachments):
        return ()
    from . import dscp

    return dscp.compile_dscp(document, family)


def compile_published(document: Document, family: int) -> Iterable[Rule]:
    if not any(endpoint.ports for endpoint in document.endpoints):
        return ()
    from . import published

    return published.compile_published(document, family)


def open_loopback(document: Document, objects: Iterable[KernelObject]) -> List[KernelObject]:
    if not any(at_loopback(port.host_ip) for endpoint in document.endpoints for port in endpoint.ports):
        return list(objects)
    from . import local

    return local.open_loopback(document, objects)


def find_underlays(document: Document, facts: Facts) -> Mapping[str, str]:
    """Return by which interface the host's addresses are at home, where tunnels need to know."""
    if not _has_tunnels(document):
        return {}
    from . import vxlan_firewall

    return vxlan_firewall.find_underlays(facts)


def compile_policies(document: Document, family: int, others: Sequence[Rule]) -> Iterable[Rule]:
    if not document.policies and not any(network.denies for network in document.networks):
        return ()
    from . import policies

    return policies.compile_policies(document, family, others)


def compile_vxlan_rules(document: Document, family: int, underlays: Mapping[str, str], users: Users, *, bridge_filter: bool) -> Iterable[Rule]:
    if not _has_tunnels(document):
        return ()
    from . import vxlan_firewall

    return vxlan_firewall.compile_vxlan_rules(document, family, underlays, users, bridge_filter=bridge_filter)
