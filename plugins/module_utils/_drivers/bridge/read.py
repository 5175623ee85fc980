# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A bridge network as it is declared."""

from __future__ import annotations

from typing import Optional, Tuple

from ..._document.entry import Entry
from ..._model import names
from ..._model.addresses import ip_version
from ..base import Common
from ..bridged_keys import ANTI_SPOOFING, BRIDGE_NAME
from .keys import (
    AGEING_TIME,
    BRIDGE_MODE,
    ENABLE_ICC,
    GATEWAY_ON_HOST,
    GROUP_FWD_MASK,
    HAIRPIN,
    HOST_ACCESS,
    INTERFACES,
    INTERNAL,
    MAC_ADDRESS,
    MASQUERADE,
    MSS_CLAMP,
    MULTICAST_SNOOPING,
    NO_MASQUERADE,
    PRIORITY,
    SNAT_ADDRESS,
    SNAT_ADDRESS_ELSEWHERE,
    STP,
    TRUSTED_INTERFACES,
    VLAN_FILTERING,
    VRF,
    VRF_TABLE,
)
from .network import BridgeNetwork

# What says how the host routes and filters a segment; on a LAN of the host it does neither.
ROUTED_KEYS = (
    *("internal", "masquerade", "snat_address", "snat_address_elsewhere", "no_masquerade", "mss_clamp"),
    *("host_access", "trusted_interfaces", "enable_icc"),
)
KERNEL_TABLES = (253, 254, 255)  # default, main, local


def _read_snat(entry: Entry, internal: bool, masquerade: bool) -> Tuple[str, ...]:
    addresses = entry.get(SNAT_ADDRESS)
    if len({ip_version(address) for address in addresses}) < len(addresses):
        entry.report("snat_address", "at most one address of each family", "keep one IPv4 and one IPv6 address")
    if addresses and internal:
        entry.report("snat_address", "an internal network has no way out", "remove snat_address or internal: true")
    elif addresses and not masquerade:
        entry.report("snat_address", "masquerade is false, so no source address is rewritten", "remove one of the two")
    elif "snat_address_elsewhere" in entry.raw and "snat_address" not in entry.raw:
        entry.report("snat_address_elsewhere", "there is no snat_address that it could be of", "add snat_address or remove it")
    return addresses


def _read_unmasqueraded(entry: Entry, internal: bool, masquerade: bool) -> Tuple[str, ...]:
    targets = entry.get(NO_MASQUERADE)
    if targets and internal:
        entry.report("no_masquerade", "an internal network has no way out", "remove no_masquerade or internal: true")
    elif targets and not masquerade:
        entry.report("no_masquerade", "masquerade is false, so no source address is rewritten", "remove one of the two")
    return targets


def _read_clamp(entry: Entry, internal: bool) -> Optional[str]:
    clamp = entry.get(MSS_CLAMP)
    if clamp is not None and internal:
        entry.report("mss_clamp", "an internal network has no way out", "remove mss_clamp or internal: true")
    return clamp


def _read_vrf(entry: Entry) -> Tuple[Optional[str], Optional[int]]:
    vrf = entry.get(VRF)
    table = entry.get(VRF_TABLE)
    if table in KERNEL_TABLES:
        entry.report("vrf_table", "table %d is one of the host's own" % table, "choose another, such as 1001")
    if "vrf" in entry.raw and "vrf_table" not in entry.raw:
        entry.report("vrf", "a VRF needs the routing table it stands for", "add vrf_table, such as 1001")
    elif "vrf_table" in entry.raw and "vrf" not in entry.raw:
        entry.report("vrf_table", "there is no vrf that it could be of", "add vrf or remove it")
    return vrf, table


def read_bridge(entry: Entry, common: Common) -> BridgeNetwork:
    """Return a bridge network; faulty values are reported and left at their default."""
    internal = entry.get(INTERNAL)
    masquerade = entry.get(MASQUERADE)
    interfaces, said = entry.get(INTERFACES), entry.get(GATEWAY_ON_HOST)
    gateway_on_host = not interfaces if said is None else said
    if interfaces and not gateway_on_host:
        for key in (key for key in ROUTED_KEYS if key in entry.raw):
            entry.report(key, "with interfaces the network is a LAN of the host, which it neither routes nor closes", "remove it, or set gateway_on_host: true")
    elif interfaces and internal:
        entry.report("internal", "its interfaces lead out of an internal network", "remove one of the two")
    vrf, table = _read_vrf(entry)
    return BridgeNetwork(
        bridge_name=entry.get(BRIDGE_NAME) or names.bridge_name(common.name),
        mac_address=entry.get(MAC_ADDRESS),
        internal=internal,
        masquerade=masquerade,
        snat_addresses=_read_snat(entry, internal, masquerade),
        no_masquerade=_read_unmasqueraded(entry, internal, masquerade),
        mss_clamp=_read_clamp(entry, internal),
        snat_elsewhere=entry.get(SNAT_ADDRESS_ELSEWHERE),
        routed_keys=tuple(key for key in ROUTED_KEYS if key in entry.raw),
        enable_icc=entry.get(ENABLE_ICC),
        gateway_on_host=gateway_on_host,
        hairpin=entry.get(HAIRPIN),
        anti_spoofing=entry.get(ANTI_SPOOFING),
        host_access=entry.get(HOST_ACCESS),
        trusted_interfaces=entry.get(TRUSTED_INTERFACES),
        interfaces=interfaces,
        vlan_filtering=entry.get(VLAN_FILTERING),
        stp=entry.get(STP),
        priority=entry.get(PRIORITY),
        ageing_time=entry.get(AGEING_TIME),
        multicast_snooping=entry.get(MULTICAST_SNOOPING),
        group_fwd_mask=entry.get(GROUP_FWD_MASK),
        bridge_mode=entry.get(BRIDGE_MODE),
        vrf=vrf,
        vrf_table=table,
        **common.fields(),
    )
