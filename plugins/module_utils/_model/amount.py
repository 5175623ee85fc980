# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.
"""How fast, how much, how long and how often, as numbers that are written with their units."""

from __future__ import annotations

from typing import Tuple

Units = Tuple[Tuple[str, int], ...]

NONE = "none"
RATE_UNITS: Units = (("gbit", 10**9), ("mbit", 10**6), ("kbit", 10**3))
SIZE_UNITS: Units = (("mib", 2**20), ("kib", 2**10))  # as all but these are by thousands
TIME_UNITS: Units = (("s", 10**6), ("ms", 10**3), ("us", 1))
PERCENT = 10**4


class Rate(int):
    """Bits per second, whole thousands of them; 0 for any."""

    def __str__(self) -> str:
        return _write(self, (*RATE_UNITS, ("bit", 1))) if self else NONE

    def during(self, seconds: float) -> int:
        """Return the bytes that pass in a time."""
        return int(self * seconds / 8)


class Size(int):
    """Bytes, whole multiples of 1024."""

    def __str__(self) -> str:
        return _write(self, (*SIZE_UNITS, ("", 1)))

    @classmethod
    def above(cls, number: int) -> Size:
        """Return the smallest one that is not less."""
        return cls(-(-number // 1024) * 1024)


class Duration(int):
    """Microseconds."""

    def __str__(self) -> str:
        return _write(self, TIME_UNITS) if self else NONE

    @property
    def seconds(self) -> float:
        return self / 10**6


class Share(int):
    """Parts in a million, written in percent."""

    def __str__(self) -> str:
        return "%s%%" % ("%.4f" % (self / PERCENT)).rstrip("0").rstrip(".") if self else NONE


AT_ONCE, NEVER = Duration(0), Share(0)


def _write(number: int, units: Units) -> str:
    return next("%d%s" % (number // size, unit) for unit, size in units if size == 1 or (number and number % size == 0))
