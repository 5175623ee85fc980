# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Bridges and ports that somebody else made: what their options were before a declaration named them, and how they get them back."""

from __future__ import annotations

from dataclasses import replace
from typing import Collection, Dict, List, Mapping, Optional, Sequence, Tuple

from .._kernel.visits import Options
from .._model.addresses import ip_version, is_link_local
from .._model.kind import LinkKind
from .._model.link import Link
from .._model.mark import KERNEL_PROTOCOL, read_mark
from .._model.objects import Address, KernelObject, Route
from .._model.place import HOST
from .._model.snapshot import Key, Snapshot
from .._plan.step import CHANGE, Step

LINK_OPTIONS = ("mtu", "mac", "up", "master")
INDEX = "index"

Links = Mapping[str, Options]


def note_options(known: Links, steps: Sequence[Step], snapshot: Snapshot) -> Dict[str, Options]:
    """Add what the steps change of foreign bridges, and which ports they raise; the first value wins."""
    noted = {name: options for name, options in known.items() if _find(name, options, snapshot) is not None}
    for step in steps:
        link = step.current
        if step.action != CHANGE or not isinstance(link, Link) or link.place != HOST or read_mark(link.alias) is not None:
            continue
        # Which bridge a port belonged to, the mark of that bridge tells.
        noteworthy = (*LINK_OPTIONS, *link.nature.options) if link.nature.has_ports else ("up",)
        before = {change.field: change.before for change in step.changes if change.field in noteworthy}
        values = {option: value for option, value in before.items() if isinstance(value, (bool, int, str))}
        if values:
            noted[link.name] = {INDEX: link.index or 0, **values, **noted.get(link.name, {})}
    return noted


def links_before(known: Links, snapshot: Snapshot) -> Dict[str, Link]:
    """Return the links as they were."""
    found = ((_find(name, options, snapshot), options) for name, options in known.items())
    return {link.name: _with_options(link, link.nature, options) for link, options in found if link is not None}


def give_back(known: Links, desired: Sequence[KernelObject], snapshot: Snapshot, prunable: Collection[Key]) -> Tuple[Links, Tuple[Link, ...]]:
    """Return what of the known options nobody asks for any more, and the links as they are to be with it."""
    wanted = {item.name: item for item in desired if isinstance(item, Link) and item.place == HOST}
    over: Dict[str, Options] = {}
    links: List[Link] = []
    for name, options in known.items():
        link = _find(name, options, snapshot)
        if link is None:
            over[name] = options
            continue
        item = wanted.get(name, Link(HOST, name))
        over[name] = {option: value for option, value in options.items() if option == INDEX or _value_of(item, option) is None}
        back = {option: value for option, value in over[name].items() if option != INDEX}
        if back.get("up") is False and _is_used(name, snapshot, prunable):
            del back["up"]
        if back.get("master") and snapshot.link(HOST, str(back["master"])) is None:
            del back["master"]
        if back:
            links.append(_with_options(item, link.nature, back))
    return over, tuple(links)


def without_options(known: Links, over: Links) -> Dict[str, Options]:
    """Return the known options that are still of use; what was noted of another link of the same name is."""
    left: Dict[str, Options] = {}
    for name, options in known.items():
        done = over.get(name, {})
        if done.get(INDEX) == options[INDEX]:
            options = {option: value for option, value in options.items() if option == INDEX or option not in done}
        if set(options) != {INDEX}:
            left[name] = options
    return left


def _find(name: str, options: Options, snapshot: Snapshot) -> Optional[Link]:
    """Return the link that is meant, if it still stands and is still somebody else's."""
    link = snapshot.link(HOST, name)
    return link if link is not None and link.index == options.get(INDEX) and read_mark(link.alias) is None else None


def _value_of(item: Link, option: str) -> object:
    return getattr(item, option) if option in LINK_OPTIONS else getattr(item.kind, option, None)


def _with_options(item: Link, kind: LinkKind, options: Mapping[str, object]) -> Link:
    """Return a link with options; `kind` is what it is where nothing is asked of that."""
    plain = {option: value for option, value in options.items() if option in LINK_OPTIONS}
    inner = {option: value for option, value in options.items() if option in kind.options}
    if inner:
        item = replace(item, kind=replace(item.kind or kind.only(()), **inner))
    return replace(item, **plain)  # type: ignore[arg-type]


def _is_used(name: str, snapshot: Snapshot, prunable: Collection[Key]) -> bool:
    """Tell whether somebody else would lose something if a link was lowered: ports, IPv6 addresses or routes of his. A port's stand on its bridge.

    With the last IPv4 address of a link the kernel takes its IPv4 routes away, lowered or not.
    """
    others = [item for item in snapshot.objects.values() if item.place == HOST and item.key not in prunable]
    link = snapshot.link(HOST, name)
    holders = (name, link.master) if link is not None and link.master else (name,)
    addresses = [item.address for item in others if isinstance(item, Address) and item.device in holders]
    families = {6} | {4 for address in addresses if ":" not in address}
    return (
        any(":" in address and not is_link_local(address) for address in addresses)
        or any(isinstance(item, Link) and item.master == name for item in others)
        or any(
            isinstance(item, Route) and item.device in holders and item.protocol != KERNEL_PROTOCOL and ip_version(item.destination) in families
            for item in others
        )
    )
