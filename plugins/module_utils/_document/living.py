# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Addresses and host ports stay with who has them: a declaration that leaves them to be given follows what lives on the host."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Sequence, Tuple

from .._model.document import Attachment, Document, Endpoint
from .._model.errors import InputError, Problem
from .._model.mark import is_owned
from .._model.place import SLOT
from .._model.snapshot import Resident
from .._model.translation import NOBODY, Holdings
from .allocate import NOTHING_TAKEN, Taken
from .parts import choose_ports


class Declared:
    """The declaration of one host, of which `read` returns the document that goes with living addresses."""

    def __init__(self, read: Callable[[Taken], Document]) -> None:
        self._read = read
        self.document = read(NOTHING_TAKEN)
        self.standing = self.document  # what of it is on the host after the run

    def read_again(self) -> None:
        """Follow what the declaration is made of, where that changed."""
        self.document = self.standing = self._read(NOTHING_TAKEN)

    def settle(self, residents: Sequence[Resident], holdings: Holdings = NOBODY) -> Document:
        """Return the document in which nobody gives up an address or a port that he has and may keep; `document` is from now on that one."""
        living = find_living(self.document, residents)
        if _would_move(self.document, living):
            self.document = self._read(living)
        problems: List[Problem] = []
        self.document = choose_ports(self.document, holdings=holdings, problems=problems)
        if problems:
            raise InputError(tuple(problems))
        self.standing = self.document
        return self.document


def attached_places(document: Document) -> Tuple[str, ...]:
    """Return the places of the endpoints on networks: they may have addresses and a way out already."""
    return tuple(dict.fromkeys(endpoint.place for endpoint in document.endpoints if endpoint.attachments and endpoint.place.kind != SLOT))


def find_living(document: Document, residents: Sequence[Resident]) -> Taken:
    """Return what addresses those endpoints have that name none, by network and endpoint."""
    by_place: Dict[str, List[Resident]] = {}
    for resident in residents:
        by_place.setdefault(resident.place, []).append(resident)
    living: Dict[str, Dict[str, Tuple[str, ...]]] = {}
    for endpoint in document.endpoints if by_place else ():
        for attachment in endpoint.attachments:
            found = _find(endpoint, attachment, document.scope, by_place.get(endpoint.place, ())) if attachment.given else None
            if found is not None:
                living.setdefault(attachment.network, {})[endpoint.name] = found.addresses
    return living


def _find(endpoint: Endpoint, attachment: Attachment, scope: str, here: Sequence[Resident]) -> Optional[Resident]:
    """Return the link of an attachment by its mark, else by its name: who is in a container can wipe its mark."""
    owned = (one for one in here if one.mark is not None and is_owned(one.mark, scope))
    marked = next((one for one in owned if one.mark is not None and (one.mark.network, one.mark.endpoint) == (attachment.network, endpoint.name)), None)
    return marked or next((one for one in here if one.mark is None and one.interface == attachment.interface_name), None)


def _would_move(document: Document, living: Taken) -> bool:
    """Tell whether an endpoint would get an address other than one it has."""
    for endpoint in document.endpoints if living else ():
        for attachment in endpoint.attachments:
            held = living.get(attachment.network, {}).get(endpoint.name)
            if held is not None and any(address not in held for address in attachment.first_addresses):
                return True
    return False
