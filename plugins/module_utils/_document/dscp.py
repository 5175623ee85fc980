# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.
"""How routers are to treat what an endpoint sends, by name or number (RFC 2474, 2597, 3246)."""

from __future__ import annotations

from typing import Dict, Optional

from .._schema.reading import Problems, Shape, either, reader
from .scalars import integer

NAMES: Dict[str, int] = {"ef": 46}
NAMES.update(("cs%d" % number, 8 * number) for number in range(8))
NAMES.update(("af%d%d" % (number, drop), 8 * number + 2 * drop) for number in range(1, 5) for drop in range(1, 4))
_read_number = integer(0, 63)


@reader(either(Shape("str", what="a code point", pattern="ef|cs[0-7]|af[1-4][1-3]|[0-9]|[1-5][0-9]|6[0-3]"), _read_number.shape))
def read_dscp(value: object, path: str, problems: Problems) -> Optional[int]:
    if isinstance(value, str) and value in NAMES:
        return NAMES[value]
    if isinstance(value, str) and not value.isdigit():
        from .._model.errors import Problem

        problems.append(Problem(path, value, "expected ef, cs0 to cs7, af11 to af43 or 0 to 63", "write one of them, such as ef"))
        return None
    return _read_number(value, path, problems)
