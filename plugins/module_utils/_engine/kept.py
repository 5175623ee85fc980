# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The files below /run as they were before a run: a change that is taken back after its end takes back what it noted, too."""

from __future__ import annotations

from typing import Dict

from .._kernel import loans, record, visits
from .._kernel.statefile import FLOWS_FILE, GUESTS_FILE, StateFile

FILES = (record.FILE, visits.FILE)


def remove_torn_files(directory: str) -> None:
    """Remove what a killed run left of files that it was about to replace."""
    for name in (*FILES, FLOWS_FILE, GUESTS_FILE, loans.FILE):
        StateFile(directory, name).remove_torn()


class KeptFiles:
    """What the files said when this was made."""

    def __init__(self, directory: str) -> None:
        self._files = {name: StateFile(directory, name) for name in FILES}
        self._earlier: Dict[str, Dict[str, object]] = {name: file.read() for name, file in self._files.items()}

    def recall_settings(self) -> None:
        """Tell the record again what it knew of the host's own settings; what the run added must be known for the way back."""
        file = self._files[record.FILE]
        now = file.read()
        for place, settings in self._earlier[record.FILE].items():
            now[place] = {**record.settings_in(now.get(place)), **record.settings_in(settings)}
        file.write(now)

    def write(self) -> None:
        for name, file in self._files.items():
            if file.read() != self._earlier[name]:
                file.write(self._earlier[name])
