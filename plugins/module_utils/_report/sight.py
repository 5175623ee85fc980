# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Everything there is on a host, read at once, and what of it could be read."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Sequence, Union

from .._actuators.base import Means
from .._actuators.firewall import Firewall
from .._actuators.order import Effects
from .._document.container import read_container
from .._firewall.base import Backend, RunCommand
from .._kernel.door import Door
from .._kernel.loans import Loans
from .._kernel.namespace import NamespaceHandles
from .._kernel.need import NOTHING
from .._kernel.observe import Observer
from .._kernel.statefile import STATE_DIRECTORY
from .._model.errors import ContainerNotRunning, InputError, NamespaceMissing, Problem
from .._model.place import HOST, PATH, Place
from .._model.snapshot import Snapshot
from .._runtime.containers import Containers
from .._runtime.namespace import list_named_namespaces, read_placeholder
from .inside import Insides


def read_places(paths: Iterable[str], containers: Iterable[Mapping[str, Any]]) -> List[Place]:
    """Return the places of namespace files and of containers, each of these a map with one kind."""
    problems: List[Problem] = []
    given = [{kind: value for kind, value in container.items() if value is not None} for container in containers]
    found = [read_container(container, "containers[%d]" % index, problems) for index, container in enumerate(given)]
    if problems:
        raise InputError(tuple(problems))
    return [Place.of(PATH, path) for path in paths] + [place for place in found if place is not None]


class Sight(NamedTuple):
    """What was read. `asked` says of each place asked for as which place it was read, a namespace being read once, or why it could not be."""

    snapshot: Snapshot
    asked: Dict[str, Union[str, NamespaceMissing]]


class Watch(NamedTuple):
    """What was read, and the way to ask for more while it is open."""

    snapshot: Snapshot
    asked: Dict[str, Union[str, NamespaceMissing]]
    door: Door
    handles: NamespaceHandles


@contextmanager
def watch_everything(places: Sequence[str], backend: Backend, run: RunCommand) -> Iterator[Watch]:
    """Read the host, the places asked for, and every named namespace, and hold them as long as the block runs."""
    containers = Containers()
    handles = NamespaceHandles(containers.open)
    found: Dict[str, Union[str, NamespaceMissing]] = {}
    try:
        found.update(containers.look_up(places))
        door, loans = Door(), Loans(STATE_DIRECTORY)
        observer = Observer(door, handles, loans, read_placeholder, Effects(Means(door, handles, loans)).observe)
        seen: Dict[int, str] = {}
        for place in (HOST, *places, *list_named_namespaces()):
            if place not in found:
                found[place] = _find_room(handles, place, seen)
            if found[place] == place:
                observer.observe_place(place)
        observer.join_pairs()
        Firewall(backend, run, handles).observe(HOST, NOTHING, observer.snapshot)
        yield Watch(observer.snapshot, {place: found[place] for place in places}, door, handles)
    finally:
        handles.close()
        containers.close()


def observe_everything(places: Sequence[str], backend: Backend, run: RunCommand) -> Sight:
    """Read the host, the places asked for, and every named namespace."""
    with watch_everything(places, backend, run) as watch:
        return Sight(watch.snapshot, watch.asked)


def _find_room(handles: NamespaceHandles, place: str, seen: Dict[int, str]) -> Union[str, NamespaceMissing]:
    """Return the first place that stands for the same namespace, or why there is none."""
    try:
        number = handles.identify(place)
    except NamespaceMissing as error:
        return error
    return ContainerNotRunning("there is no network namespace %s" % place) if number is None else seen.setdefault(number, place)


def describe_containers(sight: Sight) -> List[Dict[str, Any]]:
    """Return each container asked for: whether it could be looked into, and what of ours is inside beside interfaces."""
    insides = Insides(sight.snapshot)
    return [_describe_container(place, found, insides) for place, found in sight.asked.items()]


def _describe_container(place: str, found: Union[str, NamespaceMissing], insides: Insides) -> Dict[str, Any]:
    if isinstance(found, NamespaceMissing):
        state = "not running" if isinstance(found, ContainerNotRunning) else "refused"
        return {"container": place, "read_as": None, "state": state, "reason": str(found), **insides.routing(())}
    return {"container": place, "read_as": found, "state": "read", "reason": None, **insides.routing([found])}
