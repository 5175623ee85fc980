# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the kernel holds of ours, told in the words of the declaration."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from .._model.kind import LinkKind, Tunnel
from .._model.link import Link
from .._model.mark import Mark, read_mark
from .._model.objects import Namespace
from .._model.place import HOST
from .._model.rows import Rows
from .._model.snapshot import Snapshot
from .._runtime.namespace import namespace_path
from .inside import Insides, is_attachment
from .ports import describe_ports

ENDPOINT_ROLES = ("endpoint", "router")


class Report:
    """Groups a snapshot by networks, endpoints and ports of the chosen scopes."""

    def __init__(self, snapshot: Snapshot, scope: Optional[str]) -> None:
        self._snapshot = snapshot
        self._scope = scope
        self._insides = Insides(snapshot)
        self._members: List[Tuple[Mark, Link]] = []
        self._network_links: Dict[Tuple[str, str], List[Link]] = {}
        for link in snapshot.links():
            mark = read_mark(link.alias)
            if mark is None or not self._wanted(mark.scope):
                continue
            if mark.role in ENDPOINT_ROLES and mark.network and is_attachment(link):
                self._members.append((mark, link))
            elif mark.role == "network" and link.place == HOST:
                self._network_links.setdefault((mark.scope, mark.network), []).append(link)
        self._members.sort(key=lambda pair: (pair[0].scope, pair[0].endpoint, pair[0].network))

    def _wanted(self, scope: str) -> bool:
        return self._scope is None or scope == self._scope

    def networks(self) -> List[Dict[str, Any]]:
        names = set(self._network_links) | {(mark.scope, mark.network) for mark, _link in self._members}
        return [self._network(scope, name) for scope, name in sorted(names)]

    def _network(self, scope: str, name: str) -> Dict[str, Any]:
        links = self._network_links.get((scope, name), [])
        members = [(mark, link) for mark, link in self._members if (mark.scope, mark.network) == (scope, name)]
        tunnels = [(link, tunnel) for link, tunnel in ((link, link.nature.tunnel) for link in links) if tunnel is not None]
        driver = _driver(links, [link for _mark, link in members])
        lan = [link.nature for link in (*links, *(link for _mark, link in members)) if link.nature.takes_all]
        found: Dict[str, Any] = {"name": name, "scope": scope, "driver": driver}
        found.update(self._lan(links, lan) if lan and not tunnels else self._bridge(links, members))
        if tunnels:
            found["vxlan"] = self._tunnel(*tunnels[0])
        found["endpoints"] = [{"name": mark.endpoint, **self._insides.describe(link)} for mark, link in members]
        return found

    def _bridge(self, links: Sequence[Link], members: Sequence[Tuple[Mark, Link]]) -> Dict[str, Any]:
        bridge = next((link for link in links if link.nature.has_ports), None) or self._snapshot.link(HOST, members[0][1].master or "" if members else "")
        if bridge is None:
            return {}
        addresses = self._insides.addresses(HOST, bridge.name)
        return {"bridge": bridge.name, "ours": bool(links), "mtu": bridge.mtu, "mac": bridge.mac, "up": bridge.up, "addresses": addresses}

    def _lan(self, links: Sequence[Link], kinds: Sequence[LinkKind]) -> Dict[str, Any]:
        """Describe a LAN by its parent, as the links on it tell, and the host's own link on it if there is one."""
        shim = next((link for link in links if link.nature.takes_all), None)
        return {
            "parent": next((kind.lower for kind in kinds if kind.lower), None),
            "mode": next((kind.mode for kind in kinds if kind.mode), None),
            "host_interface": shim.name if shim is not None else None,
            "addresses": self._insides.addresses(HOST, shim.name) if shim is not None else [],
        }

    def _tunnel(self, link: Link, tunnel: Tunnel) -> Dict[str, Any]:
        found = self._snapshot.objects.get(Rows(link.place, link.name).key)
        rows = found if isinstance(found, Rows) else Rows(link.place, link.name)
        addresses: Dict[str, List[str]] = {}
        for address, mac in rows.neighbours.items():
            addresses.setdefault(mac, []).append(address)
        return {
            "device": link.name,
            "vni": tunnel.vni,
            "udp_port": tunnel.port,
            "vtep_address": tunnel.local,
            "peers": sorted(vtep for vtep, _through in rows.flood),
            "remote_endpoints": [{"mac": mac, "vtep": way[0], "addresses": sorted(addresses.get(mac, ()))} for mac, way in sorted(rows.far.items())],
        }

    def endpoints(self) -> List[Dict[str, Any]]:
        ports: Dict[Tuple[str, str], List[Dict[str, Any]]] = {}
        for port in self.ports():
            ports.setdefault((port["scope"], port["endpoint"]), []).append(port)
        found: Dict[Tuple[str, str], Dict[str, Any]] = {}
        for mark, link in self._members:
            entry = found.setdefault((mark.scope, mark.endpoint), {"name": mark.endpoint, "scope": mark.scope, "interfaces": [], "ports": []})
            entry["interfaces"].append({"network": mark.network, **self._insides.describe(link)})
        for (scope, name), entry in found.items():
            entry.update(self._insides.routing(interface["container"] for interface in entry["interfaces"]))
            entry["ports"] = ports.get((scope, name), [])
        return list(found.values())

    def ports(self) -> List[Dict[str, Any]]:
        """Return the published ports as the firewall holds them, one row for each publication."""
        return describe_ports(self._snapshot, self._scope)

    def namespaces(self) -> List[Dict[str, Any]]:
        found: List[Dict[str, Any]] = []
        for item in self._snapshot.of(Namespace):
            mark = read_mark(item.mark)
            if self._scope is None or (mark is not None and mark.scope == self._scope):
                found.append({"name": item.name, "path": namespace_path(item.place), "scope": mark.scope if mark else None})
        return sorted(found, key=lambda entry: str(entry["name"]))


def _driver(links: Sequence[Link], members: Sequence[Link]) -> str:
    """Name the driver by the links that only it makes; a bridge may be somebody else's, and routed endpoints are on none."""
    _rank, driver = max((link.nature.shows for link in (*links, *members)), default=(0, ""))
    return driver or ("bridge" if any(link.master for link in members) else "routed")


def select_networks(networks: List[Dict[str, Any]], names: Optional[Iterable[str]]) -> List[Dict[str, Any]]:
    if names is None:
        return networks
    wanted = frozenset(names)
    return [network for network in networks if network["name"] in wanted]
