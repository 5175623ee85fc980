# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The MTU of bridges and small links: what the kernel would change, or not let be set, unless it is told first."""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from .._kernel import link
from .._model.limits import IPV6_LEAST_MTU
from .._model.link import Link
from .._model.objects import KernelObject
from .._model.snapshot import Snapshot
from .._plan.step import CREATE, DELETE, Step
from .numbers import Numbers
from .sending import Message

BridgeMtus = Mapping[Tuple[str, str], Optional[int]]


def bridge_mtus(desired: Iterable[KernelObject], snapshot: Snapshot) -> BridgeMtus:
    """Return what the bridges that are asked for are to have: a port of ours must not change the MTU of somebody else's, of which nothing is asked."""
    bridges = [item for item in desired if isinstance(item, Link) and item.nature.has_ports]
    return {(item.place, item.name): item.mtu or getattr(snapshot.link(item.place, item.name), "mtu", None) for item in bridges}


def pins(steps: Sequence[Step], mtus: BridgeMtus, snapshot: Snapshot, numbers: Numbers) -> Iterator[Tuple[str, List[Message]]]:
    """Yield by place what keeps the MTU that a standing bridge is to have, where one of its ports is about to have another."""
    joining: Dict[Tuple[str, str], List[Step]] = {}
    for step in steps:
        bridge = _bridge_of(step)
        if mtus.get(bridge) not in (None, _mtu_of(step)):
            joining.setdefault(bridge, []).append(step)
    for (place, name), ports in joining.items():
        standing, mtu = snapshot.link(place, name), mtus[place, name]
        if standing is not None and standing.mtu == mtu:
            yield place, [(ports[0], message) for message in link.pin_mtu(mtu or 0, numbers.find(place, name))]


def growth(steps: Sequence[Step], numbers: Numbers) -> Iterator[Message]:
    """Yield what gives links the MTU that IPv6 needs: until then, they have none of its settings."""
    links = [(step, step.subject) for step in steps if isinstance(step.subject, Link) and step.action != DELETE]
    small = {item.master for _step, item in links if item.mtu and item.mtu < IPV6_LEAST_MTU}
    for step, item in links:
        if (item.mtu or 0) < IPV6_LEAST_MTU:
            continue
        if step.action == CREATE and item.nature.has_ports and item.name in small:
            yield from ((step, message) for message in link.pin_mtu(item.mtu or 0, numbers.find(item.place, item.name)))
        elif isinstance(step.current, Link) and (step.current.mtu or IPV6_LEAST_MTU) < IPV6_LEAST_MTU:
            yield from ((step, message) for message in link.change_link(item, ("mtu",), numbers.find(item.place, item.name), numbers.find))


def _bridge_of(step: Step) -> Tuple[str, str]:
    """Return the place and name of the bridge whose port is made, moved there or gets another MTU."""
    subject, current = step.subject, step.current
    if not isinstance(subject, Link) or step.action == DELETE or not (step.action == CREATE or {"master", "mtu"}.intersection(step.groups)):
        return "", ""
    master = subject.master if subject.master is not None else current.master if isinstance(current, Link) else None
    return subject.place, master or ""


def _mtu_of(step: Step) -> Optional[int]:
    return step.desired.mtu if isinstance(step.desired, Link) and step.desired.mtu else getattr(step.current, "mtu", None)
