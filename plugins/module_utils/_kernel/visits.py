# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Where a scope has been in namespaces that the host's own does not tell of: those without a name, and those whose settings it changed.

Kept below /run, like the namespaces themselves. A place counts only as long as it stands for the very namespace it stood for then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Mapping

from .record import settings_in
from .statefile import StateFile

FILE = "visits.json"


@dataclass(frozen=True)
class Visit:
    """A namespace by its inode, and what of its settings was different before."""

    namespace: int
    settings: Mapping[str, str] = field(default_factory=dict)


class Visits:
    """The places of one scope."""

    def __init__(self, directory: str, scope: str) -> None:
        self._file = StateFile(directory, FILE)
        self._scope = scope

    def read(self) -> Dict[str, Visit]:
        found = self._file.read().get(self._scope)
        visits: Dict[str, Visit] = {}
        for place, entry in found.items() if isinstance(found, dict) else ():
            number = entry.get("namespace") if isinstance(entry, dict) else None
            if isinstance(number, int):
                visits[str(place)] = Visit(number, settings_in(entry.get("settings")))
        return visits

    def write(self, visits: Mapping[str, Visit]) -> None:
        """Replace what is known, where it differs."""
        if visits == self.read():
            return
        others = {scope: entry for scope, entry in self._file.read().items() if scope != self._scope}
        own = {place: {"namespace": visit.namespace, "settings": dict(visit.settings)} for place, visit in visits.items()}
        self._file.write({**others, self._scope: own} if own else others)
