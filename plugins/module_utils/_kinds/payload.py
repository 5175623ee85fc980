# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The values of netlink attributes."""

from __future__ import annotations

import sys
from typing import Mapping, Optional, TypeVar

Word = TypeVar("Word")


def number(value: Optional[bytes]) -> Optional[int]:
    """Return an unsigned number in the machine's order."""
    return int.from_bytes(value, sys.byteorder) if value else None


def network_number(value: Optional[bytes]) -> Optional[int]:
    """Return an unsigned number in the order of packets."""
    return int.from_bytes(value, "big") if value else None


def flag(value: Optional[bytes]) -> Optional[bool]:
    return value != b"\0" if value is not None else None


def word(words: Mapping[Word, int], code: Optional[int]) -> Optional[Word]:
    """Return the word for a number."""
    return next((known for known, other in words.items() if other == code), None)
