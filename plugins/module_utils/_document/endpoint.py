# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One endpoint of the declaration and its attachments."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Dict, FrozenSet, Iterable, List, Optional, Tuple, Union

from .._model import names
from .._model.document import USUAL_QUEUE, Attachment, Endpoint, PublishedPort
from .._model.errors import Problem
from .._model.limits import QUEUE
from .._model.place import HOST
from . import devices, ports, routes
from .borrowed_words import ATTACHMENT, ENDPOINT, unlike_ours
from .container import read_container
from .entry import Elsewhere, Pairs, belongs, list_of, named_path, read_entry, read_labels, read_list
from .modes import check_mode, read_mode, required_keys
from .mtu import read_mtu
from .network import is_absent
from .scalars import (
    Problems,
    choice,
    integer,
    read_boolean,
    read_interface_name,
    read_ipv4_address,
    read_ipv6_address,
    read_label,
    read_mac,
)
from .sysctls import sysctls

KEYS = frozenset(
    (
        "name",
        "container",
        "network_mode",
        "networks",
        "ports",
        "sysctls",
        "source_routing",
        "routes",
        "forwarding",
        "masquerade",
        "devices",
        "labels",
        "state",
    )
)
ABSENT_KEYS = frozenset(("name", "container", "state"))
ATTACHMENT_KEYS = frozenset(
    ("name", "ipv4_address", "ipv6_address", "mac_address", "interface_name", "host_interface_name", "ipam", "aliases", "gw_priority", "sysctls", "routes")
    + ("vlan", "trunk", "default_route", "metric", "mtu", "isolated", "promisc", "allmulti", "txqueuelen")
)
ELSEWHERE: Elsewhere = {
    **unlike_ours(ENDPOINT, KEYS),
    **belongs(ports.KEYS, "an entry of ports"),
    **belongs(ATTACHMENT_KEYS - KEYS, "an entry of networks"),
    **belongs(("destination", "gateway", "metric"), "an entry of routes"),
    **belongs(("mac", "pci_address", "addresses"), "an entry of devices"),
    **belongs(("mtu",), "an entry of networks or devices"),
}
ATTACHMENT_ELSEWHERE = unlike_ours(ATTACHMENT, ATTACHMENT_KEYS)
_PRIORITY = integer(-(2**31), 2**31 - 1)
_IPAMS = choice("allocate", "none")
_METRIC = integer(0, 2**32 - 1)
AUTO = "auto"
_ALIASES = list_of(read_label)
_VLAN = integer(1, 4094)
_QUEUE = integer(*QUEUE)
_TRUNK = list_of(_VLAN)
_NO_VLANS: Tuple[int, ...] = ()
_NETWORKS = list_of(read_label)
_NETWORK_SYSCTLS = sysctls(per_interface=True)
_SYSCTLS = sysctls(per_interface=False)
_OWN_ROUTES = routes.routes(own_interface=True)
_ROUTES = routes.routes(own_interface=False)
_NO_PAIRS: Pairs = ()
_NO_ALIASES: Tuple[str, ...] = ()
_NO_PORTS: Tuple[PublishedPort, ...] = ()
_NO_NAMES: Tuple[str, ...] = ()


def _read_ipam(value: object, path: str, problems: Problems) -> Optional[str]:
    if value != "dhcp":
        return _IPAMS(value, path, problems)
    rule = "a lease must be renewed, and no agent of this collection stays on the host"
    problems.append(Problem(path, value, rule, "give an address, or run a DHCP client inside"))
    return None


def _read_default_route(value: object, path: str, problems: Problems) -> Optional[Union[bool, str]]:
    if isinstance(value, bool) or value == AUTO:
        return value if isinstance(value, bool) else AUTO
    problems.append(Problem(path, value, "expected auto, true or false", "write auto, or leave it out"))
    return None


