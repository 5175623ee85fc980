# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A topology file of containerlab to a declaration: its nodes as endpoints, its links as wires and tunnels."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, Dict, List, Mapping, Optional

from ...module_utils._model.names import interface_name_fault
from . import source
from .acceptance import keep_accepted
from .source import DOCKER, PODMAN, Names, Notes, note_rest, parse_source, refuse, translate_labels

Map = Dict[str, Any]
FIX = "write it as containerlab wants it"
PREFIX = "clab"
BRIDGE, HOST = "bridge", "host"
# Nodes that nothing declares, and what stands for their links here.
SPECIAL: Mapping[str, str] = {
    "macvlan": "declare a network of driver macvlan with that parent, and attach the endpoint",
    "mgmt-net": "the management network is the engine's: attach the endpoint to a network of yours",
}
COUNTS: Mapping[str, int] = {"veth": 2, "host": 2, "vxlan": 1}  # ends, by type of link
TYPES: Mapping[str, str] = {
    **SPECIAL,
    "dummy": "an interface without another end has no link here: declare an internal network, and attach the endpoint",
    "vxlan-stitch": "declare a tunnel that ends in the endpoint",
}
# Keys of a node that say something of its network, but nothing that this collection does.
ELSEWHERE: Mapping[str, str] = {
    "ports": "the engine publishes them on its management network: write ports at the endpoint, once it is attached to a bridge network",
    "mgmt-ipv4": SPECIAL["mgmt-net"],
    "mgmt-ipv6": SPECIAL["mgmt-net"],
    "exec": "commands inside the node are not read: write addresses and routes of its interfaces at the ends of its links",
    "dns": "set it where the container is started",
}
as_map, as_list = partial(source.as_map, fix=FIX), partial(source.as_list, fix=FIX)


@dataclass
class Lab:
    """What links refer to: endpoints and networks here by nodes in the file. A node that is left out is in neither."""

    prefix: str  # of a node's container
    endpoints: Dict[str, str] = field(default_factory=dict)
    networks: Dict[str, str] = field(default_factory=dict)
    host: List[str] = field(default_factory=lambda: [HOST])
    names: Names = field(default_factory=Names)  # of endpoints and networks


def translate_containerlab(content: object) -> Dict[str, Any]:
    """Return networks, endpoints, links, and what is not in them as it was in the file; raise InputError for what containerlab refuses too."""
    raw = parse_source(content, "topology")
    notes = Notes()
    if not raw.get("name"):
        refuse("name", raw.get("name"), "the lab has no name, and its containers are called after it", "give the content of a topology file")
    topology = as_map(raw.get("topology"), "topology")
    nodes = {key: as_map(node, "topology.nodes." + key) for key, node in as_map(topology.get("nodes"), "topology.nodes").items()}
    if not nodes:
        refuse("topology.nodes", topology.get("nodes"), "the file has no nodes", "give the content of a topology file")
    lab = Lab(_prefix(raw))
    declaration: Dict[str, List[Map]] = {"networks": [], "endpoints": [], "links": []}
    for key, node in nodes.items():
        _take_node(key, _inherited(topology, node), lab, declaration, notes)
    called = Names()
    for index, link in enumerate(as_list(topology.get("links"), "topology.links")):
        path = "topology.links[%d]" % index
        found = _translate_link(as_map(link, path), path, lab, called, notes)
        if found is not None:
            declaration["links"].append(found)
    keep_accepted(declaration, notes)
    return {**declaration, "untranslated": notes.entries}


def _prefix(raw: Map) -> str:
    """Return what stands before the name of a node in that of its container."""
    prefix = PREFIX if raw.get("prefix") is None else str(raw["prefix"])
    if prefix == "__lab-name":
        return "%s-" % raw["name"]
    return "%s-%s-" % (prefix, raw["name"]) if prefix else ""


# --- nodes -----------------------------------------------------------------------


def _inherited(topology: Map, node: Map) -> Map:
    """Return a node with what its group, its kind and the defaults say, the nearest first."""
    defaults = as_map(topology.get("defaults"), "topology.defaults")
    groups, kinds = (as_map(topology.get(key), "topology." + key) for key in ("groups", "kinds"))
    group = as_map(groups.get(str(node.get("group"))), "topology.groups")
    kind = node.get("kind") or group.get("kind") or defaults.get("kind")
    return {**defaults, **as_map(kinds.get(str(kind)), "topology.kinds"), **group, **node, "kind": kind}


