# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Published ports of a service, in Compose's short and long form."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Dict, List, Optional

from ...module_utils._document.ports import read_port
from ...module_utils._model.errors import Problem
from ...module_utils._model.limits import PORTS
from .source import Notes, as_list, note_rest, refuse

_PORTS = r"[0-9]+(?:-[0-9]+)?"
_SHORT = re.compile(
    r"(?:(?P<host_ip>\[[0-9a-fA-F:.]+\]|[0-9]+\.[0-9.]+):)?(?:(?P<published>%s)?:)?(?P<target>%s)(?:/(?P<protocol>[a-zA-Z]+))?\Z" % (_PORTS, _PORTS)
)
_EXAMPLE = 'write it as Compose wants it, such as "8080:80/tcp"'


def _split(value: object, path: str) -> Dict[str, Any]:
    match = _SHORT.match(str(value)) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    if match is None:
        refuse(path, value, "not a port of Compose", _EXAMPLE)
    return {key: text for key, text in match.groupdict().items() if text}


def _check_range(value: object, path: str) -> str:
    text = str(value)
    numbers = [int(number) for number in text.split("-")] if re.match(_PORTS + r"\Z", text) else []
    if not numbers or not PORTS[0] <= numbers[0] <= numbers[-1] <= PORTS[1]:
        refuse(path, value, "not a port, %d to %d, or a range of ports" % PORTS, _EXAMPLE)
    return "-".join(str(number) for number in numbers)


def _translate_port(item: object, path: str, notes: Notes) -> Optional[Dict[str, Any]]:
    if "${" in str(item):
        notes.add(path, item, "a variable: give what `docker compose config` prints, which fills it in")
        return None
    entry = {key: value for key, value in item.items() if value is not None} if isinstance(item, dict) else _split(item, path)
    if "target" not in entry:
        refuse(path, item, "the target port is missing", _EXAMPLE)
    port: Dict[str, Any] = {"target": _check_range(entry.pop("target"), path)}
    given = entry.pop("published", "")
    if given != "":
        port["published"] = _check_range(given, path)
    protocol = str(entry.pop("protocol", "tcp")).lower()
    if protocol != "tcp":
        port["protocol"] = protocol
    host_ip = str(entry.pop("host_ip", "")).strip("[]")
    if host_ip:
        try:
            port["host_ip"] = str(ipaddress.ip_address(host_ip))
        except ValueError:
            refuse(path, item, "host_ip is no IP address", _EXAMPLE)
    entry.pop("mode", None)  # of Swarm: without it, both publish on the host
    note_rest(entry, path, notes)
    problems: List[Problem] = []
    read_port(port, path, problems)
    for problem in problems:
        notes.add_refused(path, item, problem)
    return None if problems else port


def translate_ports(raw: object, path: str, notes: Notes) -> List[Dict[str, Any]]:
    found = (_translate_port(item, "%s[%d]" % (path, index), notes) for index, item in enumerate(as_list(raw, path)))
    return [port for port in found if port is not None]
