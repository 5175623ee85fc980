# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Ports in short chains: iptables asks one rule after the other, so a chain holds those of one block and the lookup stays short with thousands."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from functools import lru_cache
from typing import Dict, Iterable, Iterator, Tuple

from ..._model.names import digest
from ..._model.rule import DNAT_CHAIN, FORWARD_CHAIN, LOOPBACK_CHAIN, Rule
from ..published import opens_ports

PORTS = 64  # of a block
PREFIX = {4: 26, 6: 122}  # of a block of addresses
OPEN_RANK = 10
# + protocol + first port of a block of published ports, by the chain that leads there
PUBLISHED_PREFIXES = {DNAT_CHAIN: "CNET-P-", LOOPBACK_CHAIN: "CNET-L-"}
OPEN_PREFIX = "CNET-R-"  # + hash of a block of addresses: ports that routed endpoints open
ChainKey = Tuple[int, str]  # family, name


def spread(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Yield the rules with those of ports in their blocks' chains, then the jumps to these chains, which belong to no scope."""
    jumps: Dict[ChainKey, Rule] = {}
    for rule in rules:
        if rule.target == "DNAT" and rule.chain in PUBLISHED_PREFIXES:
            for piece in _pieces(rule):
                if (piece.family, piece.chain) not in jumps:
                    jumps[piece.family, piece.chain] = _jump_to_ports(piece, rule.chain)
                yield piece
        elif opens_ports(rule) and rule.chain == FORWARD_CHAIN:
            block, name = _name_block(rule.destination or "", PREFIX[rule.family])
            chain = OPEN_PREFIX + name
            if (rule.family, chain) not in jumps:
                jumps[rule.family, chain] = Rule(rule.family, rule.table, rule.chain, rule.rank, chain, destination=block)
            yield replace(rule, chain=chain, rank=OPEN_RANK)
        else:
            yield rule
    yield from jumps.values()


def _pieces(rule: Rule) -> Iterator[Rule]:
    """Yield one rule a block where ports keep their number, else one for each port: iptables moves no range. Ranks tell which go on."""
    first, last = rule.destination_ports or (0, 65535)
    keeps = first < last and rule.to_port in (None, first)
    start = first
    while start <= last:
        end = min(last, _block(start) + PORTS - 1) if keeps else start
        to_port = None if keeps or rule.to_port is None else rule.to_port + start - first
        chain = "%s%s-%d" % (PUBLISHED_PREFIXES[rule.chain], rule.protocol, _block(start))
        yield replace(rule, chain=chain, rank=rule.rank + (start != first), destination_ports=(start, end), to_port=to_port)
        start = end + 1


def _block(port: int) -> int:
    return port // PORTS * PORTS


def _jump_to_ports(piece: Rule, chain: str) -> Rule:
    first = _block((piece.destination_ports or (0, 0))[0])
    return Rule(piece.family, piece.table, chain, 10, piece.chain, protocol=piece.protocol, destination_ports=(first, first + PORTS - 1))


@lru_cache(maxsize=16384)
def _name_block(network: str, prefix: int) -> Tuple[str, str]:
    """Return the block an address lies in, and its name as part of a chain's."""
    block = str(ipaddress.ip_network("%s/%d" % (network.partition("/")[0], prefix), strict=False))
    return block, digest(16, block)
