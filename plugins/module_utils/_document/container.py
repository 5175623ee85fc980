# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Where an endpoint lives."""

from __future__ import annotations

import posixpath
import re
from typing import Optional

from .._model.errors import Problem
from .._model.names import character_fault
from .._model.place import DOCKER, DOCKER_LABEL, DOCKER_NAME, MACHINE, NAMED, PATH, PODMAN, PODMAN_LABEL, PODMAN_NAME, PROCESS, SLOT, Place
from .._schema.reading import Problems, Shape, reader
from .._schema.schema import Field, Schema
from .entry import map_of, read_entry
from .scalars import integer, read_label, read_text

PATH_LIMIT = 4095
PID_LIMIT = 2**22  # the kernel's own
REFERENCE_LIMIT = 128
LABELS_LIMIT = 1024
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]+\Z")


def _path_fault(text: str) -> Optional[str]:
    if not text.startswith("/"):
        return "a path must be absolute"
    if len(text) > PATH_LIMIT:
        return "a path has at most %d characters" % PATH_LIMIT
    if ".." in text.split("/"):
        return "'..' is not allowed in a path"
    return character_fault(text)


@reader(Shape("str", what="an absolute path", pattern="/[ -~]{0,%d}" % (PATH_LIMIT - 1)))
def _read_path(value: object, path: str, problems: Problems) -> Optional[str]:
    text = read_text(value, path, problems, "an absolute path")
    if text is None:
        return None
    fault = _path_fault(text)
    if fault:
        problems.append(Problem(path, value, fault, "write the file of the namespace, such as /proc/4711/ns/net"))
        return None
    return "/" + posixpath.normpath(text).lstrip("/")


def _reference_fault(text: str) -> Optional[str]:
    if len(text) > REFERENCE_LIMIT:
        return "a container's name or id has at most %d characters, this has %d" % (REFERENCE_LIMIT, len(text))
    return character_fault(text) or (None if _REFERENCE.match(text) else "not a container's name: two or more of A-Z a-z 0-9 _ . -, a letter or digit first")


@reader(Shape("str", what="a container's name", pattern="[A-Za-z0-9][A-Za-z0-9_.-]{1,%d}" % (REFERENCE_LIMIT - 1)))
def _read_reference(value: object, path: str, problems: Problems) -> Optional[str]:
    """Return the name or full id of a runtime's container."""
    text = read_text(value, path, problems, "a container's name")
    fault = _reference_fault(text) if text is not None else None
    if fault:
        problems.append(Problem(path, value, fault, "write the name that the runtime lists, or the full id"))
        return None
    return text


_LABEL = r"[A-Za-z0-9][A-Za-z0-9_./-]*(=[A-Za-z0-9_./:@+-]*)?"
_LABELS = re.compile(r"%s(,%s)*\Z" % (_LABEL, _LABEL))


@reader(Shape("str", what="labels of a container", pattern="%s(,%s)*" % (_LABEL, _LABEL)))
def _read_labels(value: object, path: str, problems: Problems) -> Optional[str]:
    """Return what a container is chosen by: KEY=VALUE or KEY, several with commas."""
    text = read_text(value, path, problems, "labels of a container")
    if text is None:
        return None
    fault = character_fault(text) if len(text) <= LABELS_LIMIT else "labels have at most %d characters, these have %d" % (LABELS_LIMIT, len(text))
    if fault or not _LABELS.match(text):
        rule = fault or "not labels: KEY=VALUE or KEY, of A-Z a-z 0-9 _ . / -, in values : @ + too; several with commas"
        problems.append(Problem(path, value, rule, "write it like app=web,tier=front"))
        return None
    return ",".join(sorted(set(text.split(","))))


_PATTERN = re.compile(r"[A-Za-z0-9_.*?-]+\Z")


@reader(Shape("str", what="a pattern of names", pattern="[A-Za-z0-9_.*?-]{1,%d}" % REFERENCE_LIMIT))
def _read_pattern(value: object, path: str, problems: Problems) -> Optional[str]:
    """Return what the name of a container is to be like."""
    text = read_text(value, path, problems, "a pattern of names")
    if text is None:
        return None
    fault = character_fault(text) if len(text) <= REFERENCE_LIMIT else "a pattern has at most %d characters, this has %d" % (REFERENCE_LIMIT, len(text))
    if fault or not _PATTERN.match(text):
        rule = fault or "not a pattern of names: A-Z a-z 0-9 _ . -, * for any characters, ? for any one"
        problems.append(Problem(path, value, rule, "write what is the same in each name, and * for the rest, such as shop-*"))
        return None
    return text


_read_pid = integer(1, PID_LIMIT)


@reader(_read_pid.shape)
def _read_process(value: object, path: str, problems: Problems) -> Optional[str]:
    number = _read_pid(value, path, problems)
    return None if number is None else str(number)


_FIELDS = (
    Field(NAMED, read_label, None, "Name of a network namespace, made if it does not exist."),
    Field(DOCKER, _read_reference, None, "Exact name or full id of a running container of the Docker Engine."),
    Field(PODMAN, _read_reference, None, "Exact name or full id of a running container of Podman."),
    Field(DOCKER_LABEL, _read_labels, None, "Labels, all of which exactly one running container of the Docker Engine has.", example="app=web,tier=front"),
    Field(PODMAN_LABEL, _read_labels, None, "Labels, all of which exactly one running container of Podman has.", example="app=web,tier=front"),
    Field(
        DOCKER_NAME, _read_pattern, None, "Pattern that the name of exactly one running container of the Docker Engine fits, with * and ?.", example="shop-*"
    ),
    Field(PODMAN_NAME, _read_pattern, None, "Pattern that the name of exactly one running container of Podman fits, with * and ?.", example="shop-*"),
    Field(MACHINE, _read_reference, None, "Name of a running machine of systemd-machined, such as systemd-nspawn's, that has a network namespace of its own."),
    Field(PATH, _read_path, None, "Absolute path of a namespace file.", example="/run/netns/cni-5d1e0c"),
    Field(PROCESS, _read_process, None, "Number of a process, for single tasks: it changes with each start."),
    Field(
        SLOT,
        read_label,
        None,
        "Name of a slot, which a runtime fills by CNI or netavark with a container that it makes; until then nothing stands of it.",
    ),
)
CONTAINER = Schema("container", _FIELDS, one_of=tuple(field.key for field in _FIELDS))


@map_of(CONTAINER)
def read_container(value: object, path: str, problems: Problems) -> Optional[Place]:
    """Return the place of a container: netns:NAME, docker:NAME, podman:NAME, docker_label:LABELS, podman_label:LABELS, docker_name:PATTERN,
    podman_name:PATTERN, machine:NAME, path:FILE, pid:NUMBER or cni:NAME."""
    entry = read_entry(value, path, problems, CONTAINER)
    if entry is None:
        return None
    given = [field for field in CONTAINER.fields if field.key in entry.raw]
    if len(given) != 1:
        entry.refuse("exactly one of %s is required" % ", ".join(CONTAINER.one_of), "remove all but one" if given else "add netns: NAME or another")
        return None
    reference = entry.get(given[0])
    return None if reference is None else Place.of(given[0].key, reference)
