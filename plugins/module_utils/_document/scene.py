# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What every check needs: the document, the paths it was read from, and what is already known to be wrong."""

from __future__ import annotations

from itertools import count, repeat
from typing import FrozenSet, Iterator, List, NamedTuple, Tuple

from .._model.document import Attachment, Document, Endpoint, Wire, host_ends
from .._model.errors import Problem
from .._model.network import Network


class Scene(NamedTuple):
    """The input of a check; it appends to `problems`."""

    document: Document
    networks: str
    endpoints: str
    troubled: FrozenSet[str]
    problems: List[Problem]
    links: str = "links"

    def network(self, network: Network) -> str:
        return "%s[%s]" % (self.networks, network.name)

    def endpoint(self, endpoint: Endpoint) -> str:
        return "%s[%s]" % (self.endpoints, endpoint.name)

    def attachment(self, endpoint: Endpoint, attachment: Attachment) -> str:
        return "%s[%s].networks[%s]" % (self.endpoints, endpoint.name, attachment.network)

    def link(self, wire: Wire) -> str:
        return "%s[%s]" % (self.links, wire.name)

    def end(self, wire: Wire, index: int) -> str:
        return "%s.ends[%d]" % (self.link(wire), index)

    @property
    def lacks_networks(self) -> bool:
        """Whether a network was left out because its driver or name is not known, so that what others miss may be there."""
        return any(path.startswith(self.networks + "[") and path.endswith(("].driver", "].name")) for path in self.troubled)

    @property
    def led_by_host(self) -> Iterator[Tuple[str, str]]:
        """Yield each subnet that the host has away from its LAN, and whose it is."""
        for network in self.document.networks:
            if not network.on_lan:
                yield from ((subnet.subnet, 'network "%s"' % network.name) for subnet in network.subnets)
        for wire, _index, end in host_ends(self.document.links):
            yield from ((address, 'link "%s"' % wire.name) for address in end.addresses)

    def items(self, path: str) -> Iterator[str]:
        """Yield the paths of a list's items."""
        return repeat(path) if path in self.troubled else ("%s[%d]" % (path, index) for index in count())

    def item(self, path: str, index: int) -> str:
        """Return the path of a list's item; without the index where faulty items were left out before it."""
        return path if path in self.troubled else "%s[%d]" % (path, index)

    def report(self, path: str, value: object, rule: str, fix: str = "") -> None:
        self.problems.append(Problem(path, value, rule, fix))
