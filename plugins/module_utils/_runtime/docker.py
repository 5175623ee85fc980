# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Containers of Docker, asked for over the Engine API on its local socket."""

from __future__ import annotations

import http.client
import json
import os
import socket
from typing import Any, Callable, Iterator, Mapping, Sequence, Tuple, Union
from urllib.parse import quote

from .._model.errors import ContainerNotRunning, NamespaceMissing
from .choice import Choice, choose_container
from .container import Container, Found, describe_container, read_container
from .engine_event import EngineEvent

RUNTIME = "docker"
DEFAULT_SOCKET = "/var/run/docker.sock"
TIME_LIMIT = 10.0
ANSWER_LIMIT = 8 << 20
OK, NOT_FOUND = 200, 404
EVENTS = json.dumps({"type": ["container"], "event": ["start", "die"]})


class _Connection(http.client.HTTPConnection):
    """HTTP over a socket file."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIME_LIMIT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def socket_path(environment: Mapping[str, str]) -> str:
    """Return the file of the engine's socket, as Docker's own tools find it."""
    given = environment.get("DOCKER_HOST", "")
    if not given:
        return DEFAULT_SOCKET
    scheme, _colon, path = given.partition("://")
    if scheme != "unix" or not path.startswith("/"):
        raise NamespaceMissing("DOCKER_HOST is '%s': only containers of this host can be attached; set it to unix:///path/of/docker.sock or unset it" % given)
    return path


def inspect_docker(references: Sequence[str]) -> Found:
    """Ask for containers by exact name or full id."""
    return _ask(lambda connection: {reference: _inspect(connection, reference) for reference in references})


def inspect_chosen_docker(choice: Choice, references: Sequence[str]) -> Found:
    """Ask for containers by what they are chosen by."""

    def find(connection: _Connection) -> Found:
        status, running = _get(connection, "/containers/json", list)
        if status != OK:
            raise http.client.HTTPException("status %d" % status)
        chosen = {wanted: choose_container(RUNTIME, choice, wanted, running) for wanted in references}
        return {wanted: _inspect(connection, wanted, found) if isinstance(found, str) else found for wanted, found in chosen.items()}

    return _ask(find)


def _ask(question: Callable[[_Connection], Found]) -> Found:
    path = socket_path(os.environ)
    connection = _Connection(path)
    try:
        return question(connection)
    except (OSError, http.client.HTTPException) as error:
        reason = "no answer within %g seconds" % TIME_LIMIT if isinstance(error, socket.timeout) else str(getattr(error, "strerror", None) or error)
        raise ContainerNotRunning("cannot ask Docker at %s: %s; is the Docker Engine running?" % (path, reason), unknown=True) from error
    finally:
        connection.close()


def follow_docker() -> Iterator[EngineEvent]:
    """Yield an event without a name once the engine listens, and one for each container that starts or ends. The engine's end is an OSError."""
    connection = _Connection(socket_path(os.environ))
    try:
        connection.request("GET", "/events?filters=%s" % quote(EVENTS))
        connection.sock.settimeout(None)
        response = connection.getresponse()
        if response.status != OK:
            raise ConnectionError("Docker answered with status %d" % response.status)
        yield EngineEvent(RUNTIME)
        for line in response:
            event = json.loads(line)
            told = event.get("Actor", {}).get("Attributes", {})
            yield EngineEvent(RUNTIME, str(told.get("name") or ""), told, event.get("Action") == "start")
        raise ConnectionError("Docker has ended")
    except (ValueError, http.client.HTTPException) as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()


def _inspect(connection: _Connection, reference: str, chosen: str = "") -> Union[Container, NamespaceMissing]:
    """Ask for the container that a reference names, or that was chosen by it."""
    try:
        status, answer = _get(connection, "/containers/%s/json" % quote(chosen or reference, safe=""), dict)
        if status == OK:
            return describe_container(RUNTIME, reference, answer) if chosen else read_container(RUNTIME, reference, answer)
    except NamespaceMissing as error:
        return error
    said = "docker container '%s': %s" % (reference, answer.get("message") or "Docker answered with status %d" % status)
    return ContainerNotRunning(said + "; create and start it, then run again") if status == NOT_FOUND else NamespaceMissing(said)


def _get(connection: _Connection, path: str, shape: type) -> Tuple[int, Any]:
    connection.request("GET", path)
    response = connection.getresponse()
    text = response.read(ANSWER_LIMIT)
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, shape):
        raise http.client.HTTPException("the answer is not of the Engine API")
    return response.status, answer
