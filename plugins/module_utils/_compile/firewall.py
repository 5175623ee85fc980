# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The firewall a declaration wants, as data. All chains are shared by the scopes of a host; ranks order the rules in them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import FrozenSet, Iterator, List, Mapping, Optional, Sequence, Tuple

from .._drivers.table import by_driver
from .._model.document import Document
from .._model.joined import joined_networks
from .._model.rule import (
    ALL_USERS,
    INPUT_CHAIN,
    LAST_CHAIN,
    RAW_CHAIN,
    UNFOLLOWED,
    Rule,
    Users,
)
from .host import forwarded_families
from .parts import compile_dscp, compile_policies, compile_published, compile_vxlan_rules, compile_wire_rules
from .router import compile_masquerade
from .seal import compile_seals


def compile_firewall(
    document: Document,
    *,
    forwarding_off: FrozenSet[int],
    ipv6: bool = True,
    bridge_filter: bool = False,
    underlays: Optional[Mapping[str, str]] = None,
    users: Users = ALL_USERS,
) -> Tuple[Rule, ...]:
    """Return the rules of a declaration.

    `forwarding_off` names the families whose forwarding was off before this collection needed it; `bridge_filter` tells whether br_netfilter is there;
    `underlays` by which interface the host's addresses are at home; `users` the ranges of the host's user ids.
    Both families are filtered on every bridge, with or without a subnet; only a kernel without IPv6 (`ipv6` false) needs one.
    """
    rules: List[Rule] = []
    drivers = list(by_driver(document.networks))
    for family in (4, 6) if ipv6 else (4,):
        rules.extend(compile_masquerade(document, family))
        rules.extend(compile_vxlan_rules(document, family, underlays or {}, users, bridge_filter=bridge_filter))
        for driver, networks in drivers:
            rules.extend(driver.list_shared_rules(networks, family, document))
            for network in networks:
                rules.extend(driver.list_rules(network, family, document))
        if family in forwarding_off and family in forwarded_families(document):
            # Behind everybody's rules: whoever wants to forward between interfaces that are not ours says so before.
            # Between ports of one bridge nothing is forwarded, though br_netfilter leads it by here too.
            rules.append(Rule(family, "filter", LAST_CHAIN, 90, "DROP", document.scope, not_bridged=bridge_filter))
        rules.extend(compile_seals(document, family))
        rules.extend(_joined_rules(document, family))
        rules.extend(compile_published(document, family))
        rules.extend(compile_dscp(document, family))
        rules.extend(compile_wire_rules(document, family))
        rules.extend(compile_policies(document, family, rules))
    return (*rules, *_guards_of_the_host(rules))


def _guards_of_the_host(rules: Sequence[Rule]) -> Iterator[Rule]:
    """What closes the host to containers stands in a second table too, for other tools that flush one of them; who may come in is said in the first."""
    for rule in rules:
        if rule.chain == INPUT_CHAIN and rule.target in ("ACCEPT", "RETURN", "DROP"):
            yield replace(rule, table="mangle", target="DROP" if rule.target == "DROP" else "RETURN")


def _joined_rules(document: Document, family: int) -> Iterator[Rule]:
    """With br_netfilter a frame comes by once for each bridge that a wire joins, and is at home on all of them.

    Only the bridge with the gateway may follow a connection: where it was seen before, addresses are not rewritten any more.
    """
    groups = joined_networks(document.links)
    for network in document.networks:
        if network.name not in groups:
            continue
        rule = partial(Rule, family, "raw", RAW_CHAIN, scope=document.scope, owner=network.name, in_interface=network.bridge_name)
        beside = [other for other in document.networks if other.name in groups[network.name] and other is not network]
        foreign = [subnet.subnet for other in beside for subnet in other.subnets_of(family)]
        for subnet in foreign:
            yield rule(9, UNFOLLOWED, source=subnet)
            yield rule(9, UNFOLLOWED, destination=subnet)
        if foreign and not (network.follows_connections and network.subnets_of(family)):
            yield rule(12, "RETURN")
