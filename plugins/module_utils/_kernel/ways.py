# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Where packets of the host go beside the single routes of its main table."""

from __future__ import annotations

import socket
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Union

from .._model.mark import PROTOCOL
from .._model.objects import MAIN_TABLE
from .._model.snapshot import Way
from .parse import RawWay, parse_way
from .rule import RawRule

LOCAL_TABLE = 255
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


def leads_elsewhere(rules: Iterable[RawRule]) -> bool:
    """Tell whether a rule leads to a table that is neither the main nor the kernel's own one."""
    return any(rule.table not in (MAIN_TABLE, LOCAL_TABLE) for rule in rules)


def find_ways(payloads: Iterable[bytes], rules: Sequence[RawRule], names: Mapping[int, str]) -> Iterator[Way]:
    """Yield what routes of others take: those of many next hops in the main table, and all in tables that rules lead to."""
    leading: Dict[int, List[RawRule]] = {}
    for rule in rules:
        leading.setdefault(rule.table, []).append(rule)
    for found in map(parse_way, payloads):
        if found is None or found.protocol == PROTOCOL:
            continue
        devices = tuple(names[index] for index in found.indices if index in names)
        if found.table == MAIN_TABLE:
            if len(found.indices) > 1:
                yield Way(found.destination, devices, found.table, False)
            continue
        network = ip_network(found.destination)
        for rule in leading.get(found.table, ()):
            destination = _common(rule, found, network) if FAMILIES[network.version] == rule.family else None
            if destination is not None:
                yield Way(destination, devices, found.table, not rule.limited and rule.priority < _main_priority(rules, rule.family))


def _common(rule: RawRule, found: RawWay, network: Union[IPv4Network, IPv6Network]) -> Optional[str]:
    """Return the addresses whose packets a rule leads to a route; the narrower of both has them."""
    if network.prefixlen < rule.shortest:
        return None
    limit = ip_network(rule.destination)
    narrow, wide = (limit, network) if limit.prefixlen > network.prefixlen else (network, limit)
    return str(narrow) if narrow.network_address in wide else None


def _main_priority(rules: Iterable[RawRule], family: int) -> int:
    """Return when every packet asks the main table."""
    asked = [rule.priority for rule in rules if rule.table == MAIN_TABLE and rule.family == family and not rule.limited and rule.destination.endswith("/0")]
    return min(asked, default=1 << 32)
