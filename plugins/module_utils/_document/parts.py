# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What few declarations have, read and checked by files that are loaded where one has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, FrozenSet, Iterable, Optional, Sequence, Tuple

from .._model.place import SLOT
from .._model.translation import NOBODY, Holdings

if TYPE_CHECKING:
    from .._drivers.base import HostView
    from .._model.amount import Rate, Size
    from .._model.document import Device, Document, Endpoint, PublishedPort, RoutingRule, StaticRoute, Wire
    from .._model.guest import Guest
    from .._model.objects import Netem
    from .._model.policy import Policy
    from .._schema.reading import Problems, Read
    from .._schema.schema import Elsewhere
    from .entry import Pairs
    from .scene import Scene


def add_guests(endpoints: Any, guests: Sequence[Guest]) -> Any:
    if not guests:
        return endpoints
    from . import guests as noted

    return noted.add_guests(endpoints, guests)


def fill_in(guests: Sequence[Guest], document: Document) -> Tuple[Guest, ...]:
    if not guests:
        return ()
    from . import guests as noted

    return noted.fill_in(guests, document)


def without_empty_slots(document: Document) -> Document:
    if not any(endpoint.place.kind == SLOT for endpoint in document.endpoints):
        return document
    from . import guests

    return guests.without_empty_slots(document)


def find_ports() -> Read[Tuple[PublishedPort, ...]]:
    from . import ports

    return ports.read_ports


def choose_ports(document: Document, *, holdings: Holdings = NOBODY, problems: Problems) -> Document:
    if not any(port.given or not port.published for endpoint in document.endpoints for port in endpoint.ports):
        return document
    from . import free_ports

    return free_ports.choose_ports(document, holdings=holdings, problems=problems)


def find_sysctls(*, per_interface: bool) -> Read[Pairs]:
    from . import sysctls

    return sysctls.sysctls(per_interface=per_interface)


def find_routes() -> Read[Tuple[StaticRoute, ...]]:
    from . import routes

    return routes.read_routes


def find_attachment_routes() -> Read[Tuple[StaticRoute, ...]]:
    from . import routes

    return routes.read_attachment_routes


def find_rate() -> Read[Rate]:
    from . import amounts

    return amounts.read_rate


def find_burst() -> Read[Size]:
    from . import amounts

    return amounts.read_burst


def find_dscp() -> Read[int]:
    from . import dscp

    return dscp.read_dscp


def find_netem() -> Read[Netem]:
    from . import netem

    return netem.read_netem


def find_rules() -> Read[Tuple[RoutingRule, ...]]:
    from . import rules

    return rules.read_rules


def find_devices() -> Read[Tuple[Device, ...]]:
    from . import devices

    return devices.read_devices


def name_devices(found: Tuple[Device, ...], taken: Iterable[str]) -> Tuple[Device, ...]:
    if not found:
        return ()
    from . import devices

    return devices.name_devices(found, taken)


def keys_below_endpoint(known: FrozenSet[str]) -> Elsewhere:
    """Return what to say of keys of its maps that stand beside them; `known` are the endpoint's own."""
    from .._schema.schema import belongs
    from .attachment import ATTACHMENT
    from .devices import DEVICE
    from .ports import PORT
    from .routes import ROUTE

    return {
        **belongs(PORT.keys, PORT.name),
        **belongs(ATTACHMENT.keys - known, ATTACHMENT.name),
        **belongs(("destination", "gateway", "metric"), ROUTE.name),
        **belongs(DEVICE.keys - known, DEVICE.name),
        **belongs(DEVICE.keys & ATTACHMENT.keys - known, "an entry of networks or devices"),
    }


def read_link(value: object, path: str, problems: Problems) -> Optional[Wire]:
    from . import links

    return links.read_link(value, path, problems)


def read_policy(value: object, path: str, problems: Problems) -> Optional[Policy]:
    from . import policies

    return policies.read_policy(value, path, problems)


def has_policies(document: Document) -> bool:
    """Tell whether somebody is to be kept from somebody, beside what networks do by themselves."""
    return bool(document.policies) or any(network.denies for network in document.networks)


def check_policies(scene: Scene) -> None:
    if has_policies(scene.document):
        from . import check_policies

        check_policies.check_host_policies(scene)


def check_policies_of_host(view: HostView, *, filters: bool) -> None:
    if has_policies(view.document):
        from . import host_policies

        host_policies.check_host_policies(view, filters=filters)


def fill_links(wires: Tuple[Wire, ...], endpoints: Sequence[Endpoint], scope: str) -> Tuple[Wire, ...]:
    if not wires:
        return ()
    from . import links

    return links.fill_links(wires, endpoints, scope)


def lead_routes(document: Document) -> Document:
    if not any(endpoint.routes or any(item.routes for item in endpoint.attachments) for endpoint in document.endpoints):
        return document
    from . import routes

    return routes.lead_routes(document)


def check_links(scene: Scene) -> None:
    if scene.document.links or any(endpoint.devices for endpoint in scene.document.endpoints):
        from . import check_links

        check_links.check_links(scene)


def check_ports(scene: Scene) -> None:
    if any(endpoint.ports for endpoint in scene.document.endpoints):
        from . import check_ports

        check_ports.check_ports(scene)


def check_routes(scene: Scene) -> None:
    if any(map(_has_routes, scene.document.endpoints)):
        from . import check_routes

        check_routes.check_routes(scene)


def _has_routes(endpoint: Endpoint) -> bool:
    """Tell whether it has routes of its own, or networks that may each give it one."""
    attachments = endpoint.attachments
    return bool(endpoint.routes) or len(attachments) > 1 or any(item.routes or item.default_route for item in attachments)


def check_host_devices(view: HostView) -> None:
    if any(endpoint.devices for endpoint in view.document.endpoints):
        from . import host_devices

        host_devices.check_host_devices(view)
