# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Who is held to his own addresses: frames that claim to be another's end where they come into the bridge, before it learns anything of them."""

from __future__ import annotations

import ipaddress
from typing import Any, Dict, Iterable, Iterator, List, Tuple

from ..._model.addresses import ip_version
from ..._model.frames import FrameChain, FrameTable, frame_table
from ..._model.guard import GuardedPort
from ..base import RunCommand
from ..nftables.words import token
from .table import OPTION, OPTION_MAC, SETS, TARGET, list_scopes, read_frames

PRIORITY = -250  # before br_netfilter shows frames to other rules
# Discovery as the kernel speaks it: no extension header, and at most the one option, which is what the rules look into.
PLAIN = ("ip6 nexthdr != 58 drop", "ip6 length != { 24, 32 } drop")

CHAINS = (
    FrameChain(
        "from-ports",
        (
            "iifname != @ports accept",
            "iifname . ether saddr != @macs drop",
            "meta protocol arp goto arp-claims",
            "meta protocol ip goto ip-sources",
            "meta protocol ip6 goto ip6-sources",
        ),
        "prerouting",
        PRIORITY,
    ),
    FrameChain(
        "arp-claims",
        (
            "iifname . arp saddr ether != @macs drop",
            "iifname @free4 accept",
            # A probe, of somebody who is about to use the address.
            "arp saddr ip 0.0.0.0 iifname . arp daddr ip @addresses4 accept",
            "arp saddr ip 0.0.0.0 iifname . arp daddr ip @subnets4 accept",
            "iifname . arp saddr ip @addresses4 accept",
            "iifname . arp saddr ip @subnets4 accept",
            "drop",
        ),
    ),
    FrameChain(
        "ip-sources",
        (
            "iifname != @routers udp sport 67 drop",
            "iifname @routers accept",
            "iifname @free4 accept",
            "iifname . ip saddr @addresses4 accept",
            "iifname . ip saddr @subnets4 accept",
            # Who asks for a lease, or for a group, before having an address.
            "ip saddr 0.0.0.0 udp dport 67 accept",
            "ip saddr 0.0.0.0 meta l4proto 2 accept",
            "drop",
        ),
    ),
    FrameChain(
        "ip6-sources",
        (
            "iifname != @routers icmpv6 type { 134, 137 } drop",
            "iifname != @routers udp sport 547 drop",
            "icmpv6 type 135 jump nd-questions",
            "icmpv6 type 136 jump nd-claims",
            "iifname @routers accept",
            "iifname @free6 accept",
            "iifname . ip6 saddr @addresses6 accept",
            "iifname . ip6 saddr @subnets6 accept",
            "ip6 saddr :: meta l4proto 58 accept",
            "drop",
        ),
    ),
    FrameChain(
        "nd-questions",
        (
            *PLAIN,
            # What asks from nowhere asks whether its own address is free.
            "ip6 saddr :: goto nd-targets",
            "ip6 length 32 %s != %d drop" % (OPTION, 0x0101),
            "ip6 length 32 iifname . %s != @option-macs drop" % OPTION_MAC,
            "iifname @free6 return",
            "iifname . ip6 saddr @addresses6 return",
            "iifname . ip6 saddr @subnets6 return",
            "drop",
        ),
    ),
    FrameChain(
        "nd-claims",
        (
            *PLAIN,
            "ip6 length 32 %s != %d drop" % (OPTION, 0x0201),
            "ip6 length 32 iifname . %s != @option-macs drop" % OPTION_MAC,
            "goto nd-targets",
        ),
    ),
    FrameChain(
        "nd-targets",
        (
            "iifname @free6 return",
            "iifname . %s @targets return" % TARGET,
            "iifname . %s @target-ranges return" % TARGET,
            "drop",
        ),
    ),
)


def guard_table(scope: str, ports: Iterable[GuardedPort]) -> FrameTable:
    """Return the table that holds these ports to what they may say."""
    return frame_table(scope, SETS, tuple(entry for port in ports for entry in _entries(port)), CHAINS)


def read_guards(run: RunCommand, place: str) -> Tuple[GuardedPort, ...]:
    """Return the ports that all scopes hold to something in a place, as far as their packets go."""
    tables = (read_frames(run, place, scope) for scope in list_scopes(run))
    return tuple(port for table in tables if table is not None for port in _ports(table))


def _ports(table: FrameTable) -> Iterator[GuardedPort]:
    found: Dict[str, Dict[str, List[str]]] = {}
    for kind, entry in table.entries or ():
        name, _dot, value = entry.partition(" . ")
        found.setdefault(kind, {}).setdefault(name, []).append(value)

    def values(name: str, *kinds: str) -> Tuple[str, ...]:
        return tuple(value for kind in kinds for value in found.get(kind, {}).get(name, ()))

    for name in found.get("ports", {}):
        claims = tuple(family for family in (4, 6) if name not in found.get("free%d" % family, {}))
        subnets = values(name, "addresses4", "addresses6", "subnets4", "subnets6")
        yield GuardedPort(name.strip('"'), values(name, "macs"), subnets, claims, name in found.get("routers", {}))


def _entries(port: GuardedPort) -> Iterator[Tuple[str, str]]:
    name = '"%s"' % token(port.name)
    yield "ports", name
    if port.routes:
        yield "routers", name
    yield from (("free%d" % family, name) for family in (4, 6) if family not in port.claims)
    for mac in port.macs:
        yield "macs", "%s . %s" % (name, mac)
        yield "option-macs", "%s . 0x%x" % (name, int(mac.replace(":", ""), 16))
    for kind, value in _address_entries(port.subnets):
        yield kind, "%s . %s" % (name, value)


def _address_entries(subnets: Iterable[str]) -> Iterator[Tuple[str, str]]:
    wide: Dict[int, List[Any]] = {4: [], 6: []}
    for text in subnets:
        if text.partition("/")[2] in ("", "32" if ip_version(text) == 4 else "128"):
            address = text.partition("/")[0]
            yield "addresses%d" % ip_version(address), address
            if ":" in address:
                yield "targets", "0x%x" % int(ipaddress.ip_address(address))
        else:
            wide[ip_version(text)].append(ipaddress.ip_network(text))
    for family, found in wide.items():
        # No entry of a set of ranges may be in another.
        for network in ipaddress.collapse_addresses(found):
            yield "subnets%d" % family, str(network)
            if family == 6:
                yield "target-ranges", "0x%x-0x%x" % (int(network[0]), int(network[-1]))
