# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The options of module nat: a bridge network without a bridge of its own, and an endpoint for each address that ports lead to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .._drivers.bridge.network import BridgeNetwork
from .._model import span
from .._model.addresses import ip_version
from .._model.document import Attachment, Document, Endpoint, PublishedPort
from .._model.errors import Problem
from .._model.limits import PORTS
from .._model.network import Subnet
from .._model.place import HOST
from .._model.published import WILDCARDS, at_loopback
from .._schema.reading import Problems
from .check_ports import Holders
from .entry import list_of
from .ipam import host_address_fault
from .ports import read_port
from .scalars import integer, read_address, read_container_subnet, read_unicast_address

Subnets = Tuple[str, ...]
_NUMBER = integer(*PORTS)
_ADDRESSES = list_of(read_unicast_address)


@dataclass(frozen=True)
class NatPort:
    """One entry of ports: where it stands, and the one address it leads to."""

    path: str
    address: str
    port: PublishedPort

    @property
    def family(self) -> int:
        return ip_version(self.address)


def read_nat(raw: Mapping[str, Any], scope: str, problems: Problems) -> Document:
    """Return what the options declare. Problems carry the paths of the module's own options; with one the document is incomplete."""
    subnets = _read_subnets(raw["subnets"], problems)
    known = subnets if len(subnets) == len(raw["subnets"]) else ()
    found = [_read_port(item, "ports[%d]" % index, known, problems) for index, item in enumerate(raw["ports"] or ())]
    ports = [port for port in found if port is not None]
    _check_clashes(ports, problems)
    network = BridgeNetwork(
        name=raw["name"],
        subnets=tuple(map(Subnet, subnets)),
        bridge_name=raw["interface"],
        masquerade=raw["masquerade"],
        snat_addresses=_read_sources(raw["snat_addresses"] or (), raw["masquerade"], problems),
        snat_elsewhere=raw["snat_addresses_elsewhere"],
        host_access="all",
        adopted=True,
    )
    return Document(scope=scope, networks=(network,), endpoints=_endpoints(network.name, ports))


def _read_subnets(raw: Sequence[str], problems: Problems) -> Subnets:
    if not raw:
        problems.append(Problem("subnets", raw, "there is nothing to translate", "name at least one subnet"))
    subnets: List[str] = []
    for index, text in enumerate(raw):
        path = "subnets[%d]" % index
        subnet = read_container_subnet(text, path, problems)
        other = next((other for other in subnets if subnet is not None and span.overlap(subnet, other)), None)
        if other is not None:
            problems.append(Problem(path, text, "overlaps %s" % other, "name each address once"))
        elif subnet is not None:
            subnets.append(subnet)
    return tuple(subnets)


def _read_sources(raw: Sequence[str], masquerade: bool, problems: Problems) -> Tuple[str, ...]:
    addresses = _ADDRESSES(raw, "snat_addresses", problems) or ()
    if len({ip_version(address) for address in addresses}) < len(addresses):
        problems.append(Problem("snat_addresses", raw, "at most one address of each family", "keep one IPv4 and one IPv6 address"))
    if addresses and not masquerade:
        problems.append(Problem("snat_addresses", raw, "masquerade is false, so no source address is rewritten", "remove one of the two"))
    return addresses


def _read_port(raw: Mapping[str, Any], path: str, subnets: Subnets, problems: Problems) -> Optional[NatPort]:
    before = len(problems)
    address = _read_target(raw["address"], path + ".address", subnets, problems)
    numbers = _read_numbers(raw, path, problems)
    given = {key: raw[key] for key in ("protocol", "host_ip", "allowed_sources") if raw[key] is not None}
    port = read_port({**numbers, **given}, path, problems)
    if address is None or port is None or len(problems) > before:
        return None
    version = ip_version(address)
    if port.host_ip is not None and ip_version(port.host_ip) != version:
        rule = "is IPv%d, and %s is IPv%d" % (ip_version(port.host_ip), address, version)
        problems.append(Problem(path + ".host_ip", raw["host_ip"], rule, "name an IPv%d address of the host" % version))
    elif at_loopback(port.host_ip):
        rule = "the interface would have to lead packets of the loopback network (route_localnet), and is not ours"
        problems.append(Problem(path + ".host_ip", raw["host_ip"], rule, "name another address of the host, or declare the port of an endpoint"))
    elif port.allowed_sources and all(ip_version(source) != version for source in port.allowed_sources):
        rule = "none of them is IPv%d as %s is, so nobody could come" % (version, address)
        problems.append(Problem(path + ".allowed_sources", raw["allowed_sources"], rule, "name an IPv%d subnet" % version))
    return NatPort(path, address, port) if len(problems) == before else None


def _read_target(raw: str, path: str, subnets: Subnets, problems: Problems) -> Optional[str]:
    address = read_address(raw, path, problems)
    if address is None or not subnets:
        return address
    holder = next((subnet for subnet in subnets if span.holds(subnet, address)), None)
    fault = "is in none of the subnets" if holder is None else host_address_fault(address, holder)
    if fault:
        problems.append(Problem(path, raw, fault, "name an address inside %s" % (holder or ", ".join(subnets[:2]))))
        return None
    return address


def _read_numbers(raw: Mapping[str, Any], path: str, problems: Problems) -> Dict[str, str]:
    """Return both ranges, as the short form of a port writes them; where a number is wrong, some other that is right."""
    target = raw["published"] if raw["target"] is None else raw["target"]
    count = _NUMBER(raw["count"], path + ".count", problems)
    published = _NUMBER(raw["published"], path + ".published", problems)
    inside = _NUMBER(target, path + ".target", problems) if raw["target"] is not None else published
    if count is None or published is None or inside is None:
        return {"published": "1", "target": "1"}
    room = PORTS[1] + 1 - max(published, inside)
    if count > room:
        problems.append(Problem(path + ".count", count, "port %d is the last there is" % PORTS[1], "write at most %d" % room))
        count = 1
    return {"published": "%d-%d" % (published, published + count - 1), "target": "%d-%d" % (inside, inside + count - 1)}


def _check_clashes(ports: Sequence[NatPort], problems: Problems) -> None:
    """Report host ports with two targets. Each port has one family, that of its target, so the families are apart."""
    holders: Dict[str, Holders] = {}
    for item in sorted(ports, key=lambda item: (item.port.protocol, item.port.published)):
        port = replace(item.port, host_ip=item.port.host_ip or WILDCARDS[item.family == 6])
        held = holders.setdefault(port.protocol, Holders())
        owner = held.find(port)
        if owner is not None:
            problems.append(Problem(item.path, str(item.port), "the host port is already published: %s" % owner, "choose another port or host_ip"))
        held.add(port, "%s of %s" % (item.port, item.path))


def _endpoints(network: str, ports: Sequence[NatPort]) -> Tuple[Endpoint, ...]:
    found: Dict[str, List[PublishedPort]] = {}
    for item in ports:
        found.setdefault(item.address, []).append(item.port)
    return tuple(_endpoint(network, address, led) for address, led in found.items())


def _endpoint(network: str, address: str, ports: Sequence[PublishedPort]) -> Endpoint:
    attachment = Attachment(network, ipv6_address=address) if ":" in address else Attachment(network, ipv4_address=address)
    return Endpoint("to-" + address.replace(":", "-"), HOST, (attachment,), tuple(ports))
