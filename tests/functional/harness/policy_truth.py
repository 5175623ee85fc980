# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may talk to whom, worked out from the words of a declaration alone: nothing here is of the collection."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence


class Party(NamedTuple):
    """Somebody with one address of each family; without a network, somebody outside."""

    name: str
    network: str
    groups: Sequence[str]
    addresses: Mapping[int, str]


def allows(
    policies: Sequence[Dict[str, Any]], networks: Sequence[Dict[str, Any]], source: Party, target: Party, service: str, family: int, published: bool = False
) -> bool:
    """Tell whether a connection passes; `published` is one to a port of the host that leads to the target."""
    found = [item for item in policies if _names(item.get("from"), source, family) and _names(item.get("to"), target, family) and _is_about(item, service)]
    opened = any(item["action"] == "allow" and _names_openly(item.get("to"), target) for item in found) and _can_be_led(source, target)
    passes = published or opened or _is_open(source, target)
    if found:
        return passes and found[0]["action"] == "allow"
    by_name = {network["name"]: network for network in networks}
    if by_name.get(source.network, {}).get("default_egress") == "deny":
        return False
    if by_name.get(target.network, {}).get("default_policy") == "deny" and not published:
        return False
    return passes


def _is_open(source: Party, target: Party) -> bool:
    """Without policies, neighbours and the world outside are reached; nobody has a way out of the overlay."""
    return source.network == target.network or (target.network == "" and source.network != "mesh")


def _can_be_led(source: Party, target: Party) -> bool:
    return "mesh" not in (source.network, target.network)


def _names(side: Optional[Dict[str, List[str]]], party: Party, family: int) -> bool:
    if side is None:
        return True
    return _names_openly(side, party) or any(_holds(cidr, party.addresses[family]) for cidr in side.get("cidrs", ()))


def _names_openly(side: Optional[Dict[str, List[str]]], party: Party) -> bool:
    if side is None or not party.network:
        return False
    named = party.name in side.get("endpoints", ()) or party.network in side.get("networks", ())
    return named or not set(party.groups).isdisjoint(side.get("groups", ()))


def _holds(cidr: str, address: str) -> bool:
    network = ip_network(cidr)
    return network.version == ip_address(address).version and ip_address(address) in network


def _is_about(policy: Dict[str, Any], service: str) -> bool:
    number, _slash, protocol = service.partition("/")
    for text in policy.get("ports", ()):
        first, _dash, last = text.partition("/")[0].partition("-")
        if text.endswith("/" + protocol) and int(first) <= int(number) <= int(last or first):
            return True
    return "ports" not in policy
