# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One service of a Compose file: the endpoint it is here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional

from ...module_utils._document.borrowed_words import ENDPOINT
from .port import translate_ports
from .source import Notes, as_list, as_map, as_pairs, note_rest, refuse, translate_labels

IFNAME, SYSCTLS = "com.docker.network.endpoint.ifname", "com.docker.network.endpoint.sysctls"
# Keys that say something of the network, but nothing that this collection does. Others, such as image, are not about networks.
ELSEWHERE: Mapping[str, str] = {
    **{key: ENDPOINT[key] for key in ("expose", "links", "extra_hosts", "dns", "dns_search", "hostname")},
    "external_links": ENDPOINT["links"],
    "dns_opt": ENDPOINT["dns"],
    "domainname": ENDPOINT["hostname"],
    "extends": "what it takes over is not seen: give what `docker compose config` prints",
    "profiles": "every service is translated, whatever its profile",
}
PLAIN = ("ipv4_address", "ipv6_address", "mac_address", "interface_name", "gw_priority")
NOT_BRIDGED = "the engine's own default network is not ours: list a network instead; the service is left out"


@dataclass(frozen=True)
class Stack:
    """What services refer to: names here by names in the file. A network that is left out is None."""

    engine: str
    project: Optional[str]
    networks: Mapping[str, Optional[str]]
    endpoints: Mapping[str, str]
    containers: Mapping[str, str]  # service by its container


def container_name(service: str, raw: Dict[str, Any], project: Optional[str], path: str) -> str:
    if raw.get("container_name"):
        return str(raw["container_name"])
    if not project:
        rule = "without container_name, the container is called after the project, which is not known"
        refuse(path, service, rule, "give project, name: in the file, or container_name")
    return "%s-%s-1" % (project, service)


def _translate_driver_opts(raw: object, path: str, notes: Notes) -> Dict[str, Any]:
    found: Dict[str, Any] = {}
    options = as_map(raw, path)
    if IFNAME in options:
        found["interface_name"] = str(options.pop(IFNAME))
    if SYSCTLS in options:
        found["sysctls"] = as_pairs([part for part in str(options.pop(SYSCTLS)).split(",") if part], path)
    note_rest(options, path, notes)
    return found


def _translate_attachment(name: str, raw: Dict[str, Any], path: str, notes: Notes) -> Dict[str, Any]:
    found: Dict[str, Any] = {"name": name}
    for key in PLAIN:
        value = raw.pop(key, None)
        if value not in (None, ""):
            found[key] = value
    aliases = as_list(raw.pop("aliases", None), path + ".aliases")
    if aliases:
        found["aliases"] = aliases
    found.update(_translate_driver_opts(raw.pop("driver_opts", None), path + ".driver_opts", notes))
    note_rest(raw, path, notes, reasons={"priority": "the order of connecting says nothing here: write gw_priority for the default route"})
    return found


def _translate_networks(raw: object, path: str, stack: Stack, notes: Notes) -> List[Dict[str, Any]]:
    given = {str(key): None for key in raw} if isinstance(raw, list) else as_map(raw, path)
    found = []
    for key, value in (given or {"default": None}).items():
        place = "%s.%s" % (path, key)
        if key not in stack.networks:
            refuse(place, key, "no network of that name is declared", "declare it in networks")
        name = stack.networks[key]
        if name is None:
            notes.add(place, value, "its network is left out")
        else:
            found.append(_translate_attachment(name, as_map(value, place), place, notes))
    return found


def _translate_mode(mode: str, path: str, stack: Stack, notes: Notes) -> Optional[str]:
    """Return our network_mode, or None where nothing stands for it."""
    kind, colon, other = mode.partition(":")
    if mode in ("none", "host"):
        return mode
    if kind == "service" and colon:
        if other not in stack.endpoints:
            refuse(path, mode, "no service is called %s" % other, "name a service of the file")
        return "container:" + stack.endpoints[other]
    if kind == "container" and colon:
        if other in stack.containers:
            return "container:" + stack.endpoints[stack.containers[other]]
        notes.add(path, mode, "the container is none of this file: declare it as an endpoint; the service is left out")
    elif mode in ("bridge", "default"):
        notes.add(path, mode, NOT_BRIDGED)
    else:
        notes.add(path, mode, "no network_mode of this collection stands for it; the service is left out")
    return None


def _note_replicas(raw: Dict[str, Any], path: str, notes: Notes) -> None:
    deploy = as_map(raw.get("deploy"), path + ".deploy")
    for key, count in (("scale", raw.get("scale")), ("deploy.replicas", deploy.get("replicas"))):
        if count not in (None, 1, "1"):
            notes.add("%s.%s" % (path, key), count, "one endpoint is one container: the first is declared, declare the others beside it")
    if "endpoint_mode" in deploy:
        notes.add(path + ".deploy.endpoint_mode", deploy["endpoint_mode"], "it is of Swarm")


def _translate_sysctls(raw: object, path: str, notes: Notes) -> Dict[str, Any]:
    found = {}
    for key, value in as_pairs(raw, path).items():
        if key.startswith("net."):
            found[key] = value
        else:
            notes.add("%s.%s" % (path, key), value, "not a parameter of the network")
    return found


def translate_service(service: str, raw: Dict[str, Any], path: str, stack: Stack, notes: Notes) -> Optional[Dict[str, Any]]:
    """Return our endpoint, or None where the service is left out."""
    endpoint: Dict[str, Any] = {"name": stack.endpoints[service], "container": {stack.engine: container_name(service, raw, stack.project, path)}}
    note_rest({key: raw[key] for key in ELSEWHERE if raw.get(key)}, path, notes, reasons=dict(ELSEWHERE))
    _note_replicas(raw, path, notes)
    if raw.get("labels"):
        endpoint["labels"] = translate_labels(raw["labels"], path + ".labels")
    if raw.get("network_mode"):
        mode = _translate_mode(str(raw["network_mode"]), path + ".network_mode", stack, notes)
        unused = {key: raw[key] for key in ("networks", "ports", "mac_address", "sysctls") if raw.get(key)}
        note_rest(unused, path, notes, "with network_mode %s there is no use for it" % raw["network_mode"])
        if mode is None:
            return None
        endpoint["network_mode"] = mode
        return endpoint
    attachments = _translate_networks(raw.get("networks"), path + ".networks", stack, notes)
    if raw.get("mac_address") and attachments:
        attachments[0].setdefault("mac_address", raw["mac_address"])
    endpoint["networks"] = attachments
    ports = translate_ports(raw.get("ports"), path + ".ports", notes)
    if ports:
        endpoint["ports"] = ports
    sysctls = _translate_sysctls(raw.get("sysctls"), path + ".sysctls", notes)
    if sysctls:
        endpoint["sysctls"] = sysctls
    return endpoint
