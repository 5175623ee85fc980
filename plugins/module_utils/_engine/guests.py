# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The guests that a run of their scope counts as declared."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Callable, FrozenSet, List, Sequence, Tuple

from .._kernel.statefile import GUESTS_FILE
from .._model.errors import NamespaceMissing
from .._model.place import PATH, Place
from .._runtime.containers import identify_namespace

if TYPE_CHECKING:
    from .._model.guest import Guest

Choose = Callable[[Sequence["Guest"]], Sequence["Guest"]]


class Guests:
    """Who is to be there after a run: those `choose` picks of who is noted. The declaration is read anew where they changed before the run had the lock."""

    def __init__(self, scope: str, networks: object, endpoints: object, directory: str, choose: Choose) -> None:
        self._directory = directory
        self._scope = scope
        self._networks = networks
        self._endpoints = endpoints
        self._choose = choose
        self.now: Tuple[Guest, ...] = ()
        self.look()

    def look(self) -> bool:
        """Read who is there, and tell whether that is not who was there before. Whose network or slot is not declared any more leaves with it."""
        before = self.now
        self.now = self._declared(self._choose(self._read()))
        return self.now != before

    @property
    def ports(self) -> FrozenSet[Tuple[str, str]]:
        """Whose ports their runtime has seen to be free."""
        return frozenset((guest.endpoint, port) for guest in self.now for port in guest.ports)

    def _declared(self, guests: Sequence[Guest]) -> Tuple[Guest, ...]:
        if not guests:
            return ()
        from .._document.guests import declared_networks, declared_slots, gather

        networks, slots = declared_networks(self._networks), ("", *declared_slots(self._endpoints))
        return gather([guest for guest in guests if guest.network in networks and guest.slot in slots])

    def _read(self) -> Sequence[Guest]:
        if not os.path.lexists(os.path.join(self._directory, GUESTS_FILE)):
            return ()
        from .._kernel.guests import GuestBook

        return GuestBook(self._directory).read(self._scope)


def choose_living(guests: Sequence[Guest]) -> List[Guest]:
    """Return the guests whose files still stand for the namespaces that they came with."""
    return [guest for guest in guests if identify_guest(guest.path) == guest.inode]


def identify_guest(path: str) -> int:
    """Return the number of the namespace that a file stands for, or 0."""
    try:
        return identify_namespace(Place.of(PATH, path)) or 0
    except NamespaceMissing:
        return 0
