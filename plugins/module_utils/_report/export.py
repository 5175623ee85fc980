# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What stands of a scope, told as a declaration that asks for exactly that: links and addresses by their marks, what is closed or published by our rules."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .._model import names
from .._model.addresses import derive_mac, ip_version, is_link_local
from .._model.document import DEFAULT_UDP_PORT, USUAL_QUEUE
from .._model.firewall import rules_of
from .._model.link import Link
from .._model.mark import ROUTER_ROLE, Mark, mark_ports, read_mark
from .._model.objects import MAIN_TABLE, Address, BridgeVlan, Namespace, PolicyRule, Route
from .._model.place import HOST, PROCESS, Place
from .._model.routing import DEFAULT_ROUTE
from .._model.rows import Rows
from .._model.rule import CLAMP, DSCP, FORWARD_CHAIN, INPUT_CHAIN, POSTROUTING_CHAIN, Rule
from .._model.snapshot import Snapshot
from .info import ENDPOINT_ROLES
from .inside import describe_limits, is_attachment
from .ports import describe_ports

Entry = Dict[str, Any]
USUAL_BROADCAST_QUEUE = 1000
ANY = {4: "0.0.0.0", 6: "::"}
NOT_TOLD = "labels, groups, aliases, ip_range, aux_addresses, and the names of hosts and endpoints elsewhere are in no kernel"


class Member(NamedTuple):
    """One attachment as it stands."""

    mark: Mark
    link: Link  # that carries the mark
    inside: Optional[Link]  # None: its namespace was not read


def export_declaration(snapshot: Snapshot, scope: str, *, bridges_filter: bool) -> Entry:
    """Return the declaration. `bridges_filter` tells that br_netfilter sets a flag of ports that is else asked for."""
    return _Export(snapshot, scope, bridges_filter).declaration()


