# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the reader of declarations takes of a translation; the rest is taken out and noted."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, List, Tuple

from ...module_utils._document import allocate, check, reader
from ...module_utils._model.document import DEFAULT_SCOPE, Document
from ...module_utils._model.errors import InputError, Problem
from .source import Notes

_INDEX = re.compile(r"\[([^\[\]]*)\]")
NETWORKS, ENDPOINTS, LINKS = "networks", "endpoints", "links"

# Without them it would be another thing, or open to more.
KEPT = ("name", "subnet", "container", "docker", "podman", "driver", "internal", "enable_icc", "host_ip", "ends", "endpoint", "network", "host", "tunnel")


def _list_problems(declaration: Dict[str, Any]) -> List[Problem]:
    problems: List[Problem] = []
    # As of a fleet: what only its plan knows of an overlay may be missing.
    networks = reader.read_networks(declaration[NETWORKS], path=NETWORKS, scope=DEFAULT_SCOPE, problems=problems)
    endpoints = reader.read_endpoints(declaration[ENDPOINTS], path=ENDPOINTS, scope=DEFAULT_SCOPE, networks=networks, problems=problems)
    endpoints = allocate.allocate(networks, endpoints, living=allocate.NOTHING_TAKEN, problems=problems, path=NETWORKS)
    links = reader.read_links(declaration.get(LINKS, []), path=LINKS, scope=DEFAULT_SCOPE, endpoints=endpoints, problems=problems)
    document = Document(scope=DEFAULT_SCOPE, networks=networks, endpoints=endpoints, links=links)
    check.check_document(document, path_networks=NETWORKS, path_endpoints=ENDPOINTS, problems=problems)
    return [problem for problem in problems if not (problem.tells or problem.may_pass or problem.stands)]


def _find(declaration: Any, path: str) -> Tuple[Any, Any]:
    """Return the map or list that holds what a path names, or the nearest thing around it, and its key there."""
    holder: Any = None
    key: Any = None
    value, rest = declaration, path
    while rest:
        match = _INDEX.match(rest)
        if match:
            step = next((known for known, item in _items(value) if match[1] in (str(known), _name(item))), None)
            length = match.end()
        else:
            rest = rest.lstrip(".")
            step = next((known for known, item in _items(value) if rest == known or rest.startswith(("%s." % known, "%s[" % known))), None)
            length = len(str(step))
        if step is None:
            break
        holder, key, rest = value, step, rest[length:]
        value = holder[key]
    return holder, key


def _items(value: Any) -> Iterable[Tuple[Any, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _name(item: Any) -> Any:
    return item.get("name") if isinstance(item, dict) else item


def keep_accepted(declaration: Dict[str, Any], notes: Notes) -> None:
    """Take out, one by one, the keys of a translation that the reader refuses. A whole network or endpoint is an error instead."""
    while True:
        problems = _list_problems(declaration)
        if not problems:
            return
        problem = problems[-1]  # so that the places of earlier ones stay what they are
        holder, key = _find(declaration, problem.path)
        if key in KEPT or any(holder is whole for whole in (None, declaration, *declaration.values())):
            raise InputError(tuple(problems))
        notes.add_refused(problem.path, holder[key], problem)
        del holder[key]
