# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a rule matches and does, in the words of nft."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Dict, List, NamedTuple, Optional, Tuple

from ..._model.errors import FirewallError
from ..._model.rule import CLAMP, DSCP, INWARD, LOG, LOGGED_A_MINUTE, LOGGED_AT_ONCE, MARK, PATH_MTU, UNFOLLOWED, Rule
from .layout import BRIDGED, PROTOCOLS, name_chain

Matched = Tuple[str, str]  # expression, value
NUMBERS: Dict[str, int] = {"icmp": 1, "tcp": 6, "udp": 17, "ipv6-icmp": 58, "sctp": 132}
STATES: Dict[str, int] = {"INVALID": 1, "ESTABLISHED": 2, "RELATED": 4, "NEW": 8, "UNTRACKED": 64}
STATUSES: Dict[str, int] = {"SNAT": 16, "DNAT": 32}
VERDICTS: Dict[str, str] = {"ACCEPT": "accept", "DROP": "drop", "RETURN": "return", "MASQUERADE": "masquerade", UNFOLLOWED: "notrack"}
INWARD_BIT = int(INWARD.partition("/")[0], 16)
VNI = "@th,96,24"  # behind UDP's eight bytes and VXLAN's flags
ICMP = {4: ("icmp", "icmp type"), 6: ("ipv6-icmp", "icmpv6 type")}
IN, OUT, PROTOCOL, PORT, FAMILY = "iifname", "oifname", "meta l4proto", "th dport", "meta nfproto"
OFF_PATH, ADDRESS_TYPE, USERS = "fib saddr . iif oif", "fib daddr type", "meta skuid"
TCP_FLAGS, FIRST_FLAGS, SYN = "tcp flags", 0x6, 0x2  # SYN and RST
SEGMENT = "tcp option maxseg size"
CT_STATE, CT_STATUS = "ct state", "ct status"
_WIDTHS = {IN: 16, OUT: 16, PROTOCOL: 4, PORT: 4, FAMILY: 4, VNI: 4, "ip": 4, "ip6": 16}
_WIDEST = 64  # bytes of a key
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z", re.ASCII)
_LOG_PREFIX = re.compile(r"[A-Za-z0-9_.: -]{1,127}\Z", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9_.-]*\Z", re.ASCII)


class Words(NamedTuple):
    """What a rule matches: what a set can tell apart, what such an entry is not for, and all else."""

    conditions: Tuple[str, ...]
    keys: Tuple[Matched, ...]
    excepted: Tuple[Matched, ...]


@lru_cache(maxsize=16384)
def words_of(rule: Rule) -> Words:
    """Return what a rule matches. Whatever fits into a key is one, so that many rules are entries of one set."""
    keys: List[Matched] = []
    excepted: List[Matched] = []
    conditions: List[str] = []
    for expression, name in ((IN, rule.in_interface), (OUT, rule.out_interface)):
        if name is not None:
            _sort_interface(expression, name, keys, excepted, conditions)
    for field, network in (("saddr", rule.source), ("daddr", rule.destination)):
        if network is not None:
            (excepted if network.startswith("!") else keys).append(_network(field, network.lstrip("!"), rule.family))
    if rule.icmp_type is not None:
        if rule.protocol != ICMP[rule.family][0]:
            raise FirewallError("nftables has no ICMP type of protocol %s" % rule.protocol)
        conditions.append("%s %d" % (ICMP[rule.family][1], rule.icmp_type))
    elif rule.protocol is not None:
        keys.append((PROTOCOL, "%d" % _number(rule.protocol)))
    if rule.destination_ports is not None:
        keys.append((PORT, "-".join("%d" % port for port in dict.fromkeys(rule.destination_ports))))
    if rule.vni is not None:
        keys.append((VNI, "%d" % rule.vni))
    conditions += _conditions(rule)
    return _fitting(conditions, keys, excepted, rule)


def _fitting(conditions: List[str], keys: List[Matched], excepted: List[Matched], rule: Rule) -> Words:
    """A key has an end: what is beyond it is a condition. An entry needs something to stand for."""
    if not keys and (excepted or rule.owner or rule.to):
        keys = [(FAMILY, "%d" % PROTOCOLS[rule.family])]
    while _width(keys) > _WIDEST:
        conditions.append("%s == %s" % keys.pop(0))
    while excepted and _width([*keys, *excepted]) > _WIDEST:
        conditions.append("%s != %s" % excepted.pop())
    return Words(tuple(conditions), tuple(keys), tuple(excepted))


def _width(keys: List[Matched]) -> int:
    return sum(_WIDTHS.get(expression) or _WIDTHS[expression.split(" ")[0]] for expression, _value in keys)


