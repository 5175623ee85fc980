# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Who is a guest of which scope, in one file below /run: it is gone with a restart of the host, as the guests' namespaces are."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Any, Dict, Iterable, List, Tuple

from .._model.errors import ContainerNetError
from .._model.guest import Guest
from .._model.place import HOST
from .statefile import GUESTS_FILE, STATE_DIRECTORY, StateFile

FORMAT = 1


class GuestBook:
    """The guests of all scopes. Whoever writes has the host's lock."""

    def __init__(self, directory: str = STATE_DIRECTORY) -> None:
        self._path = os.path.join(directory, GUESTS_FILE)
        self._file = StateFile(directory, GUESTS_FILE)

    def read(self, scope: str) -> List[Guest]:
        return [guest for guest in self._read() if guest.scope == scope]

    def list_scopes(self) -> List[str]:
        return sorted({guest.scope for guest in self._read()})

    def change(self, come: Iterable[Guest], gone: Iterable[Guest]) -> None:
        """Write down who came and who left; who comes takes the place of an earlier note of the same interface."""
        guests = {guest.key: guest for guest in self._read()}
        for guest in gone:
            guests.pop(guest.key, None)
        guests.update({guest.key: guest for guest in come})
        written = [_as_written(guest) for _key, guest in sorted(guests.items())]
        self._file.write({"format": FORMAT, "guests": written} if written else {})

    def _read(self) -> Tuple[Guest, ...]:
        """Return all of them. A file that cannot be read is an error: nobody may take it for nothing, and part containers from their networks."""
        try:
            with open(self._path, encoding="ascii") as stream:
                found = json.load(stream)
        except FileNotFoundError:
            return ()
        except ValueError as error:
            raise self._unreadable("it is damaged (%s)" % error) from error
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise self._unreadable("this version reads format %d alone" % FORMAT)
        try:
            return tuple(Guest(HOST, **{**written, "aliases": tuple(written["aliases"]), "ports": tuple(written["ports"])}) for written in found["guests"])
        except (KeyError, TypeError) as error:
            raise self._unreadable("it holds no guests (%s)" % error) from error

    def _unreadable(self, why: str) -> ContainerNetError:
        return ContainerNetError("%s: %s; nothing was changed; end the containers that runtimes attached, remove the file, then run again" % (self._path, why))


def _as_written(guest: Guest) -> Dict[str, Any]:
    written = asdict(guest)
    del written["place"]
    return written
