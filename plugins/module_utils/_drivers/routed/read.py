# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A routed network as it is declared, and what a fleet's plan adds to it."""

from __future__ import annotations

from functools import partial
from typing import Any, Mapping

from ..._document.entry import Entry
from ..._model.addresses import ip_version
from ..._model.errors import Problem
from ..._schema.reading import Problems
from ..base import Common
from .keys import HOST_PREFIX, HOST_SUBNETS, INTERNAL, PEERS, PROXY_INTERFACES, REACH, read_lengths
from .network import RoutedNetwork


def read_routed(entry: Entry, common: Common) -> RoutedNetwork:
    """Return a routed network. What a fleet's plan fills in (reach, peers) may be missing."""
    families = sorted({ip_version(item.subnet) for item in common.subnets})
    return RoutedNetwork(
        reach=entry.get(REACH) or tuple(item.subnet for item in common.subnets),
        peers=entry.get(PEERS),
        proxy_interfaces=entry.get(PROXY_INTERFACES),
        internal=entry.get(INTERNAL),
        **common.fields(),
        host_prefixes=entry.get(HOST_PREFIX, partial(read_lengths, families=families)),
        host_subnets=entry.get(HOST_SUBNETS),
    )


def refuse_whole(network: RoutedNetwork, path: str, problems: Problems) -> None:
    """On a host a network must be its own part already."""
    for key, value in (("host_prefix", network.host_prefixes), ("host_subnets", network.host_subnets)):
        if value:
            rule = "a host is given its own part: fleet_plan cuts it from the network"
            problems.append(Problem("%s.%s" % (path, key), value, rule, "give this host's part in ipam_config, and reach and peers"))


def merge_peers(raw: Mapping[str, Any], shared: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a declared network with the peers that the fleet's plan lists, but for the row of this host, which has this host's part."""
    rows, own = shared.get("peers"), raw.get("ipam_config")
    if not isinstance(rows, list) or not isinstance(own, list):
        return {**raw, "peers": rows}
    part = [item.get("subnet") for item in own if isinstance(item, dict)]
    return {**raw, "peers": [row for row in rows if not (isinstance(row, dict) and row.get("subnets") == part)]}
