# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The arguments of the topology module: the user's own entries with the gaps filled."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Tuple

from ...module_utils._document.network import list_fleet_keys
from ...module_utils._drivers.routed.driver import DRIVER as ROUTED
from ...module_utils._model.document import Endpoint, PublishedPort, Wire, WireEnd, port_range
from ...module_utils._model.network import Subnet
from .overlays import Overlay
from .reading import Host
from .routed import Routed


def render_host(host: Host, *, scope: str, overlays: Mapping[str, Overlay], vteps: Mapping[str, str], routed: Mapping[str, Routed]) -> Dict[str, Any]:
    """Return scope, networks, endpoints and links of one host. Peers and remote endpoints are not in it, see render_overlays."""
    unused = frozenset(list_left_out(host))
    endpoints = {endpoint.name: endpoint for endpoint in host.endpoints}
    carried = {network.name for network in host.overlays}
    return {
        "scope": scope,
        "networks": [
            _fill_overlay(raw, host, overlays[raw["name"]], vteps) if raw["name"] in carried else _fill_routed(raw, host, routed)
            for raw in _entries(host.variables.networks)
            if raw["name"] not in unused
        ],
        "endpoints": [_fill_endpoint(raw, endpoints[raw["name"]]) if raw["name"] in endpoints else raw for raw in _entries(host.variables.endpoints)],
        "links": _entries(host.variables.links),
    }


def list_left_out(host: Host) -> List[str]:
    """Return the networks that a host declares and does not use."""
    return [raw["name"] for raw in _entries(host.variables.networks) if raw.get("state") != "absent" and raw["name"] not in host.used]


def render_overlays(hosts: List[Host], overlays: Mapping[str, Overlay]) -> Dict[str, Any]:
    """Return every overlay's peers and endpoints, once for the fleet; each host leaves out the rows of its own VTEP.

    Tunnel ends outside the fleet that the declaration lists come last.
    """
    found: Dict[str, Any] = {}
    vteps: Dict[str, Dict[str, str]] = {}
    for overlay in overlays.values():
        vteps[overlay.name] = {peer.host: peer.vtep for peer in overlay.peers}
        found[overlay.name] = {"peers": [{"host": peer.host, "vtep": peer.vtep} for peer in overlay.peers], "endpoints": []}
    for host in hosts:
        for endpoint in host.endpoints:
            for attachment in endpoint.attachments:
                if attachment.network in found:
                    row = {
                        "name": endpoint.name,
                        "mac": attachment.mac_address,
                        "vtep": vteps[attachment.network][host.name],
                        "addresses": list(attachment.addresses),
                    }
                    found[attachment.network]["endpoints"].append(row)
        for wire in host.links:
            for network, end in wired_ends(wire):
                if network in found:
                    addresses = [address.split("/")[0] for address in end.addresses]
                    row = {"name": "%s.%s" % (end.endpoint, wire.name), "mac": end.mac_address, "vtep": vteps[network][host.name], "addresses": addresses}
                    found[network]["endpoints"].append(row)
    for overlay in overlays.values():
        shared = found[overlay.name]
        shared["peers"] += [{"host": peer.host, "vtep": peer.vtep, "foreign": peer.foreign} for peer in overlay.network.peers]
        for remote in overlay.network.remote_endpoints:
            shared["endpoints"].append({"name": remote.name, "mac": remote.mac, "vtep": remote.vtep, "addresses": list(remote.addresses)})
    return found


def wired_ends(wire: Wire) -> Iterator[Tuple[str, WireEnd]]:
    """Yield (network, end) of a wire between a network and an endpoint."""
    for index, end in enumerate(wire.ends):
        other = wire.ends[1 - index].network if len(wire.ends) == 2 else None
        if end.endpoint is not None and other is not None:
            yield other, end


def _entries(raw: object) -> List[Dict[str, Any]]:
    return list(raw) if isinstance(raw, list) else []


def _fill_overlay(raw: Dict[str, Any], host: Host, overlay: Overlay, vteps: Mapping[str, str]) -> Dict[str, Any]:
    own = next(network.vtep_address for network in host.overlays if network.name == overlay.name)
    filled = dict(_of_host(raw), vni=overlay.network.vni, vtep_address=own or vteps[host.name])
    interface = host.variables.underlay_interface
    if interface is not None:
        filled.setdefault("underlay_interface", interface)
    return filled


def _of_host(raw: Dict[str, Any]) -> Dict[str, Any]:
    """Return a network without the keys that only the fleet's plan reads. Most have none, and stay one object for all hosts."""
    unread = list_fleet_keys()
    return raw if unread.isdisjoint(raw) else {key: value for key, value in raw.items() if key not in unread}


def _fill_routed(raw: Dict[str, Any], host: Host, routed: Mapping[str, Routed]) -> Dict[str, Any]:
    """Return a routed network with this host's part in place of the whole; its peers are in what all hosts share."""
    own = next((network for network in ROUTED.own(host.networks) if network.name == raw["name"]), None)
    if own is None:
        return _of_host(raw)
    filled = {key: value for key, value in _of_host(raw).items() if key != "peers"}
    filled["ipam_config"] = [_render_subnet(item) for item in own.subnets]
    filled["reach"] = list(own.reach)
    return filled


def _render_subnet(subnet: Subnet) -> Dict[str, Any]:
    found: Dict[str, Any] = {"subnet": subnet.subnet}
    if subnet.ip_range:
        found["ip_range"] = subnet.ip_range
    if subnet.aux_addresses:
        found["aux_addresses"] = dict(subnet.aux_addresses)
    return found


def render_routed(routed: Mapping[str, Routed]) -> Dict[str, Any]:
    """Return every routed network's peers, once for the fleet; each host leaves out the row of its own part."""
    return {
        item.name: {"peers": [{"host": peer.host, "next_hops": list(peer.next_hops), "subnets": list(peer.subnets)} for peer in item.peers]}
        for item in routed.values()
    }


def _fill_port(raw: Any, port: PublishedPort) -> Any:
    if not port.given:
        return raw
    return dict(raw, published=port_range(port.published, port.count)) if isinstance(raw, dict) else str(port)


def _fill_endpoint(raw: Dict[str, Any], endpoint: Endpoint) -> Dict[str, Any]:
    if not endpoint.attachments:
        return raw
    if any(port.given for port in endpoint.ports):
        raw = dict(raw, ports=[_fill_port(entry, port) for entry, port in zip(raw["ports"], endpoint.ports)])
    attachments = {attachment.network: attachment for attachment in endpoint.attachments}
    networks = []
    for entry in raw["networks"]:
        filled = dict(entry) if isinstance(entry, dict) else {"name": entry}
        attachment = attachments[filled["name"]]
        if attachment.ipv4_address:
            filled["ipv4_address"] = attachment.ipv4_address
        if attachment.ipv6_address:
            filled["ipv6_address"] = attachment.ipv6_address
        if attachment.mac_address:
            filled["mac_address"] = attachment.mac_address
        networks.append(filled)
    return dict(raw, networks=networks)
