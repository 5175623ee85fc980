# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Bridges behind which something is published at loopback: the kernel leads packets of that network there and back only where it is told to."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable, List

from .._drivers.settings import LOCALNET
from .._model.document import Document
from .._model.link import Link
from .._model.objects import KernelObject
from .._model.place import HOST
from .published import find_local_bridges


def open_loopback(document: Document, objects: Iterable[KernelObject]) -> List[KernelObject]:
    bridges = find_local_bridges(document)
    return [_open(item) if isinstance(item, Link) and item.place == HOST and item.name in bridges else item for item in objects]


def _open(bridge: Link) -> Link:
    return replace(bridge, sysctls=tuple(LOCALNET[True] if setting == LOCALNET[False] else setting for setting in bridge.sysctls or ()))
