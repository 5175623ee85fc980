# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One endpoint of the declaration."""

from __future__ import annotations

from functools import partial
from typing import Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from .._model.document import Attachment, Endpoint
from .._model.errors import Problem
from .._model.place import HOST
from .._schema.reading import Later, Problems, Shape, reader
from .._schema.schema import Elsewhere, Field, Schema
from .attachment import fill_names, read_attachment
from .borrowed_words import ENDPOINT as BORROWED
from .borrowed_words import unlike_ours
from .container import read_container
from .entry import list_of, named_path, read_entry, read_labels, read_list
from .modes import check_mode, read_mode, required_keys
from .parts import find_devices, find_ports, find_routes, find_rules, find_sysctls, keys_below_endpoint, name_devices
from .scalars import read_boolean, read_label
from .state import STATE, is_absent


@reader(Shape("list", elements=read_attachment.shape))
def _read_networks(value: object, path: str, problems: Problems) -> Optional[Tuple[Attachment, ...]]:
    items = read_list(value, path, problems)
    if items is None:
        return None
    found: Dict[str, int] = {}
    attachments: List[Attachment] = []
    for index, item in enumerate(items):
        name = item.get("name") if isinstance(item, dict) else item
        place = "%s[%d]" % (path, index)
        twice = isinstance(name, str) and name in found
        attachment = read_attachment(item, place if twice else named_path(path, index, item), problems)
        if attachment is None:
            continue
        if twice:
            problems.append(Problem(place, attachment.network, "entry %d names the same network" % found[attachment.network], "remove one"))
            continue
        found[attachment.network] = index
        attachments.append(attachment)
    return tuple(attachments)


NAME = Field("name", read_label, None, "Name of the endpoint.", required=True)
CONTAINER = Field("container", read_container, None, "Where it lives. Required, unless V(network_mode) names another namespace.")
NETWORK_MODE = Field(
    "network_mode",
    read_mode,
    None,
    "V(none) has no networks; what we had attached goes. V(host) is the host's own network, where nothing is attached. V(container:ENDPOINT) is the"
    " namespace of another endpoint of this host. None of them goes with networks, ports, devices, routes or rules; with the last two, V(container) is"
    " optional, and is checked to share that namespace.",
    default_words="the networks it lists",
)
NETWORKS = Field("networks", _read_networks, (), "The networks it is attached to: names, or maps.", example="[web, {name: lan, ipv4_address: 192.0.2.70}]")
PORTS = Field(
    "ports",
    Later(find_ports),
    (),
    "Ports of the host that lead to it: text such as C([host_ip:]published[-end]:target[-end][/protocol]), which needs quotes, or maps. Where no port of"
    " the host is named, as in V(80/tcp) or V(192.0.2.10::80), a free one is chosen and kept.",
    example='["8080:80/tcp"]',
)
SYSCTLS = Field(
    "sysctls",
    Later(partial(find_sysctls, per_interface=False)),
    (),
    "Kernel parameters of the whole namespace.",
    example="{net.ipv4.ip_unprivileged_port_start: 80}",
)
SOURCE_ROUTING = Field(
    "source_routing",
    read_boolean,
    True,
    "Whether answers leave by the interface the question came in on, where several of its networks have a gateway in one family, or one and another is a LAN.",
)
ROUTES = Field("routes", Later(find_routes), (), "Routes inside, which leave by the interface that reaches the gateway, or by the one they name.")
RULES = Field("rules", Later(find_rules), (), "Which of its packets ask which of its routing tables before the main one. What it has of its own is left alone.")
FORWARDING = Field(
    "forwarding",
    read_boolean,
    False,
    "Whether it is a router between its interfaces. On a network with V(gateway_on_host=false) it may have the gateway's address.",
)
MASQUERADE = Field(
    "masquerade", list_of(read_label), (), "Those of its networks towards which a router hides the others behind its own address (NAT inside the endpoint)."
)
DEVICES = Field(
    "devices",
    Later(find_devices),
    (),
    "Links of the host that are handed to it, and given back on removal. One that is in use, or that carries the host's default route or the connection to it,"
    " is refused.",
)
GROUPS = Field("groups", list_of(read_label), (), "Groups it is in, by which policies name it.", example="[backend]")
LABELS: Field[Mapping[str, str]] = Field("labels", read_labels, {}, "Text of your own, for whoever reads the declaration.", example="{team: shop}")

_FIELDS = (
    NAME,
    CONTAINER,
    NETWORK_MODE,
    NETWORKS,
    PORTS,
    SYSCTLS,
    SOURCE_ROUTING,
    ROUTES,
    RULES,
    FORWARDING,
    MASQUERADE,
    DEVICES,
    GROUPS,
    LABELS,
    STATE,
)
_KEYS = frozenset(field.key for field in _FIELDS)


def _keys_elsewhere() -> Elsewhere:
    return {**unlike_ours(BORROWED, _KEYS), **keys_below_endpoint(_KEYS)}


ENDPOINT = Schema("an endpoint", _FIELDS, _keys_elsewhere, absent=("name", "container"))


def _only_declared(attachments: Sequence[Attachment], path: str, problems: Problems, *, known: FrozenSet[str], troubled: FrozenSet[str]) -> List[Attachment]:
    """Return the attachments to networks that are declared, and report the others."""
    for network in (attachment.network for attachment in attachments if attachment.network not in known | troubled):
        declared = ", ".join(sorted(known)) or "none"
        rule = "no such network is declared (one that is absent counts as undeclared)"
        problems.append(Problem("%s[%s]" % (path, network), network, rule, "declared: %s" % declared))
    return [attachment for attachment in attachments if attachment.network in known]


def read_endpoint(value: object, path: str, problems: Problems, *, scope: str, known: FrozenSet[str], troubled: FrozenSet[str]) -> Optional[Endpoint]:
    """Return an endpoint with its valid parts, or None where it is absent or cannot be told."""
    entry = read_entry(value, path, problems, ENDPOINT, required=required_keys(value))
    if entry is None:
        return None
    name, place = entry.get(NAME), entry.get(CONTAINER)
    if is_absent(entry, ENDPOINT):
        return None
    mode = entry.get(NETWORK_MODE)
    check_mode(entry, mode, place)
    attachments = _only_declared(entry.get(NETWORKS), path + ".networks", problems, known=known, troubled=troubled)
    devices = entry.get(DEVICES)
    filled = fill_names(attachments, scope, name or "", (device.interface_name for device in devices))
    endpoint = Endpoint(
        name=name or "",
        place=place or HOST,
        attachments=filled,
        ports=entry.get(PORTS),
        sysctls=entry.get(SYSCTLS),
        network_mode=mode,
        forwarding=entry.get(FORWARDING),
        masquerade=entry.get(MASQUERADE),
        devices=name_devices(devices, (attachment.interface_name for attachment in filled)),
        source_routing=entry.get(SOURCE_ROUTING),
        routes=entry.get(ROUTES),
        rules=entry.get(RULES),
        groups=entry.get(GROUPS),
        labels=entry.get(LABELS),
    )
    return endpoint if name is not None else None
