# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A container as its runtime tells of it, and the proof that a process is still this container."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Callable, Dict, Mapping, Optional, Sequence, Union

from .._model.errors import ContainerNotRunning, NamespaceMissing
from .._model.place import MACHINE
from .process import Process

START_SLACK = 0.05  # seconds; a container's process is older than the start its runtime notes
_FULL_ID = re.compile(r"[0-9a-f]{64}\Z")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,6})?\d*(Z|[+-]\d\d:\d\d)\Z")

# References to what the runtime says of each, or why it cannot be used.
Found = Dict[str, Union["Container", NamespaceMissing]]
Inspect = Callable[[Sequence[str]], Found]


@dataclass(frozen=True)
class Container:
    """One answer of a runtime. `started` is text: it is compared, and only its order against a process matters."""

    runtime: str
    reference: str
    id: str
    name: str
    status: str
    pid: int
    started: str
    network_mode: str
    sandbox: str  # the runtime's own file of the namespace, where it has one

    @property
    def label(self) -> str:
        return "%s container '%s'" % (self.runtime, self.reference)

    def is_same_start(self, other: Container) -> bool:
        return (self.id, self.pid, self.started) == (other.id, other.pid, other.started) and other.pid > 0

    def absence(self) -> Optional[NamespaceMissing]:
        """Return the error of a container that has no process."""
        if self.pid > 0:
            return None
        return ContainerNotRunning("%s is %s, not running; start it, then run again" % (self.label, self.status))

    def refusal(self, descriptor: int) -> Optional[NamespaceMissing]:
        """Return the error of a container whose open namespace is not its own."""
        said = "%s has network mode '%s'" % (self.label, self.network_mode) if self.network_mode else self.label
        if self.network_mode == "host" or os.path.samestat(os.fstat(descriptor), os.stat("/proc/self/ns/net")):
            return NamespaceMissing("%s: it uses the host's own network; declare network_mode: host for it, or start it with %s" % (said, _alone(self.runtime)))
        if self.network_mode.startswith("container:"):
            advice = "attach that one, and declare network_mode: container:ENDPOINT for this one"
            return NamespaceMissing("%s: it shares another container's network namespace; %s" % (said, advice))
        return None


def _alone(runtime: str) -> str:
    """Return how a runtime starts a container that has a network namespace of its own."""
    return "--private-network" if runtime == MACHINE else "--network none"


def read_container(runtime: str, reference: str, answer: Mapping[str, object]) -> Container:
    """Return a container from the answer of an `inspect`, whose shape Docker and Podman share; raise NamespaceMissing unless it is the one asked for."""
    name = str(answer.get("Name") or "").lstrip("/")
    identity = str(answer.get("Id") or "")
    if reference != name and not (reference == identity and _FULL_ID.match(identity)):
        rule = "%s has no container of exactly the name or id '%s'; it answers with '%s', whose id begins so" % (runtime, reference, name)
        raise NamespaceMissing("%s; write that name" % rule)
    return describe_container(runtime, reference, answer)


def describe_container(runtime: str, reference: str, answer: Mapping[str, object]) -> Container:
    """Return a container from the answer of an `inspect`, whatever it was chosen by."""
    state = _map(answer.get("State"))
    pid = state.get("Pid")
    return Container(
        runtime=runtime,
        reference=reference,
        id=str(answer.get("Id") or ""),
        name=str(answer.get("Name") or "").lstrip("/"),
        status=str(state.get("Status") or "not running"),
        pid=pid if isinstance(pid, int) and state.get("Running") is True else 0,
        started=str(state.get("StartedAt") or ""),
        network_mode=str(_map(answer.get("HostConfig")).get("NetworkMode") or ""),
        sandbox=str(_map(answer.get("NetworkSettings")).get("SandboxKey") or ""),
    )


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def open_container(container: Container) -> int:
    """Return a descriptor that keeps a container's network namespace; ContainerNotRunning if its number leads to another process.

    The runtime must be asked once more afterwards: only the same answer shows that the container ran meanwhile.
    """
    with Process(container.pid) as process:
        descriptor = process.open_network()
        try:
            if not _is_process_of(container, process, descriptor):
                raise ContainerNotRunning("%s: process %d is not its own, the container has just ended" % (container.label, container.pid))
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor


def _is_process_of(container: Container, process: Process, descriptor: int) -> bool:
    """Runtimes learn late that a process ended, and its number may have a new owner by then. The runtime's own file of the
    namespace settles it; else the control group, which bears the id; else the age, which a clock that was set can falsify."""
    if container.sandbox:
        try:
            return os.path.samestat(os.stat(container.sandbox), os.fstat(descriptor))
        except OSError:
            pass  # a runtime in another mount namespace
    if container.id in process.control_groups():
        return True
    started = read_time(container.started)
    return started is not None and process.started() <= started + START_SLACK


def read_time(text: str) -> Optional[float]:
    """Return the seconds since the epoch of an RFC 3339 time."""
    parts = _TIME.match(text)
    if parts is None:
        return None
    zone = "+00:00" if parts.group(3) == "Z" else parts.group(3)
    whole = datetime.fromisoformat(parts.group(1) + zone).astimezone(timezone.utc).timestamp()
    return whole + float(parts.group(2) or 0)