def _sort_interface(expression: str, name: str, keys: List[Matched], excepted: List[Matched], conditions: List[str]) -> None:
    negated = name.startswith("!")
    bare = name[negated:]
    if bare.endswith("+"):
        conditions.append('%s %s "%s*"' % (expression, "!=" if negated else "==", token(bare[:-1])))
    else:
        (excepted if negated else keys).append((expression, '"%s"' % token(bare)))


def _network(field: str, network: str, family: int) -> Matched:
    parsed = ipaddress.ip_network(network)
    if not parsed.prefixlen:
        raise FirewallError("nothing is outside of %s" % network)
    expression = "%s %s" % ("ip" if family == 4 else "ip6", field)
    if parsed.prefixlen < parsed.max_prefixlen:
        expression += " & %s" % parsed.netmask
    return expression, str(parsed.network_address)


def _conditions(rule: Rule) -> List[str]:
    found: List[str] = []
    if rule.off_path:
        found.append(OFF_PATH + " missing")
    if rule.to_host:
        found.append(ADDRESS_TYPE + " local")
    if rule.not_unicast:
        found.append(ADDRESS_TYPE + " != unicast")
    if rule.of_users is not None:
        found.append("meta mark & 0x%x != 0x%x %s %d-%d" % (INWARD_BIT, INWARD_BIT, USERS, *rule.of_users))
    if rule.not_bridged:
        found.append("meta mark & 0x%x != 0x%x" % (BRIDGED, BRIDGED))
    if rule.target == CLAMP:
        found.append("%s & 0x%x == 0x%x" % (TCP_FLAGS, FIRST_FLAGS, SYN))
    if rule.ct_state:
        found.append(_connection(rule.ct_state))
    if rule.sealed:
        found.append("meta mark & 0x%x == 0x%x" % (BRIDGED, BRIDGED))
    return found


def _connection(states: Tuple[str, ...]) -> str:
    for expression, known in ((CT_STATE, STATES), (CT_STATUS, STATUSES)):
        if set(states) <= set(known):
            return "%s %s" % (expression, ",".join(sorted(map(str.lower, states))))
    raise FirewallError("nftables asks for what a connection is, or how it is translated, not for %s" % " or ".join(states))


def statement_of(rule: Rule) -> str:
    """Return what a rule does; where it leads to an address, without that."""
    if rule.target in ("SNAT", "DNAT"):
        return "%s %s to" % (rule.target.lower(), "ip" if rule.family == 4 else "ip6")
    if rule.target == DSCP:
        return "%s dscp set %d" % ("ip" if rule.family == 4 else "ip6", int(rule.to or "", 16))
    if rule.target == LOG:
        return 'limit rate %d/minute burst %d packets counter log prefix "%s"' % (LOGGED_A_MINUTE, LOGGED_AT_ONCE, _log_prefix(rule.to or ""))
    if rule.target == MARK:
        bits, mask = (int(number, 16) for number in (rule.to or "").split("/"))
        kept = "" if bits == mask else " & 0x%x" % (0xFFFFFFFF ^ mask)
        return "meta mark set meta mark%s%s" % (kept, " | 0x%x" % bits if bits else "")
    if rule.target == CLAMP:
        return "%s set %s" % (SEGMENT, "rt mtu" if rule.to == PATH_MTU else "%d" % int(rule.to or ""))
    return VERDICTS.get(rule.target) or "jump %s" % name_chain(rule.family, rule.table, token(rule.target))


@lru_cache(maxsize=16384)
def data_of(rule: Rule) -> Optional[str]:
    """Return where a rule leads; None where it does not translate."""
    if rule.target not in ("SNAT", "DNAT") or rule.to is None:
        return None
    address = str(ipaddress.ip_address(rule.to))
    return address if rule.to_port is None else "%s . %d" % (address, rule.to_port)


def show_rule(rule: Rule) -> str:
    """Return a rule as a line of its own, as nft would have it without sets."""
    chain = name_chain(rule.family, rule.table, rule.chain)
    if rule.verbatim:
        return "%s %s" % (chain, rule.verbatim)
    conditions, keys, excepted = words_of(rule)
    words = [chain, *("%s %s" % pair for pair in keys), *("%s != %s" % pair for pair in excepted), *conditions, statement_of(rule), data_of(rule)]
    return " ".join(word for word in (*words, 'comment "%s"' % rule.owner if rule.owner else "") if word)


def _number(protocol: str) -> int:
    if protocol not in NUMBERS:
        raise FirewallError("nftables was asked for the protocol %r" % protocol)
    return NUMBERS[protocol]


def token(text: str) -> str:
    """Refuse anything that could end a word or a line."""
    if not _TOKEN.match(text):
        raise FirewallError("refused to write %r into a firewall rule" % text)
    return text


def _log_prefix(text: str) -> str:
    if not _LOG_PREFIX.match(text):
        raise FirewallError("refused to write %r before a line of the log" % text)
    return text


def label(text: str) -> str:
    if not _LABEL.match(text):
        raise FirewallError("refused to write %r into the comment of a firewall rule" % text)
    return text
