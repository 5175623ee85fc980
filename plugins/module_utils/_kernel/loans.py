# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Links of the host that containers have. Kept below /run, where no container writes: with the next boot all of them are at home again.

A card is known by its hardware, which nobody in a container can change. What has none is known by its namespace and its number there.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Collection, Dict, Optional, Set, Tuple

from .._model.mark import DEVICE_ROLE, read_mark
from .._model.place import HOST
from .parse import RawLink
from .statefile import StateFile

FILE = "lent.json"


@dataclass(frozen=True)
class Loan:
    """Whose declaration lent a link, what the link is, where it is, and what it was like at home."""

    scope: str
    kind: str  # as the kernel calls it; a card has none
    hardware: str
    namespace: int  # its inode
    index: int  # the link's number there; 0 until it has arrived
    mtu: int
    up: bool
    mac: str


class Loans:
    """All loans of the host, by the name of the link at home. Whoever writes has the host's lock."""

    def __init__(self, directory: str) -> None:
        self._file = StateFile(directory, FILE)
        self._known: Optional[Dict[str, Loan]] = None
        self._seen: Dict[str, Loan] = {}
        self._home: Set[str] = set()
        self._changed: Set[str] = set()  # since it was seen
        self._read_namespaces: Set[int] = set()

    def read(self) -> Dict[str, Loan]:
        if self._known is None:
            self._known = {}
            for name, entry in self._file.read().items():
                try:
                    self._known[name] = Loan(**entry)  # type: ignore[arg-type]
                except TypeError:
                    continue
        return dict(self._known)

    def recognise(self, found: RawLink, namespace: int) -> Optional[Tuple[str, Loan]]:
        """Return which loan a link is, by its name at home."""
        self._read_namespaces.add(namespace)
        if not (self._known if self._known is not None else self.read()):
            return None
        link, named = found.link, name_at_home(found.link.alias)
        for name, loan in self.read().items():
            if (loan.kind, loan.hardware) != (found.kind, found.hardware):
                continue
            if link.place == HOST and link.name == name and not read_mark(link.alias) and (loan.hardware or loan.mac == link.mac):
                self._home.add(name)
            elif loan.hardware or _is_lent(loan, found, namespace, name == named):
                self._seen[name] = replace(loan, namespace=namespace, index=found.number)
                return name, loan
        return None

    def remember(self, name: str, loan: Loan) -> None:
        self._changed.add(name)
        self._write({**self.read(), name: loan})

    def forget(self, name: str) -> None:
        self._changed.add(name)
        self._write({known: loan for known, loan in self.read().items() if known != name})

    def unseen(self) -> Dict[str, Loan]:
        """Return the loans of links without hardware that nobody saw: they end with their namespace."""
        return {name: loan for name, loan in self.read().items() if name not in self._seen and name not in self._home and not loan.hardware}

    def tidy(self, namespaces: Collection[int]) -> None:
        """Note what was seen of the loans that this run left alone; forget those that are over. `namespaces` are all that exist."""
        now = self.read()
        lost = {name for name, loan in self.unseen().items() if loan.namespace in self._read_namespaces or loan.namespace not in namespaces}
        for name in set(now) - self._changed:
            if name in self._home | lost:
                del now[name]
            elif name in self._seen:
                now[name] = self._seen[name]
        self._write(now)

    def _write(self, loans: Dict[str, Loan]) -> None:
        if loans != self.read():
            self._file.write({name: asdict(loan) for name, loan in loans.items()})
            self._known = loans


def name_at_home(alias: Optional[str]) -> Optional[str]:
    """Return the name at home that an alias tells: on a link in a container, that is no more than what the container says."""
    mark = read_mark(alias)
    return mark.network.partition("/")[0] if mark is not None and mark.role == DEVICE_ROLE else None


def _is_lent(loan: Loan, found: RawLink, namespace: int, says_so: bool) -> bool:
    if found.link.place == HOST:
        return says_so  # only the host itself puts a link without hardware back
    is_like = found.link.mac == loan.mac
    if loan.index:
        # A number may be given again, with its namespace's inode too.
        return (namespace, found.number) == (loan.namespace, loan.index) and (says_so or is_like)
    return namespace == loan.namespace and says_so and is_like
