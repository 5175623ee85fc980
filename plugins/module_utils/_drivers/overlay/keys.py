# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The keys of driver overlay."""

from __future__ import annotations

from typing import Optional

from ..._document.entry import list_of, map_of, read_entry
from ..._document.scalars import (
    choice,
    read_address,
    read_boolean,
    read_interface_name,
    read_label,
    read_mac,
    read_printable,
    read_udp_port,
    read_unicast_address,
    read_vni,
)
from ..._model.document import DEFAULT_UDP_PORT
from ..._model.network import RemoteEndpoint
from ..._schema.reading import Problems
from ..._schema.schema import Field, Schema
from ..bridged_keys import ANTI_SPOOFING, BRIDGE_NAME
from .network import Peer

HOST = Field("host", read_printable, None, "Name of the host.", required=True)
VTEP = Field("vtep", read_unicast_address, None, "Address of the host on the network between the hosts.", required=True)
FOREIGN = Field(
    "foreign",
    read_boolean,
    True,
    "Whether this collection does not manage the host. With one, ARP and neighbour discovery go through the tunnel instead of being answered on this host.",
)
PEER = Schema("an entry of peers of an overlay", (HOST, VTEP, FOREIGN))

NAME = Field("name", read_label, None, "Name of the endpoint.", required=True)
MAC = Field("mac", read_mac, None, "MAC address of the endpoint.", required=True)
BEHIND = Field("vtep", read_unicast_address, None, "Address of its host on the network between the hosts.", required=True)
ADDRESSES = Field("addresses", list_of(read_address), (), "Addresses of the endpoint.")
REMOTE_ENDPOINT = Schema("an entry of remote_endpoints", (NAME, MAC, BEHIND, ADDRESSES))


@map_of(PEER)
def _read_peer(value: object, path: str, problems: Problems) -> Optional[Peer]:
    entry = read_entry(value, path, problems, PEER)
    if entry is None:
        return None
    host, vtep = entry.get(HOST), entry.get(VTEP)
    return Peer(host=host, vtep=vtep, foreign=entry.get(FOREIGN)) if host is not None and vtep is not None else None


@map_of(REMOTE_ENDPOINT)
def _read_remote_endpoint(value: object, path: str, problems: Problems) -> Optional[RemoteEndpoint]:
    entry = read_entry(value, path, problems, REMOTE_ENDPOINT)
    if entry is None:
        return None
    name, mac, vtep, addresses = entry.get(NAME), entry.get(MAC), entry.get(BEHIND), entry.get(ADDRESSES)
    if name is None or mac is None or vtep is None:
        return None
    return RemoteEndpoint(name=name, mac=mac, vtep=vtep, addresses=addresses)


VNI = Field("vni", read_vni, 0, "Number of the network in its tunnels.", provided=True)
UDP_PORT = Field("udp_port", read_udp_port, DEFAULT_UDP_PORT, "UDP port of the tunnels.")
ENCRYPTION = Field("encryption", choice("none"), "none", "This version encrypts nothing.")
CONTROL_PLANE = Field("control_plane", choice("static"), "static", "This version writes down for each host where the endpoints of the others are.")
VTEP_ADDRESS = Field("vtep_address", read_unicast_address, "", "This host's address on the network between the hosts.", provided=True)
UNDERLAY_INTERFACE = Field(
    "underlay_interface", read_interface_name, None, "Link of the host that the tunnels are bound to.", default_words="none, the host's routes lead them"
)
PEERS = Field("peers", list_of(_read_peer), (), "The other hosts of the overlay; a fleet's plan lists its own.")
REMOTE_ENDPOINTS = Field("remote_endpoints", list_of(_read_remote_endpoint), (), "The endpoints on other hosts; a fleet's plan lists its own.")
VXLAN_NAME = Field("vxlan_name", read_interface_name, None, "Name of the VXLAN device on the host.", default_words="C(vx-) and the network's name")

SCHEMA = Schema(
    "driver overlay",
    (VNI, UDP_PORT, ENCRYPTION, CONTROL_PLANE, VTEP_ADDRESS, UNDERLAY_INTERFACE, PEERS, REMOTE_ENDPOINTS, BRIDGE_NAME, VXLAN_NAME, ANTI_SPOOFING),
)
