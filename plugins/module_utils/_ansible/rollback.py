# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a run must know before it takes something away, so that a failure can put it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable, Iterator, Mapping, Sequence, Set, Tuple

from .._compile.settings import interface_sysctls
from .._kernel.observe import Observer
from .._model.link import Link, Veth
from .._model.objects import HOST, KernelObject, Sysctl
from .._model.snapshot import Snapshot
from .._plan.step import DELETE, Step
from .scope import scope_keys


def read_what_goes(observer: Observer, steps: Sequence[Step]) -> None:
    """Read whole the places of which planning only needed a part, and the settings of links that go."""
    snapshot = observer.snapshot
    going = [step.current for step in steps if step.action == DELETE and step.current is not None]
    if not going:
        return
    places = {item.place for item in going}
    places |= {item.kind.peer_place or HOST for item in going if isinstance(item, Link) and isinstance(item.kind, Veth)}
    for place in sorted(places):
        settings = {(place, link.name): _settings_of(link, snapshot) for link in snapshot.links(place) if link.name != "lo"}
        if place == HOST:
            gone = {item.key[1:] for item in going if isinstance(item, Link)}
            observer.observe_host_settings({key: names for key, names in settings.items() if key in gone}, ())
        else:
            observer.observe_place(place, settings)
    observer.join_pairs()


def _settings_of(link: Link, snapshot: Snapshot) -> Tuple[str, ...]:
    usual = interface_sysctls(("0.0.0.0/0", "::/0"), ipv6=snapshot.ipv6)
    return tuple(dict.fromkeys([name for name, _value in usual] + [name for name, _value in link.sysctls or ()]))


def earlier_objects(before: Snapshot, steps: Sequence[Step], scope: str, recorded: Mapping[str, str]) -> Tuple[KernelObject, ...]:
    """Return what the scope had before a run, as a declaration."""
    keys = scope_keys(before, scope)
    found = list(_with_leaders(item for key, item in before.objects.items() if key in keys))
    if found:
        # Where nothing stood before, the record says how the host's own settings were.
        found.extend(replace(item, restore=item.path in recorded) for item in _changed_settings(steps))
    return tuple(found)


def _changed_settings(steps: Sequence[Step]) -> Iterator[Sysctl]:
    return (step.current for step in steps if isinstance(step.current, Sysctl) and step.action != DELETE)


def _with_leaders(items: Iterable[KernelObject]) -> Iterator[KernelObject]:
    """Of each pair one end makes both."""
    ends: Set[Tuple[str, str]] = set()
    for item in items:
        if isinstance(item, Link) and isinstance(item.kind, Veth):
            if (item.kind.peer_place, item.kind.peer_name) not in ends:
                ends.add((item.place, item.name))
                item = replace(item, kind=replace(item.kind, leads=True))
        yield item
