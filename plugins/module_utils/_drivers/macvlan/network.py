# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ..._model.document import Attachment
from ..._model.network import Fault, MadeLink, Network
from ..parent_network import ParentNetwork


@dataclass(frozen=True)
class MacvlanNetwork(ParentNetwork):
    """Endpoints with MACs of their own on the segment of their parent."""

    driver = "macvlan"
    shared_keys = ("broadcast_limit",)
    mac_words = " in mode passthru"

    mode: str = "bridge"  # bridge | private | vepa | passthru | source
    host_access: bool = False
    shim_name: str = ""  # the host's own macvlan where host_access is true
    broadcast_queue_length: Optional[int] = None  # frames
    broadcast_limit: Optional[int] = None  # listeners; None: the kernel's

    @property
    def shares_mac(self) -> bool:
        return self.takes_parent

    @property
    def takes_sources(self) -> bool:
        return self.mode == "source"

    @property
    def takes_parent(self) -> bool:
        return self.mode == "passthru"

    @property
    def wants_host_address(self) -> bool:
        return self.host_access

    @property
    def home_devices(self) -> Tuple[str, ...]:
        return tuple(name for name in (self.parent, self.shim_name) if name)

    @property
    def made_links(self) -> Tuple[MadeLink, ...]:
        shim = (MadeLink("shim_name", self.shim_name, "the host's own link on"),) if self.shim_name else ()
        return shim + super().made_links

    @property
    def taken_links(self) -> Tuple[Tuple[str, str, str], ...]:
        return (("parent", self.parent, "the passthru mode"),) if self.takes_parent and self.parent else ()

    @property
    def host_reason(self) -> str:
        return "network %s has host_access: true" % self.name if self.host_access else ""

    def find_clash(self, other: Network) -> Optional[Fault]:
        if isinstance(other, MacvlanNetwork) and (self.takes_parent or other.takes_parent):
            rule = 'network "%s" has it too, and mode passthru shares its parent with nobody' % other.name
            return "parent", self.parent, rule, "use another parent or mode"
        return super().find_clash(other)

    def refusal(self, one: Attachment, other: Attachment) -> Optional[str]:
        if self.takes_sources and not _hear_each_other(one, other):
            return "network %s has mode: source, and source_macs leave the other out" % self.name
        return "network %s has mode: private" % self.name if self.mode == "private" else None

    def reaches(self, one: Attachment, other: Attachment, local: bool) -> bool:
        if self.takes_sources and not _hear_each_other(one, other):
            return False
        return not local or self.mode not in ("vepa", "source")  # there the switch must send frames back


def _hear_each_other(one: Attachment, other: Attachment) -> bool:
    return one.mac_address in other.source_macs and other.mac_address in one.source_macs
