# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Settings below /proc/sys: those of namespaces, and those of links, which are written before a link is raised."""

from __future__ import annotations

from typing import Dict, Iterator, Sequence, Tuple

from .._kernel.need import Need
from .._kernel.sysctl import link_sysctl_path, read_sysctl, write_sysctl
from .._model.errors import KernelError
from .._model.link import WITHOUT_IPV6, Link
from .._model.objects import Sysctl
from .._model.snapshot import Snapshot
from .._plan.step import CREATE, Step
from .base import Means, Phase, Scene


class Sysctls:
    """Reads those that are asked for."""

    def __init__(self, means: Means) -> None:
        self._remember = means.remember

    def observe(self, place: str, need: Need, into: Snapshot) -> None:
        for path in need.sysctls:
            value = read_sysctl(path)
            if value is not None:
                into.add(Sysctl(place, path, value))

    def apply(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        if phase is Phase.KEEP:
            self._keep(steps)
        elif phase in (Phase.TUNE, Phase.QUIET):
            for step in steps:
                _write(step, phase)

    def _keep(self, steps: Sequence[Step]) -> None:
        """Note what settings are that are to come back; those of what was just made could not be read before."""
        earlier: Dict[str, str] = {}
        for step in steps:
            subject = step.desired
            if isinstance(subject, Sysctl) and subject.restore:
                value = step.current.value if isinstance(step.current, Sysctl) else read_sysctl(subject.path)
                if value is not None and value != subject.value:
                    earlier[subject.path] = value
        if earlier:
            self._remember(steps[0].place, earlier)


def _write(step: Step, phase: Phase) -> None:
    for path, value in _settings(step, phase):
        try:
            write_sysctl(path, value)
        except OSError as error:
            raise KernelError("%s (%s = %s)" % (step.line, path.replace("/", "."), value), error.errno or 0, error.strerror or str(error)) from error


def _settings(step: Step, phase: Phase) -> Iterator[Tuple[str, str]]:
    subject = step.desired
    if isinstance(subject, Sysctl):
        if subject.value is not None and phase is Phase.TUNE:
            yield subject.path, subject.value
    elif isinstance(subject, Link) and subject.sysctls and (step.action == CREATE or "sysctls" in step.groups):
        for item in subject.sysctls:
            # With IPv6 the kernel takes all its addresses and routes, those as well that other steps are about to take.
            late = item == WITHOUT_IPV6 and step.action != CREATE
            if late == (phase is Phase.QUIET):
                yield link_sysctl_path(subject.name, item[0]), item[1]
