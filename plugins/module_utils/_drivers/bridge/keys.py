# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The keys of driver bridge."""

from __future__ import annotations

import re
from typing import Optional, Tuple, Union

from ..._document.entry import list_of, one_or_list_of
from ..._document.scalars import choice, integer, read_boolean, read_interface_name, read_mac, read_source, read_text, read_unicast_address
from ..._model.document import PROTOCOLS
from ..._model.errors import Problem
from ..._model.limits import BRIDGE_PRIORITY, PORTS, SEGMENT_SIZE
from ..._model.rule import PATH_MTU
from ..._schema.reading import Problems, Read, Shape, either, reader
from ..._schema.schema import Field, Schema
from ..bridged_keys import ANTI_SPOOFING, BRIDGE_NAME
from ..parent_keys import read_parent_name
from .network import EXISTING

_SERVICE = re.compile(r"([1-9][0-9]{0,4})/(%s)\Z" % "|".join(PROTOCOLS), re.ASCII)
HostAccess = Union[str, Tuple[str, ...]]


@reader(Shape("str", what="a port and protocol", pattern="[1-9][0-9]{0,4}/(%s)" % "|".join(PROTOCOLS)))
def _read_service(value: object, path: str, problems: Problems) -> Optional[str]:
    text = read_text(value, path, problems, "a port and protocol")
    if text is None:
        return None
    match = _SERVICE.match(text)
    if match is None or int(match.group(1)) > PORTS[1]:
        problems.append(Problem(path, value, "expected port/protocol", 'write one such as "53/udp"'))
        return None
    return text


_read_services = list_of(_read_service)
_read_mask_number = integer(0, 0xFFF8)
NEVER_FORWARDED = 0b111
_read_word = choice("none", "established", "all")


def _read_host_access(value: object, path: str, problems: Problems) -> Optional[HostAccess]:
    if isinstance(value, (list, tuple)):
        return _read_services(value, path, problems)
    if isinstance(value, str) and _SERVICE.match(value):
        problems.append(Problem(path, value, "expected %s or a list" % ", ".join(_read_word.shape.choices), 'write ["%s"]' % value))
        return None
    return _read_word(value, path, problems)


_read_size = integer(*SEGMENT_SIZE)


@reader(either(Shape("str", choices=(PATH_MTU,)), _read_size.shape))
def _read_clamp(value: object, path: str, problems: Problems) -> Optional[str]:
    if value == PATH_MTU:
        return PATH_MTU
    if isinstance(value, str) and not value.isdigit():
        problems.append(Problem(path, value, "expected %s or an integer from %d to %d" % (PATH_MTU, *SEGMENT_SIZE), "write %s" % PATH_MTU))
        return None
    size = _read_size(value, path, problems)
    return None if size is None else str(size)


@reader(_read_mask_number.shape)
def _read_mask(value: object, path: str, problems: Problems) -> Optional[int]:
    mask = _read_mask_number(value, path, problems)
    if mask is not None and mask & NEVER_FORWARDED:
        rule = "bits 0 to 2 are the spanning tree, PAUSE frames and LACP, which the kernel never forwards"
        problems.append(Problem(path, value, rule, "write %d" % (mask & ~NEVER_FORWARDED)))
        return None
    return mask