def _take_node(key: str, node: Map, lab: Lab, declaration: Dict[str, List[Map]], notes: Notes) -> None:
    path, kind = "topology.nodes." + key, node["kind"]
    if kind == HOST:
        lab.host.append(key)
    elif kind == BRIDGE:
        lab.networks[key] = lab.names.choose(key, path, notes)
        declaration["networks"].append({"name": lab.networks[key], "bridge_name": key, "bridge_mode": "existing"})
    elif kind == "ovs-bridge":
        notes.add(path, kind, "ports of Open vSwitch are not made: it is left out, and its links")
    else:
        container = key if kind == "ext-container" else lab.prefix + key
        endpoint = _translate_node(lab.names.choose(key, path, notes), node, path, container, lab, notes)
        lab.endpoints[key] = endpoint["name"]
        declaration["endpoints"].append(endpoint)


def _translate_node(name: str, node: Map, path: str, container: str, lab: Lab, notes: Notes) -> Map:
    runtime = str(node.get("runtime") or DOCKER)
    if runtime not in (DOCKER, PODMAN):
        refuse(path + ".runtime", runtime, "not an engine of this collection", "docker or podman")
    note_rest({key: node[key] for key in ELSEWHERE if node.get(key)}, path, notes, reasons=dict(ELSEWHERE))
    endpoint: Map = {"name": name, "container": {runtime: container}}
    labels = translate_labels(node.get("labels"), path + ".labels")
    if labels:
        endpoint["labels"] = labels
    mode = str(node.get("network-mode") or "bridge")
    kind, _colon, other = mode.partition(":")
    if kind == "container" and other in lab.endpoints:
        endpoint["network_mode"] = "container:" + lab.endpoints[other]
    elif mode not in ("bridge", "none"):
        notes.add(path + ".network-mode", mode, "it has no namespace of its own, or that of a node that is not declared before: declare it by hand")
    return endpoint


# --- links -----------------------------------------------------------------------


def _translate_link(link: Map, path: str, lab: Lab, called: Names, notes: Notes) -> Optional[Map]:
    """Return our link, or None where nothing stands for it."""
    kind = str(link.pop("type", None) or "veth")
    if kind not in COUNTS and kind not in TYPES:
        refuse(path + ".type", kind, "no type of link", "one of %s" % ", ".join(sorted({*COUNTS, *TYPES})))
    ends = _ends(link, kind, path)
    left_out = TYPES.get(kind) or next((SPECIAL[end["node"]] for end in ends if end["node"] in SPECIAL), None)
    if left_out is not None:
        notes.add(path, {"type": kind, "ends": [_spoken(end) for end in ends]}, left_out)
        return None
    translated = [_translate_end(end, path, lab, notes) for end in ends]
    if any(end is None for end in translated):
        return None
    found: Map = {"name": called.choose("--".join(_spoken(end).replace(":", "-") for end in ends), path, notes), "ends": translated}
    if kind == "vxlan":
        found["tunnel"] = {ours: link.pop(theirs) for ours, theirs in (("vni", "vni"), ("remote", "remote"), ("udp_port", "udp-port")) if link.get(theirs)}
    if link.get("mtu"):
        found["mtu"] = link.pop("mtu")
    note_rest({key: value for key, value in link.items() if value and key not in ("labels", "vars")}, path, notes)
    return found


def _ends(link: Map, kind: str, path: str) -> List[Map]:
    """Return node, interface and, where given, MAC of each end."""
    given = as_list(link.pop("endpoints", None), path + ".endpoints") or [link.pop("endpoint", None)]
    ends = [_split(end, path + ".endpoints") if isinstance(end, str) else as_map(end, path + ".endpoints") for end in given]
    if kind == "host":
        ends.append({"node": HOST, "interface": link.pop("host-interface", None)})
    if len(ends) != COUNTS.get(kind, 1) or any(not end.get("node") or not end.get("interface") for end in ends):
        refuse(path + ".endpoints", given, "expected the node and the interface of each end", FIX)
    return [{**end, "node": str(end["node"]), "interface": str(end["interface"])} for end in ends]


def _split(text: str, path: str) -> Map:
    node, _colon, interface = text.partition(":")
    if not node or not interface:
        refuse(path, text, "expected NODE:INTERFACE", FIX)
    return {"node": node, "interface": interface}


def _spoken(end: Map) -> str:
    return "%s:%s" % (end["node"], end["interface"])


def _translate_end(end: Map, path: str, lab: Lab, notes: Notes) -> Optional[Map]:
    node, interface = end["node"], end["interface"]
    if node in lab.networks:
        return {"network": lab.networks[node]}  # a port's name on the host is chosen here
    if node not in lab.endpoints and node not in lab.host:
        notes.add(path, _spoken(end), "no node of that name is declared, or it is left out, and so is the link")
        return None
    found: Map = {"endpoint": lab.endpoints[node]} if node in lab.endpoints else {"host": True}
    fault = interface_name_fault(interface)
    if fault:
        notes.add(path, _spoken(end), "the interface is called by a free name: %s" % fault)
    else:
        found["interface_name"] = interface
    if end.get("mac"):
        found["mac_address"] = end["mac"]
    return found
