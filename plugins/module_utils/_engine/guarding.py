# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Endpoints are held to their own addresses, or the run says why that cannot be."""

from __future__ import annotations

from typing import List, Optional

from .._compile.guard import compile_guard
from .._firewall.base import RunCommand
from .._firewall.frames.guard import guard_table
from .._firewall.frames.table import TOOL, why_no_frames
from .._model.document import Document
from .._model.errors import EnvironmentUnfit
from .._model.frames import FrameTable
from .._runtime.tool import has_tool

UNGUARDED = "endpoints cannot be held to their own addresses: %s"
FIX = "%s; set anti_spoofing: false on the networks that are to do without"


def find_guard(document: Document, run: RunCommand, notes: Optional[List[str]]) -> Optional[FrameTable]:
    """Return the table that a declaration wants. With `notes`, what the host cannot have is noted there and left out."""
    ports = compile_guard(document)
    if not ports:
        return None
    wanted = guard_table(document.scope, ports)
    if notes is not None:
        lack = _find_lack(wanted, run)
        if lack:
            notes.append("anti_spoofing is left out: " + UNGUARDED % lack)
            return None
    return wanted


def refuse_unguarded(wanted: FrameTable, run: RunCommand) -> None:
    lack = _find_lack(wanted, run)
    if lack:
        fix = "install the package nftables" if not has_tool(TOOL) else "use a kernel that has nftables for bridges (CONFIG_NF_TABLES_BRIDGE)"
        raise EnvironmentUnfit("nothing was changed: %s; %s" % (UNGUARDED % lack, FIX % fix))


def _find_lack(wanted: FrameTable, run: RunCommand) -> str:
    return why_no_frames(run, wanted) if has_tool(TOOL) else "nft is not installed"
