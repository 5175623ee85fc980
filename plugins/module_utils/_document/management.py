# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Whoever takes the interface he is connected through has to say for how long that may go wrong."""

from __future__ import annotations

from typing import FrozenSet, Iterator, Mapping, Sequence, Tuple

from .._drivers.base import HostView
from .._model.addresses import canonical_ip
from .._model.connection import UNKNOWN, Connection
from .._model.document import Document
from .._model.link import Link
from .._model.place import HOST
from .._model.snapshot import Facts


def find_connection(connection: str, facts: Facts) -> Connection:
    """Return the connection over SSH by which this host is managed, as sshd says in SSH_CONNECTION."""
    parts = connection.split()
    if len(parts) != 4 or not parts[3].isdigit():
        return UNKNOWN
    try:
        peer = canonical_ip(parts[0])
    except ValueError:  # UNKNOWN is what sshd says of a connection that is no socket
        return UNKNOWN
    return Connection(peer, int(parts[3]), management_links(parts[2], facts.addresses, facts.links))


def management_links(server: str, addresses: Sequence[Tuple[str, str]], links: Mapping[str, Link]) -> FrozenSet[str]:
    """Return the interfaces that carry the connection to an address of this host: the one that has it, and those below."""
    wanted = canonical_ip(server.partition("%")[0])
    pending = [device for device, cidr in addresses if canonical_ip(cidr.partition("/")[0]) == wanted]
    found = set()
    while pending:
        name = pending.pop()
        if name not in found and name in links:
            found.add(name)
            pending.extend(_below(links[name], links))
    return frozenset(found)


def _below(link: Link, links: Mapping[str, Link]) -> Iterator[str]:
    for other in links.values():
        if other.master == link.name:
            yield other.name
    lower = getattr(link.kind, "lower", None)
    if lower and getattr(link.kind, "lower_place", None) in (None, HOST):
        yield lower


def check_takeovers(view: HostView) -> None:
    """Report what takes an interface that carries the connection; it needs a guard that brings the host back."""
    for path, name, words in _takeovers(view.document, view.facts):
        # A port that stands in its bridge already is not taken any more.
        if name in view.connection.carriers and not _is_taken(view.document, name, view.facts.links):
            rule = "%s takes %s, which carries this SSH connection" % (words, name)
            view.report(path, name, rule, "set confirm_timeout, such as 60, so that it is taken back unless it is confirmed")


def _takeovers(document: Document, facts: Facts) -> Iterator[Tuple[str, str, str]]:
    """Yield path, interface and who takes it."""
    for network in document.networks:
        yield from (("networks[%s].%s" % (network.name, place), name, who) for place, name, who in network.taken_links)
    for endpoint in document.endpoints:
        for index, device in enumerate(endpoint.devices):
            from .._model.devices import find_homes

            for name in find_homes(device, endpoint, document.scope, facts):
                yield "endpoints[%s].devices[%d]" % (endpoint.name, index), name, "endpoint %s" % endpoint.name


def _is_taken(document: Document, name: str, links: Mapping[str, Link]) -> bool:
    homes = {network.bridge_name for network in document.networks if name in network.interfaces}
    return name in links and links[name].master in homes
