# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""From containers as their runtime tells of them to open namespaces."""

from __future__ import annotations

import os
import time
from typing import Dict, List, Sequence, Tuple

from .._model.errors import ContainerNotRunning, NamespaceMissing
from .container import Container, Inspect, open_container

ATTEMPTS = 3
RETRY_INTERVAL = 0.1


class Opening:
    """The containers of one runtime on their way to open namespaces."""

    def __init__(self, inspect: Inspect) -> None:
        self._inspect = inspect
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

    def look(self, references: Sequence[str]) -> None:
        """Ask and open once, for who wants to know what cannot be had, and uses nothing."""
        self.opened = self._open_each(references, self.faults)

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
