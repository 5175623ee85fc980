# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The namespaces of a run's containers, whatever runs them."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Dict, Iterable, List, Mapping, Optional, Sequence

from .._model.errors import PROBLEMS_SHOWN, ContainerNotRunning, NamespaceMissing
from .._model.place import DOCKER, DOCKER_LABEL, DOCKER_NAME, MACHINE, PATH, PODMAN, PODMAN_LABEL, PODMAN_NAME, Place

if TYPE_CHECKING:
    from .container import Found, Inspect
    from .opening import Opening


def _inspect_docker(references: Sequence[str]) -> Found:
    from .docker import inspect_docker

    return inspect_docker(references)


def _inspect_podman(references: Sequence[str]) -> Found:
    from .podman import inspect_podman

    return inspect_podman(references)


def _choose_docker(kind: str, references: Sequence[str]) -> Found:
    from .choice import CHOICES
    from .docker import inspect_chosen_docker

    return inspect_chosen_docker(CHOICES[kind], references)


def _choose_podman(kind: str, references: Sequence[str]) -> Found:
    from .choice import CHOICES
    from .podman import inspect_chosen_podman

    return inspect_chosen_podman(CHOICES[kind], references)


def _inspect_machines(references: Sequence[str]) -> Found:
    from .machine import inspect_machines

    return inspect_machines(references)


# Each is loaded when a container of it is asked for.
RUNTIMES: Mapping[str, Inspect] = {
    DOCKER: _inspect_docker,
    PODMAN: _inspect_podman,
    DOCKER_LABEL: partial(_choose_docker, DOCKER_LABEL),
    PODMAN_LABEL: partial(_choose_podman, PODMAN_LABEL),
    DOCKER_NAME: partial(_choose_docker, DOCKER_NAME),
    PODMAN_NAME: partial(_choose_podman, PODMAN_NAME),
    MACHINE: _inspect_machines,
}
POLL_INTERVAL = 0.2


class Containers:
    """Opens places. Containers of a runtime are looked up together, before any is used."""

    def __init__(self) -> None:
        self._open: Dict[str, int] = {}

    def __enter__(self) -> Containers:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()

    def prepare(self, places: Iterable[str]) -> None:
        """Look up those places that are a runtime's containers; raise NamespaceMissing with every one that cannot be attached."""
        _raise_together(list(self.look_up(places).values()))

    def look_up(self, places: Iterable[str], *, to_use: bool = True) -> Dict[str, NamespaceMissing]:
        """Look up those places that are a runtime's containers; return by place why some cannot be attached. What is to be used is asked for twice."""
        faults: Dict[str, NamespaceMissing] = {}
        for runtime, references in group_by_runtime(place for place in places if place not in self._open).items():
            opening = _start_opening(runtime)
            try:
                (opening.run if to_use else opening.look)(references)
            except NamespaceMissing as error:
                faults.update(dict.fromkeys((Place.of(runtime, reference) for reference in references), error))
            faults.update((Place.of(runtime, reference), error) for reference, error in opening.faults.items())
            for container, descriptor in opening.opened:
                place, refusal = Place.of(runtime, container.reference), container.refusal(descriptor)
                if refusal is None:
                    self._open[place] = descriptor
                else:
                    os.close(descriptor)
                    faults[place] = refusal
        return faults

    def open(self, place: str) -> Optional[int]:
        """Return a descriptor that keeps the namespace of a place, or None if a named one does not exist. It is the caller's to close."""
        if Place(place).kind not in RUNTIMES:
            return _open_namespace(place)
        self.prepare([place])
        return self._open.pop(place)


def identify_namespace(place: str) -> Optional[int]:
    """Return the inode of the namespace a place is in, also where that is the host's or another container's; None if a named one does not exist."""
    place = Place(place)
    if place.kind in RUNTIMES:
        opening = _start_opening(place.kind)
        opening.run([place.reference])
        _raise_together(list(opening.faults.values()))
        descriptor: Optional[int] = opening.opened[0][1]
    else:
        descriptor = _open_namespace(place, may_be_host=True)
    if descriptor is None:
        return None
    try:
        return os.fstat(descriptor).st_ino
    finally:
        os.close(descriptor)


def is_there(place: str) -> bool:
    """Tell whether the namespace of a place exists."""
    try:
        with Containers() as containers:
            descriptor = containers.open(place)
    except NamespaceMissing:
        return False
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is not None


def find_missing(places: Iterable[str]) -> Dict[str, NamespaceMissing]:
    """Return by place why a container, or the file of a namespace, cannot be had now."""
    asked = list(map(Place, dict.fromkeys(places)))
    with Containers() as containers:
        faults = containers.look_up(asked, to_use=False)
    return {**faults, **_look_at_files(asked)}


def _look_at_files(places: Iterable[str], *, may_be_host: bool = False) -> Dict[str, NamespaceMissing]:
    """Return by place why the file of a namespace cannot be had."""
    faults: Dict[str, NamespaceMissing] = {}
    for place in dict.fromkeys(place for place in map(Place, places) if place.kind == PATH):
        try:
            descriptor = _open_namespace(place, may_be_host=may_be_host)
        except NamespaceMissing as error:
            faults[place] = error
            continue
        if descriptor is not None:
            os.close(descriptor)
    return faults


def await_containers(places: Sequence[str], seconds: float) -> None:
    """Wait until every container of a runtime among the places runs and every file is there; other faults end the waiting at once."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            _look_at(places)
            return
        except ContainerNotRunning as error:
            left = deadline - time.monotonic()
            if left <= 0:
                raise ContainerNotRunning("%s (waited %g seconds)" % (error, seconds)) from None
        time.sleep(min(left, POLL_INTERVAL))


def _look_at(places: Sequence[str]) -> None:
    faults: List[NamespaceMissing] = []
    for runtime, references in group_by_runtime(places).items():
        opening = _start_opening(runtime)
        opening.run(references)
        faults.extend(opening.faults.values())
        for _container, opened in opening.opened:
            os.close(opened)
    # Named namespaces are made where they are missing, and the number of a process that is to come could be anybody's.
    faults.extend(_look_at_files(places, may_be_host=True).values())
    _raise_together(faults)


def group_by_runtime(places: Iterable[str]) -> Dict[str, List[str]]:
    """Return the references of containers by runtime, each once, in order."""
    found: Dict[str, List[str]] = {}
    for place in map(Place, dict.fromkeys(places)):
        if place.kind in RUNTIMES:
            found.setdefault(place.kind, []).append(place.reference)
    return found


def _raise_together(faults: Sequence[NamespaceMissing]) -> None:
    """Raise one error for all; waiting is worth while only if it may help every one of them."""
    if not faults:
        return
    lines = list(dict.fromkeys(str(fault) for fault in faults))
    text = lines[0] if len(lines) == 1 else "%d containers cannot be used:\n%s" % (len(lines), "\n".join("- " + line for line in lines[:PROBLEMS_SHOWN]))
    kind = ContainerNotRunning if all(isinstance(fault, ContainerNotRunning) for fault in faults) else NamespaceMissing
    raise kind(text)


def _start_opening(runtime: str) -> Opening:
    from .opening import Opening

    return Opening(RUNTIMES[runtime])


def _open_namespace(place: str, *, may_be_host: bool = False) -> Optional[int]:
    from .namespace import open_namespace

    return open_namespace(place, may_be_host=may_be_host)
