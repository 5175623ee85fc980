# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Subnets of a network: ipam_config and enable_ipv6."""

from __future__ import annotations

from functools import partial
from typing import Dict, List, Optional, Tuple

from .._model import span
from .._model.addresses import derive_ula, first_usable, ip_version
from .._model.errors import Problem
from .._model.network import Subnet
from .._schema.reading import Problems, Read, Shape, reader
from .._schema.schema import Field, Schema
from .borrowed_words import SUBNET, unlike_ours
from .entry import Entry, is_map, key_text, list_of, read_entry
from .scalars import read_address, read_boolean, read_container_subnet, read_label, read_range


def host_address_fault(address: str, subnet: str) -> Optional[str]:
    """Return why an address of a subnet cannot belong to a host, or None."""
    version, value = span.number(address)
    family, first, last = span.span(subnet)
    if family != version:
        return "an IPv%d address in the IPv%d subnet %s" % (version, family, subnet)
    if not first <= value <= last:
        return "outside the subnet %s" % subnet
    if value == first:
        return "the network address of %s" % subnet
    if version == 4 and value == last:
        return "the broadcast address of %s" % subnet
    return None


@reader(Shape("dict", values=read_address.shape, names=read_label.shape.pattern))
def _read_addresses(value: object, path: str, problems: Problems) -> Optional[Dict[str, str]]:
    if not is_map(value, path, problems):
        return None
    found = {}
    for key, item in value.items():  # type: ignore[attr-defined]
        place = "%s.%s" % (path, key_text(key))
        name = read_label(key, place, problems)
        address = read_address(item, place, problems)
        if name is not None and address is not None:
            found[name] = address
    return found


SUBNET_OF_NETWORK = Field("subnet", read_container_subnet, None, "The subnet, IPv4 or IPv6.", required=True, example="10.20.0.0/24")
GATEWAY = Field(
    "gateway",
    read_address,
    None,
    "Address of the gateway.",
    default_words="of driver V(bridge) without V(interfaces) the first address; else none",
)
IP_RANGE = Field(
    "ip_range",
    read_range,
    None,
    "Part of the subnet that addresses are given from, a smaller one or FIRST-LAST.",
    default_words="all of it",
    example="10.20.0.100-10.20.0.150",
)
AUX_ADDRESSES = Field("aux_addresses", _read_addresses, {}, "Addresses that are given to no endpoint, by names of your own.", example="{printer: 10.20.0.9}")
_KEYS = (SUBNET_OF_NETWORK, GATEWAY, IP_RANGE, AUX_ADDRESSES)
IPAM = Schema("an entry of ipam_config", _KEYS, unlike_ours(SUBNET, [field.key for field in _KEYS]))


def _read_auxiliary(entry: Entry, subnet: str, gateway: Optional[str]) -> Tuple[Tuple[str, str], ...]:
    found: Dict[str, str] = {}
    for name, address in entry.get(AUX_ADDRESSES).items():
        path = "%s.aux_addresses.%s" % (entry.path, name)
        fault = host_address_fault(address, subnet)
        if fault:
            entry.problems.append(Problem(path, address, fault, "write an address of %s" % subnet))
        elif address == gateway:
            entry.problems.append(Problem(path, address, "this is the gateway of %s, which is never handed out" % subnet, "remove it"))
        elif address in found.values():
            entry.problems.append(Problem(path, address, "reserved twice in %s" % subnet, "remove one"))
        else:
            found[name] = address
    return tuple(sorted(found.items()))


def _read_subnet_entry(value: object, path: str, problems: Problems, default_gateway: bool = False) -> Optional[Subnet]:
    entry = read_entry(value, path, problems, IPAM)
    if entry is None:
        return None
    subnet = entry.get(SUBNET_OF_NETWORK)
    gateway = entry.get(GATEWAY)
    ip_range = entry.get(IP_RANGE)
    if subnet is None:
        entry.get(AUX_ADDRESSES)
        return None
    usual = first_usable(subnet)
    if gateway is not None:
        fault = host_address_fault(gateway, subnet)
        if fault:
            entry.report("gateway", "the gateway is " + fault, "use %s" % usual)
            gateway = None
    elif default_gateway:
        gateway = usual
    if ip_range is not None:
        version, first, last = span.span(subnet)
        family, low, high = span.stretch(ip_range)
        if family != version or low < first or high > last:
            entry.report("ip_range", "outside the subnet %s" % subnet, "write a part of %s" % subnet)
            ip_range = None
    return Subnet(subnet=subnet, gateway=gateway, ip_range=ip_range, aux_addresses=_read_auxiliary(entry, subnet, gateway))


_SUBNET = Shape("dict", schema=IPAM)
_with_gateways = list_of(Read(partial(_read_subnet_entry, default_gateway=True), _SUBNET))
IPAM_CONFIG = Field(
    "ipam_config",
    list_of(Read(_read_subnet_entry, _SUBNET)),
    (),
    "Subnets of the network. Of a routed network, on a host, this host's part of it, without gateways.",
    example="[{subnet: 10.20.0.0/24}]",
)
ENABLE_IPV6 = Field(
    "enable_ipv6", read_boolean, None, "With V(true), a private /64 is derived from the name where V(ipam_config) has no IPv6 subnet; V(false) forbids one."
)


def read_subnets(entry: Entry, *, name: str, scope: str, default_gateway: bool) -> Tuple[Subnet, ...]:
    """Return the subnets of a network, with one of RFC 4193 added where IPv6 is wanted and none is given."""
    subnets: List[Subnet] = list(entry.get(IPAM_CONFIG, _with_gateways if default_gateway else None))
    enable_ipv6 = entry.get(ENABLE_IPV6)
    has_ipv6 = any(ip_version(item.subnet) == 6 for item in subnets)
    if enable_ipv6 is False and has_ipv6:
        entry.report("enable_ipv6", "ipam_config has an IPv6 subnet", "remove the subnet or enable_ipv6: false")
    if enable_ipv6 and not has_ipv6:
        subnet = derive_ula(scope, name)
        subnets.append(Subnet(subnet=subnet, gateway=first_usable(subnet) if default_gateway else None))
    return tuple(subnets)
