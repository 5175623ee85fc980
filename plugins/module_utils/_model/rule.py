# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import lru_cache
from typing import Optional, Tuple

from .errors import FirewallError
from .place import HOST

STATES = ("INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT")
WHOLE = {4: 32, 6: 128}
KNOWN = ("RELATED", "ESTABLISHED")  # of a connection that was let in before
STRANGE = -1  # the rank of a rule that is not ours


@dataclass(frozen=True)
class Rule:
    """One firewall rule as data, spelt in one way; a backend writes and reads it. None fields do not match on anything.

    All chains are shared by all scopes of a host: `rank` orders rules inside a chain (lower first; those of one rank may stand in any order),
    `scope` and `owner` (a network or endpoint) go into the comment, by which a scope finds its own rules again.
    A rule without a scope is a jump that belongs to all of them: it stays as long as the chain it leads to.
    """

    family: int  # 4 | 6
    table: str  # raw | mangle | filter | nat | security
    chain: str
    rank: int  # 0..99, of policies more, or STRANGE
    target: str  # ACCEPT | DROP | RETURN | MASQUERADE | SNAT | DNAT | UNFOLLOWED | MARK | DSCP | CLAMP | LOG | a chain name
    scope: str = ""
    owner: str = ""  # a network, endpoint or link; of policies see `policy_owner`
    in_interface: Optional[str] = None  # "!name" negates
    out_interface: Optional[str] = None
    source: Optional[str] = None  # subnet or address; "!subnet" negates
    destination: Optional[str] = None
    protocol: Optional[str] = None  # tcp | udp | sctp | icmp | ipv6-icmp
    destination_ports: Optional[Tuple[int, int]] = None  # first, last
    icmp_type: Optional[int] = None
    ct_state: Tuple[str, ...] = ()  # INVALID | RELATED | ESTABLISHED | DNAT ...
    to: Optional[str] = None  # address of SNAT or DNAT; bits/mask of MARK, value of DSCP; PATH_MTU or a size of CLAMP; what begins a line of LOG
    to_port: Optional[int] = None  # of DNAT; several ports lead to it and those that follow it
    place: str = HOST  # the namespace whose packets it judges
    off_path: bool = False  # matches what comes in where the answer would not go out
    to_host: bool = False  # matches what is sent to an address of the host
    not_unicast: bool = False  # IPv4: matches what is for this host itself, or for many
    sealed: bool = False  # matches what carries the seal
    of_users: Optional[Tuple[int, int]] = None  # first, last: matches what their programs wrote, unless it carries the mark of what is inside a network
    vni: Optional[int] = None  # of a VXLAN packet; whole ones only
    not_bridged: bool = False  # matches what does not go from port to port of one bridge; needs br_netfilter
    partial: bool = False  # as observed: it says more than these fields
    verbatim: str = ""  # as observed, where these fields would be written otherwise

    def __post_init__(self) -> None:
        for name, network in (("source", self.source), ("destination", self.destination)):
            if network is not None:
                object.__setattr__(self, name, canonical_match(network, self.family))
        if len(self.ct_state) > 1:
            object.__setattr__(self, "ct_state", tuple(sorted(self.ct_state, key=STATES.index)))

    @property
    def is_ours(self) -> bool:
        return self.rank != STRANGE


@lru_cache(maxsize=16384)
def canonical_match(network: str, family: int) -> Optional[str]:
    """Return the one spelling of an address or subnet to match on, or None for one that everything is in; "!" negates."""
    negation = "!" if network.startswith("!") else ""
    address, _slash, length = network[len(negation) :].partition("/")
    kind = socket.AF_INET6 if family == 6 else socket.AF_INET
    try:
        # The C library's own spelling, as the tools have it.
        bits = int(length) if length else WHOLE[family]
        plain = "%s/%d" % (socket.inet_ntop(kind, socket.inet_pton(kind, address)), bits)
    except (OSError, ValueError) as error:
        raise FirewallError("not an IPv%d address: %r" % (family, network)) from error
    return negation + plain if bits or negation else None


