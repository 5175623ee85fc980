# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What comes in by the host's own ends of wires. It is opened nothing, and may not pass for somebody else."""

from __future__ import annotations

from functools import partial
from typing import Iterator

from .._model.document import Document, host_ends
from .._model.rule import INSIDE_CHAIN, RAW_CHAIN, Rule


def compile_wire_rules(document: Document, family: int) -> Iterator[Rule]:
    for wire, _index, end in host_ends(document.links):
        rule = partial(Rule, family, scope=document.scope, owner=wire.name, in_interface=end.interface_name)
        # A container sends nothing into tunnels of the host.
        yield rule("filter", INSIDE_CHAIN, 10, "DROP")
        # A foreign source would pass for a tunnel's peer, or for one that a published port allows.
        yield rule("raw", RAW_CHAIN, 8, "DROP", off_path=True)
