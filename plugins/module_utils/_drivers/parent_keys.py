# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The link of the host that macvlan and ipvlan networks stand on."""

from __future__ import annotations

from .._document.entry import Entry
from .._document.scalars import read_boolean, read_interface_name, text_reader
from .._model.names import INTERFACE_NAME_LIMIT, parent_name_fault
from .._schema.schema import Field

read_parent_name = text_reader(
    "an interface name",
    parent_name_fault,
    "write eth1, or eth1.30 for VLAN 30 on it",
    "(?=.{1,%d}$)" % INTERFACE_NAME_LIMIT + read_interface_name.shape.pattern + r"(\.[1-9][0-9]{0,3})?",
)
PARENT = Field(
    "parent",
    read_parent_name,
    None,
    "Interface of the host that the network stands on. V(eth1.30) is VLAN 30 of eth1, and is made where it is missing.",
    default_words="the interface with the default route",
    example="eth1",
)
INTERNAL = Field("internal", read_boolean, False, "Whether the network has no parent and no gateway, so that nothing comes in or leaves.")


def read_internal(entry: Entry) -> bool:
    internal = entry.get(INTERNAL)
    if internal and "parent" in entry.raw:
        entry.report("parent", "an internal network has no parent", "remove it or internal: true")
    return internal
