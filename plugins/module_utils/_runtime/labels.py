# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A container by its labels: whatever its name is, and although it is a new one after each deployment."""

from __future__ import annotations

from typing import List, Mapping, Sequence, Union

from .._model.errors import ContainerNotRunning, NamespaceMissing

SHOWN = 5


def has_labels(wanted: str, labels: Mapping[str, object]) -> bool:
    """Tell whether all of KEY=VALUE and KEY, divided by commas, are among the labels."""
    for pair in wanted.split(","):
        key, equals, value = pair.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


def choose_container(runtime: str, wanted: str, running: Sequence[Mapping[str, object]]) -> Union[str, NamespaceMissing]:
    """Return the id of the one running container that has the labels, from the list that an engine gives, or why there is not one."""
    found = [answer for answer in running if has_labels(wanted, _labels(answer))]
    if len(found) == 1:
        return str(found[0].get("Id") or "")
    if not found:
        return ContainerNotRunning("no %s container that runs has the labels %s; start it, then run again" % (runtime, wanted))
    shown = ", ".join(sorted(map(_name, found))[:SHOWN]) + (", ..." if len(found) > SHOWN else "")
    return NamespaceMissing("%d %s containers that run have the labels %s: %s; write labels that one of them has" % (len(found), runtime, wanted, shown))


def _labels(answer: Mapping[str, object]) -> Mapping[str, object]:
    labels = answer.get("Labels")
    return labels if isinstance(labels, dict) else {}


def _name(answer: Mapping[str, object]) -> str:
    names = answer.get("Names")
    listed: List[object] = names if isinstance(names, list) else []
    return str(listed[0] if listed else answer.get("Id") or "").lstrip("/")
