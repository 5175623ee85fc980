# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The namespaces of a run's containers, whatever runs them."""

from __future__ import annotations

import os
import time
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from .._model.errors import PROBLEMS_SHOWN, ContainerNotRunning, NamespaceMissing
from .._model.place import PATH, Place
from .container import Container, Inspect, open_container
from .docker import inspect_docker
from .namespace import open_namespace
from .podman import inspect_podman

RUNTIMES: Mapping[str, Inspect] = {"docker": inspect_docker, "podman": inspect_podman}
ATTEMPTS = 3
RETRY_INTERVAL = 0.1
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

    def look_up(self, places: Iterable[str]) -> Dict[str, NamespaceMissing]:
        """Look up those places that are a runtime's containers; return by place why some cannot be attached."""
        faults: Dict[str, NamespaceMissing] = {}
        for runtime, references in group_by_runtime(place for place in places if place not in self._open).items():
            opening = _Opening(runtime)
            try:
                opening.run(references)
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
            return open_namespace(place)
        self.prepare([place])
        return self._open.pop(place)


def identify_namespace(place: str) -> Optional[int]:
    """Return the inode of the namespace a place is in, also where that is the host's or another container's; None if a named one does not exist."""
    place = Place(place)
    if place.kind in RUNTIMES:
        opening = _Opening(place.kind)
        opening.run([place.reference])
        _raise_together(list(opening.faults.values()))
        descriptor: Optional[int] = opening.opened[0][1]
    else:
        descriptor = open_namespace(place, may_be_host=True)
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
        opening = _Opening(runtime)
        opening.run(references)
        faults.extend(opening.faults.values())
        for _container, opened in opening.opened:
            os.close(opened)
    # Named namespaces are made where they are missing, and the number of a process that is to come could be anybody's.
    for place in dict.fromkeys(place for place in map(Place, places) if place.kind == PATH):
        try:
            descriptor = open_namespace(place, may_be_host=True)
        except NamespaceMissing as error:
            faults.append(error)
            continue
        if descriptor is not None:
            os.close(descriptor)
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


class _Opening:
    """The containers of one runtime on their way to open namespaces."""

    def __init__(self, runtime: str) -> None:
        self._inspect = RUNTIMES[runtime]
        self.opened: List[Tuple[Container, int]] = []
        self.faults: Dict[str, NamespaceMissing] = {}

    def run(self, references: Sequence[str]) -> None:
        """Ask, open, ask again: what stays open belongs to a container that ran all the time. One that was restarted meanwhile gets another try."""
        pending: Dict[str, NamespaceMissing] = {}
        for attempt in range(ATTEMPTS):
            wanted = list(pending) if attempt else list(references)
            if not wanted:
                return
            if attempt:
                time.sleep(RETRY_INTERVAL)
            pending = {}
            self._confirm(self._open_each(wanted, pending), pending)
        self.faults.update(pending)

    def _open_each(self, references: Sequence[str], pending: Dict[str, NamespaceMissing]) -> List[Tuple[Container, int]]:
        held = []
        for reference, found in self._inspect(references).items():
            error = found.absence() if isinstance(found, Container) else found
            if error is None and isinstance(found, Container):
                try:
                    held.append((found, open_container(found)))
                except ContainerNotRunning as ended:
                    pending[reference] = ended
            elif error is not None:
                self.faults[reference] = error
        return held

    def _confirm(self, held: List[Tuple[Container, int]], pending: Dict[str, NamespaceMissing]) -> None:
        try:
            again = self._inspect([container.reference for container, _descriptor in held]) if held else {}
        except BaseException:
            for _container, descriptor in held:
                os.close(descriptor)
            raise
        for container, descriptor in held:
            second = again.get(container.reference)
            if isinstance(second, Container) and container.is_same_start(second):
                self.opened.append((container, descriptor))
            else:
                os.close(descriptor)
                pending[container.reference] = ContainerNotRunning("%s is being restarted; run again when it stays up" % container.label)
