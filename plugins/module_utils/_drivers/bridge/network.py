# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import List, Mapping, Optional, Tuple, Union

from ..._model.document import Attachment
from ..._model.features import VLAN_FILTERING
from ..._model.link import Link
from ..._model.names import is_new_vlan
from ..._model.network import MadeLink, Network, UsedLink

EXISTING = "existing"


@dataclass(frozen=True)
class BridgeNetwork(Network):
    """A bridge of the host, which routes for its endpoints and closes them, or a LAN of the host."""

    driver = "bridge"
    is_bridged = True
    is_local = True
    translates = True
    follows_connections = True

    bridge_name: str = ""
    mac_address: Optional[str] = None
    masquerade: bool = True
    snat_addresses: Tuple[str, ...] = ()
    no_masquerade: Tuple[str, ...] = ()  # subnets that know the way back
    mss_clamp: Optional[str] = None  # pmtu | a number
    enable_icc: bool = True
    gateway_on_host: bool = True  # False: the bridge gets no address
    hairpin: bool = False
    anti_spoofing: bool = True
    host_access: Union[str, Tuple[str, ...]] = "established"  # none | established | all | ("53/udp", ...)
    trusted_interfaces: Tuple[str, ...] = ()
    interfaces: Tuple[str, ...] = ()  # their addresses and routes move to the bridge
    vlan_filtering: bool = False
    stp: Optional[bool] = None
    priority: Optional[int] = None
    ageing_time: Optional[int] = None  # seconds
    multicast_snooping: Optional[bool] = None
    group_fwd_mask: Optional[int] = None
    bridge_mode: str = "managed"  # managed | existing
    vrf: Optional[str] = None
    vrf_table: Optional[int] = None
    snat_elsewhere: bool = False
    routed_keys: Tuple[str, ...] = field(default=(), compare=False)  # what the declaration says of how the host routes and closes the segment
    adopted: bool = False  # the bridge is somebody else's
    lan: bool = False  # and the host is on it as others are

    @property
    def has_others(self) -> bool:
        """Whether more than our own endpoints may be on the segment."""
        return self.adopted or bool(self.interfaces)

    @property
    def hides(self) -> bool:
        """Whether nobody outside has a reason to address the subnets."""
        return self.internal or self.masquerade

    @property
    def on_lan(self) -> bool:
        return self.lan or (bool(self.interfaces) and not self.gateway_on_host)

    @property
    def home_devices(self) -> Tuple[str, ...]:
        return (self.bridge_name, *self.interfaces)

    @property
    def declines_gateway(self) -> bool:
        return not self.gateway_on_host

    @property
    def is_forwarded(self) -> bool:
        return not self.internal and not self.on_lan

    @property
    def isolates(self) -> bool:
        return not self.enable_icc

    @property
    def leads_outside(self) -> bool:
        return self.gateway_on_host and self.masquerade and not self.vrf

    @property
    def publishes(self) -> bool:
        return not self.internal and not self.on_lan and not self.vrf

    @property
    def made_links(self) -> Tuple[MadeLink, ...]:
        return (MadeLink("bridge_name", self.bridge_name, "the bridge of"),)

    @property
    def used_links(self) -> Tuple[UsedLink, ...]:
        return tuple(UsedLink("interfaces", name, index) for index, name in enumerate(self.interfaces))

    @property
    def taken_links(self) -> Tuple[Tuple[str, str, str], ...]:
        return tuple(("interfaces[%d]" % index, name, "bridge %s" % self.bridge_name) for index, name in enumerate(self.interfaces))

    @property
    def named_on_host(self) -> Tuple[str, ...]:
        return (*self.trusted_interfaces, *self.snat_addresses)

    @property
    def is_closed(self) -> bool:
        return not (self.trusted_interfaces or self.interfaces or self.vrf)

    def find_features(self, links: Mapping[str, Link]) -> List[str]:
        standing = links.get(self.bridge_name)
        filtered = standing is not None and standing.nature.vlan_filtering
        vrf = self.vrf is not None and self.vrf not in links
        found = {"vrf": vrf, VLAN_FILTERING: self.vlan_filtering and not filtered, "vlan": any(is_new_vlan(name, links) for name in self.interfaces)}
        return [feature for feature, needed in found.items() if needed]

    def without_gateway(self) -> BridgeNetwork:
        return replace(self, gateway_on_host=False)

    def refusal(self, one: Attachment, other: Attachment) -> Optional[str]:
        if self.isolates and one.isolated is None and other.isolated is None:
            return "network %s has enable_icc: false" % self.name
        # Between its subnets the host leads the way, past the ports' flags.
        if self.keeps_apart(one, other) and not any(len(self.subnets_of(family)) > 1 for family in (4, 6)):
            return super().refusal(one, other)
        if self.vlan_filtering and not one.trunk and not other.trunk and one.vlan != other.vlan:
            return "on different VLANs of network %s" % self.name
        return None

    def reaches(self, one: Attachment, other: Attachment, local: bool) -> bool:
        # The network's rules may stop what the ports pass, and the host lead what they do not.
        if local and (self.keeps_apart(one, other) or self.isolates):
            return False
        # Which VLANs the LAN between two hosts carries is up to its switches.
        return not self.vlan_filtering or (local and not (one.trunk or other.trunk))
