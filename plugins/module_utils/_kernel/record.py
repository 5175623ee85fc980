# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the host's own settings were before we changed them. Kept below /run, so it lives exactly as long as the settings do."""

from __future__ import annotations

import json
import os
from typing import Dict

FILE = "restore.json"


class Record:
    """Earlier sysctl values of one place, by path. The first value remembered wins."""

    def __init__(self, directory: str, place: str) -> None:
        self._path = os.path.join(directory, FILE)
        self._place = place

    def read(self) -> Dict[str, str]:
        """Return the recorded values; a torn file counts as empty, since the kernel itself is the state."""
        found = self._read_all().get(self._place)
        if not isinstance(found, dict):
            return {}
        return {str(path): str(value) for path, value in found.items() if str(path).startswith("net/") and ".." not in str(path)}

    def remember(self, path: str, value: str) -> None:
        values = self.read()
        if path not in values:
            self._write({**self._read_all(), self._place: {**values, path: value}})

    def clear(self) -> None:
        known = self._read_all()
        left = {place: values for place, values in known.items() if place != self._place}
        if left and left != known:
            self._write(left)
        elif not left and os.path.lexists(self._path):
            os.unlink(self._path)

    def _read_all(self) -> Dict[str, object]:
        try:
            with open(self._path, encoding="ascii") as stream:
                found = json.load(stream)
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, values: Dict[str, object]) -> None:
        """Replace the file whole: a crash leaves the old or the new one."""
        temporary = self._path + ".new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, json.dumps(values, sort_keys=True).encode("ascii"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, self._path)
