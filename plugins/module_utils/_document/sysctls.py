# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Kernel parameters of a namespace or of one interface in it."""

from __future__ import annotations

import re
from typing import Dict, Optional

from .._model.errors import Problem
from .._model.names import character_fault
from .._schema.reading import BOOLEAN, Problems, Read, Shape, either
from .entry import Pairs, is_map, key_text

INTERFACE = "IFNAME"
VALUE_LIMIT = 255
_VALUE = either(Shape("str", what="text", pattern=r"[\t -~]{1,%d}" % VALUE_LIMIT), Shape("int"), BOOLEAN)
_NAMES = r"net(\.[A-Za-z0-9_-]+)+"
_KEY = re.compile(_NAMES + r"\Z", re.ASCII)


def _key_problem(key: str, per_interface: bool) -> Optional[str]:
    if not _KEY.match(key):
        return "a sysctl is net. and words of letters, digits, _ and - joined by single dots"
    if per_interface and INTERFACE not in key.split("."):
        return "a sysctl of an attachment names its interface as IFNAME"
    if not per_interface and INTERFACE in key.split("."):
        return "IFNAME is known only below networks"
    return None


def _read_value(value: object, path: str, problems: Problems) -> Optional[str]:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int) and abs(value) < 2**64:
        return str(int(value))
    if not isinstance(value, str):
        problems.append(Problem(path, value, "expected an integer, text or a boolean", "quote the value"))
        return None
    fault = character_fault(value.replace("\t", " "))
    if fault or not value.strip() or len(value) > VALUE_LIMIT:
        problems.append(Problem(path, value, fault or "a value has 1 to %d characters" % VALUE_LIMIT, "correct the value"))
        return None
    return " ".join(value.split())  # as the kernel tells it


def sysctls(*, per_interface: bool) -> Read[Pairs]:
    """Return a reader of a map of sysctls, giving pairs sorted by key."""
    fix = "write net.ipv4.conf.IFNAME.forwarding" if per_interface else "write one such as net.ipv4.ip_forward"

    def read(value: object, path: str, problems: Problems) -> Optional[Pairs]:
        if not is_map(value, path, problems):
            return None
        found: Dict[str, str] = {}
        for key, item in value.items():  # type: ignore[attr-defined]
            place = "%s[%s]" % (path, key_text(key))
            rule = _key_problem(key, per_interface)
            if rule:
                problems.append(Problem(place, item, rule, fix))
                continue
            text = _read_value(item, place, problems)
            if text is not None:
                found[str(key)] = text
        return tuple(sorted(found.items()))

    return Read(read, Shape("dict", values=_VALUE, names=_NAMES))
