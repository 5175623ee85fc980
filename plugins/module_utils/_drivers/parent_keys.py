# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The link of the host that macvlan and ipvlan networks stand on."""

from __future__ import annotations

from .._document.entry import Entry
from .._document.scalars import read_boolean, text_reader
from .._model.names import parent_name_fault

read_parent_name = text_reader("an interface name", parent_name_fault, "write one such as eth1, or eth1.30 for VLAN 30 on it")


def read_internal(entry: Entry) -> bool:
    internal = entry.get("internal", read_boolean, False)
    if internal and "parent" in entry.raw:
        entry.report("parent", "an internal network has no parent", "remove it or internal: true")
    return internal
