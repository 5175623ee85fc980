# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Policy rules as anybody may have made them."""

from __future__ import annotations

import socket
from typing import Optional

from .._model.live import RuleRow
from .door import read_attributes
from .parse import text_of_subnet
from .rule import HEADER, INVERT, read_interfaces, read_numbers, says_more

ACTIONS = {1: "table", 2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}


def parse_whole_rule(payload: bytes) -> Optional[RuleRow]:
    """Return a rule of anybody, whatever it does."""
    family, length, prefix, tos, table, action, flags = HEADER.unpack_from(payload)
    if family not in (socket.AF_INET, socket.AF_INET6):
        return None
    found = read_attributes(payload, HEADER.size, len(payload))
    priority, mark, number, mask = read_numbers(found, table)
    interface, out_interface = read_interfaces(found)
    return RuleRow(
        family=6 if family == socket.AF_INET6 else 4,
        priority=priority,
        action=ACTIONS.get(action, str(action)),
        table=number,
        source=text_of_subnet(found[2], family, prefix) if 2 in found else "",
        destination=text_of_subnet(found[1], family, length) if 1 in found else "",
        interface=interface,
        out_interface=out_interface,
        mark=mark,
        mask=mask,
        inverted=bool(flags & INVERT),
        limited=says_more(tos, found),
    )