class _Export:
    def __init__(self, snapshot: Snapshot, scope: str, bridges_filter: bool) -> None:
        self._snapshot, self._scope, self._bridges_filter = snapshot, scope, bridges_filter
        self._rules = [rule for rule in rules_of(snapshot.firewall()) if rule.scope == scope]
        self._members: List[Member] = []
        self._links: Dict[str, List[Link]] = {}
        for link in snapshot.links():
            mark = read_mark(link.alias)
            if mark is None or mark.scope != scope:
                continue
            if mark.role in ENDPOINT_ROLES and mark.network and is_attachment(link):
                inside = link if link.nature.takes_all else snapshot.link(*link.peer) if link.peer is not None else None
                self._members.append(Member(mark, link, inside))
            elif mark.role == "network" and link.place == HOST:
                self._links.setdefault(mark.network, []).append(link)
        self._members.sort(key=lambda member: (member.mark.endpoint, member.inside.name if member.inside is not None else ""))
        found = {*self._links, *(member.mark.network for member in self._members), *(rule.owner for rule in self._rules if rule.chain == INPUT_CHAIN)}
        self._networks = {name: self._network(name) for name in sorted(found - {""})}

    def declaration(self) -> Entry:
        endpoints = [self._endpoint(name) for name in sorted({member.mark.endpoint for member in self._members})]
        known = {place for member in self._members if member.inside is not None for place in [member.inside.place]}
        for item in self._snapshot.of(Namespace):
            mark = read_mark(item.mark)
            if mark is not None and mark.scope == self._scope and item.place not in known:
                endpoints.append({"name": item.name, "container": _container(item.place)})
        return {"scope": self._scope, "networks": list(self._networks.values()), "endpoints": sorted(endpoints, key=lambda entry: str(entry["name"]))}

    # Networks.

    def _network(self, name: str) -> Entry:
        links, members = self._links.get(name, []), [member for member in self._members if member.mark.network == name]
        tunnel = next((link for link in links if link.nature.tunnel is not None), None)
        bridge = next((link for link in links if link.nature.has_ports), None)
        if tunnel is not None:
            return self._overlay(name, tunnel, bridge, members)
        if any(member.link.nature.takes_all for member in members) or any(link.nature.takes_all for link in links):
            return self._lan(name, next((link for link in links if link.nature.takes_all), None), members)
        return self._bridge(name, bridge, members)

    def _overlay(self, name: str, link: Link, bridge: Optional[Link], members: Sequence[Member]) -> Entry:
        tunnel = link.nature.tunnel
        if tunnel is None:
            raise TypeError("%s is no tunnel" % link.name)
        found: Entry = {"name": name, "driver": "overlay", "vni": tunnel.vni, "vtep_address": tunnel.local, "mtu": link.mtu}
        _set(found, udp_port=tunnel.port if tunnel.port != DEFAULT_UDP_PORT else None, underlay_interface=link.nature.lower or None)
        _set(found, vxlan_name=link.name if link.name != names.vxlan_name(name) else None)
        _set(found, bridge_name=bridge.name if bridge is not None and bridge.name != names.bridge_name(name) else None)
        rows = self._snapshot.objects.get(Rows(link.place, link.name).key)
        if isinstance(rows, Rows):
            addresses: Dict[str, List[str]] = {}
            for address, mac in rows.neighbours.items():
                addresses.setdefault(mac, []).append(address)
            vteps = sorted({vtep for vtep, _through in rows.flood})
            ours = getattr(link.nature, "proxy", None)  # then all hosts are of one plan
            found["peers"] = [_set({"host": _label(vtep), "vtep": vtep}, foreign=False if ours else None) for vtep in vteps]
            found["remote_endpoints"] = [
                {"name": _label(mac), "mac": mac, "vtep": way[0], "addresses": sorted(addresses.get(mac, ()), key=_by_family)}
                for mac, way in sorted(rows.far.items())
            ]
        return self._with_subnets(found, self._subnets_of(members), members, ())

    def _lan(self, name: str, shim: Optional[Link], members: Sequence[Member]) -> Entry:
        natures = [link.nature for link in (*(member.link for member in members), *([shim] if shim is not None else []))]
        found: Entry = {"name": name, "driver": next((nature.shows[1] for nature in natures if nature.shows[1]), "macvlan")}
        parent = next((nature.lower for nature in natures if nature.lower), None)
        mode = next((member.link.nature.mode for member in members if member.link.nature.mode), None)
        _set(found, parent=parent, mode=mode)
        if shim is not None:
            found["host_access"] = True
            _set(found, shim_name=shim.name if shim.name != names.shim_name(name) else None)
        queues = (getattr(member.link.nature, "broadcast_queue_length", None) for member in members)
        _set(found, broadcast_queue_length=next((length for length in queues if length not in (None, USUAL_BROADCAST_QUEUE)), None))
        lower = self._snapshot.link(HOST, parent) if parent else None
        sizes = [member.link.mtu or 0 for member in members] or [shim.mtu or 0 if shim is not None else 0]
        _set(found, mtu=max(sizes) if lower is not None and max(sizes) != lower.mtu else None)
        return self._with_subnets(found, self._subnets_of(members), members, ())

    def _bridge(self, name: str, bridge: Optional[Link], members: Sequence[Member]) -> Entry:
        rules = [rule for rule in self._rules if rule.owner == name]
        used = next((self._snapshot.link(HOST, member.link.master or "") for member in members), None)
        link = bridge or used
        found: Entry = {"name": name, "driver": "bridge"}
        if link is None:
            return found
        _set(found, bridge_name=link.name if link.name != names.bridge_name(name) else None)
        if bridge is not None:
            found["mtu"] = bridge.mtu
            ports = mark_ports(read_mark(bridge.alias))
            _set(found, mac_address=bridge.mac if bridge.mac != derive_mac(self._scope, "bridge", name) and not ports else None, interfaces=list(ports) or None)
            self._set_options(found, bridge)
        held = [address for address in self._addresses(HOST, link.name) if bridge is not None or self._is_mine(HOST, link.name, address)]
        subnets = _unique(str(rule.destination) for rule in rules if (rule.table, rule.chain, rule.rank) == ("filter", INPUT_CHAIN, 7)) or self._subnets_of(
            members
        )
        if subnets:
            _set(found, gateway_on_host=False if not held else None)
            self._set_policy(found, rules, link.name)
        apart = any(rule.chain == FORWARD_CHAIN and rule.target == "DROP" and rule.in_interface == rule.out_interface == link.name for rule in rules)
        _set(found, enable_icc=False if apart else None)
        hairpin = [member.link.port is not None and bool(member.link.port.hairpin) for member in members]
        _set(found, hairpin=True if hairpin and all(hairpin) and not self._bridges_filter else None)
        return self._with_subnets(found, subnets, members, held)

    def _set_options(self, found: Entry, bridge: Link) -> None:
        """Note what a bridge has otherwise than the kernel makes one."""
        usual = {"stp": False, "priority": 32768, "ageing_time": 300, "multicast_snooping": True, "group_fwd_mask": 0, "vlan_filtering": False}
        for key, value in usual.items():
            stands = getattr(bridge.nature, key, None)
            _set(found, **{key: stands if stands not in (None, value) else None})
        domain = self._snapshot.link(HOST, bridge.master) if bridge.master else None
        if domain is not None and domain.nature.is_domain:
            found.update(vrf=domain.name, vrf_table=domain.nature.table)

    @staticmethod
    def _set_policy(found: Entry, rules: Sequence[Rule], bridge: str) -> None:
        """Note what is closed and translated."""
        internal = any(rule.chain == FORWARD_CHAIN and rule.rank == 9 and (rule.in_interface, rule.out_interface) == (bridge, "!" + bridge) for rule in rules)
        _set(found, internal=True if internal else None)
        hidden = [rule for rule in rules if (rule.table, rule.chain, rule.rank) == ("nat", POSTROUTING_CHAIN, 30)]
        _set(found, masquerade=False if not internal and not hidden else None)
        _set(found, snat_address=_unique(str(rule.to) for rule in hidden if rule.target == "SNAT") or None)
        known = [rule for rule in rules if (rule.table, rule.chain, rule.rank) == ("nat", POSTROUTING_CHAIN, 22)]
        _set(found, no_masquerade=_unique(rule.destination or DEFAULT_ROUTE[rule.family] for rule in known) or None)
        clamp = next((rule.to for rule in rules if rule.target == CLAMP and rule.to), None)
        _set(found, mss_clamp=int(clamp) if clamp is not None and clamp.isdigit() else clamp)
        trusted = _unique(str(rule.in_interface) for rule in rules if rule.chain == FORWARD_CHAIN and rule.rank == 30 and rule.target == "ACCEPT")
        _set(found, trusted_interfaces=trusted or None)
        asked = [rule for rule in rules if (rule.table, rule.chain) == ("filter", INPUT_CHAIN) and rule.in_interface == bridge]
        services = _unique("%d/%s" % (rule.destination_ports[0], rule.protocol) for rule in asked if rule.rank == 30 and rule.destination_ports)
        closed, answers = (any(rule.rank == rank and rule.target == target for rule in asked) for rank, target in ((40, "DROP"), (10, "ACCEPT")))
        access: Any = "all" if not closed else services if services else None if answers else "none"
        _set(found, host_access=access)

    def _with_subnets(self, found: Entry, subnets: Iterable[str], members: Sequence[Member], held: Sequence[str]) -> Entry:
        configured: List[Entry] = []
        for subnet in sorted(subnets, key=_by_family):
            network = ip_network(subnet)
            own = [address.partition("/")[0] for address in held if ip_address(address.partition("/")[0]) in network]
            gateway = own or [way for member in members for way in self._gateways(member) if ip_version(way) == network.version and ip_address(way) in network]
            configured.append({"subnet": str(network), **({"gateway": gateway[0]} if gateway else {})})
        if configured:
            found["ipam_config"] = configured
        return found

    def _subnets_of(self, members: Sequence[Member]) -> List[str]:
        """Return the subnets of the addresses that endpoints have, none of which lies in another."""
        found = [ip_interface(address).network for member in members if member.inside is not None for address in self._own(member)]
        wide = [one for one in found if not any(one != other and one.version == other.version and one.subnet_of(other) for other in found)]  # type: ignore[arg-type]
        return _unique(map(str, wide))

    # Endpoints.

    def _endpoint(self, name: str) -> Entry:
        members = [member for member in self._members if member.mark.endpoint == name and member.inside is not None]
        place = members[0].inside.place if members and members[0].inside is not None else ""
        found: Entry = {"name": name, "container": _container(place)}
        ways = {member.mark.network: self._gateways(member, MAIN_TABLE) for member in members}
        found["networks"] = [self._attachment(member, member.inside, len(members), ways) for member in members if member.inside is not None]
        _set(found, forwarding=True if any(member.mark.role == ROUTER_ROLE for member in members) else None)
        _set(found, ports=list(self._ports(name, members)) or None)
        tables = {names.source_table(self._scope, network) for network in self._networks}
        gateways = {(member.inside.name, way) for member in members if member.inside is not None for way in self._gateways(member)}
        _set(found, routes=list(self._routes(place, tables, gateways)) or None, rules=list(self._routing_rules(place, tables)) or None)
        return found

    def _attachment(self, member: Member, inside: Link, count: int, ways: Mapping[str, List[str]]) -> Entry:
        network = self._networks[member.mark.network]
        found: Entry = {"name": member.mark.network, "interface_name": inside.name}
        own = [address.partition("/")[0] for address in self._own(member)]
        for version in (4, 6):
            first = next((address for address in own if ip_version(address) == version), None)
            _set(found, **{"ipv%d_address" % version: first})
        further = [address for address in own if address not in found.values()]
        _set(found, ipam="none" if not own else None, addresses=further or None)
        if not member.link.nature.takes_all:
            usual = names.host_interface_name(self._scope, member.mark.endpoint, member.mark.network)
            _set(found, host_interface_name=member.link.name if member.link.name != usual else None)
        if inside.nature.known_by_mac or inside.nature.is_end:
            found["mac_address"] = inside.mac
        _set(found, mtu=inside.mtu if inside.mtu != self._mtu(network) else None, up=False if not inside.up else None)
        if member.link.port is not None:
            isolated = bool(member.link.port.isolated)
            _set(found, isolated=isolated if isolated == network.get("enable_icc", True) else None)
        if inside.tuning is not None:
            _set(found, promisc=inside.tuning.promisc or None, allmulti=inside.tuning.allmulti or None)
            _set(found, txqueuelen=inside.tuning.txqueuelen if inside.tuning.txqueuelen != USUAL_QUEUE else None)
        _set(found, **describe_limits(self._snapshot, member.link, inside))
        _set(found, dscp=next((int(str(rule.to), 16) for rule in self._rules if rule.target == DSCP and str(rule.source).partition("/")[0] in own), None))
        _set(found, source_macs=list(getattr(inside.nature, "source_macs", None) or ()) or None)
        if network.get("vlan_filtering"):
            self._set_vlans(found, member.link)
        if ways[member.mark.network]:
            _set(found, gw_priority=1 if count > 1 else None)
        elif self._gateways(member) and not any(ways.values()):
            found["default_route"] = False
        return found

    def _mtu(self, network: Entry) -> Optional[int]:
        if network.get("mtu") is not None:
            return int(network["mtu"])
        link = self._snapshot.link(HOST, network.get("parent") or network.get("bridge_name") or names.bridge_name(network["name"]))
        return link.mtu if link is not None else None

    def _set_vlans(self, found: Entry, port: Link) -> None:
        here = [item for item in self._snapshot.of(BridgeVlan) if (item.place, item.device) == (port.place, port.name)]
        native = next((item.vlan_id for item in here if item.native), None)
        trunk = sorted(item.vlan_id for item in here if not item.native)
        _set(found, vlan=native if native != 1 or trunk else None, trunk=trunk or None)

    def _ports(self, name: str, members: Sequence[Member]) -> Iterator[Entry]:
        families = {ip_version(address) for member in members for address in self._own(member) if not member.link.nature.takes_all}
        for row in describe_ports(self._snapshot, self._scope):
            if row["endpoint"] != name or row["published"] is None:
                continue
            entry: Entry = {"published": _number(row["published"]), "target": _number(row["target"]), "protocol": row["protocol"]}
            led = {ip_version(address) for address in row["addresses"]}
            host = row["host_ip"] or (ANY[min(led)] if led and led != families else None)
            _set(entry, host_ip=host, allowed_sources=row["allowed_sources"] or None)
            yield entry

    def _routes(self, place: str, tables: Set[int], gateways: Set[Tuple[str, str]]) -> Iterator[Entry]:
        mine = (item for item in self._snapshot.of(Route) if item.place == place and item.key in self._snapshot.mine and item.table not in tables)
        for route in sorted(mine, key=lambda item: (item.table, _by_family(item.destination), item.metric)):
            if route.table == MAIN_TABLE and route.destination in DEFAULT_ROUTE.values() and not route.metric and (route.device, route.gateway) in gateways:
                continue
            found: Entry = {"destination": route.destination}
            if route.nexthops:
                found["nexthops"] = [_set({}, gateway=hop.gateway or None, interface=hop.device, weight=hop.weight) for hop in route.nexthops]
            elif route.type is None:
                _set(found, gateway=route.gateway or None, interface=route.device or None, onlink=route.onlink or None)
            _set(found, type=route.type, metric=route.metric or None, src=route.source or None)
            _set(found, table=route.table if route.table != MAIN_TABLE else None)
            yield found

    def _routing_rules(self, place: str, tables: Set[int]) -> Iterator[Entry]:
        told: List[Entry] = []
        mine = (item for item in self._snapshot.of(PolicyRule) if item.place == place and item.key in self._snapshot.mine and item.table not in tables)
        for rule in sorted(mine, key=lambda item: (item.priority, item.family, item.source)):
            found: Entry = {"priority": rule.priority, "table": rule.table}
            _set(found, iif=rule.interface or None, oif=rule.out_interface or None, to=rule.destination or None)
            if not rule.is_from_anywhere:
                found["from"] = rule.source
            _set(found, fwmark="%#x/%#x" % (rule.mark, rule.mask) if rule.mask else None)
            if found not in told:
                told.append(found)
        yield from told

    # Addresses.

    def _addresses(self, place: str, device: str) -> List[str]:
        held = [item for item in self._snapshot.of(Address) if (item.place, item.device) == (place, device) and not is_link_local(item.address)]
        return [item.address for item in sorted(held, key=lambda item: bool(item.secondary))]

    def _is_mine(self, place: str, device: str, address: str) -> bool:
        return Address(place, device, address).key in self._snapshot.mine

    def _own(self, member: Member) -> List[str]:
        inside = member.inside
        if inside is None:
            return []
        return [address for address in self._addresses(inside.place, inside.name) if self._is_mine(inside.place, inside.name, address)]

    def _gateways(self, member: Member, table: Optional[int] = None) -> List[str]:
        """Return where an attachment's own ways out lead, in one table or in any."""
        inside = member.inside
        if inside is None:
            return []
        routes = (item for item in self._snapshot.of(Route) if (item.place, item.device) == (inside.place, inside.name) and item.key in self._snapshot.mine)
        return [
            item.gateway
            for item in routes
            if item.destination in DEFAULT_ROUTE.values() and item.gateway and not item.metric and (item.table == table if table is not None else True)
        ]


def _set(found: Entry, **values: Any) -> Entry:
    """Add what is to be said: None is not."""
    found.update({key: value for key, value in values.items() if value is not None})
    return found


def _container(place: str) -> Entry:
    kind, reference = Place(place).kind, Place(place).reference
    return {kind: int(reference) if kind == PROCESS else reference}


def _label(text: str) -> str:
    return text.replace(":", "-")


def _number(text: str) -> Any:
    return int(text) if text.isdigit() else text


def _by_family(text: str) -> Tuple[int, str]:
    return ip_version(text), text


def _unique(items: Iterable[str]) -> List[str]:
    return list(dict.fromkeys(items))
