# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The rules of an endpoint: which of its packets ask which of its routing tables."""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Tuple

from .._model.addresses import ip_version
from .._model.document import RoutingRule
from .._model.errors import Problem
from .._schema.reading import Problems, Shape, either, reader
from .._schema.schema import Field, Schema
from .entry import read_entry, read_list
from .routes import read_table
from .scalars import integer, read_interface_name, read_source

SOURCE_ROUTING = 30000
ALL_BITS = 2**32 - 1
_MARK = re.compile(r"(0x[0-9a-f]{1,8}|[0-9]{1,10})(?:/(0x[0-9a-f]{1,8}|[0-9]{1,10}))?\Z", re.ASCII | re.IGNORECASE)
_MARK_TEXT = Shape("str", what="text", pattern="(0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10})(/(0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10}))?")
_LOOPBACK = "lo"
Mark = Tuple[int, int]


@reader(either(Shape("str", choices=(_LOOPBACK,)), read_interface_name.shape))
def _read_interface(value: object, path: str, problems: Problems) -> Optional[str]:
    return _LOOPBACK if value == _LOOPBACK else read_interface_name(value, path, problems)


@reader(either(Shape("int", low=0, high=ALL_BITS), _MARK_TEXT))
def _read_mark(value: object, path: str, problems: Problems) -> Optional[Mark]:
    """Return a mark and the bits of it that count."""
    found = _MARK.match(str(value)) if isinstance(value, (int, str)) and not isinstance(value, bool) else None
    number, mask = ((int(word, 0 if word[:2].lower() == "0x" else 10) if word else ALL_BITS) for word in found.groups()) if found else (ALL_BITS + 1, 0)
    if max(number, mask) > ALL_BITS:
        problems.append(Problem(path, value, "a mark is a number of 32 bits, with a mask behind a slash where not all of them count", "write 0x1 or 0x1/0xff"))
    elif not mask:
        problems.append(Problem(path, value, "with this mask no bit of the mark counts", "remove it, or write another mask"))
    elif number & ~mask:
        problems.append(Problem(path, value, "the mark has bits that its mask leaves out", "write %#x/%#x" % (number & mask, mask)))
    else:
        return number, mask
    return None


FROM = Field("from", read_source, None, "Only packets from this subnet or address.", default_words="any")
TO = Field("to", read_source, None, "Only packets to this subnet or address.", default_words="any")
IIF = Field("iif", _read_interface, "", "Only what comes in by this interface; V(lo) is what the container sends itself.", default_words="any")
OIF = Field("oif", _read_interface, "", "Only what is sent by sockets that are bound to this interface.", default_words="any")
FWMARK = Field("fwmark", _read_mark, (0, 0), "Only packets with this mark, of which only the bits of a mask may count.", "any", example="0x1/0xff")
TABLE = Field("table", read_table, None, "Routing table that they ask.", required=True)
PRIORITY = Field(
    "priority",
    integer(1, 32765),
    None,
    "Rules are asked in this order, the lowest first; each number once in an IP version. 30000 is that of V(source_routing).",
    required=True,
)
RULE = Schema("an entry of rules", (FROM, TO, IIF, OIF, FWMARK, TABLE, PRIORITY))


def _read_rule(value: object, path: str, problems: Problems) -> Optional[RoutingRule]:
    entry = read_entry(value, path, problems, RULE)
    if entry is None:
        return None
    source, destination = entry.get(FROM), entry.get(TO)
    (mark, mask), table, priority = entry.get(FWMARK), entry.get(TABLE), entry.get(PRIORITY)
    if source is not None and destination is not None and ip_version(source) != ip_version(destination):
        entry.report("to", "from is IPv%d, and this is IPv%d" % (ip_version(source), ip_version(destination)), "use one family, or two rules")
        return None
    if priority == SOURCE_ROUTING:
        entry.report("priority", "source_routing has its rules there", "use another one")
        return None
    return RoutingRule(priority, table, source, destination, entry.get(IIF), entry.get(OIF), mark, mask) if table is not None and priority is not None else None


@reader(Shape("list", elements=Shape("dict", schema=RULE)))
def read_rules(value: object, path: str, problems: Problems) -> Optional[Tuple[RoutingRule, ...]]:
    items = read_list(value, path, problems)
    if items is None:
        return None
    found: Dict[Tuple[int, int], int] = {}
    result: List[RoutingRule] = []
    for index, item in enumerate(items):
        place = "%s[%d]" % (path, index)
        rule = _read_rule(item, place, problems)
        if rule is None:
            continue
        keys = [(rule.priority, family) for family in rule.families]
        other = next((found[key] for key in keys if key in found), None)
        if other is not None:
            problems.append(Problem(place + ".priority", rule.priority, "entry %d of this list has this priority too" % other, "give each its own"))
            continue
        found.update(dict.fromkeys(keys, index))
        result.append(rule)
    return tuple(result)
