# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A scope's kept declaration, brought back as far as this host can have it."""

from __future__ import annotations

import re
from typing import Collection, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from .._document.leave_out import ENDPOINTS, LINKS, NETWORKS, Item
from .._document.living import Declared
from .._engine.guests import Choose, choose_living
from .._engine.left_out import LeftOut
from .._engine.pipeline import converge
from .._engine.request import Outcome, Request
from .._engine.topology import topology_request
from .._kernel.store import Entry
from .._model.document import Document
from .._model.errors import Conflict, ContainerNetError, ContainerNotRunning, EnvironmentUnfit, InputError, NamespaceMissing
from .._model.place import PATH
from .._runtime.containers import find_missing
from .._runtime.tool import run_system_tool

RACES = 20  # that are put up with, and things that others stand in the way of
WAITS_FOR_ENGINE = "its engine starts after this"
_ITEM = re.compile(r"(networks|endpoints|links)\[([^\]]+)\]")
Reasons = Dict[Item, str]


class Restored(NamedTuple):
    """What was found and done, and what this host cannot have, with the reason for each. Containers that do not run are no fault of it."""

    outcome: Outcome
    declared: Declared
    faulty: Reasons
    words: List[str]  # of all that is left out
    unsure: bool = False  # an engine gave no answer that says whether a container runs


class Restoring:
    """One scope on the way back. What stands in the way of one thing is no reason to leave out others."""

    def __init__(
        self,
        entry: Entry,
        *,
        check_mode: bool,
        engines: bool,
        wait_timeout: float,
        connection: str = "",
        choose: Choose = choose_living,
        needed: Collection[Item] = (),
    ) -> None:
        """`choose` says which guests of the scope are to be there; without what is `needed`, nothing is done."""
        self._entry = entry
        self._choose = choose
        self._needed = needed
        self._check_mode = check_mode
        self._engines = engines
        self._wait_timeout = wait_timeout
        self._connection = connection
        self._absent: Reasons = {}
        self._faulty: Reasons = {}
        self._races = 0
        self._unsure = False

    def run(self) -> Restored:
        while True:
            request, declared, left_out = self._prepare(self._faulty, check_mode=self._check_mode)
            try:
                outcome = converge(request)
            except InputError as error:
                found = {item: reason for item, reason in _named_in(error) if item not in self._faulty}
                if not found or any(item in self._needed for item in found):
                    raise
                self._faulty.update(found)
            except (Conflict, EnvironmentUnfit, NamespaceMissing) as error:
                if not self._has_passed(error):
                    culprit = self._find_culprit(declared.document, error)
                    if culprit in self._needed:
                        raise
                    self._faulty[culprit] = _in_one_line(error)
            else:
                words = [line for line in left_out.warnings if WAITS_FOR_ENGINE not in line]
                accepted = self._entry.options.get("skip_unsupported")
                faulty = {item: reason for item, reason in left_out.left.items() if item in self._faulty or not (accepted or item in self._absent)}
                return Restored(outcome, declared, faulty, words, self._unsure)

    def _prepare(self, faulty: Reasons, *, check_mode: bool) -> Tuple[Request, Declared, LeftOut]:
        left: Reasons = {}
        unknown: Set[str] = set()
        left_out = LeftOut(left, unknown)
        options = {**self._entry.options, "allow_empty": True, "wait_timeout": 0.0, "lock_timeout": 300.0}
        request, declared = topology_request(
            options,
            run=run_system_tool,
            check_mode=check_mode,
            connection=self._connection,
            left_out=left_out,
            confirmed=self._entry.confirmed,
            store_directory="",
            choose=self._choose,
        )
        self._absent = self._find_absent(declared.document, unknown)
        left.update({**self._absent, **faulty})
        unknown.update(name for kind, name in faulty if kind == ENDPOINTS)
        gone = {endpoint.place for endpoint in declared.document.endpoints if (ENDPOINTS, endpoint.name) in left}

        def narrow(asked: Request) -> Request:
            residents, places = (tuple(place for place in wanted if place not in gone) for wanted in (asked.residents, asked.places))
            return asked._replace(residents=residents, places=places)

        def renew(asked: Request) -> Request:
            return narrow(request.renew(asked) if request.renew is not None else asked)

        return narrow(request)._replace(wait_timeout=self._wait_timeout, renew=renew), declared, left_out

    def _find_absent(self, document: Document, unknown: Set[str]) -> Reasons:
        """Return the containers that do not run, and add to `unknown` those of which nobody can tell."""
        asked = {endpoint.name: endpoint.place for endpoint in document.endpoints if endpoint.place.engine or endpoint.place.kind == PATH}
        # Nobody asks an engine that starts after this: its socket would start it now, and it waits for this.
        waiting = [place for place in asked.values() if place.engine and not self._engines]
        missing = find_missing(set(asked.values()) - set(waiting))
        silent = {*waiting, *(place for place, error in missing.items() if error.unknown)}
        self._unsure = len(silent) > len(waiting)
        unknown.update(name for name, place in asked.items() if place in silent)
        reasons: Dict[str, str] = {**dict.fromkeys(waiting, WAITS_FOR_ENGINE), **{place: str(error) for place, error in missing.items()}}
        return {(ENDPOINTS, name): reasons[place] for name, place in asked.items() if place in reasons}

    def _has_passed(self, error: ContainerNetError) -> bool:
        """Tell whether nothing stands in the way any more: a container that ends, or starts, between two looks is nobody's fault."""
        if self._races == RACES:
            raise error
        self._races += 1
        # Whether a container runs is looked up anew each time, so such an error tells of what happened since.
        return isinstance(error, ContainerNotRunning) or self._fails_with(self._faulty) is None

    def _find_culprit(self, document: Document, error: ContainerNetError) -> Item:
        """Return what has to be left out for an error to go away, or to shrink."""
        for item in _items(document):
            if item not in self._faulty and item not in self._absent:
                left = self._fails_with({**self._faulty, item: ""})
                if left is None or len(str(left)) < len(str(error)):
                    return item
        raise error

    def _fails_with(self, faulty: Reasons) -> Optional[ContainerNetError]:
        request, _declared, _left_out = self._prepare(faulty, check_mode=True)
        try:
            converge(request._replace(wait_timeout=0.0))
        except ContainerNetError as error:
            return error
        return None


def _items(document: Document) -> Iterator[Item]:
    yield from ((LINKS, wire.name) for wire in document.links)
    yield from ((ENDPOINTS, endpoint.name) for endpoint in document.endpoints)
    yield from ((NETWORKS, network.name) for network in document.networks)


def _named_in(error: InputError) -> Iterator[Tuple[Item, str]]:
    for problem in error.problems:
        found = _ITEM.match(problem.path)
        if found:
            yield (found[1], found[2]), _in_one_line(str(problem)[found.end() :].lstrip(".: "))


def _in_one_line(said: object) -> str:
    return "; ".join(line.strip("- ") for line in str(said).splitlines() if not line.endswith("nothing was changed:"))
