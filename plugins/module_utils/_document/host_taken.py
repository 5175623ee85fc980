# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules between what a declaration takes of the host's ports and addresses, and who has them.

What stands already is not refused for what came later: whoever came has to be told of, and a run must go on mending the rest.
"""

from __future__ import annotations

from typing import FrozenSet, Iterable, List, Mapping, Optional, Tuple

from .._model.addresses import canonical_ip, ip_version
from .._model.document import Endpoint, PublishedPort
from .._model.errors import Problem
from .._model.network import Network
from .._model.published import WILDCARDS, at_loopback, share_address
from .._model.translation import Holdings, NameProcess, Translation, nobody
from .hints import list_known


def check_taken(
    ports: Iterable[Tuple[str, Endpoint, PublishedPort]],
    sources: Iterable[Tuple[str, Network]],
    holdings: Holdings,
    problems: List[Problem],
    *,
    refused: FrozenSet[str] = frozenset(),
    name_process: NameProcess = nobody,
    given: FrozenSet[Tuple[str, str]] = frozenset(),
) -> None:
    """Report ports and addresses that the host does not have to give.

    Who listens is no fault of ports that are `given` (endpoint, port): a runtime has seen that they are free, and may listen there so that they stay it.
    """
    devices = {canonical_ip(cidr.partition("/")[0]): device for device, cidr in holdings.addresses}
    for path, network in sources:
        for address in network.snat_addresses if not network.snat_elsewhere else ():
            if address not in devices:
                rule = "no interface of this host has this address, so no answer would come back"
                fix = "%s; or set snat_address_elsewhere: true" % list_known(devices)
                problems.append(Problem(path, address, rule, fix, may_pass=True, stands=address in holdings.sources))
    for path, endpoint, port in ports:
        if port.host_ip is not None and not (port.host_ip_nonlocal or port.host_ip in WILDCARDS or at_loopback(port.host_ip) or port.host_ip in devices):
            rule = "host_ip %s is no address of this host" % port.host_ip
            fix = "%s; or set host_ip_nonlocal: true" % list_known(devices)
            problems.append(Problem(path, str(port), rule, fix, stands=_stands(port, port.published, holdings)))
        if path in refused:
            continue
        strict = (endpoint.name, str(port)) not in given
        for found in (find_listener(port, holdings, name_process, strict=strict), _translation_fault(port, endpoint, holdings, devices)):
            if found is not None:
                number, rule, certain = found
                stands = not certain or _stands(port, number, holdings)
                problems.append(Problem(path, str(port), rule, "stop it or choose another port", stands=stands))


def _stands(port: PublishedPort, number: int, holdings: Holdings) -> bool:
    """Tell whether the scope publishes this port of the host already, wherever it leads."""
    host = None if port.host_ip in WILDCARDS else port.host_ip
    return any(held.protocol == port.protocol and held.ports[0] <= number <= held.ports[1] and share_address(held.host, host) for held in holdings.published)


def find_listener(port: PublishedPort, holdings: Holdings, name_process: NameProcess, *, strict: bool = True) -> Optional[Tuple[int, str, bool]]:
    """Return a socket of the host that a published port would take the packets of: the port's number, the words, and whether that is refused."""
    for protocol, address, number in holdings.listening:
        if protocol == port.protocol and port.published <= number < port.published + port.count and _meets(port, address):
            who = name_process(protocol, address, number)
            return number, "a process on this host listens on %s port %d (%s)%s" % (address, number, protocol, ": " + who if who else ""), strict
    return None


def _meets(port: PublishedPort, address: str) -> bool:
    """Tell whether a local socket bound to an address would no longer receive what the port takes."""
    if address in ("0.0.0.0", "::", "*"):
        # A socket on :: usually takes IPv4 too.
        return address != "0.0.0.0" or port.host_ip is None or ip_version(port.host_ip) == 4
    if address.startswith("127.") or address == "::1":
        return port.host_ip == address
    if port.host_ip is None:
        return True
    return port.host_ip == address or (port.host_ip in WILDCARDS and ip_version(port.host_ip) == ip_version(address))


def _translation_fault(port: PublishedPort, endpoint: Endpoint, holdings: Holdings, devices: Mapping[str, str]) -> Optional[Tuple[int, str, bool]]:
    """Return the first rule of somebody else that leads the port elsewhere; one that takes some of the packets only comes last."""
    families = {ip_version(address) for attachment in endpoint.attachments for address in attachment.addresses}
    found = [item for item in holdings.translations if item.family in families and _takes(item, port, devices)]
    for item in sorted(found, key=lambda item: item.limited):
        number = max(port.published, item.ports[0])
        some = "some of the packets to " if item.limited else ""
        return number, "a rule of somebody else leads %sport %d (%s) elsewhere: %s" % (some, number, port.protocol, item.words), not item.limited
    return None


def _takes(item: Translation, port: PublishedPort, devices: Mapping[str, str]) -> bool:
    first, last = item.ports
    if item.protocol not in (None, "all", port.protocol) or last < port.published or port.published + port.count - 1 < first:
        return False
    if port.host_ip is not None and ip_version(port.host_ip) != item.family:
        return False
    if item.host is None:
        # Every port of some packets is no port: a proxy in between, or another network's own business.
        return not item.limited or item.ports != (0, 65535)
    return item.host in devices if port.host_ip is None or port.host_ip in WILDCARDS else item.host == port.host_ip
