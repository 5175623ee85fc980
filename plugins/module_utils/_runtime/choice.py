# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A container by its labels or by what its name is like: it is a new one with another name after each deployment."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Callable, List, Mapping, NamedTuple, Sequence, Union

from .._model.errors import ContainerNotRunning, NamespaceMissing
from .._model.place import DOCKER_LABEL, DOCKER_NAME, PODMAN_LABEL, PODMAN_NAME

SHOWN = 5
Labels = Mapping[str, object]


class Choice(NamedTuple):
    """What containers are chosen by. `fits` gets what is wanted, and the name and labels of a container."""

    fits: Callable[[str, str, Labels], bool]
    words: str
    fix: str


def has_labels(wanted: str, labels: Labels) -> bool:
    """Tell whether all of KEY=VALUE and KEY, divided by commas, are among the labels."""
    for pair in wanted.split(","):
        key, equals, value = pair.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


BY_LABELS = Choice(lambda wanted, _name, labels: has_labels(wanted, labels), "the labels", "write labels that one of them has")
BY_NAME = Choice(lambda wanted, name, _labels: fnmatchcase(name, wanted), "a name like", "write a pattern that one of them has")
CHOICES: Mapping[str, Choice] = {DOCKER_LABEL: BY_LABELS, PODMAN_LABEL: BY_LABELS, DOCKER_NAME: BY_NAME, PODMAN_NAME: BY_NAME}


def choose_container(runtime: str, choice: Choice, wanted: str, running: Sequence[Mapping[str, object]]) -> Union[str, NamespaceMissing]:
    """Return the id of the one running container that fits, from the list that an engine gives, or why there is not one."""
    found = [answer for answer in running if choice.fits(wanted, _name(answer), _labels(answer))]
    if len(found) == 1:
        return str(found[0].get("Id") or "")
    said = "%s %s" % (choice.words, wanted)
    if not found:
        return ContainerNotRunning("no %s container that runs has %s; start it, then run again" % (runtime, said))
    shown = ", ".join(sorted(map(_name, found))[:SHOWN]) + (", ..." if len(found) > SHOWN else "")
    return NamespaceMissing("%d %s containers that run have %s: %s; %s" % (len(found), runtime, said, shown, choice.fix))


def _labels(answer: Mapping[str, object]) -> Labels:
    labels = answer.get("Labels")
    return labels if isinstance(labels, dict) else {}


def _name(answer: Mapping[str, object]) -> str:
    names = answer.get("Names")
    listed: List[object] = names if isinstance(names, list) else []
    return str(listed[0] if listed else answer.get("Id") or "").lstrip("/")