# The users of a host, as first and last of each range. A socket of the kernel has none.
Users = Tuple[Tuple[int, int], ...]
ALL_USERS: Users = ((0, 2**32 - 2),)
# A target: the packet belongs to no connection that is followed.
UNFOLLOWED = "CT"
# A target: the packet is told by its header from here on how routers are to treat it.
DSCP = "DSCP"
# A bit that a packet carries from mangle to filter only, and who sets and takes it.
MARK = "MARK"
# A target: the first packets of TCP, either way, say that no segment larger than `to` is taken.
CLAMP = "TCPMSS"
PATH_MTU = "pmtu"
SEAL = "0x20000000/0x20000000"
UNSEAL = "0x0/0x20000000"
# A bit of what the host itself sends into a network of ours. The tunnel that takes it on leaves it.
INWARD = "0x10000000/0x10000000"

# A line for the log, of which there are few a minute.
LOG = "LOG"
LOGGED_A_MINUTE, LOGGED_AT_ONCE = 10, 5

# The chains that rules are in, whatever a backend makes of them, by table and where packets come to each.
CHAIN_PREFIX = "CNET-"
RAW_CHAIN = "CNET-RAW"
OUTPUT_CHAIN = "CNET-OUTPUT"  # in raw: what programs of the host may not send
INWARD_CHAIN = "CNET-INWARD"  # marks what the host sends into networks
FORWARD_CHAIN = "CNET-FORWARD"
INPUT_CHAIN = "CNET-INPUT"
SEAL_CHAIN = "CNET-SEAL"  # seals what FORWARD_CHAIN, which takes the seal off, has to judge
SEGMENTS_CHAIN = "CNET-MSS"  # how large the segments of TCP may be
SEALED_CHAIN = "CNET-SEALED"  # drops what still carries it: the isolation was flushed, or somebody let it pass before
DSCP_CHAIN = "CNET-DSCP"  # writes into packets of endpoints what they are to be treated as
SOURCES_CHAIN = "CNET-SOURCES"  # which addresses may speak on a bridge
POLICY_CHAIN = "CNET-POLICY"  # in security: what policies deny of that which all others let through
POLICIES_PREFIX = "CNET-PS-"  # + hash of a scope: its policies in their order; in security
POLICY_PREFIXES = ("CNET-PF-", "CNET-PT-", "CNET-PV-")  # + hash of a policy: by source, by destination, by port; in security and filter
DNAT_CHAIN = "CNET-DNAT"
LOOPBACK_CHAIN = "CNET-LOOPBACK"  # what is published at loopback; nothing from outside comes by here
POSTROUTING_CHAIN = "CNET-POST"
USER_CHAIN = "CNET-USER"  # the administrator's own rules; evaluated before ours, never changed by us
INSIDE_CHAIN = "CNET-INSIDE"  # drops what comes from any bridge of ours; overlays lead their UDP port here
LAST_CHAIN = "CNET-LAST"  # at the end of FORWARD: the default drop where we switched forwarding on
ROUTED_INTERFACES = "cnr-+"  # the one wildcard we write: the host's ends of all routed endpoints
PEERS_PREFIX = "CNET-VX-"  # + UDP port: which hosts may send VXLAN to us; in filter, past us; + OUT- and UDP port: to whom no program may


def is_own_chain(name: str) -> bool:
    return name.startswith(CHAIN_PREFIX)


_OF_POLICY = "."  # no network's or endpoint's name begins so


def policy_owner(name: str) -> str:
    """Return what the rules of a policy have as their owner."""
    return _OF_POLICY + name


def policy_of(rule: Rule) -> str:
    """Return the policy that a rule belongs to, nothing if to none."""
    return rule.owner[len(_OF_POLICY) :] if rule.owner.startswith(_OF_POLICY) else ""
