# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from typing import Any, Callable, Generic, Optional, TypeVar

Value = TypeVar("Value")


class Once(Generic[Value]):
    """A property of a frozen object, worked out when it is first asked for. A fleet has tens of thousands of them, and Python's own takes a lock each time."""

    def __init__(self, work: Callable[[Any], Value]) -> None:
        self._work = work

    def __get__(self, item: Any, _owner: Optional[type] = None) -> Value:
        found = item.__dict__[self._work.__name__] = self._work(item)
        return found
