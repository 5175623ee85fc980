# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Where an interface of one task leads: its gateway and its routes."""

from __future__ import annotations

import ipaddress
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .._model.addresses import ip_version
from .._model.errors import Problem
from .._model.objects import Route
from .._model.place import HOST
from .._model.routing import DEFAULT_ROUTE, plain_metric
from .atomic import Options

LAST_METRIC = 2**32 - 1
ROUTE_OPTIONS: Mapping[str, Dict[str, Any]] = {
    "destination": {"type": "str", "required": True},
    "gateway": {"type": "str"},
    "metric": {"type": "int", "default": 0},
}


def leading_options(prefix: str = "") -> Dict[str, Dict[str, Any]]:
    """Return the options that tell where one end leads."""
    return {
        prefix + "gateway": {"type": "list", "elements": "str"},
        prefix + "routes": {"type": "list", "elements": "dict", "options": dict(ROUTE_OPTIONS)},
    }


def read_routes(options: Options, place: str, device: str, addresses: Sequence[str], prefix: str = "") -> List[Route]:
    """Return the routes of an interface in a namespace; the host's own are not for a single task to change."""
    found: Dict[Tuple[str, int], Route] = {}
    rows: List[Tuple[str, str, Optional[str], int]] = []
    for gateway in options.ips(prefix + "gateway"):
        rows.append((prefix + "gateway", DEFAULT_ROUTE[ip_version(gateway)], gateway, 0))
    for index, row in enumerate(options[prefix + "routes"] or ()):
        path = "%sroutes[%d]" % (prefix, index)
        destination = _destination(options, path + ".destination", row["destination"])
        hop = options.one_ip(path + ".gateway", row["gateway"]) if row["gateway"] else None
        if not 0 <= row["metric"] <= LAST_METRIC:
            options.problems.append(Problem(path + ".metric", row["metric"], "must be from 0 to %d" % LAST_METRIC))
        elif destination is not None and (hop is not None or not row["gateway"]):
            rows.append((path, destination, hop, row["metric"]))
    if rows and place == HOST:
        options.refuse(rows[0][0].partition("[")[0], "only of an interface in a namespace: the host's own routes stay its own", "name the namespace")
    for path, subnet, hop, metric in rows:
        family = ip_version(subnet)
        if hop is not None and (ip_version(hop) != family or not _is_near(hop, addresses)):
            near = ", ".join(addresses) or "none"
            options.problems.append(Problem(path, hop, "is no neighbour on this interface", "its addresses are: %s" % near))
        route = Route(place, subnet, metric=plain_metric(metric, family), gateway=hop, device=device)
        if found.setdefault((subnet, route.metric), route) is not route:
            options.problems.append(Problem(path, hop or subnet, "another one leads to %s with the same metric" % subnet, "remove one"))
    return list(found.values())


def _destination(options: Options, path: str, value: str) -> Optional[str]:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        options.problems.append(Problem(path, value, "must be a subnet without host bits", "such as 198.51.100.0/24"))
        return None


def _is_near(gateway: str, addresses: Sequence[str]) -> bool:
    ip = ipaddress.ip_address(gateway)
    near = (ipaddress.ip_interface(address) for address in addresses)
    return ip.is_link_local or any(ip in item.network and ip != item.ip for item in near)
