# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The steps on one thing of the declaration, in few words."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

from .._model.addresses import ip_version
from .._model.link import Link
from .._model.objects import Address
from .step import CHANGE, CREATE, DELETE, LOWERED, SIGNS, Step

SHOWN = 2  # of one kind; more are counted
_NOUNS = {
    "BridgeVlan": "VLANs",
    "FdbEntry": "forwarding entries",
    "Limit": "limits",
    "Link": "links",
    "Neighbour": "neighbours",
    "PolicyRule": "rules",
    "ProxyNeighbour": "proxy entries",
    "Route": "routes",
    "Sysctl": "settings",
    "Address": "addresses",
    "Flows": "kinds of connections",
}


def detail(steps: Sequence[Step], standing: Sequence[str] = ()) -> List[str]:
    """Return what steps do; `standing` are the names of links that are there before, so making one of these is making it anew."""
    steps, named = [step for step in steps if not step.renames], _called(steps)
    return named + _detail(steps, standing)


def _called(steps: Sequence[Step]) -> List[str]:
    """Return what links are called from now on, whatever they were called in between."""
    names: Dict[Tuple[str, Optional[int]], Tuple[str, str]] = {}
    lowered = False
    for step in steps:
        old, new = step.current, step.desired
        if step.renames and isinstance(old, Link) and isinstance(new, Link):
            first = names.get((step.place, old.index), (old.name, ""))[0]
            names[step.place, old.index] = (first, new.name)
            lowered = lowered or LOWERED in step.groups
    found = ["%s is now called %s" % pair for pair in names.values()]
    return found + (["down for a moment, for this kernel renames nothing that is up"] if lowered else [])


def _detail(steps: Sequence[Step], standing: Sequence[str]) -> List[str]:
    goes = any(step.action == DELETE and isinstance(step.subject, Link) for step in steps)
    made = [step for step in steps if step.action == CREATE and isinstance(step.subject, Link)]
    anew = [_short(step) for step in made if goes or getattr(step.subject, "name", None) in standing]
    if anew:
        return ["%s made anew" % anew[0]] + _changes(steps)
    moved = _moved_addresses(steps)
    rest = [step for step in steps if not (moved and isinstance(step.subject, Address))]
    counted: Dict[Tuple[str, str], List[str]] = {}
    for step in rest:
        if step.action != CHANGE:
            counted.setdefault((SIGNS[step.action], type(step.subject).__name__), []).append(_short(step))
    found = moved + _changes(rest)
    for (sign, kind), labels in counted.items():
        if len(labels) > SHOWN:
            found.append("%s %d %s" % (sign, len(labels), _NOUNS.get(kind, kind.lower() + "s")))
        else:
            found.extend("%s %s" % (sign, label) for label in labels)
    return found


def _moved_addresses(steps: Sequence[Step]) -> List[str]:
    """Return old → new where one address of a family takes the place of another."""
    found: List[str] = []
    for version in (4, 6):
        held = [step for step in steps if isinstance(step.subject, Address) and ip_version(step.subject.address.split("/")[0]) == version]
        gone, come = ([step.subject for step in held if step.action == action] for action in (DELETE, CREATE))
        if len(held) == 2 and len(gone) == len(come) == 1:
            old, new = (getattr(item[0], "address", "").split("/")[0] for item in (gone, come))
            found.append("%s → %s" % (old, new))
        elif held:
            return []
    return found


def _changes(steps: Sequence[Step]) -> List[str]:
    found: List[str] = []
    for step in steps:
        if step.action == CHANGE:
            label = "" if isinstance(step.subject, Link) else _short(step) + " "
            # A value on its own needs no name beside that of the thing.
            found.extend(label + str(change)[len("value ") if change.field == "value" else 0 :] for change in step.changes)
    return list(dict.fromkeys(found))


def _short(step: Step) -> str:
    """Return a label without the device and place, which the thing's own words tell."""
    return step.subject.label.split(" on ")[0].split(" in ")[0]