MAC_ADDRESS = Field("mac_address", read_mac, None, "MAC address of the bridge.", default_words="derived from its name")
INTERNAL = Field("internal", read_boolean, False, "Whether nothing comes into the network or leaves it.")
MASQUERADE = Field("masquerade", read_boolean, True, "Whether what leaves the network has an address of the host as its source.")
SNAT_ADDRESS = Field(
    "snat_address",
    one_or_list_of(read_unicast_address),
    (),
    "Fixed source address of what leaves the network, instead of whichever the host has on the way out; a list holds one of each IP version.",
    example="192.0.2.10",
)
SNAT_ADDRESS_ELSEWHERE = Field("snat_address_elsewhere", read_boolean, False, "Whether V(snat_address) need not be an address of this host.")
NO_MASQUERADE = Field(
    "no_masquerade",
    list_of(read_source),
    (),
    "Subnets and addresses that packets reach with the endpoint's own address as source, because they know the way back, as behind a VPN. Answers come in,"
    " and nothing else does. With V(::/0), IPv6 is not masqueraded at all.",
    example="[10.0.0.0/8, fd00::/8]",
)
MSS_CLAMP = Field(
    "mss_clamp",
    _read_clamp,
    None,
    "Largest TCP segment that both ends of a connection into the network or out of it are told, or V(pmtu) for what the MTU of the way takes. It is never"
    " raised.",
    default_words="what the ends say",
    example="pmtu",
)
ENABLE_ICC = Field("enable_icc", read_boolean, True, "Whether the endpoints of the network reach each other.")
GATEWAY_ON_HOST = Field(
    "gateway_on_host",
    read_boolean,
    None,
    "Whether the gateways of V(ipam_config) are addresses of the bridge, so that the host routes for the network.",
    default_words="V(true), with V(interfaces) V(false)",
)
HAIRPIN = Field("hairpin", read_boolean, False, "Whether a port sends frames back where they came from (a flag of each port).")
HOST_ACCESS = Field[HostAccess](
    "host_access",
    Read(_read_host_access, either(_read_word.shape, _read_services.shape)),
    "established",
    "What of the host its endpoints reach: V(none), V(established) (answers only), V(all), or a list of services.",
    example="[53/udp, 53/tcp]",
)
TRUSTED_INTERFACES = Field("trusted_interfaces", list_of(read_interface_name), (), "Links of the host behind which endpoints may be reached directly.")
INTERFACES = Field(
    "interfaces",
    list_of(read_parent_name),
    (),
    "Links of the host that become ports of the bridge. Their addresses and routes move to the bridge, and come back on removal. Unless V(gateway_on_host) is"
    " V(true), the host neither routes nor filters the segment.",
    example="[eth1]",
)
VLAN_FILTERING = Field("vlan_filtering", read_boolean, False, "Whether the bridge keeps VLANs apart; V(vlan) and V(trunk) of an attachment then count.")
STP = Field("stp", read_boolean, None, "Whether the bridge takes part in the spanning tree protocol.", default_words="the kernel's, off")
PRIORITY = Field("priority", integer(*BRIDGE_PRIORITY), None, "Priority of the bridge in the spanning tree.", default_words="the kernel's, 32768")
AGEING_TIME = Field(
    "ageing_time", integer(0, 1000000), None, "How long the bridge remembers behind which port a MAC is.", unit="seconds", default_words="the kernel's, 300"
)
MULTICAST_SNOOPING = Field("multicast_snooping", read_boolean, None, "Whether multicast goes only where somebody listens.", default_words="the kernel's, on")
GROUP_FWD_MASK = Field(
    "group_fwd_mask",
    _read_mask,
    None,
    "Which frames to the link-local groups 01:80:C2:00:00:00 to 0F the bridge forwards, by the bit of the last octet's value: 0x4000 is LLDP, 0x8 802.1X.",
    default_words="0, none; on a bridge of somebody else what that has",
    example="16384",
)
BRIDGE_MODE = Field(
    "bridge_mode",
    choice("managed", EXISTING),
    "managed",
    "V(managed) makes the bridge where there is none. V(existing) never does: somebody else makes it, and a host without it is an error.",
)
VRF = Field("vrf", read_interface_name, None, "VRF that the bridge is put into, made where it is missing. It needs V(vrf_table).", example="blue")
VRF_TABLE = Field("vrf_table", integer(1, 4294967295), None, "Routing table of V(vrf). The host's own, 253 to 255, are refused.", example="1001")

SCHEMA = Schema(
    "driver bridge",
    (
        BRIDGE_NAME,
        MAC_ADDRESS,
        INTERNAL,
        MASQUERADE,
        SNAT_ADDRESS,
        SNAT_ADDRESS_ELSEWHERE,
        NO_MASQUERADE,
        MSS_CLAMP,
        ENABLE_ICC,
        GATEWAY_ON_HOST,
        HAIRPIN,
        ANTI_SPOOFING,
        HOST_ACCESS,
        TRUSTED_INTERFACES,
        INTERFACES,
        VLAN_FILTERING,
        STP,
        PRIORITY,
        AGEING_TIME,
        MULTICAST_SNOOPING,
        GROUP_FWD_MASK,
        BRIDGE_MODE,
        VRF,
        VRF_TABLE,
    ),
)
