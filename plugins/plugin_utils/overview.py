# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What stands on a host, in lines that fit a terminal: networks, containers with all that is theirs, wires and tunnels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..module_utils._model.place import Place
from .lines import fold

Row = Mapping[str, Any]
MAIN_TABLE = 254


@dataclass
class _Box:
    """A container: what the kernel shows of it and what the declaration says of it."""

    name: str
    place: Optional[str] = None
    state: Optional[str] = None
    interfaces: List[Tuple[str, str]] = field(default_factory=list)  # what it is, and its addresses
    routing: List[str] = field(default_factory=list)
    ports: List[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        where = " (%s)" % self.place if self.place not in (None, self.name) else ""
        state = self.state or ("no interface" if not self.interfaces else None)
        yield from fold("container %s%s%s" % (self.name, where, ": %s" % state if state else ""))
        for interface, addresses in sorted(self.interfaces):
            yield from fold(interface, 2)
            yield from fold(addresses, 4)
        for text in (*self.routing, *self.ports):
            yield from fold(text, 2)


def render_overview(live: Row, declared: Sequence[Row]) -> List[str]:
    """Return the lines for one host: what topology_info returned, and the endpoints that are declared there."""
    found = [line for network in live["networks"] for line in fold(_network(network))]
    found += [line for box in _fill_boxes(live, declared) for line in box.lines()]
    found += [line for link in live["links"] for line in fold(_wire(link))]
    found += [line for policy in live.get("policies", ()) for line in fold(_policy(policy))]
    return found or ["nothing"]


def _network(network: Row) -> str:
    words = ["network %s: %s" % (network["name"], network["driver"])]
    if network.get("bridge"):
        words[0] += " %s" % network["bridge"]
        words.append("mtu %d" % network["mtu"])
        if not network["ours"]:
            words.append("somebody else's bridge")
        if not network["up"]:
            words.append("down")
    elif network.get("parent"):
        words[0] += " on %s" % network["parent"]
        words += ["mode %s" % network["mode"]] if network["mode"] else []
        words += ["host's own link %s" % network["host_interface"]] if network["host_interface"] else []
    if network.get("addresses"):
        words.append(" ".join(network["addresses"]))
    tunnel = network.get("vxlan")
    if tunnel:
        words.append("vni %s from %s to %s" % (tunnel["vni"], tunnel["vtep_address"], " ".join(tunnel["peers"]) or "nobody"))
        number = len(tunnel["remote_endpoints"])
        words.append("%d endpoint%s elsewhere" % (number, "" if number == 1 else "s"))
    return ", ".join(words)


def _fill_boxes(live: Row, declared: Sequence[Row]) -> List[_Box]:
    """Return the containers by name: those that are declared, those that have something of ours, and those at the end of a wire."""
    boxes: Dict[str, _Box] = {}
    by_place: Dict[str, _Box] = {}
    looks = {row["container"]: row for row in live["containers"]}

    def enter(name: str, place: Optional[str] = None) -> _Box:
        box = boxes.setdefault(name, _Box(name))
        box.place = box.place or place
        by_place.setdefault(place or "", box)
        return box

    for entry in declared:
        box = enter(str(entry["name"]), _place(entry))
        look = looks.get(box.place or "")
        box.state = _state(entry, look)
        if look is not None and not box.state:
            by_place.setdefault(look["read_as"], box)
            box.routing = _routing(look)
    for endpoint in live["endpoints"]:
        box = enter(endpoint["name"])
        for interface in endpoint["interfaces"]:
            enter(box.name, interface["container"])
            box.interfaces.append(_interface(interface, "on %s" % interface["network"]))
        if box.place not in looks:
            box.routing = _routing(endpoint)
    for link in live["links"]:
        for end in link["ends"]:
            if end["container"]:
                box = by_place.get(end["container"]) or enter(end["container"], end["container"])
                box.interfaces.append(_interface(end, "of %s %s" % ("tunnel" if link["tunnel"] else "wire", link["name"])))
    for device in live["devices"]:
        enter(device["endpoint"], device["container"]).interfaces.append(_interface(device, "is %s of the host" % device["name"]))
    for port in live["ports"]:
        enter(port["endpoint"]).ports.append(_port(port))
    return [boxes[name] for name in sorted(boxes)]


def _place(entry: Row) -> Optional[str]:
    container = entry.get("container")
    return next((Place.of(*pair) for pair in container.items()), None) if isinstance(container, Mapping) else None


def _state(entry: Row, look: Optional[Row]) -> Optional[str]:
    """Return why nothing of a declared container is shown."""
    mode = entry.get("network_mode")
    if mode not in (None, "none"):
        return "the host's own network" if mode == "host" else "in the namespace of %s" % str(mode).partition(":")[2]
    if look is None:
        return "not looked into"
    if look["state"] == "not running" and Place(look["container"]).is_named:
        return "no such namespace"
    return {"read": None, "not running": "not running"}.get(look["state"], look["reason"])


def _interface(row: Row, what: str) -> Tuple[str, str]:
    words = ["%s %s" % (row["interface"] or "an interface", what)]
    words += [row["mac"]] if row["mac"] else []
    words += ["host's end %s" % row["host_interface"]] if row.get("host_interface") else []
    words += ["down"] if row["up"] is False else []
    return ", ".join(words), " ".join(row["addresses"])


def _routing(row: Row) -> List[str]:
    """Return our routes of the main table; those for answers are told by their number."""
    found = []
    for route in row["routes"]:
        if route["table"] == MAIN_TABLE:
            way = ["by %s" % route["gateway"]] if route["gateway"] else []
            way += ["on %s" % route["interface"]] if route["interface"] else []
            way += [route["type"]] if route["type"] != "unicast" else []
            way += ["metric %d" % route["metric"]] if route["metric"] else []
            found.append("route %s %s" % (route["destination"], " ".join(way)))
    if row["rules"]:
        found.append("source routing: %d rules" % len(row["rules"]))
    return found


def _port(port: Row) -> str:
    sources = " for %s" % " ".join(port["allowed_sources"]) if port["allowed_sources"] else ""
    if port["published"] is None:
        return "port %s/%s open at its own addresses%s" % (port["target"], port["protocol"], sources)
    address = port["host_ip"] or ""
    host = "" if not address else "[%s]:" % address if ":" in address else "%s:" % address
    return "port %s%s -> %s/%s%s" % (host, port["published"], port["target"], port["protocol"], sources)


def _wire(link: Row) -> str:
    ends = [_end(end) for end in link["ends"]]
    tunnel = link["tunnel"]
    if tunnel:
        return "tunnel %s: vni %d from %s to %s, %s" % (link["name"], tunnel["vni"], tunnel["local"], tunnel["remote"], " ".join(ends))
    return "wire %s: %s" % (link["name"], " - ".join([*ends, *["an end that was not read"] * (2 - len(ends))]))


def _end(end: Row) -> str:
    if end["container"] or end["bridge"]:
        return "%s of %s" % (end["interface"], end["container"]) if end["container"] else str(end["bridge"])
    return " ".join(["%s of the host" % end["interface"], *(["down"] if end["up"] is False else []), *end["addresses"]])


def _policy(policy: Row) -> str:
    ports = " at %s" % " ".join(policy["ports"]) if policy["ports"] else ""
    source, target = (" ".join(policy[side]) or "anybody" for side in ("from", "to"))
    return "policy %s: %s %s -> %s%s%s" % (policy["name"], policy["action"], source, target, ports, ", logged" if policy["log"] else "")
