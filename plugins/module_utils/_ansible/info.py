# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the kernel holds of ours, told in the words of the declaration."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from .._firewall.backend import Backend, RunCommand
from .._kernel.door import Door
from .._kernel.namespace import Rooms
from .._kernel.observe import Observer
from .._model.link import Link, Veth, Vxlan
from .._model.mark import Mark, read_mark
from .._model.objects import FLOOD_MAC, HOST, Address, Chain, FdbEntry, Namespace, Neighbour, Route
from .._model.snapshot import Snapshot
from .._runtime.namespace import list_named_namespaces, namespace_path, open_namespace, read_placeholder

_DNAT = re.compile(r" -j DNAT --to-destination (\S+)")
_LABEL = re.compile(r'--comment "container-net:([^:"]*):([^:"]*):\d+"')
_OPTION = re.compile(r" (-p|-d|-s|--dport) (\S+)")


def observe_everything(places: Sequence[str], backend: Backend, run: RunCommand) -> Snapshot:
    """Read the host, every named namespace, and the further places."""
    rooms = Rooms(open_namespace)
    try:
        observer = Observer(Door(), rooms, read_placeholder)
        for place in (HOST, *list_named_namespaces(), *places):
            observer.observe_place(place, {})
        observer.join_pairs()
        for item in backend.observe(run, HOST):
            observer.snapshot.add(item, mine=True)
    finally:
        rooms.close()
    return observer.snapshot


