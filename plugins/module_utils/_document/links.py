# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Wires and tunnels of the declaration."""

from __future__ import annotations

from itertools import count
from typing import Dict, Iterator, Optional, Sequence, Set, Tuple

from .._model import names
from .._model.addresses import derive_mac, ip_version
from .._model.document import DEFAULT_UDP_PORT, Endpoint, Tunnel, Wire, WireEnd
from .._schema.reading import Problems, Shape, reader
from .._schema.schema import Field, Schema, belongs
from .entry import Entry, list_of, map_of, read_entry, read_list
from .mtu import read_mtu, refuse_small_mtu
from .scalars import read_boolean, read_interface_address, read_interface_name, read_label, read_mac, read_udp_port, read_unicast_address, read_vni
from .state import STATE, is_absent

ENDPOINT = Field("endpoint", read_label, None, "Endpoint that the end is an interface of.")
NETWORK = Field("network", read_label, None, "Network that the end is a port of, of driver V(bridge) or V(overlay).")
HOST = Field(
    "host",
    read_boolean,
    False,
    "V(true) leaves the end with the host, as an interface of its own; the other end is in an endpoint. Nothing is forwarded or translated because of it.",
)
INTERFACE_NAME = Field(
    "interface_name",
    read_interface_name,
    "",
    "Name of the interface.",
    default_words="inside an endpoint the next free C(ethN), on the host C(cn-) and a hash",
)
MAC_ADDRESS = Field("mac_address", read_mac, None, "MAC address of the interface, not of a network's port.", default_words="derived from the link")
ADDRESSES = Field("addresses", list_of(read_interface_address), (), "Addresses of the interface, with prefix length; not of a network's port.")
_END_FIELDS = (ENDPOINT, NETWORK, HOST, INTERFACE_NAME, MAC_ADDRESS, ADDRESSES)

VNI = Field("vni", read_vni, None, "Number of the tunnel, the same at both ends.", required=True)
REMOTE = Field("remote", read_unicast_address, None, "Address of the other host. Only it may send into the tunnel.", required=True)
LOCAL = Field("local", read_unicast_address, None, "This host's address.", default_words="the one on the way to V(remote)")
UDP_PORT = Field("udp_port", read_udp_port, DEFAULT_UDP_PORT, "UDP port of the tunnel.")
UNDERLAY_INTERFACE = Field(
    "underlay_interface", read_interface_name, None, "Link of the host that the tunnel is bound to.", default_words="none, the host's routes lead it"
)
_TUNNEL_FIELDS = (VNI, REMOTE, LOCAL, UDP_PORT, UNDERLAY_INTERFACE)

_OF_LINK = belongs(("ends", "tunnel", "mtu", "state"), "the link itself")
_OF_END = belongs([field.key for field in _END_FIELDS], "an entry of ends")
_OF_TUNNEL = belongs([field.key for field in _TUNNEL_FIELDS], "tunnel")
END = Schema("an entry of ends", _END_FIELDS, {**_OF_TUNNEL, **_OF_LINK}, one_of=("endpoint", "network", "host"))
TUNNEL = Schema("tunnel", _TUNNEL_FIELDS, {**_OF_END, **_OF_LINK})


@map_of(END)
def _read_end(value: object, path: str, problems: Problems) -> Optional[WireEnd]:
    entry = read_entry(value, path, problems, END)
    if entry is None:
        return None
    given = [key for key in END.one_of if key in entry.raw]
    if len(given) != 1:
        fix = "remove all but one" if given else "add endpoint: NAME, network: NAME or host: true"
        entry.refuse("exactly one of %s is required" % ", ".join(END.one_of), fix)
        return None
    end = WireEnd(
        endpoint=entry.get(ENDPOINT),
        network=entry.get(NETWORK),
        host=entry.get(HOST),
        interface_name=entry.get(INTERFACE_NAME),
        mac_address=entry.get(MAC_ADDRESS),
        addresses=entry.get(ADDRESSES),
    )
    if "network" in entry.raw:
        for key in ("addresses", "mac_address"):
            if key in entry.raw:
                entry.report(key, "the port of a network has no %s of its own" % ("addresses" if key == "addresses" else "MAC address"), "remove it")
    if entry.raw.get("host") is False:
        entry.report("host", "an end that is not on the host is in an endpoint or on a network", "name that instead")
    return end if end.endpoint is not None or end.network is not None or end.host else None


@map_of(TUNNEL)
def _read_tunnel(value: object, path: str, problems: Problems) -> Optional[Tunnel]:
    entry = read_entry(value, path, problems, TUNNEL)
    if entry is None:
        return None
    vni = entry.get(VNI)
    remote = entry.get(REMOTE)
    local = entry.get(LOCAL)
    if remote is not None and local is not None and ip_version(remote) != ip_version(local):
        entry.report("local", "remote is IPv%d" % ip_version(remote), "use one family on the underlay")
    elif remote is not None and remote == local:
        entry.report("remote", "this is the tunnel's own end (local)", "write the other host's address")
    if vni is None or remote is None:
        return None
    return Tunnel(
        vni=vni,
        remote=remote,
        local=local,
        udp_port=entry.get(UDP_PORT),
        underlay_interface=entry.get(UNDERLAY_INTERFACE),
    )


