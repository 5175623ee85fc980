# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The keys of driver macvlan."""

from __future__ import annotations

from ..._document.scalars import choice, integer, read_boolean, read_interface_name
from ..._schema.schema import Field, Schema
from ..parent_keys import INTERNAL, PARENT

LONGEST_QUEUE = 1_000_000
NEVER_QUEUED, MOST_LISTENERS = -1, 1_000_000

MODE = Field(
    "mode",
    choice("bridge", "private", "vepa", "passthru", "source"),
    "bridge",
    "How the endpoints of one parent reach each other: directly, not at all, by the switch; with V(passthru) one endpoint has the parent to itself;"
    " with V(source) each takes in the frames of its V(source_macs) only, and those on one host reach each other as with V(vepa).",
)
HOST_ACCESS = Field(
    "host_access", read_boolean, False, "Whether the host and its endpoints reach each other, by a link of the host's own beside theirs. Mode V(bridge) only."
)
SHIM_NAME = Field(
    "shim_name", read_interface_name, None, "Name of the host's own link where V(host_access) is V(true).", default_words="C(mv-) and the network's name"
)
BROADCAST_QUEUE_LENGTH = Field(
    "broadcast_queue_length",
    integer(1, LONGEST_QUEUE),
    None,
    "Frames to many that may wait on the parent. It is one for all networks on it.",
    unit="frames",
    default_words="the kernel's",
)
BROADCAST_LIMIT = Field(
    "broadcast_limit",
    integer(NEVER_QUEUED, MOST_LISTENERS),
    None,
    "From how many listeners on a frame to many waits in the queue; V(-1) never. It is one for all networks on the parent.",
    unit="listeners",
    default_words="the kernel's, 1",
)

SCHEMA = Schema("driver macvlan", (PARENT, MODE, INTERNAL, HOST_ACCESS, SHIM_NAME, BROADCAST_QUEUE_LENGTH, BROADCAST_LIMIT))
