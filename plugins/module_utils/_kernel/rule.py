# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import socket
import struct
from functools import lru_cache
from typing import Collection, FrozenSet, List, Mapping, NamedTuple, Optional, Tuple

from .._model.kind import Attributes
from .._model.mark import PROTOCOL
from .._model.objects import PolicyRule
from . import netlink
from .door import read_attributes
from .parse import text_of_subnet

HEADER = struct.Struct("=BBBBBxxBI")
_L3MDEV = 19
# Interfaces, mark, tunnel, user, protocol and ports.
_SELECTORS = frozenset((3, 10, 12, 17, 20, 22, 23, 24))
_OURS = frozenset((3, 10, 17))
INVERT = 2
_NOTHING_SUPPRESSED = 0xFFFFFFFF


def _message(message_type: int, flags: int, rule: PolicyRule) -> bytes:
    source, prefix = rule.source.split("/")
    attributes: Attributes = [("FRA_PRIORITY", rule.priority)]
    if int(prefix):
        attributes.append(("FRA_SRC", source))
    if rule.table is not None:
        attributes.append(("FRA_TABLE", rule.table))
    if rule.interface:
        attributes.append(("FRA_IIFNAME", rule.interface))
    if rule.out_interface:
        attributes.append(("FRA_OIFNAME", rule.out_interface))
    if rule.mask:
        attributes += [("FRA_FWMARK", rule.mark), ("FRA_FWMASK", rule.mask)]
    target, length = rule.destination.split("/") if rule.destination else ("", "0")
    if int(length):
        attributes.append(("FRA_DST", target))
    attributes.append(("FRA_PROTOCOL", PROTOCOL))
    family = socket.AF_INET6 if rule.family == 6 else socket.AF_INET
    return netlink.rule_message(message_type, flags, attributes, family=family, prefix=int(prefix), target_prefix=int(length))


def create_rule(rule: PolicyRule) -> bytes:
    return _message(netlink.RTM_NEWRULE, netlink.CREATE_NEW, rule)


def delete_rule(rule: PolicyRule) -> bytes:
    return _message(netlink.RTM_DELRULE, netlink.NLM_F_REQUEST, rule)


def change_rule(rule: PolicyRule, current: PolicyRule) -> List[bytes]:
    """The kernel changes no rule: the new one stands before the old one goes."""
    return [create_rule(rule), delete_rule(current)]


@lru_cache(maxsize=256)
def read_rules(payloads: Tuple[bytes, ...]) -> Tuple[Tuple[PolicyRule, ...], FrozenSet[PolicyRule]]:
    """Return the rules of ours, and those of others that say no more than ours do, all without their place: most namespaces have the same."""
    ours, others = (filter(None, [_parse_rule(payload, of_others) for payload in payloads]) for of_others in (False, True))
    return tuple(ours), frozenset(others)


def _parse_rule(payload: bytes, of_others: bool) -> Optional[PolicyRule]:
    family, length, prefix, tos, table, action, flags = HEADER.unpack_from(payload)
    found = read_attributes(payload, HEADER.size, len(payload))
    if action != netlink.FR_ACT_TO_TBL or (found.get(21) == bytes((PROTOCOL,))) == of_others or family not in (socket.AF_INET, socket.AF_INET6):
        return None
    if of_others and (flags & INVERT or says_more(tos, found)):
        return None
    priority, mark, number, mask = read_numbers(found, table)
    interface, out_interface = read_interfaces(found)
    source = text_of_subnet(found.get(2), family, prefix)
    target = text_of_subnet(found[1], family, length) if length and 1 in found else ""
    return PolicyRule("", 6 if family == socket.AF_INET6 else 4, priority, source, number, interface, target, out_interface, mark, mask)


def read_numbers(found: Mapping[int, bytes], table: int) -> Tuple[int, ...]:
    """Return priority, mark, table and mask of the mark; `table` is that of the header."""
    return tuple(struct.unpack("=I", found[key])[0] if key in found else other for key, other in ((6, 0), (10, 0), (15, table), (16, 0)))


def read_interfaces(found: Mapping[int, bytes]) -> Tuple[str, ...]:
    return tuple(found.get(key, b"").rstrip(b"\0").decode("utf-8", "replace") for key in (3, 17))


def says_more(tos: int, found: Collection[int]) -> bool:
    """Tell whether a rule matches on more than ours do."""
    return bool(tos or (_SELECTORS - _OURS | {_L3MDEV}) & set(found))


class RawRule(NamedTuple):
    """A rule of anybody that leads to a table."""

    family: int
    priority: int
    table: int
    destination: str
    shortest: int  # shorter prefixes of the table are passed over
    limited: bool  # only some of the packets to the destination ask the table


def parse_any_rule(payload: bytes) -> Optional[RawRule]:
    """Return a rule that leads to a table; None for others and for those of the VRFs, which lead nobody else there."""
    family, length, source, tos, table, action, flags = HEADER.unpack_from(payload)
    found = read_attributes(payload, HEADER.size, len(payload))
    if action != netlink.FR_ACT_TO_TBL or family not in (socket.AF_INET, socket.AF_INET6) or _L3MDEV in found:
        return None
    numbers = {key: struct.unpack("=I", found[key])[0] for key in (6, 14, 15) if key in found}
    limited = bool(source or tos or flags & INVERT or _SELECTORS & set(found))
    destination = text_of_subnet(None, family, 0) if flags & INVERT else text_of_subnet(found.get(1), family, length)
    suppressed = numbers.get(14, _NOTHING_SUPPRESSED)
    shortest = 0 if suppressed == _NOTHING_SUPPRESSED else suppressed + 1
    return RawRule(family, numbers.get(6, 0), numbers.get(15, table), destination, shortest, limited)