@reader(Shape("list", elements=_read_end.shape))
def _read_ends(value: object, path: str, problems: Problems) -> Optional[Tuple[WireEnd, ...]]:
    items = read_list(value, path, problems)
    if items is None:
        return None
    ends = [_read_end(item, "%s[%d]" % (path, index), problems) for index, item in enumerate(items)]
    return None if None in ends else tuple(end for end in ends if end is not None)


def _check_ends(entry: Entry, ends: Tuple[WireEnd, ...], tunnelled: bool) -> None:
    if tunnelled and (len(ends) != 1 or ends[0].endpoint is None):
        entry.report("ends", "a tunnel has one end here, in an endpoint; the other is its remote", "list one endpoint, or use an overlay network")
    elif not tunnelled and len(ends) != 2:
        entry.report("ends", "a wire has two ends, this has %d" % len(ends), "list two ends, or add tunnel")
    if len(ends) == 2 and ends[0].network is not None and ends[0].network == ends[1].network:
        entry.report("ends", 'both ends are ports of network "%s": a loop, %s -> %s' % (ends[0].network, *(end.network for end in ends)), "name two networks")
    if len(ends) == 2 and any(end.host for end in ends) and all(end.endpoint is None for end in ends):
        network = next((end.network for end in ends if end.network is not None), None)
        where = "both are on the host" if network is None else 'the host is on network "%s" by its gateway address' % network
        entry.report("ends", "a wire of the host leads into an endpoint, and %s" % where, "name an endpoint at the other end")


NAME = Field("name", read_label, None, "Name of the link.", required=True)
ENDS = Field("ends", _read_ends, None, "The two ends of a wire, or the one of a tunnel, which is in an endpoint.", required=True)
TUNNEL_OF_LINK = Field("tunnel", _read_tunnel, None, "Makes it a tunnel, a VXLAN device that ends in an endpoint. The other end is declared on the other host.")
MTU = Field(
    "mtu",
    read_mtu,
    None,
    "Largest packet.",
    unit="bytes",
    default_words="of a wire the smallest of its networks, or 1500; of a tunnel the underlay's less 50 over IPv4 or 70 over IPv6",
)
LINK = Schema("a link", (NAME, ENDS, TUNNEL_OF_LINK, MTU, STATE), {**_OF_END, **_OF_TUNNEL}, absent=("name", "ends"))


def read_link(value: object, path: str, problems: Problems) -> Optional[Wire]:
    """Return a wire or tunnel; names and MACs not given stay empty. None where it is absent or cannot be told."""
    entry = read_entry(value, path, problems, LINK)
    if entry is None:
        return None
    name = entry.get(NAME)
    if is_absent(entry, LINK):
        return None
    ends = entry.get(ENDS)
    tunnel = entry.get(TUNNEL_OF_LINK)
    mtu = entry.get(MTU)
    if ends is None or name is None:
        return None
    _check_ends(entry, ends, "tunnel" in entry.raw)
    refuse_small_mtu(entry, mtu, [address for end in ends for address in end.addresses], "addresses")
    if "tunnel" in entry.raw and tunnel is None:
        return None
    return Wire(name=name, ends=ends, tunnel=tunnel, mtu=mtu)


def fill_links(wires: Sequence[Wire], endpoints: Sequence[Endpoint], scope: str) -> Tuple[Wire, ...]:
    """Return the wires with every interface name and MAC: inside an endpoint the next free ethN, on the host a name that says nothing."""
    taken: Dict[str, Set[str]] = {endpoint.name: set(_interfaces(endpoint)) for endpoint in endpoints}
    for wire in wires:
        for end in wire.ends:
            if end.endpoint is not None and end.interface_name:
                taken.setdefault(end.endpoint, set()).add(end.interface_name)

    def fill(wire: Wire, index: int, end: WireEnd) -> WireEnd:
        if end.endpoint is None:
            name = end.interface_name or names.wire_interface_name(scope, wire.name, index)
        else:
            used = taken.setdefault(end.endpoint, set())
            name = end.interface_name or next(name for name in map("eth%d".__mod__, count()) if name not in used)
            used.add(name)
        if end.network is not None:
            return end._replace(interface_name=name)
        # Both ends of a tunnel are read on different hosts, so what tells them apart is part of it.
        parts = ["link", wire.name, str(index), end.endpoint or ""] + ([wire.tunnel.remote, *end.addresses] if wire.tunnel else [scope])
        return end._replace(interface_name=name, mac_address=end.mac_address or derive_mac(*parts))

    return tuple(wire._replace(ends=tuple(fill(wire, index, end) for index, end in enumerate(wire.ends))) for wire in wires)


def _interfaces(endpoint: Endpoint) -> Iterator[str]:
    yield from (attachment.interface_name for attachment in endpoint.attachments)
    yield from (device.interface_name for device in endpoint.devices)
