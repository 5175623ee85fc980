# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Where an endpoint lives."""

from __future__ import annotations

import posixpath
from typing import Optional

from .._model.errors import Problem
from .._model.names import character_fault
from .entry import read_entry
from .scalars import Problems, read_label, read_text

KEYS = frozenset(("netns", "path"))
_LATER = "this version does not look up containers by %s"
ELSEWHERE = {key: _LATER % key for key in ("docker", "podman", "pid")}
PATH_LIMIT = 4095


def _path_fault(text: str) -> Optional[str]:
    if not text.startswith("/"):
        return "a path must be absolute"
    if len(text) > PATH_LIMIT:
        return "a path has at most %d characters" % PATH_LIMIT
    if ".." in text.split("/"):
        return "'..' is not allowed in a path"
    return character_fault(text)


def _read_path(value: object, path: str, problems: Problems) -> Optional[str]:
    text = read_text(value, path, problems, "an absolute path")
    if text is None:
        return None
    fault = _path_fault(text)
    if fault:
        problems.append(Problem(path, value, fault, "write the file of the namespace, such as /proc/4711/ns/net"))
        return None
    return "/" + posixpath.normpath(text).lstrip("/")


def read_container(value: object, path: str, problems: Problems) -> Optional[str]:
    """Return the place of a container: netns:NAME or path:FILE."""
    if isinstance(value, dict):
        later = [key for key in ELSEWHERE if key in value]
        if later:
            problems.append(Problem("%s.%s" % (path, later[0]), value[later[0]], ELSEWHERE[later[0]], "use path: and the file of its network namespace"))
            return None
    entry = read_entry(value, path, problems, allowed=KEYS)
    if entry is None:
        return None
    given = [key for key in ("netns", "path") if key in entry.raw]
    if len(given) != 1:
        entry.refuse("exactly one of netns and path is required", "remove one" if given else "add netns: NAME or path: FILE")
        return None
    name = entry.get(given[0], read_label if given[0] == "netns" else _read_path, None)
    return None if name is None else "%s:%s" % (given[0], name)
