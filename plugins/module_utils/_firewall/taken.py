# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Which packets to the host come to a rule of somebody else."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

Span = Tuple[int, int]
EVERY_PORT: Tuple[Span, ...] = ((0, 65535),)


class Match(NamedTuple):
    """What got so far."""

    protocol: Optional[str] = None
    ports: Tuple[Span, ...] = EVERY_PORT
    host: Optional[str] = None
    limited: bool = False
