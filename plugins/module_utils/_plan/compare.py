# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Compare one desired object with what stands there; None on the desired side matches anything."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, FrozenSet, Iterator, List, Optional

from .._model.link import Bridge, Dummy, Ipvlan, Link, LinkKind, Macvlan, Nic, Veth, Vlan, Vrf, Vxlan
from .._model.objects import KernelObject
from .step import Change

# What the kernel fixes when it creates a link of a kind.
CREATE_ONLY = {
    Bridge: frozenset(),
    Veth: frozenset(("peer_place", "peer_name")),
    Vxlan: frozenset(("vni", "port", "group", "proxy", "lower_place")),
    Macvlan: frozenset(("lower", "lower_place")),
    Ipvlan: frozenset(("lower", "lower_place")),
    Vlan: frozenset(("lower", "lower_place", "vlan_id", "protocol")),
    Dummy: frozenset(),
    Vrf: frozenset(("table",)),
    Nic: frozenset(("home_name",)),
}
STACKED = (Macvlan, Ipvlan, Vlan, Vxlan)
UNICAST = "unicast"
_NEVER: FrozenSet[str] = frozenset(("leads",))
# What the kernel does not always tell; as long as it does not, nothing is known to differ.
_AT_TIMES: FrozenSet[str] = frozenset(("ageing_time",))


def compare(desired: KernelObject, current: KernelObject) -> List[Change]:
    """List the fields that were asked for and differ."""
    if desired == current:
        return []
    skipped = frozenset(desired.IDENTITY) | desired.DESCRIPTIVE
    found: List[Change] = []
    for field in fields(desired):
        if field.name not in skipped:
            wanted, held = getattr(desired, field.name), getattr(current, field.name)
            if isinstance(wanted, STACKED):
                wanted, held = _placed(wanted, desired.place), _placed(held, desired.place)
            elif field.name == "type":
                wanted, held = wanted or UNICAST, held or UNICAST
            found.extend(_differences(field.name, field.name, wanted, held))
    if isinstance(desired, Link) and isinstance(current, Link) and desired.alias and current.condemned:
        found.append(Change("removal", "begun", "none", "alias"))  # the mark and the kernel's group of such links are set together
    return found


def _placed(kind: Any, place: str) -> Any:
    """Nothing said, a lower link lives in the place of the upper one."""
    return replace(kind, lower_place=place) if isinstance(kind, STACKED) and kind.lower_place is None else kind


def _differences(group: str, name: str, desired: Any, current: Any) -> Iterator[Change]:
    if desired is None or desired == current or (current is None and name in _AT_TIMES):
        return
    if is_dataclass(desired):
        if type(desired) is not type(current):
            yield Change(name, getattr(current, "kind", None), getattr(desired, "kind", None), group)
            return
        for field in fields(desired):
            if field.name not in _NEVER:
                yield from _differences(group, field.name, getattr(desired, field.name), getattr(current, field.name))
    elif group == "sysctls":
        held = dict(current or ())
        for setting, value in desired:
            if held.get(setting) != value:
                yield Change(setting.replace("/", "."), held.get(setting), value, group)
    elif group == "rules":
        yield Change("rules", current, desired, group)
    else:
        yield Change(name, current, desired, group)


def _is_fixed(kind: Optional[LinkKind], change: Change) -> bool:
    """Some values change into most others, but not into all."""
    if isinstance(kind, Macvlan) and change.field == "mode":
        return "passthru" in (change.before, change.after)
    if isinstance(kind, Vxlan) and change.field in ("local", "remote"):
        return (":" in str(change.before)) != (":" in str(change.after))
    return False


def replacement_reason(desired: KernelObject, changes: List[Change]) -> Optional[str]:
    """Name the first change that the kernel only allows at creation, or None."""
    kind = getattr(desired, "kind", None)
    fixed = desired.CREATE_ONLY | CREATE_ONLY.get(type(kind), frozenset()) if kind is not None else desired.CREATE_ONLY
    for change in changes:
        if change.field == change.group == "kind":
            return change.field
        if change.field in fixed and (change.group == "kind" or change.field in desired.CREATE_ONLY):
            return change.field
        if change.group == "kind" and _is_fixed(kind, change):
            return change.field
    return None
