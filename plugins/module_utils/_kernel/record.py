# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the host's own settings were before we changed them. Kept below /run, so it lives exactly as long as the settings do."""

from __future__ import annotations

from typing import Collection, Dict, Mapping

from .statefile import StateFile

FILE = "restore.json"


class Record:
    """Earlier sysctl values of one place, by path. The first value remembered wins."""

    def __init__(self, directory: str, place: str) -> None:
        self._file = StateFile(directory, FILE)
        self._place = place

    def read(self) -> Dict[str, str]:
        """Return the recorded values."""
        return settings_in(self._file.read().get(self._place))

    def remember(self, settings: Mapping[str, str]) -> None:
        known = self.read()
        values = {**settings, **known}
        if values != known:
            self._file.write({**self._file.read(), self._place: values})

    def forget(self, paths: Collection[str]) -> None:
        known = self._file.read()
        values = {path: value for path, value in self.read().items() if path not in paths}
        left = {place: held for place, held in {**known, self._place: values}.items() if held}
        if left != known or not left:
            self._file.write(left)


def settings_in(found: object) -> Dict[str, str]:
    """Return the settings a file tells, without what is none."""
    if not isinstance(found, dict):
        return {}
    return {str(path): str(value) for path, value in found.items() if str(path).startswith("net/") and ".." not in str(path)}
