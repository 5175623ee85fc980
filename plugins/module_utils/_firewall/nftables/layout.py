# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The one table of ours: what its chains are called, and where packets come to them."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Mapping, NamedTuple, Optional, Tuple

from ..._model.rule import (
    DNAT_CHAIN,
    DSCP_CHAIN,
    FORWARD_CHAIN,
    INPUT_CHAIN,
    INWARD_CHAIN,
    LAST_CHAIN,
    LOOPBACK_CHAIN,
    OUTPUT_CHAIN,
    POLICY_CHAIN,
    POSTROUTING_CHAIN,
    RAW_CHAIN,
    SEAL,
    SEGMENTS_CHAIN,
    USER_CHAIN,
    is_own_chain,
)

TABLE = "container_net"  # of the family inet; one of the family bridge where br_netfilter leads frames by here
INET, BRIDGE = "inet", "bridge"
ChainKey = Tuple[int, str, str]  # family, table, name
_NAME = re.compile(r"(raw|mangle|filter|nat|security)([46])-(.+)\Z")
_HOOKS = frozenset(("prerouting", "input", "forward", "output", "postrouting"))
_LOCAL = "fib daddr type == 2 "
_BEYOND_LOOPBACK = {4: "ip daddr != 127.0.0.0/8 ", 6: "ip6 daddr != ::1 "}
_AT_LOOPBACK = {4: "ip daddr == 127.0.0.0/8 ", 6: "ip6 daddr == ::1 "}
PROTOCOLS = {4: 2, 6: 10}
# A bit that a frame carries while it goes from port to port of a bridge; no seal is used here, for nobody flushes one half of our table.
BRIDGED = int(SEAL.partition("/")[0], 16)


class Way(NamedTuple):
    """How packets come to a chain: by which hook, at which priority, on which conditions."""

    hook: str
    sort: str
    priority: int
    condition: str


def ways_to(chain: str, family: int) -> Tuple[Way, ...]:
    """Return the ways to a top-level chain. The priorities are those of the tables of iptables: isolation comes before publication."""
    if family not in PROTOCOLS:
        return ()
    mine = "meta nfproto == %d " % PROTOCOLS[family]
    return {
        RAW_CHAIN: (Way("prerouting", "filter", -300, mine),),
        DSCP_CHAIN: (Way("prerouting", "filter", -150, mine),),
        OUTPUT_CHAIN: (Way("output", "filter", -300, mine),),
        INWARD_CHAIN: (Way("postrouting", "filter", -150, mine),),
        SEGMENTS_CHAIN: (Way("forward", "filter", -150, mine),),
        FORWARD_CHAIN: (Way("forward", "filter", 0, mine),),
        LAST_CHAIN: (Way("forward", "filter", 0, mine),),
        POLICY_CHAIN: (Way("forward", "filter", 50, mine),),
        INPUT_CHAIN: (Way("input", "filter", 0, mine),),
        # An address tells the family, and what an address tells nft does not list.
        DNAT_CHAIN: (Way("prerouting", "nat", -100, mine + _LOCAL), Way("output", "nat", -100, _BEYOND_LOOPBACK[family] + _LOCAL)),
        LOOPBACK_CHAIN: (Way("output", "nat", -100, _AT_LOOPBACK[family]),),
        POSTROUTING_CHAIN: (Way("postrouting", "nat", 100, mine),),
    }.get(chain, ())


# What marks frames on a bridge before br_netfilter shows them to our chains, and takes the mark off behind it: name -> priority, rule.
BRIDGE_HOOKS: Mapping[str, Tuple[int, str]] = MappingProxyType(
    {
        "bridged": (-300, "meta mark set meta mark | 0x%x" % BRIDGED),
        "bridged-end": (300, "meta mark set meta mark & 0x%x" % (0xFFFFFFFF ^ BRIDGED)),
    }
)


def name_chain(family: int, table: str, name: str) -> str:
    """Return what a chain is called in our table. The administrator's is for both families."""
    return USER_CHAIN if name == USER_CHAIN else "%s%d-%s" % (table, family, name)


def read_chain_name(text: str) -> Optional[ChainKey]:
    """Return what a chain of ours is; None for any other."""
    if text == USER_CHAIN:
        return 0, "filter", USER_CHAIN
    match = _NAME.match(text)
    return (int(match.group(2)), match.group(1), match.group(3)) if match and is_own_chain(match.group(3)) else None


def read_base_name(text: str, layer: str) -> Optional[Tuple[int, str]]:
    """Return which family and table a base chain of ours is for; None for any other."""
    if layer == BRIDGE:
        return (0, "bridge") if text in BRIDGE_HOOKS else None
    match = _NAME.match(text)
    return (int(match.group(2)), match.group(1)) if match and match.group(3) in _HOOKS else None
