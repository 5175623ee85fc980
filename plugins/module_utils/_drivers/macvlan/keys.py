# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The keys of driver macvlan."""

from __future__ import annotations

from ..._document.entry import Entry
from ..._document.scalars import choice, integer, read_boolean, read_interface_name
from ..._model import names
from ..base import Common
from ..parent_keys import read_internal, read_parent_name
from .network import MacvlanNetwork

KEYS = frozenset(("parent", "mode", "internal", "host_access", "shim_name", "broadcast_queue_length", "broadcast_limit"))
_MODES = choice("bridge", "private", "vepa", "passthru")
LONGEST_QUEUE = 1_000_000
NEVER_QUEUED, MOST_LISTENERS = -1, 1_000_000


def _read_host_access(entry: Entry, mode: str, internal: bool) -> bool:
    """Tell whether the host takes part; it does so by a link of its own beside those of the containers."""
    wanted = entry.get("host_access", read_boolean, False)
    if wanted and internal:
        entry.report("host_access", "an internal network has no parent the host could have an address on", "remove host_access or internal: true")
    elif wanted and mode != "bridge":
        entry.report("host_access", "only mode bridge lets the host's own link reach the containers, this network has mode %s" % mode, "remove one of the two")
    if "shim_name" in entry.raw and not wanted:
        entry.report("shim_name", "this is the host's own link, made where host_access is true", "remove it or set host_access: true")
    return wanted


def read_macvlan(entry: Entry, common: Common) -> MacvlanNetwork:
    """Return a macvlan network; faulty values are reported and left at their default."""
    mode = entry.get("mode", _MODES, "bridge")
    internal = read_internal(entry)
    host_access = _read_host_access(entry, mode, internal)
    return MacvlanNetwork(
        parent=entry.get("parent", read_parent_name, None),
        mode=mode,
        internal=internal,
        host_access=host_access,
        shim_name=entry.get("shim_name", read_interface_name, names.shim_name(common.name)) if host_access else "",
        broadcast_queue_length=entry.get("broadcast_queue_length", integer(1, LONGEST_QUEUE), None),
        broadcast_limit=entry.get("broadcast_limit", integer(NEVER_QUEUED, MOST_LISTENERS), None),
        **common.fields(),
    )
