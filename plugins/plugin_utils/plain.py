# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SCALARS = (bool, int, float, str)


def plain(value: Any) -> Any:
    """Return a copy made of the plain types of JSON; Ansible hands out subclasses and lazy containers. Other types stay as they are."""
    if value is None or type(value) in _SCALARS:
        return value
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    # Not str(value): Ansible 2.18's unsafe text answers that with itself.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    return value
