# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""VXLAN devices that meet on a UDP port, wherever they live: what counts is where their underlay is."""

from __future__ import annotations

from typing import Collection, Iterable, Iterator, List, Optional, Sequence, Tuple

from .._model.kind import Tunnel
from .._model.link import Link, LinkKey
from .._model.mark import LINK_ROLE, read_mark
from .._model.objects import KernelObject
from .._model.place import PROCESS, Place, in_place
from .._model.snapshot import Snapshot
from .step import CREATE, DELETE, Step

LinkedTunnel = Tuple[Link, Tunnel]
GUARDED = ("network", LINK_ROLE)  # roles of the tunnels whose UDP port is closed to all but their peers


def tunnel_conflicts(wanted: Iterable[KernelObject], fresh: Collection[LinkKey], gone: Collection[LinkKey], snapshot: Snapshot) -> Iterator[str]:
    """Yield why a tunnel cannot be made, or whom it would harm. What stands is not refused for who came later."""
    others = _others(gone, snapshot)
    for item in _tunnels(wanted):
        link = item[0]
        current = snapshot.link(link.place, link.name) if (link.place, link.name) not in fresh else None
        if current is None:
            yield from filter(None, (_meet(item, other, "would be") for other in others))
        if link.up and not (current is not None and current.up):
            yield from _socket_faults(item, snapshot)


def tunnel_warnings(steps: Sequence[Step], desired: Iterable[KernelObject], snapshot: Snapshot) -> List[str]:
    """Tell who came later to the port of a tunnel that stands."""
    made = {step.subject.key for step in steps if step.action == CREATE and isinstance(step.subject, Link)}
    gone = {(step.subject.place, step.subject.name) for step in steps if step.action == DELETE and isinstance(step.subject, Link)}
    standing = [item for item in _tunnels(desired) if item[0].key not in made and item[0].key in snapshot.objects]
    others = _others(gone, snapshot) if standing else []
    faults = (_meet(item, other, "is") for item in standing for other in others)
    return ["%s; what stands is left as it is" % fault for fault in faults if fault]


def _tunnels(items: Iterable[KernelObject]) -> List[LinkedTunnel]:
    found = ((item, item.nature.tunnel) for item in items if isinstance(item, Link))
    return [(link, tunnel) for link, tunnel in found if tunnel is not None]


def _others(gone: Collection[LinkKey], snapshot: Snapshot) -> List[LinkedTunnel]:
    stay = [link for link in snapshot.links() if (link.place, link.name) not in gone]
    return _tunnels([*stay, *snapshot.tunnels])


def _meet(item: LinkedTunnel, other: LinkedTunnel, verb: str) -> Optional[str]:
    """Return why two tunnels cannot share their UDP port, if that is so. The guard of a port is for all its addresses, and for both families."""
    (link, ours), (there, theirs) = item, other
    if there.key == link.key or there.below != link.below or theirs.port != ours.port:
        return None
    foreign = _is_guarded(link) and read_mark(there.alias) is None
    meets = bool(set(ours.families) & set(theirs.families))
    if meets and theirs.vni == ours.vni:
        word = "%s: %s has vni %d on udp port %d already; choose another %s"
        return word % (link.label, _label(there), theirs.vni or 0, theirs.port or 0, "udp_port" if foreign else "vni")
    if foreign:
        word = "%s: udp port %d is used by another tool's %s (vni %d), which it %s closed for; choose another udp_port"
        return word % (link.label, theirs.port or 0, _label(there), theirs.vni or 0, verb)
    if meets and theirs.apart and there.up:
        return "%s: udp port %d is used by %s, whose packets have other headers; choose another udp_port" % (link.label, theirs.port or 0, _label(there))
    return None


def _socket_faults(item: LinkedTunnel, snapshot: Snapshot) -> Iterator[str]:
    """A process keeps a tunnel from its port; another tunnel would share it, but for the guard."""
    link, ours = item
    for family in ours.families:
        process = snapshot.sockets.get((link.below, family, ours.port or 0))
        if process:
            yield "%s: udp port %d is held by %s; stop it or choose another udp_port" % (link.label, ours.port or 0, process)
        elif process is not None and _is_guarded(link):
            yield "%s: udp port %d is held by what cannot be seen from here, such as a tunnel of another tool; choose another udp_port" % (
                link.label,
                ours.port or 0,
            )


def _is_guarded(link: Link) -> bool:
    mark = read_mark(link.alias)
    return mark is not None and mark.role in GUARDED


def _label(link: Link) -> str:
    place = Place(link.place)
    where = " in the namespace of process %s" % place.reference if place.kind == PROCESS else in_place(place)
    return "%s %s%s" % (link.nature.kind, link.name, where)
