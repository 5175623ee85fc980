# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Host ports that are led somewhere: by rules of somebody else, or by those of ours that stand."""

from __future__ import annotations

from typing import Callable, FrozenSet, NamedTuple, Optional, Tuple

NameProcess = Callable[[str, str, int], str]  # protocol, address, port


def nobody(_protocol: str, _address: str, _port: int) -> str:
    return ""


class Translation(NamedTuple):
    """What a rule takes. None does not match on anything."""

    family: int
    protocol: Optional[str]
    ports: Tuple[int, int] = (0, 65535)  # first, last
    host: Optional[str] = None  # the address that was asked
    limited: bool = False  # it takes some of the packets only: those of an interface, a source, or of something we cannot read
    words: str = ""  # how its owner would find it
    owner: str = ""  # of ours: the endpoint
    target: int = 0  # of ours: the port inside that the first one leads to


class Holdings(NamedTuple):
    """Who holds ports and addresses where rules shall lead them elsewhere."""

    addresses: Tuple[Tuple[str, str], ...] = ()  # (device, address/prefix) where the rules are
    listening: Tuple[Tuple[str, str, int], ...] = ()  # (protocol, address, port)
    translations: Tuple[Translation, ...] = ()  # of others
    published: Tuple[Translation, ...] = ()  # what the scope publishes, as it stands
    beside: Tuple[Translation, ...] = ()  # what other scopes publish
    sources: FrozenSet[str] = frozenset()  # the fixed source addresses of the scope that stand
    closed: FrozenSet[str] = frozenset()  # the interfaces towards which the scope closes the host, as it stands


NOBODY = Holdings()
