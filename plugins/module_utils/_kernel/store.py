# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Declarations that outlive a restart of the host, one file for each scope. A crash leaves the old or the new one."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from .._model.errors import ContainerNetError
from .._model.names import STORE_DIRECTORY, label_fault
from .._model.place import HOST
from .._model.stored import Stored, stored
from .hostlock import ensure_private_directory
from .statefile import UNFINISHED, declaration_path, replace_file

SUFFIX = ".json"
UNREADABLE, UNCONFIRMED = "unreadable", "unconfirmed"
FORMAT = 1
BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Entry(NamedTuple):
    """What a file says. Of a change that waits for its confirmation it says in which boot, and what was kept before."""

    options: Mapping[str, Any]  # of the module topology; none: nothing is kept
    confirmed: bool = False  # a change of the host's own connection was confirmed
    waits_in_boot: str = ""
    before: Optional[Entry] = None


def read_boot_id() -> str:
    with open(BOOT_ID, encoding="ascii") as stream:
        return stream.read().strip()


class Store:
    """The file of one scope. Whoever writes has the host's lock."""

    def __init__(self, scope: str, directory: str = STORE_DIRECTORY) -> None:
        self._scope = scope
        self._directory = directory
        self._path = declaration_path(directory, scope)

    def read(self) -> Optional[Entry]:
        """Return what is kept, or None. A file that this version cannot read is an error: nobody may take it for nothing."""
        try:
            with open(self._path, encoding="utf-8") as stream:
                found = json.load(stream)
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise self._unreadable("it is damaged (%s)" % error) from error
        return self._entry(found)

    def observe(self, *, waits: bool = False) -> Optional[Stored]:
        """Return what is kept as an object to compare. What cannot be read differs from every other, and so does what waits, unless that is asked for."""
        entry = self._read_leniently()
        if entry is None or (entry.waits_in_boot and not waits):
            return Stored(HOST, self._scope, UNREADABLE if entry is None else UNCONFIRMED)
        return stored(HOST, self._scope, entry.options) if entry.options else None

    def keep(self, options: Optional[Mapping[str, Any]], *, waits: bool = False) -> None:
        """Write a declaration, or remove it where there is none. What waits for its confirmation counts only until the host restarts."""
        before = self._read_leniently()
        if before is not None and before.waits_in_boot:
            before = before.before
        if waits:
            self._write(Entry(options or {}, waits_in_boot=read_boot_id(), before=before))
        elif options:
            self._write(Entry(options, confirmed=before is not None and before.confirmed))
        else:
            self.remove()

    def confirm(self) -> None:
        """Keep for good what waited."""
        entry = self._read_leniently()
        if entry is None or not entry.waits_in_boot:
            return
        if entry.options:
            self._write(Entry(entry.options, confirmed=True))
        else:
            self.remove()

    def standing(self) -> Optional[Entry]:
        """Return what counts now: not what waited for a confirmation when the host restarted."""
        entry = self.read()
        if entry is not None and entry.waits_in_boot not in ("", read_boot_id()):
            entry = entry.before
        return entry if entry is not None and entry.options else None

    def remove(self) -> None:
        for path in (self._path, self._path + UNFINISHED):
            if os.path.lexists(path):
                os.unlink(path)
        try:
            os.rmdir(self._directory)
        except OSError:
            pass  # others are kept there, or it is none of ours to remove
        else:
            _flush(os.path.dirname(self._directory))

    def _read_leniently(self) -> Optional[Entry]:
        try:
            return self.read()
        except ContainerNetError:
            return None

    def _entry(self, found: object) -> Entry:
        if not isinstance(found, dict) or not isinstance(found.get("options"), dict):
            raise self._unreadable("it holds no declaration")
        if found.get("format") != FORMAT:
            raise self._unreadable("it has format %r, and this version reads %d" % (found.get("format"), FORMAT))
        before = found.get("before")
        return Entry(
            options=found["options"],
            confirmed=found.get("confirmed") is True,
            waits_in_boot=str(found.get("waits_in_boot") or ""),
            before=self._entry(before) if before is not None else None,
        )

    def _unreadable(self, why: str) -> ContainerNetError:
        return ContainerNetError("%s: %s; nothing was changed; apply the declaration of scope '%s' again" % (self._path, why, self._scope))

    def _write(self, entry: Entry) -> None:
        ensure_private_directory(self._directory)
        replace_file(self._path, json.dumps(_as_written(entry), sort_keys=True, indent=1) + "\n")
        _flush(self._directory)


def list_scopes(directory: str = STORE_DIRECTORY) -> List[str]:
    """Return the scopes of which something is kept."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    found = (name[: -len(SUFFIX)] for name in names if name.endswith(SUFFIX))
    return sorted(scope for scope in found if label_fault(scope) is None)


def _as_written(entry: Entry) -> Dict[str, Any]:
    written: Dict[str, Any] = {"format": FORMAT, "options": entry.options, "confirmed": entry.confirmed}
    if entry.waits_in_boot:
        before = None if entry.before is None else _as_written(entry.before)
        written.update(waits_in_boot=entry.waits_in_boot, before=before)
    return written


def _flush(directory: str) -> None:
    """Make sure that a name which came or went stays so when power fails."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
