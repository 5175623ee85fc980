# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The keys of driver bridge."""

from __future__ import annotations

import re
from typing import Optional, Tuple, Union

from ..._document.entry import Entry, list_of, one_or_list_of
from ..._document.scalars import Problems, choice, integer, read_boolean, read_interface_name, read_mac, read_text, read_unicast_address
from ..._model import names
from ..._model.addresses import ip_version
from ..._model.document import PROTOCOLS
from ..._model.errors import Problem
from ..._model.limits import BRIDGE_PRIORITY, PORTS
from ..base import Common
from ..parent_keys import read_parent_name
from .network import BridgeNetwork

KEYS = frozenset(
    (
        "bridge_name",
        "mac_address",
        "internal",
        "masquerade",
        "snat_address",
        "snat_address_elsewhere",
        "enable_icc",
        "gateway_on_host",
        "hairpin",
        "host_access",
        "trusted_interfaces",
        "interfaces",
        "vlan_filtering",
        "stp",
        "priority",
        "ageing_time",
        "multicast_snooping",
        "vrf",
        "vrf_table",
    )
)
# What says how the host routes and filters a segment; on a LAN of the host it does neither.
ROUTED_KEYS = ("internal", "masquerade", "snat_address", "snat_address_elsewhere", "host_access", "trusted_interfaces", "enable_icc")
KERNEL_TABLES = (253, 254, 255)  # default, main, local
_read_table = integer(1, 4294967295)
_SERVICE = re.compile(r"([1-9][0-9]{0,4})/(%s)\Z" % "|".join(PROTOCOLS), re.ASCII)
HostAccess = Union[str, Tuple[str, ...]]
_ACCESS = ("none", "established", "all")


def _read_service(value: object, path: str, problems: Problems) -> Optional[str]:
    text = read_text(value, path, problems, "a port and protocol")
    if text is None:
        return None
    match = _SERVICE.match(text)
    if match is None or int(match.group(1)) > PORTS[1]:
        problems.append(Problem(path, value, "expected port/protocol", 'write one such as "53/udp"'))
        return None
    return text


_read_services = list_of(_read_service)
_read_word = choice(*_ACCESS)


def _read_host_access(value: object, path: str, problems: Problems) -> Optional[HostAccess]:
    if isinstance(value, (list, tuple)):
        return _read_services(value, path, problems)
    if isinstance(value, str) and _SERVICE.match(value):
        problems.append(Problem(path, value, "expected %s or a list" % ", ".join(_ACCESS), 'write ["%s"]' % value))
        return None
    return _read_word(value, path, problems)


def _host_access(entry: Entry) -> HostAccess:
    if "host_access" not in entry.raw:
        return "established"
    access = _read_host_access(entry.raw["host_access"], entry.path + ".host_access", entry.problems)
    return "established" if access is None else access


def _read_snat(entry: Entry, internal: bool, masquerade: bool) -> Tuple[str, ...]:
    none: Tuple[str, ...] = ()
    addresses = entry.get("snat_address", one_or_list_of(read_unicast_address), none)
    if len({ip_version(address) for address in addresses}) < len(addresses):
        entry.report("snat_address", "at most one address of each family", "keep one IPv4 and one IPv6 address")
    if addresses and internal:
        entry.report("snat_address", "an internal network has no way out", "remove snat_address or internal: true")
    elif addresses and not masquerade:
        entry.report("snat_address", "masquerade is false, so no source address is rewritten", "remove one of the two")
    elif "snat_address_elsewhere" in entry.raw and "snat_address" not in entry.raw:
        entry.report("snat_address_elsewhere", "there is no snat_address that it could be of", "add snat_address or remove it")
    return addresses


def _read_vrf(entry: Entry) -> Tuple[Optional[str], Optional[int]]:
    vrf = entry.get("vrf", read_interface_name, None)
    table = entry.get("vrf_table", _read_table, None)
    if table in KERNEL_TABLES:
        entry.report("vrf_table", "table %d is one of the host's own" % table, "choose another, such as 1001")
    if "vrf" in entry.raw and "vrf_table" not in entry.raw:
        entry.report("vrf", "a VRF needs the routing table it stands for", "add vrf_table, such as 1001")
    elif "vrf_table" in entry.raw and "vrf" not in entry.raw:
        entry.report("vrf_table", "there is no vrf that it could be of", "add vrf or remove it")
    return vrf, table


def read_bridge(entry: Entry, common: Common) -> BridgeNetwork:
    """Return a bridge network; faulty values are reported and left at their default."""
    internal = entry.get("internal", read_boolean, False)
    masquerade = entry.get("masquerade", read_boolean, True)
    none: Tuple[str, ...] = ()
    interfaces = entry.get("interfaces", list_of(read_parent_name), none)
    gateway_on_host = entry.get("gateway_on_host", read_boolean, not interfaces)
    if interfaces and not gateway_on_host:
        for key in (key for key in ROUTED_KEYS if key in entry.raw):
            entry.report(key, "with interfaces the network is a LAN of the host, which it neither routes nor closes", "remove it, or set gateway_on_host: true")
    elif interfaces and internal:
        entry.report("internal", "its interfaces lead out of an internal network", "remove one of the two")
    vrf, table = _read_vrf(entry)
    return BridgeNetwork(
        bridge_name=entry.get("bridge_name", read_interface_name, names.bridge_name(common.name)),
        mac_address=entry.get("mac_address", read_mac, None),
        internal=internal,
        masquerade=masquerade,
        snat_addresses=_read_snat(entry, internal, masquerade),
        snat_elsewhere=entry.get("snat_address_elsewhere", read_boolean, False),
        routed_keys=tuple(key for key in ROUTED_KEYS if key in entry.raw),
        enable_icc=entry.get("enable_icc", read_boolean, True),
        gateway_on_host=gateway_on_host,
        hairpin=entry.get("hairpin", read_boolean, False),
        host_access=_host_access(entry),
        trusted_interfaces=entry.get("trusted_interfaces", list_of(read_interface_name), none),
        interfaces=interfaces,
        vlan_filtering=entry.get("vlan_filtering", read_boolean, False),
        stp=entry.get("stp", read_boolean, None),
        priority=entry.get("priority", integer(*BRIDGE_PRIORITY), None),
        ageing_time=entry.get("ageing_time", integer(0, 1000000), None),
        multicast_snooping=entry.get("multicast_snooping", read_boolean, None),
        vrf=vrf,
        vrf_table=table,
        **common.fields(),
    )
