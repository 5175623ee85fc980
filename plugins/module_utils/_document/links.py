# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Wires and tunnels of the declaration."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Dict, Iterator, Optional, Sequence, Set, Tuple

from .._model import names
from .._model.addresses import derive_mac, ip_version
from .._model.document import DEFAULT_UDP_PORT, Endpoint, Tunnel, Wire, WireEnd
from .entry import Elsewhere, Entry, belongs, list_of, read_entry, read_list
from .mtu import read_mtu, refuse_small_mtu
from .network import ABSENT_KEYS as NETWORK_ABSENT_KEYS
from .network import is_absent
from .scalars import Problems, integer, read_interface_address, read_interface_name, read_label, read_mac, read_unicast_address

KEYS = frozenset(("name", "ends", "tunnel", "mtu", "state"))
ABSENT_KEYS = NETWORK_ABSENT_KEYS - {"driver"} | {"ends"}
END_KEYS = frozenset(("endpoint", "network", "interface_name", "mac_address", "addresses"))
TUNNEL_KEYS = frozenset(("vni", "remote", "local", "udp_port", "underlay_interface"))
ELSEWHERE: Elsewhere = {**belongs(END_KEYS, "an entry of ends"), **belongs(TUNNEL_KEYS, "tunnel")}
OF_LINK: Elsewhere = belongs(KEYS - {"name"}, "the link itself")
END_ELSEWHERE: Elsewhere = {**belongs(TUNNEL_KEYS, "tunnel"), **OF_LINK}
TUNNEL_ELSEWHERE: Elsewhere = {**belongs(END_KEYS - TUNNEL_KEYS, "an entry of ends"), **OF_LINK}
_ADDRESSES = list_of(read_interface_address)
_NO_ADDRESSES: Tuple[str, ...] = ()


def _read_end(value: object, path: str, problems: Problems) -> Optional[WireEnd]:
    entry = read_entry(value, path, problems, allowed=END_KEYS, elsewhere=END_ELSEWHERE)
    if entry is None:
        return None
    given = [key for key in ("endpoint", "network") if key in entry.raw]
    if len(given) != 1:
        entry.refuse("exactly one of endpoint and network is required", "remove one" if given else "add endpoint: NAME or network: NAME")
        return None
    end = WireEnd(
        endpoint=entry.get("endpoint", read_label, None),
        network=entry.get("network", read_label, None),
        interface_name=entry.get("interface_name", read_interface_name, ""),
        mac_address=entry.get("mac_address", read_mac, None),
        addresses=entry.get("addresses", _ADDRESSES, _NO_ADDRESSES),
    )
    if "network" in entry.raw:
        for key in ("addresses", "mac_address"):
            if key in entry.raw:
                entry.report(key, "the port of a network has no %s of its own" % ("addresses" if key == "addresses" else "MAC address"), "remove it")
    return end if end.endpoint is not None or end.network is not None else None


def _read_tunnel(value: object, path: str, problems: Problems) -> Optional[Tunnel]:
    entry = read_entry(value, path, problems, allowed=TUNNEL_KEYS, required=("vni", "remote"), elsewhere=TUNNEL_ELSEWHERE)
    if entry is None:
        return None
    vni = entry.get("vni", integer(1, 16777215), None)
    remote = entry.get("remote", read_unicast_address, None)
    local = entry.get("local", read_unicast_address, None)
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
        udp_port=entry.get("udp_port", integer(1024, 49151), DEFAULT_UDP_PORT),
        underlay_interface=entry.get("underlay_interface", read_interface_name, None),
    )


def _read_ends(value: object, path: str, problems: Problems) -> Optional[Tuple[WireEnd, ...]]:
    items = read_list(value, path, problems)
    if items is None:
        return None
    ends = [_read_end(item, "%s[%d]" % (path, index), problems) for index, item in enumerate(items)]
    return None if None in ends else tuple(end for end in ends if end is not None)


def _check_ends(entry: Entry, ends: Tuple[WireEnd, ...], tunnelled: bool) -> None:
    if tunnelled and (len(ends) != 1 or ends[0].network is not None):
        entry.report("ends", "a tunnel has one end here, in an endpoint; the other is its remote", "list one endpoint, or use an overlay network")
    elif not tunnelled and len(ends) != 2:
        entry.report("ends", "a wire has two ends, this has %d" % len(ends), "list two ends, or add tunnel")
    if len(ends) == 2 and ends[0].network is not None and ends[0].network == ends[1].network:
        entry.report("ends", 'both ends are ports of network "%s": a loop, %s -> %s' % (ends[0].network, *(end.network for end in ends)), "name two networks")


def read_link(value: object, path: str, problems: Problems) -> Optional[Wire]:
    """Return a wire or tunnel; names and MACs not given stay empty. None where it is absent or cannot be told."""
    absent = isinstance(value, dict) and value.get("state") == "absent"
    required = ("name",) if absent else ("name", "ends")
    entry = read_entry(value, path, problems, allowed=KEYS, required=required, elsewhere=ELSEWHERE)
    if entry is None:
        return None
    name = entry.get("name", read_label, None)
    if is_absent(entry, ABSENT_KEYS):
        return None
    ends = entry.get("ends", _read_ends, None)
    tunnel = entry.get("tunnel", _read_tunnel, None)
    mtu = read_mtu(entry)
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
            return replace(end, interface_name=end.interface_name or names.wire_interface_name(scope, wire.name, index))
        used = taken.setdefault(end.endpoint, set())
        name = end.interface_name or next(name for name in map("eth%d".__mod__, count()) if name not in used)
        used.add(name)
        # Both ends of a tunnel are read on different hosts, so what tells them apart is part of it.
        parts = ["link", wire.name, str(index), end.endpoint] + ([wire.tunnel.remote, *end.addresses] if wire.tunnel else [scope])
        return replace(end, interface_name=name, mac_address=end.mac_address or derive_mac(*parts))

    return tuple(replace(wire, ends=tuple(fill(wire, index, end) for index, end in enumerate(wire.ends))) for wire in wires)


def _interfaces(endpoint: Endpoint) -> Iterator[str]:
    yield from (attachment.interface_name for attachment in endpoint.attachments)
    yield from (device.interface_name for device in endpoint.devices)
