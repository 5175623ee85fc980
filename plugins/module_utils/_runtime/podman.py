# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Containers of Podman, asked for by its own program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from .._model.errors import ContainerNotRunning, NamespaceMissing, ToolFailed
from .choice import Choice, choose_container
from .container import Container, Found, describe_container, read_container
from .engine_event import EngineEvent
from .tool import run_tool

RUNTIME = "podman"
TIME_LIMIT = 10.0
EVENTS = ("--filter", "type=container", "--filter", "event=start", "--filter", "event=died")
SYSTEM_DIRECTORIES = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin")


def inspect_podman(references: Sequence[str]) -> Found:
    """Ask for containers by exact name or full id, all in one call."""
    said, answers = _run([_require_program(), "container", "inspect", "--", *references])
    return {reference: _read(reference, answers, said) for reference in references}


def inspect_chosen_podman(choice: Choice, references: Sequence[str]) -> Found:
    """Ask for containers by what they are chosen by, all in two calls."""
    program = _require_program()
    _said, running = _run([program, "ps", "--no-trunc", "--format", "json"])
    chosen = {wanted: choose_container(RUNTIME, choice, wanted, running) for wanted in references}
    asked = [identity for identity in chosen.values() if isinstance(identity, str)]
    answers = {str(answer.get("Id")): answer for answer in _run([program, "container", "inspect", "--", *asked])[1]} if asked else {}
    return {wanted: _describe(choice, wanted, identity, answers) for wanted, identity in chosen.items()}


def _describe(
    choice: Choice, wanted: str, chosen: Union[str, NamespaceMissing], answers: Mapping[str, Mapping[str, object]]
) -> Union[Container, NamespaceMissing]:
    if isinstance(chosen, NamespaceMissing):
        return chosen
    if chosen in answers:
        return describe_container(RUNTIME, wanted, answers[chosen])
    return ContainerNotRunning("the podman container with %s %s has just ended; run again when it stays up" % (choice.words, wanted))


def _require_program() -> str:
    program = _find_program()
    if program is None:
        raise NamespaceMissing("podman is not installed on this host, so podman containers cannot be looked up", unknown=True)
    return program


def _find_program() -> Optional[str]:
    return shutil.which(RUNTIME, path=os.pathsep.join((os.environ.get("PATH", ""), *SYSTEM_DIRECTORIES)))


def follow_podman() -> Iterator[EngineEvent]:
    """Yield an event without a name once Podman is listened to, and one for each container that starts or ends. What cannot be followed is an OSError."""
    program = _find_program()
    if program is None:
        raise FileNotFoundError("podman is not installed on this host")
    command = [program, "events", "--format", "json", *EVENTS]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # pylint: disable=ansible-bad-function
        try:
            yield EngineEvent(RUNTIME)
            for line in process.stdout or ():
                told = json.loads(line)
                yield EngineEvent(RUNTIME, str(told.get("Name") or ""), told.get("Attributes") or {}, told.get("Status") == "start")
        except ValueError as error:
            raise ConnectionError("podman events: %s" % error) from error
        finally:
            process.kill()
    raise ConnectionError("podman events ended with status %d" % process.returncode)


def _read(reference: str, answers: Sequence[Mapping[str, object]], said: str) -> Union[Container, NamespaceMissing]:
    other: NamespaceMissing = ContainerNotRunning("podman container '%s': %s; create and start it, then run again" % (reference, _complaint(reference, said)))
    for answer in answers:
        try:
            return read_container(RUNTIME, reference, answer)
        except NamespaceMissing as error:
            if str(answer.get("Id") or "").startswith(reference):
                other = error
    return other


def _complaint(reference: str, said: str) -> str:
    """Return what Podman says of a container it does not find."""
    lines = [line.partition("Error: ")[2] or line for line in said.splitlines()]
    return next((line for line in lines if '"%s"' % reference in line or line.endswith(" " + reference)), "no such container")


def _run(command: Sequence[str]) -> Tuple[str, List[Dict[str, object]]]:
    try:
        code, output, said = run_tool(command, limit=TIME_LIMIT)
    except ToolFailed as error:
        raise ContainerNotRunning(str(error), unknown=True) from None
    try:
        found = json.loads(output)
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise NamespaceMissing("podman container inspect failed with status %d: %s" % (code, " ".join(said.split())[:300]), unknown=True)
    return said, [answer for answer in found if isinstance(answer, dict)]
