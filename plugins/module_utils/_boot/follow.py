# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Containers of Docker and Podman, and machines, that come and go: each start and each end brings the scopes that declare it to what they declare."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any, Callable, Collection, Dict, Iterable, Iterator, List, Mapping, Optional

from .._engine.everything import load_one_by_one
from .._kernel.store import Store, list_scopes
from .._model.errors import ContainerNetError
from .._model.place import DOCKER, MACHINE, PODMAN, Place
from .._runtime.docker import follow_docker
from .._runtime.engine_event import EngineEvent
from .._runtime.machine import follow_machines
from .._runtime.podman import follow_podman

ENGINES: Mapping[str, Callable[[], Iterator[EngineEvent]]] = {DOCKER: follow_docker, PODMAN: follow_podman, MACHINE: follow_machines}
SETTLE = 0.05  # seconds in which the end of a container and its next start, or the end of a whole project, become one run
FIRST_PAUSE, LAST_PAUSE = 0.2, 30.0  # seconds before something is tried again


def follow(directory: str, scopes: Collection[str], play: Callable[[str], bool], say: Callable[[str], None]) -> None:
    """Bring scopes, or all where none is named, to what is kept of them, for ever. `play` does it for one and tells whether it went well."""
    events: queue.Queue[EngineEvent] = queue.Queue()
    for engine, listen in ENGINES.items():
        threading.Thread(target=_listen, args=(engine, listen, events, say), daemon=True).start()
    due: Dict[str, float] = {}  # scope -> when
    pauses: Dict[str, float] = {}
    loading = load_one_by_one()
    while True:
        for event in _await(events, min(due.values(), default=None)):
            moment = time.monotonic() + (0.0 if event.begins else SETTLE)
            for scope in _declaring(directory, event):
                if not scopes or scope in scopes:
                    due[scope] = min(moment, due.get(scope, moment))
        for scope in [scope for scope, moment in due.items() if moment <= time.monotonic()]:
            del due[scope]
            if play(scope):
                pauses.pop(scope, None)
            else:
                pauses[scope] = _longer(pauses.get(scope, 0.0))
                due[scope] = time.monotonic() + pauses[scope]
        # While nothing happens, what a run may need is loaded, so that it is there when something does.
        while not due and events.empty() and next(loading, ""):
            pass


def _longer(pause: float) -> float:
    return min(LAST_PAUSE, max(FIRST_PAUSE, 2 * pause))


def _listen(engine: str, listen: Callable[[], Iterator[EngineEvent]], events: queue.Queue[EngineEvent], say: Callable[[str], None]) -> None:
    """Hand on what an engine tells, and go on when it is there again; that it is not there is said once."""
    pause = 0.0
    while True:
        try:
            for event in listen():
                if not event.name and pause:
                    say("%s is listened to" % engine)
                pause = 0.0
                events.put(event)
        except (OSError, ContainerNetError) as error:
            if pause == 0.0:
                say("%s cannot be listened to, which is tried again: %s" % (engine, error))
        pause = _longer(pause)
        time.sleep(pause)


def _await(events: queue.Queue[EngineEvent], moment: Optional[float]) -> Iterator[EngineEvent]:
    """Yield what has come, waiting for the first until a moment."""
    try:
        yield events.get(timeout=None if moment is None else max(0.0, moment - time.monotonic()))
        while True:
            yield events.get_nowait()
    except queue.Empty:
        pass


def _declaring(directory: str, event: EngineEvent) -> Iterable[str]:
    """Return the scopes that declare a container."""
    found: List[str] = []
    for scope in list_scopes(directory):
        try:
            entry = Store(scope, directory).standing()
        except ContainerNetError:
            continue  # it is told by a check
        if entry is not None and any(_is(endpoint, event) for endpoint in entry.options.get("endpoints") or ()):
            found.append(scope)
    return found


def _is(endpoint: Mapping[str, Any], event: EngineEvent) -> bool:
    return any(event.concerns(Place.of(kind, str(reference))) for kind, reference in (endpoint.get("container") or {}).items())
