# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What stood before a run changed the rules, until the connections that it no longer allows have ended. Kept below /run: a restart ends them too."""

from __future__ import annotations

from typing import Dict, Mapping, Optional, Tuple

from .._model.errors import FirewallError
from .._model.flow import Ground
from .._model.rule import Rule
from .statefile import FLOWS_FILE, StateFile


class Pending:
    """The grounds of one scope, by place. Whoever writes has the host's lock."""

    def __init__(self, directory: str, scope: str) -> None:
        self._file = StateFile(directory, FLOWS_FILE)
        self._scope = scope

    def read(self) -> Dict[str, Tuple[Ground, ...]]:
        known = self._file.read().get(self._scope)
        found: Dict[str, Tuple[Ground, ...]] = {}
        for place, entries in known.items() if isinstance(known, dict) else ():
            grounds = tuple(ground for ground in map(_read_ground, entries if isinstance(entries, list) else ()) if ground is not None)
            if grounds:
                found[str(place)] = grounds
        return found

    def write(self, grounds: Mapping[str, Tuple[Ground, ...]]) -> None:
        own = {place: [_as_entry(ground) for ground in dict.fromkeys(befores)] for place, befores in grounds.items()}
        self._file.write({**self._file.read(), self._scope: own})

    def clear(self) -> None:
        known = self._file.read()
        if self._scope in known:
            self._file.write({scope: entry for scope, entry in known.items() if scope != self._scope})


def _as_entry(ground: Ground) -> Dict[str, object]:
    chains = [(family, table, name, [vars(rule) for rule in rules]) for family, table, name, rules in ground.chains]
    return {**ground._asdict(), "chains": chains}


def _read_ground(entry: object) -> Optional[Ground]:
    """Return a ground as it was written; lists become tuples again, and what was a rule a rule."""
    try:
        return Ground(**{str(name): _frozen(value) for name, value in entry.items()}) if isinstance(entry, dict) else None  # type: ignore[arg-type]
    except (TypeError, ValueError, FirewallError):
        return None


def _frozen(value: object) -> object:
    if isinstance(value, dict):
        return Rule(**{name: _frozen(item) for name, item in value.items()})  # type: ignore[arg-type]
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