def _read_attachment(value: object, path: str, problems: Problems) -> Optional[Attachment]:
    """Return an attachment; its interface names are empty where they were not given."""
    if isinstance(value, str):
        name = read_label(value, path, problems)
        return None if name is None else Attachment(network=name, interface_name="")
    if not isinstance(value, dict):
        problems.append(Problem(path, value, "expected a network's name or a map", "write a name, or name: and options"))
        return None
    entry = read_entry(value, path, problems, allowed=ATTACHMENT_KEYS, required=("name",), elsewhere=ATTACHMENT_ELSEWHERE)
    if entry is None:
        return None
    name = entry.get("name", read_label, None)
    ipam = entry.get("ipam", _read_ipam, "allocate")
    default_route = entry.get("default_route", _read_default_route, AUTO)
    attachment = Attachment(
        network=name or "",
        ipv4_address=entry.get("ipv4_address", read_ipv4_address, None),
        ipv6_address=entry.get("ipv6_address", read_ipv6_address, None),
        ipam=ipam,
        mac_address=entry.get("mac_address", read_mac, None),
        interface_name=entry.get("interface_name", read_interface_name, ""),
        host_interface_name=entry.get("host_interface_name", read_interface_name, ""),
        gw_priority=entry.get("gw_priority", _PRIORITY, 0),
        default_route=default_route if isinstance(default_route, bool) else None,
        metric=entry.get("metric", _METRIC, None),
        aliases=entry.get("aliases", _ALIASES, _NO_ALIASES),
        sysctls=entry.get("sysctls", _NETWORK_SYSCTLS, _NO_PAIRS),
        routes=entry.get("routes", _OWN_ROUTES, routes.NO_ROUTES),
        vlan=entry.get("vlan", _VLAN, None),
        trunk=entry.get("trunk", _TRUNK, _NO_VLANS),
        mtu=read_mtu(entry),
        isolated=entry.get("isolated", read_boolean, None),
        promisc=entry.get("promisc", read_boolean, False),
        allmulti=entry.get("allmulti", read_boolean, False),
        txqueuelen=entry.get("txqueuelen", _QUEUE, USUAL_QUEUE),
    )
    if attachment.vlan is not None and attachment.vlan in attachment.trunk:
        entry.report("trunk", "VLAN %d is the untagged one of this port" % attachment.vlan, "remove it from trunk")
    if attachment.default_route is False and attachment.metric is not None:
        entry.report("metric", "it is that of the default route, which default_route false leaves out", "remove one of the two")
    if ipam == "none" and attachment.addresses:
        entry.report("ipam", "none means no address, but one is given", "remove the address or ipam: none")
    return attachment if name is not None else None


def _fill_names(attachments: List[Attachment], scope: str, endpoint: str, taken: Iterable[str]) -> Tuple[Attachment, ...]:
    given = {*taken, *(attachment.interface_name for attachment in attachments)}
    free = (name for name in map("eth%d".__mod__, count()) if name not in given)
    return tuple(
        replace(
            attachment,
            interface_name=attachment.interface_name or next(free),
            host_interface_name=attachment.host_interface_name or names.host_interface_name(scope, endpoint, attachment.network),
        )
        for attachment in attachments
    )


class _Attachments:
    """Reads the networks of an endpoint against the networks that are declared."""

    def __init__(self, known: FrozenSet[str], troubled: FrozenSet[str]) -> None:
        self.known = known
        self.troubled = troubled

    def read(self, value: object, path: str, problems: Problems) -> Optional[List[Attachment]]:
        items = read_list(value, path, problems)
        if items is None:
            return None
        found: Dict[str, int] = {}
        attachments = []
        for index, item in enumerate(items):
            name = item.get("name") if isinstance(item, dict) else item
            place = "%s[%d]" % (path, index)
            twice = isinstance(name, str) and name in found
            attachment = _read_attachment(item, place if twice else named_path(path, index, item), problems)
            if attachment is None:
                continue
            if twice:
                problems.append(Problem(place, attachment.network, "entry %d names the same network" % found[attachment.network], "remove one"))
                continue
            found[attachment.network] = index
            if attachment.network not in self.known:
                self._report_unknown(attachment.network, "%s[%s]" % (path, attachment.network), problems)
                continue
            attachments.append(attachment)
        return attachments

    def _report_unknown(self, network: str, path: str, problems: Problems) -> None:
        if network not in self.troubled:
            declared = ", ".join(sorted(self.known)) or "none"
            problems.append(Problem(path, network, "no such network is declared (one that is absent counts as undeclared)", "declared: %s" % declared))


def read_endpoint(value: object, path: str, problems: Problems, *, scope: str, known: FrozenSet[str], troubled: FrozenSet[str]) -> Optional[Endpoint]:
    """Return an endpoint with its valid parts, or None where it is absent or cannot be told."""
    required = required_keys(value)
    if isinstance(value, dict) and value.get("state") == "absent":
        required = ("name",)
    entry = read_entry(value, path, problems, allowed=KEYS, required=required, elsewhere=ELSEWHERE)
    if entry is None:
        return None
    name = entry.get("name", read_label, None)
    place = entry.get("container", read_container, None)
    if is_absent(entry, ABSENT_KEYS):
        return None
    mode = entry.get("network_mode", read_mode, None)
    check_mode(entry, mode, place)
    no_attachments: List[Attachment] = []
    no_labels: Dict[str, str] = {}
    attachments = entry.get("networks", _Attachments(known, troubled).read, no_attachments)
    given = entry.get("devices", devices.read_devices, devices.NO_DEVICES)
    filled = _fill_names(attachments, scope, name or "", (device.interface_name for device in given))
    endpoint = Endpoint(
        name=name or "",
        place=place or HOST,
        attachments=filled,
        ports=entry.get("ports", ports.read_ports, _NO_PORTS),
        sysctls=entry.get("sysctls", _SYSCTLS, _NO_PAIRS),
        network_mode=mode,
        forwarding=entry.get("forwarding", read_boolean, False),
        masquerade=entry.get("masquerade", _NETWORKS, _NO_NAMES),
        devices=devices.name_devices(given, (attachment.interface_name for attachment in filled)),
        source_routing=entry.get("source_routing", read_boolean, True),
        routes=entry.get("routes", _ROUTES, routes.NO_ROUTES),
        labels=entry.get("labels", read_labels, no_labels),
    )
    return endpoint if name is not None else None
