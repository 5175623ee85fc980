# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Compare one desired object with what stands there; None on the desired side matches anything."""

from __future__ import annotations

from dataclasses import is_dataclass
from functools import lru_cache
from typing import Any, Iterator, List, Optional, Tuple, Type

from .._model.evolve import field_names
from .._model.kind import PLAIN, LinkKind
from .._model.link import Link
from .._model.objects import KernelObject
from .step import Change

UNICAST = "unicast"
TELLING = ("secondary", "type")  # fields in which nothing said may say something


def compare(desired: KernelObject, current: KernelObject) -> List[Change]:
    """List the fields that were asked for and differ."""
    if desired == current:
        return []
    found: List[Change] = []
    for name in _compared_fields(type(desired)):  # type: ignore[arg-type]  # mypy takes the hash of the objects for that of their class
        wanted = getattr(desired, name)
        if wanted is None and name not in TELLING:
            continue
        held = getattr(current, name)
        if name == "kind":
            wanted, held = _placed(wanted, desired.place), _placed(held, desired.place)
        elif name == "secondary":
            wanted = None if current.protocol is not None else False if wanted is None and ":" in desired.address else wanted  # type: ignore[attr-defined]
        elif name == "type":
            wanted, held = wanted or UNICAST, held or UNICAST
        if wanted != held:
            found.extend(_differences(name, name, wanted, held))
    if isinstance(desired, Link) and isinstance(current, Link) and desired.alias and current.condemned:
        found.append(Change("removal", "begun", "none", "alias"))  # the mark and the kernel's group of such links are set together
    return found


@lru_cache(maxsize=None)
def _compared_fields(kind: Type[KernelObject]) -> Tuple[str, ...]:
    """Return the fields of a class that neither name an object nor only describe it."""
    return tuple(name for name in field_names(kind) if name not in {*kind.IDENTITY, *kind.DESCRIPTIVE})


def _placed(kind: Optional[LinkKind], place: str) -> Optional[LinkKind]:
    """Nothing said, a lower link lives in the place of the upper one."""
    return kind.standing_on(kind.lower, place) if kind is not None and kind.stands and kind.lower_place is None else kind


def _differences(group: str, name: str, desired: Any, current: Any) -> Iterator[Change]:
    if desired is None or desired == current:
        return
    if name == "kind":
        yield from _kind_differences(desired, current)
    elif is_dataclass(desired) and current is None:
        yield Change(name, None, None, group)
    elif is_dataclass(desired):
        for field in field_names(type(desired)):
            yield from _differences(group, field, getattr(desired, field), getattr(current, field))
    elif group == "sysctls":
        held = dict(current or ())
        for setting, value in desired:
            if held.get(setting) != value:
                yield Change(setting.replace("/", "."), held.get(setting), value, group)
    elif group == "rules":
        yield Change("rules", current, desired, group)
    else:
        yield Change(name, current, desired, group)


def _kind_differences(desired: LinkKind, current: Optional[LinkKind]) -> Iterator[Change]:
    if current is None or not desired.matches(current):
        yield Change("kind", current.kind if current is not None else None, desired.kind, "kind")
        return
    for name in desired.options:
        held = getattr(current, name)
        if name not in desired.UNCOMPARED and not (held is None and name in desired.TOLD_AT_TIMES):
            yield from _differences("kind", name, getattr(desired, name), held)


def replacement_reason(desired: KernelObject, changes: List[Change]) -> Optional[str]:
    """Name the first change that the kernel only allows at creation, or None."""
    kind = desired.nature if isinstance(desired, Link) else PLAIN
    fixed = desired.CREATE_ONLY | kind.CREATE_ONLY
    for change in changes:
        if change.field == change.group == "kind":
            return change.field
        if change.field in fixed and (change.group == "kind" or change.field in desired.CREATE_ONLY):
            return change.field
        if change.group == "kind" and kind.fixes(change.field, change.before, change.after):
            return change.field
    return None
