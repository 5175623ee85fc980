# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.
"""Rates, sizes, times and shares as they are written in a declaration: a number and its unit."""

from __future__ import annotations

import re
from typing import Optional, Tuple, Type, TypeVar

from .._model.amount import PERCENT, RATE_UNITS, SIZE_UNITS, TIME_UNITS, Duration, Rate, Share, Size, Units
from .._model.errors import Problem
from .._model.limits import BURST, DELAY, RATE
from .._schema.reading import Problems, Read, Shape, reader

Amount = TypeVar("Amount", Rate, Size, Duration)


def _reader(kind: Type[Amount], what: str, units: Units, bounds: Tuple[int, int], example: str) -> Read[Amount]:
    pattern = "([1-9][0-9]{0,11})(%s)" % "|".join(unit for unit, _size in units)
    sizes = dict(units)
    least, largest = map(kind, bounds)

    def read(value: object, path: str, problems: Problems) -> Optional[Amount]:
        found = re.match(pattern + r"\Z", value, re.ASCII) if isinstance(value, str) else None
        if found is None:
            rule = "expected %s: a whole number and %s, without a space" % (what, " or ".join(unit for unit, _size in units))
            problems.append(Problem(path, value, rule, "write it like %s" % example))
            return None
        amount = kind(int(found.group(1)) * sizes[found.group(2)])
        if not least <= amount <= largest:
            problems.append(Problem(path, value, "expected %s to %s" % (least, largest), "write one in that range"))
            return None
        return amount

    return Read(read, Shape("str", what=what, pattern=pattern))


read_rate = _reader(Rate, "a rate", RATE_UNITS, RATE, "100mbit")
read_burst = _reader(Size, "a size", SIZE_UNITS, BURST, "64kib")
read_duration = _reader(Duration, "a time", TIME_UNITS, DELAY, "20ms")
_SHARE = r"(100(?:\.0{1,4})?|[0-9]{1,2}(?:\.[0-9]{1,4})?)%"


@reader(Shape("str", what="a share in percent", pattern=_SHARE))
def read_share(value: object, path: str, problems: Problems) -> Optional[Share]:
    found = re.match(_SHARE + r"\Z", value, re.ASCII) if isinstance(value, str) else None
    share = Share(round(float(found.group(1)) * PERCENT)) if found else Share(0)
    if not share:
        rule = "expected a share in percent: above 0% and up to 100%, with at most four decimals, without a space"
        problems.append(Problem(path, value, rule, "write it like 1% or 0.5%"))
        return None
    return share
