# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import json
import os
from typing import Dict

STATE_DIRECTORY = "/run/container_net"  # gone with a boot, like the kernel's own state
FLOWS_FILE = "flows.json"
UNCONFIRMED_FILE = "unconfirmed.json"
GUESTS_FILE = "guests.json"
UNFINISHED = ".new"  # what the name of a file ends in while it is written


def declaration_path(directory: str, scope: str) -> str:
    """Return the file that keeps a scope's declaration."""
    return os.path.join(directory, scope + ".json")


def replace_file(path: str, text: str, mode: int = 0o600) -> None:
    write_whole(path, text.encode("utf-8"), mode)


def write_whole(path: str, content: bytes, mode: int = 0o600) -> None:
    """Write a file whole: whoever reads it, also after a crash, finds the old or the new one."""
    temporary = path + UNFINISHED
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        try:
            os.fchmod(descriptor, mode)
            left = memoryview(content)
            while left:
                left = left[os.write(descriptor, left) :]  # a disk that is full takes a part, and refuses the rest
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


class StateFile:
    """A small file below /run that is replaced whole: a crash leaves the old or the new one. Nothing to say is no file."""

    def __init__(self, directory: str, name: str) -> None:
        self._path = os.path.join(directory, name)
        self._temporary = self._path + UNFINISHED

    def read(self) -> Dict[str, object]:
        """Return what it says; a torn file counts as empty, since the kernel itself is the state."""
        try:
            with open(self._path, encoding="ascii") as stream:
                found = json.load(stream)
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def remove_torn(self) -> None:
        """Remove what a killed run left of a file that it was about to replace."""
        if os.path.lexists(self._temporary):
            os.unlink(self._temporary)

    def write(self, values: Dict[str, object]) -> None:
        if not values:
            if os.path.lexists(self._path):
                os.unlink(self._path)
            return
        replace_file(self._path, json.dumps(values, sort_keys=True))
