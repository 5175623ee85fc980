# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A rule as the line `iptables-save` prints for it, so that equal rules are equal text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import List, Optional, Tuple

from ..._model.errors import FirewallError
from ..._model.mark import PREFIX
from ..._model.rule import CLAMP, DSCP, INWARD, LOG, LOGGED_A_MINUTE, MARK, PATH_MTU, ROUTED_INTERFACES, SEAL, STATES, UNFOLLOWED, Rule

# The order in which the tool prints connection states.
_OPTIONS = {"SNAT": "--to-source", MARK: "--set-xmark", DSCP: "--set-dscp", CLAMP: "--set-mss"}
FIRST_OF_TCP = ("--tcp-flags", "SYN,RST", "SYN")
# Counted in bytes: the IP header, then UDP's eight, then VXLAN's flags, then three of the VNI. The kernel's tunnel writes no IPv6 extension header.
VNI = {4: "0x0>>0x16&0x3c@0xc>>0x8", 6: "0x34>>0x8"}
_TOKEN = re.compile(r"[A-Za-z0-9\[:][A-Za-z0-9_.:/\[\]-]*\Z", re.ASCII)
_LOG_PREFIX = re.compile(r"[A-Za-z0-9_.:-]{1,28} \Z", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9_.-]*\Z", re.ASCII)


@lru_cache(maxsize=16384)
def render_rule(rule: Rule) -> str:
    """Return `-A CHAIN ...` in the saved form of iptables."""
    if rule.verbatim:
        return rule.verbatim
    words: List[str] = ["-A", _token(rule.chain)]
    _add_network(words, "-s", rule.source)
    _add_network(words, "-d", rule.destination)
    _add_interface(words, "-i", rule.in_interface)
    _add_interface(words, "-o", rule.out_interface)
    if rule.protocol is not None:
        words += ["-p", _token(rule.protocol)]
    if rule.destination_ports is not None:
        words += ["-m", _token(rule.protocol or ""), "--dport", _span(rule.destination_ports, ":")]
    if rule.target == CLAMP:
        words += ["-m", "tcp", *FIRST_OF_TCP]
    if rule.icmp_type is not None:
        match, option = ("icmp6", "--icmpv6-type") if rule.family == 6 else ("icmp", "--icmp-type")
        words += ["-m", match, option, "%d" % rule.icmp_type]
    if rule.vni is not None:
        words += ["-m", "u32", "--u32", '"%s=0x%x"' % (VNI[rule.family], rule.vni)]
    if rule.off_path:
        words += ["-m", "rpfilter", "--invert"]
    if rule.to_host:
        words += ["-m", "addrtype", "--dst-type", "LOCAL"]
    if rule.not_unicast:
        words += ["-m", "addrtype", "!", "--dst-type", "UNICAST"]
    if rule.sealed:
        words += ["-m", "mark", "--mark", SEAL]
    if rule.of_users is not None:
        words += ["-m", "mark", "!", "--mark", INWARD, "-m", "owner", "--uid-owner", _span(rule.of_users, "-")]
    if rule.not_bridged:
        words += ["-m", "physdev", "!", "--physdev-is-bridged"]
    if rule.ct_state:
        words += ["-m", "conntrack", "--ctstate", ",".join(sorted(rule.ct_state, key=STATES.index))]
    if rule.target == LOG and rule.to is not None:
        words += ["-m", "limit", "--limit", "%d/min" % LOGGED_A_MINUTE]
    if rule.is_ours:
        words += ["-m", "comment", "--comment", '"%s:%s:%s:%d"' % (PREFIX, _label(rule.scope), _label(rule.owner), rule.rank)]
    words += ["-j", _token(rule.target)]
    if rule.target == LOG and rule.to is not None:
        return " ".join((*words, "--log-prefix", '"%s"' % _log_prefix(rule.to)))
    if rule.target == UNFOLLOWED:
        words.append("--notrack")
    if rule.to == PATH_MTU:
        words.append("--clamp-mss-to-pmtu")
    elif rule.to is not None:
        words += [_OPTIONS.get(rule.target, "--to-destination"), _end(_token(rule.to), rule.to_port)]
    return " ".join(words)


def _end(address: str, port: Optional[int]) -> str:
    if port is None:
        return address
    return "[%s]:%d" % (address, port) if ":" in address else "%s:%d" % (address, port)


def _span(ends: Tuple[int, int], separator: str) -> str:
    first, last = ends
    return "%d" % first if first == last else "%d%s%d" % (first, separator, last)


def _add_network(words: List[str], option: str, network: Optional[str]) -> None:
    if network is not None:
        words += ["!", option, network[1:]] if network.startswith("!") else [option, network]


def _add_interface(words: List[str], option: str, interface: Optional[str]) -> None:
    if interface is None:
        return
    negated = interface.startswith("!")
    shown = interface[negated:]
    shown = shown if shown == ROUTED_INTERFACES else _token(shown)
    words += ["!", option, shown] if negated else [option, shown]


def _token(text: str) -> str:
    """Refuse anything that could end a word or a line, or that iptables takes for an option or a wildcard."""
    if not _TOKEN.match(text):
        raise FirewallError("refused to write %r into a firewall rule" % text)
    return text


def _label(text: str) -> str:
    if not _LABEL.match(text):
        raise FirewallError("refused to write %r into the comment of a firewall rule" % text)
    return text


def _log_prefix(text: str) -> str:
    """The tool quotes what has a space in it, as all of ours have."""
    if not _LOG_PREFIX.match(text):
        raise FirewallError("refused to write %r before a line of the log" % text)
    return text