class Report:
    """Groups a snapshot by networks, endpoints and ports of the chosen scopes."""

    def __init__(self, snapshot: Snapshot, scope: Optional[str]) -> None:
        self._snapshot = snapshot
        self._scope = scope
        self._host_ends: List[Tuple[Mark, Link]] = []
        self._network_links: Dict[Tuple[str, str], List[Link]] = {}
        for link in snapshot.links(HOST):
            mark = read_mark(link.alias)
            if mark is None or not self._wanted(mark.scope):
                continue
            if mark.role == "endpoint":
                self._host_ends.append((mark, link))
            elif mark.role == "network":
                self._network_links.setdefault((mark.scope, mark.network), []).append(link)
        self._host_ends.sort(key=lambda pair: (pair[0].scope, pair[0].endpoint, pair[0].network))

    def _wanted(self, scope: str) -> bool:
        return self._scope is None or scope == self._scope

    def networks(self) -> List[Dict[str, Any]]:
        names = set(self._network_links) | {(mark.scope, mark.network) for mark, _link in self._host_ends}
        return [self._network(scope, name) for scope, name in sorted(names)]

    def _network(self, scope: str, name: str) -> Dict[str, Any]:
        links = self._network_links.get((scope, name), [])
        members = [(mark, link) for mark, link in self._host_ends if (mark.scope, mark.network) == (scope, name)]
        tunnel = next((link for link in links if isinstance(link.kind, Vxlan)), None)
        bridge = next((link for link in links if link is not tunnel), None)
        if bridge is None and members:
            bridge = self._snapshot.link(HOST, members[0][1].master or "")
        found: Dict[str, Any] = {"name": name, "scope": scope, "driver": "overlay" if tunnel else "bridge"}
        if bridge is not None:
            found.update(bridge=bridge.name, ours=bool(links), mtu=bridge.mtu, mac=bridge.mac, up=bridge.up, addresses=self._addresses(HOST, bridge.name))
        if tunnel is not None:
            found["vxlan"] = self._tunnel(tunnel)
        found["endpoints"] = [{"name": mark.endpoint, **self._attachment(link)} for mark, link in members]
        return found

    def _tunnel(self, tunnel: Link) -> Dict[str, Any]:
        kind = tunnel.kind
        rows = [o for o in self._snapshot.objects.values() if isinstance(o, FdbEntry) and o.device == tunnel.name and o.remote]
        neighbours = [o for o in self._snapshot.objects.values() if isinstance(o, Neighbour) and o.device == tunnel.name]
        return {
            "device": tunnel.name,
            "vni": getattr(kind, "vni", None),
            "udp_port": getattr(kind, "port", None),
            "vtep_address": getattr(kind, "local", None),
            "peers": sorted(row.remote or "" for row in rows if row.mac == FLOOD_MAC),
            "remote_endpoints": [
                {"mac": row.mac, "vtep": row.remote, "addresses": sorted(n.address for n in neighbours if n.mac == row.mac)}
                for row in sorted(rows, key=lambda row: row.mac)
                if row.mac != FLOOD_MAC
            ],
        }

    def _attachment(self, host_end: Link) -> Dict[str, Any]:
        """Describe an attachment by its host side; the inside is null where its namespace could not be read by name."""
        found: Dict[str, Any] = {"host_interface": host_end.name, "bridge": host_end.master or None, "mtu": host_end.mtu}
        kind = host_end.kind
        inside = self._snapshot.link(kind.peer_place or "", kind.peer_name or "") if isinstance(kind, Veth) and kind.peer_name else None
        if inside is None:
            found.update(container=None, interface=None, mac=None, up=None, addresses=[], default_route=[])
            return found
        routes = [o for o in self._snapshot.objects.values() if isinstance(o, Route) and (o.place, o.device) == (inside.place, inside.name)]
        found.update(
            container=inside.place,
            interface=inside.name,
            mac=inside.mac,
            up=inside.up,
            addresses=self._addresses(inside.place, inside.name),
            default_route=sorted(route.gateway or "" for route in routes if route.destination in ("0.0.0.0/0", "::/0")),
        )
        return found

    def _addresses(self, place: str, device: str) -> List[str]:
        held = (o for o in self._snapshot.objects.values() if isinstance(o, Address) and (o.place, o.device) == (place, device))
        return sorted(address.address for address in held if not address.address.startswith("fe80:"))

    def endpoints(self) -> List[Dict[str, Any]]:
        ports = self.ports()
        found: Dict[Tuple[str, str], Dict[str, Any]] = {}
        for mark, link in self._host_ends:
            entry = found.setdefault((mark.scope, mark.endpoint), {"name": mark.endpoint, "scope": mark.scope, "interfaces": [], "ports": []})
            entry["interfaces"].append({"network": mark.network, **self._attachment(link)})
        for (scope, name), entry in found.items():
            entry["ports"] = [port for port in ports if (port["scope"], port["endpoint"]) == (scope, name)]
        return list(found.values())

    def ports(self) -> List[Dict[str, Any]]:
        """Return the published ports as the firewall holds them."""
        lines = (line for o in self._snapshot.objects.values() if isinstance(o, Chain) and o.table == "nat" for line in o.rules or ())
        found = [port for port in map(read_port, lines) if port is not None and self._wanted(port["scope"])]
        return sorted(found, key=lambda port: (port["scope"], port["endpoint"], port["protocol"], port["published"], port["target"]))

    def namespaces(self) -> List[Dict[str, Any]]:
        found: List[Dict[str, Any]] = []
        for item in self._snapshot.objects.values():
            if isinstance(item, Namespace):
                mark = read_mark(item.mark)
                if self._scope is None or (mark is not None and mark.scope == self._scope):
                    found.append({"name": item.name, "path": namespace_path(item.place), "scope": mark.scope if mark else None})
        return sorted(found, key=lambda entry: str(entry["name"]))


def read_port(line: str) -> Optional[Dict[str, Any]]:
    """Return the published port that a rule of ours makes, or None."""
    target, label = _DNAT.search(line), _LABEL.search(line)
    if target is None or label is None:
        return None
    options = dict(_OPTION.findall(line))
    return {
        "scope": label.group(1),
        "endpoint": label.group(2),
        "protocol": options.get("-p"),
        "published": options.get("--dport"),
        "host_ip": options["-d"].partition("/")[0] if "-d" in options else None,
        "allowed_source": options.get("-s"),
        "target": target.group(1),
    }


def select_networks(networks: List[Dict[str, Any]], names: Optional[Iterable[str]]) -> List[Dict[str, Any]]:
    if names is None:
        return networks
    wanted = frozenset(names)
    return [network for network in networks if network["name"] in wanted]
