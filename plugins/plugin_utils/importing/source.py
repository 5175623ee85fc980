# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What somebody else wrote: its text, its types, and what of it is left over."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, NoReturn, Optional, Set

import yaml

from ...module_utils._model.errors import InputError, Problem
from ...module_utils._model.names import LABEL_LIMIT, label_fault

DOCKER, PODMAN = "docker", "podman"
OF_LOOKUP = "give the content of the file, as lookup('file', ...) returns it"
OF_COMPOSE = "write it as Compose wants it"
TRUE, FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


class _Loader(yaml.SafeLoader):
    """YAML as Compose reads it: 22:22 is text, not a number to the base of 60."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag not in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(0|[1-9][0-9]*)\Z"), list("-0123456789"))


def refuse(path: str, value: object, rule: str, fix: str = "") -> NoReturn:
    raise InputError((Problem(path, value, rule, fix),))


def parse_source(content: object, path: str) -> Dict[str, Any]:
    """Return a file as a map; it may be parsed already."""
    if isinstance(content, str):
        try:
            content = yaml.load(content, Loader=_Loader)
        except (yaml.YAMLError, ValueError) as error:
            refuse(path, None, "not YAML: %s" % " ".join(str(error).split()), OF_LOOKUP)
    if content is None:
        refuse(path, content, "the file is empty", OF_LOOKUP)
    return as_map(content, path, OF_LOOKUP)


def as_map(value: object, path: str, fix: str = OF_COMPOSE) -> Dict[str, Any]:
    """Return a map with keys of text; nothing is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        refuse(path, value, "expected a map", fix)
    return {str(key): item for key, item in value.items()}


def as_list(value: object, path: str, fix: str = OF_COMPOSE) -> List[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        refuse(path, value, "expected a list", fix)
    return list(value)


def as_pairs(value: object, path: str) -> Dict[str, Any]:
    """Return what may be a map or a list of KEY=VALUE."""
    if not isinstance(value, list):
        return as_map(value, path)
    return {str(item).partition("=")[0]: str(item).partition("=")[2] for item in value}


def translate_labels(value: object, path: str) -> Dict[str, str]:
    return {key: "" if text is None else str(text) for key, text in as_pairs(value, path).items()}


def as_flag(value: object, path: str) -> bool:
    text = str(value).lower()
    if text not in TRUE + FALSE:
        refuse(path, value, "expected a boolean", "write true or false")
    return text in TRUE


@dataclass
class Notes:
    """What is not in the declaration as it was in the source."""

    entries: List[Dict[str, Any]] = field(default_factory=list)

    def add(self, path: str, value: object, reason: str) -> None:
        self.entries.append({"path": path, "value": value, "reason": reason})

    def add_refused(self, path: str, value: object, problem: Problem) -> None:
        """Note what the reader of declarations does not take."""
        self.add(path, value, "; ".join(part for part in (problem.rule, problem.fix) if part))


@dataclass
class Names:
    """Names of one list that this collection can take, each once."""

    given: Set[str] = field(default_factory=set)

    def choose(self, wanted: str, path: str, notes: Notes) -> str:
        name = wanted
        if label_fault(wanted) is not None:
            name = re.sub(r"[^A-Za-z0-9_.-]", "-", wanted).lstrip("_.-")[:LABEL_LIMIT] or "unnamed"
        plain, count = name, 1
        while name in self.given:
            count += 1
            name = "%s-%d" % (plain[: LABEL_LIMIT - 4], count)
        if name != wanted:
            notes.add(path, wanted, "called %s here: %s" % (name, label_fault(wanted) or "another has that name"))
        self.given.add(name)
        return name


def note_rest(rest: Dict[str, Any], path: str, notes: Notes, reason: str = "nothing here stands for it", reasons: Optional[Dict[str, str]] = None) -> None:
    """Note every key that nobody has taken."""
    for key, value in rest.items():
        if not key.startswith("x-"):
            notes.add("%s.%s" % (path, key), value, (reasons or {}).get(key, reason))
