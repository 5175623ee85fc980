# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Where a scope has been in namespaces that the host's own does not tell of, and what it changed that is not its own.

Kept below /run, like the namespaces themselves. A place counts only as long as it stands for the very namespace it stood for then.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Dict, Mapping, NamedTuple, Optional, Union

from .record import settings_in
from .statefile import StateFile

FILE = "visits.json"
# What an option of a link was, by its name; `index` tells which link of that name it was.
Options = Mapping[str, Union[bool, int, str]]


class Visit(NamedTuple):
    """A namespace by its inode, and what of its settings and of the links of others in it was different before."""

    namespace: int
    settings: Mapping[str, str] = MappingProxyType({})
    links: Mapping[str, Options] = MappingProxyType({})


class Visits:
    """The places of one scope. Whoever writes has the host's lock, so the file is read once."""

    def __init__(self, directory: str, scope: str) -> None:
        self._file = StateFile(directory, FILE)
        self.scope = scope
        self._others: Dict[str, object] = {}
        self._known: Optional[Dict[str, Visit]] = None

    def read(self) -> Dict[str, Visit]:
        if self._known is None:
            self._others = self._file.read()
            found = self._others.pop(self.scope, None)
            self._known = {}
            for place, entry in found.items() if isinstance(found, dict) else ():
                number = entry.get("namespace") if isinstance(entry, dict) else None
                if isinstance(number, int):
                    self._known[str(place)] = Visit(number, settings_in(entry.get("settings")), _links_in(entry.get("links")))
        return dict(self._known)

    def hand_over(self, scope: str, place: str, namespace: int, settings: Mapping[str, str]) -> None:
        """Leave settings for another scope to give back; the next writing keeps it."""
        self.read()
        known = self._others.get(scope)
        visits = dict(known) if isinstance(known, dict) else {}
        entry = visits.get(place)
        visit = {"namespace": namespace, **entry} if isinstance(entry, dict) else {"namespace": namespace}
        self._others[scope] = {**visits, place: {**visit, "settings": {**settings_in(visit.get("settings")), **settings}}}

    def write(self, visits: Mapping[str, Visit]) -> None:
        """Replace what is known, where it differs."""
        if visits == self.read():
            return
        own = {place: _entry(visit) for place, visit in visits.items()}
        self._file.write({**self._others, self.scope: own} if own else self._others)
        self._known = dict(visits)


def _entry(visit: Visit) -> Dict[str, object]:
    entry: Dict[str, object] = {"namespace": visit.namespace, "settings": dict(visit.settings)}
    return {**entry, "links": {name: dict(options) for name, options in visit.links.items()}} if visit.links else entry


def _links_in(found: object) -> Dict[str, Options]:
    if not isinstance(found, dict):
        return {}
    return {str(name): options for name, options in found.items() if isinstance(options, dict) and "index" in options}
