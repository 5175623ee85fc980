# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Settings that this kernel does not have, or values it does not take: refused before anything is changed."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Dict, Iterator, List, Mapping, Sequence, Set, Tuple

from .._drivers.settings import LOCALNET, interface_sysctls
from .._kernel.namespace import NamespaceHandles
from .._kernel.sysctl import link_sysctl_path, read_sysctl, why_unwritable
from .._model.errors import EnvironmentUnfit, printable
from .._model.link import WITHOUT_IPV6, Link
from .._model.objects import LOOPBACK, Sysctl
from .._model.routing import FORWARDING
from .._model.snapshot import Snapshot
from .._plan.step import DELETE, Step
from .parts import find_refused, find_unwritable

if TYPE_CHECKING:
    from .._kernel.feature_probe import Setting

OWN_PATHS = frozenset((*FORWARDING.values(), LOOPBACK))
OWN_SETTINGS = frozenset((*interface_sysctls(("0.0.0.0/0", "::/0"), ipv6=True), *LOCALNET.values(), WITHOUT_IPV6))
# Each of these bounds the other.
PORT_BOUNDS = ("net/ipv4/ip_unprivileged_port_start", "net/ipv4/ip_local_port_range")
EVERY_INTERFACE = frozenset(("all", "default", "lo"))
Asked = Tuple[Step, str, str]  # the step, and the path and value it writes


def refuse_settings(steps: Sequence[Step], snapshot: Snapshot, handles: NamespaceHandles) -> None:
    """Stop before anything is changed where a setting is not there to be written, or its value is none the kernel takes."""
    asked = [item for step in steps if step.action != DELETE for item in _settings(step)]
    if not asked:
        return
    links = {(link.place, link.name) for link in snapshot.links()}
    links |= {(step.place, step.desired.name) for step in steps if isinstance(step.desired, Link)}
    faults = _find_missing(asked, snapshot, handles, links)
    values: Dict[Tuple[Setting, ...], List[Asked]] = {}
    for item in asked:
        if (item[0].place, item[1]) not in faults:
            values.setdefault(_find_bounds(item, snapshot, handles), []).append(item)
    for bounds, items in values.items():
        settings = {(_sample(path), value): None for _step, path, value in items}
        refused = find_refused(list(settings), dict(bounds))
        for step, path, value in items:
            words = refused.get((_sample(path), value))
            if words:
                faults[step.place, path] = "%s: %s; correct the value" % (_label(step, path), words)
    if faults:
        raise EnvironmentUnfit("nothing was changed:\n%s" % "\n".join("- " + printable(line) for line in faults.values()))


def _settings(step: Step) -> Iterator[Asked]:
    subject = step.desired
    if isinstance(subject, Sysctl) and subject.restore and subject.value is not None and subject.path not in OWN_PATHS:
        yield step, subject.path, subject.value
    elif isinstance(subject, Link) and subject.sysctls and (step.current is None or "sysctls" in step.groups):
        for name, value in subject.sysctls:
            if (name, value) not in OWN_SETTINGS:
                yield step, link_sysctl_path(subject.name, name), value


def _find_missing(asked: Sequence[Asked], snapshot: Snapshot, handles: NamespaceHandles, links: Set[Tuple[str, str]]) -> Dict[Tuple[str, str], str]:
    found: Dict[Tuple[str, str], str] = {}
    later: List[Tuple[Step, str]] = []
    for step, path, _value in asked:
        name = _interface(path)
        if name and (step.place, name) not in links:
            found[step.place, path] = "%s: there is no interface %s; correct the name" % (_label(step, path), name)
        elif step.place not in snapshot.places or (name and snapshot.link(step.place, name) is None):
            later.append((step, path))
        else:
            with handles.inside(step.place):
                number = why_unwritable(snapshot.names.back.path(step.place, path))
            if number:
                found[step.place, path] = _say(step, path, number)
    unwritable: Mapping[str, int] = find_unwritable({_sample(path) for _step, path in later}) if later else {}
    for step, path in later:
        if _sample(path) in unwritable:
            found[step.place, path] = _say(step, path, unwritable[_sample(path)])
    return found


def _find_bounds(item: Asked, snapshot: Snapshot, handles: NamespaceHandles) -> Tuple[Setting, ...]:
    step, path, _value = item
    if path not in PORT_BOUNDS or step.place not in snapshot.places:
        return ()
    with handles.inside(step.place):
        values = {bound: read_sysctl(bound) for bound in PORT_BOUNDS}
    return tuple((bound, value) for bound, value in values.items() if value is not None)


def _interface(path: str) -> str:
    """Return the interface a setting belongs to, or nothing."""
    parts = path.split("/")
    return parts[3] if len(parts) > 4 and parts[2] in ("conf", "neigh") and parts[3] not in EVERY_INTERFACE else ""


def _sample(path: str) -> str:
    """Return the same setting of the interface that every namespace has."""
    parts = path.split("/")
    return "/".join((*parts[:3], "lo", *parts[4:])) if _interface(path) else path


def _label(step: Step, path: str) -> str:
    return Sysctl(step.place, path).label


def _say(step: Step, path: str, number: int) -> str:
    if number in (errno.EACCES, errno.EPERM):
        return "%s: the kernel lets nobody write it there; set it on the host" % _label(step, path)
    return "%s: this kernel has no such setting, or only outside of containers; correct the name" % _label(step, path)
