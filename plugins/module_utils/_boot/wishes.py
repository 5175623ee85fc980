# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a runtime wants for a container, whatever words it has for it: addresses, names, published ports."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .._document.ports import read_port
from .._document.scalars import read_ipv4_address, read_ipv6_address, read_label
from .._model.errors import Problem

_CONTAINER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z", re.ASCII)


def read_map(value: object, path: str, problems: List[Problem]) -> Mapping[str, Any]:
    if value is None or isinstance(value, dict):
        return value or {}
    problems.append(Problem(path, value, "expected a map", "write key: value"))
    return {}


def read_list(value: object, path: str, problems: List[Problem]) -> Sequence[Any]:
    if value is None or isinstance(value, list):
        return value or ()
    problems.append(Problem(path, value, "expected a list", "write it in brackets"))
    return ()


def read_container(value: object, path: str, problems: List[Problem]) -> str:
    """Return the runtime's number of a container."""
    if isinstance(value, str) and _CONTAINER.match(value):
        return value
    problems.append(Problem(path, value, "letters, digits, _ . -, a letter or digit first"))
    return ""


def read_addresses(value: object, path: str, problems: List[Problem]) -> Dict[str, Optional[str]]:
    """Return the addresses by their keys. A length of the prefix is that of the subnet, whatever it says."""
    found: Dict[str, Optional[str]] = {}
    for index, item in enumerate(read_list(value, path, problems)):
        place = "%s[%d]" % (path, index)
        text = item.partition("/")[0] if isinstance(item, str) else item
        version = 6 if isinstance(text, str) and ":" in text else 4
        key = "ipv%d_address" % version
        address = (read_ipv6_address if version == 6 else read_ipv4_address)(text, place, problems)
        if found.setdefault(key, address) != address:  # Podman says the same one twice where it puts a container on its network again
            problems.append(Problem(place, item, "an interface gets one IPv%d address" % version, "remove one"))
    return found


def read_aliases(value: object, path: str, problems: List[Problem]) -> Tuple[str, ...]:
    """Return other names of the container."""
    read = (read_label(item, "%s[%d]" % (path, index), problems) for index, item in enumerate(read_list(value, path, problems)))
    return tuple(dict.fromkeys(alias for alias in read if alias is not None))


def read_number(mapping: Mapping[str, Any], key: str, path: str, problems: List[Problem]) -> Optional[int]:
    """Return a port of a mapping; which ones there may be is said by the declaration."""
    value = mapping.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    problems.append(Problem("%s.%s" % (path, key), value, "expected a port, 1 to 65535", "write a number"))
    return None


def read_publication(published: object, target: object, protocol: str, host_ip: object, path: str, problems: List[Problem]) -> List[str]:
    """Return a published port in the short form of the declaration, or nothing."""
    wish = {"published": published, "target": target, "protocol": protocol}
    port = read_port({**wish, **({"host_ip": host_ip} if host_ip else {})}, path, problems)
    return [] if port is None else [str(port)]
