# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A macvlan network as it is declared."""

from __future__ import annotations

from ..._document.entry import Entry
from ..._model import names
from ..base import Common
from ..parent_keys import PARENT, read_internal
from .keys import BROADCAST_LIMIT, BROADCAST_QUEUE_LENGTH, HOST_ACCESS, MODE, SHIM_NAME
from .network import MacvlanNetwork


def _read_host_access(entry: Entry, mode: str, internal: bool) -> bool:
    """Tell whether the host takes part; it does so by a link of its own beside those of the containers."""
    wanted = entry.get(HOST_ACCESS)
    if wanted and internal:
        entry.report("host_access", "an internal network has no parent the host could have an address on", "remove host_access or internal: true")
    elif wanted and mode != "bridge":
        entry.report("host_access", "only mode bridge lets the host's own link reach the containers, this network has mode %s" % mode, "remove one of the two")
    if "shim_name" in entry.raw and not wanted:
        entry.report("shim_name", "this is the host's own link, made where host_access is true", "remove it or set host_access: true")
    return wanted


def read_macvlan(entry: Entry, common: Common) -> MacvlanNetwork:
    """Return a macvlan network; faulty values are reported and left at their default."""
    mode = entry.get(MODE)
    internal = read_internal(entry)
    host_access = _read_host_access(entry, mode, internal)
    return MacvlanNetwork(
        parent=entry.get(PARENT),
        mode=mode,
        internal=internal,
        host_access=host_access,
        shim_name=(entry.get(SHIM_NAME) or names.shim_name(common.name)) if host_access else "",
        broadcast_queue_length=entry.get(BROADCAST_QUEUE_LENGTH),
        broadcast_limit=entry.get(BROADCAST_LIMIT),
        **common.fields(),
    )
