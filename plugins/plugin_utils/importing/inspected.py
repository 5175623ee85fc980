# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What `inspect` of Docker or Podman tells of networks and containers, in the words of a Compose file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Dict, List, Mapping, Optional, Tuple

from . import source
from .network import BRIDGE
from .source import DOCKER, PODMAN, Notes, refuse

Map = Dict[str, Any]
# What an engine has without being asked, and would not be translated to what it is.
OF_THE_ENGINE = {DOCKER: ("bridge", "host", "none", "docker_gwbridge", "ingress"), PODMAN: ("podman",)}
MODES = ("none", "host")
FIX = "give what `docker network inspect`, `docker inspect` or the same of Podman prints"
PORTLESS = "its ports are not known: give what `%s inspect %s` prints as well"
PREDEFINED = "the engine's own network is not ours: it is left out, and attachments to it"
CONFIG_ONLY = "a template of networks, and none itself: it is left out"
NO_NAMES = "this collection runs no name server"

as_map, as_list = partial(source.as_map, fix=FIX), partial(source.as_list, fix=FIX)


@dataclass
class Inspected:
    """Networks and services as in a Compose file, and the engine that runs the containers."""

    engine: str = DOCKER
    networks: Dict[str, Map] = field(default_factory=dict)
    services: Dict[str, Map] = field(default_factory=dict)
    left_out: List[str] = field(default_factory=list)  # networks
    portless: List[str] = field(default_factory=list)  # services that only networks tell of


def read_inspected(content: object, notes: Notes) -> Inspected:
    """Return what one or several answers of one engine tell; raise InputError where they are none."""
    items = [as_map(item, "inspect[%d]" % index) for index, item in enumerate(_parse(content))]
    if not items:
        refuse("inspect", items, "neither networks nor containers are told of", FIX)
    engines = {_engine_of(item, "inspect[%d]" % index) for index, item in enumerate(items)}
    if len(engines) > 1:
        refuse("inspect", sorted(engines), "two engines", "translate what each tells by itself")
    found = Inspected(engines.pop())
    networks, containers = [item for item in items if _is_network(item)], [item for item in items if not _is_network(item)]
    for item in networks:
        _take_network(found, item, notes)
    names = {str(item.get("Id")): _container_name(item) for item in containers}
    for item in containers:
        _take_container(found, item, names, notes)
    for item in networks:
        _take_members(found, item, notes)
    return found


def _parse(content: object) -> List[Any]:
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except ValueError as error:
            refuse("inspect", None, "not JSON: %s" % error, FIX)
    return [content] if isinstance(content, dict) else as_list(content, "inspect")


def _is_network(item: Map) -> bool:
    return "IPAM" in item or "subnets" in item or "network_interface" in item


def _engine_of(item: Map, path: str) -> str:
    """Docker writes a slash before the name of a container, and names of keys in capitals everywhere."""
    if _is_network(item):
        return DOCKER if "Name" in item else PODMAN
    if "HostConfig" not in item or not item.get("Name"):
        refuse(path, sorted(item)[:5], "neither a network nor a container", FIX)
    return DOCKER if str(item["Name"]).startswith("/") else PODMAN


def _filled(**values: Any) -> Map:
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}


# --- networks --------------------------------------------------------------------


def _take_network(found: Inspected, item: Map, notes: Notes) -> None:
    name = str(item.get("Name") or item.get("name") or "")
    path = "networks." + name
    if name in OF_THE_ENGINE[found.engine] or item.get("Ingress"):
        notes.add(path, name, PREDEFINED)
        found.left_out.append(name)
    elif item.get("ConfigOnly"):
        notes.add(path, name, CONFIG_ONLY)
        found.left_out.append(name)
    else:
        found.networks[name] = _docker_network(item, name, path) if found.engine == DOCKER else _podman_network(item, name, path, notes)


def _docker_network(item: Map, name: str, path: str) -> Map:
    ipam = as_map(item.get("IPAM"), path + ".IPAM")
    config = [
        _filled(subnet=entry.get("Subnet"), ip_range=entry.get("IPRange"), gateway=entry.get("Gateway"), aux_addresses=entry.get("AuxiliaryAddresses"))
        for entry in (as_map(entry, path + ".IPAM.Config") for entry in as_list(ipam.get("Config"), path + ".IPAM.Config"))
    ]
    return _filled(
        name=name,
        driver=item.get("Driver"),
        enable_ipv4=item.get("EnableIPv4"),
        enable_ipv6=item.get("EnableIPv6") or None,
        internal=item.get("Internal") or None,
        ipam=_filled(driver=ipam.get("Driver"), options=ipam.get("Options"), config=config),
        driver_opts=item.get("Options"),
        labels=item.get("Labels"),
    )


def _podman_network(item: Map, name: str, path: str, notes: Notes) -> Map:
    driver = str(item.get("driver") or "bridge")
    options = as_map(item.get("options"), path + ".options")
    interface = item.get("network_interface")
    if interface:
        options.setdefault(BRIDGE + "name" if driver == "bridge" else "parent", interface)
    config = [
        _filled(subnet=entry.get("subnet"), ip_range=_lease_range(entry, path), gateway=entry.get("gateway"))
        for entry in (as_map(entry, path + ".subnets") for entry in as_list(item.get("subnets"), path + ".subnets"))
    ]
    if item.get("dns_enabled"):
        notes.add(path + ".dns_enabled", True, NO_NAMES)
    ipam_driver = as_map(item.get("ipam_options"), path + ".ipam_options").get("driver")
    return _filled(
        name=name,
        driver=driver,
        enable_ipv6=item.get("ipv6_enabled") or None,
        internal=item.get("internal") or None,
        ipam=_filled(driver=None if ipam_driver == "host-local" else ipam_driver, config=config),
        driver_opts=options,
        labels=item.get("labels"),
        routes=item.get("routes"),
    )


def _lease_range(entry: Map, path: str) -> Optional[str]:
    lease = as_map(entry.get("lease_range"), path + ".subnets.lease_range")
    return "%s-%s" % (lease["start_ip"], lease["end_ip"]) if lease.get("start_ip") and lease.get("end_ip") else None


# --- containers ------------------------------------------------------------------


def _container_name(item: Map) -> str:
    return str(item["Name"]).lstrip("/")


def _take_container(found: Inspected, item: Map, names: Mapping[str, str], notes: Notes) -> None:
    name = _container_name(item)
    path = "services." + name
    host = as_map(item.get("HostConfig"), path + ".HostConfig")
    settings = as_map(item.get("NetworkSettings"), path + ".NetworkSettings")
    service = _filled(
        container_name=name,
        sysctls=host.get("Sysctls"),
        labels=as_map(item.get("Config"), path + ".Config").get("Labels"),
        ports=_ports(as_map(host.get("PortBindings"), path + ".HostConfig.PortBindings"), as_map(settings.get("Ports"), path + ".NetworkSettings.Ports")),
    )
    mode = str(host.get("NetworkMode") or "")
    kind, _colon, other = mode.partition(":")
    if mode in MODES:
        found.services[name] = {**service, "network_mode": mode}
        return
    if kind == "container":
        found.services[name] = {**service, "network_mode": "container:" + names.get(other, other)}
        return
    networks = {}
    for network, raw in as_map(settings.get("Networks"), path + ".NetworkSettings.Networks").items():
        if network in found.networks:
            given = as_map(raw, path + ".NetworkSettings.Networks")
            networks[network] = _filled(ipv4_address=given.get("IPAddress"), ipv6_address=given.get("GlobalIPv6Address"), aliases=_aliases(given, item))
        elif network not in found.left_out:
            notes.add("%s.networks.%s" % (path, network), network, "that network is not told of: give what `network inspect` prints as well")
    if networks:
        found.services[name] = {**service, "networks": networks}
    else:
        notes.add(path, name, "none of its networks is translated: it is left out")


def _aliases(given: Map, item: Map) -> List[str]:
    """Return the names that somebody gave it; the engine adds parts of its number."""
    number = str(item.get("Id", ""))
    return [str(alias) for alias in given.get("Aliases") or () if not number.startswith(str(alias))]


def _ports(bindings: Map, actual: Map) -> List[Map]:
    """Return what is published; where the engine chose the port, the one it chose."""
    found: List[Map] = []
    for target, wanted in bindings.items():
        number, _slash, protocol = target.partition("/")
        chosen = {(entry.get("HostIp") or ""): entry.get("HostPort") for entry in actual.get(target) or ()}
        for entry in wanted or ():
            address = str(entry.get("HostIp") or "")
            published = entry.get("HostPort") or chosen.get(address) or next(iter(chosen.values()), None)
            port = _filled(target=number, published=published if published != "0" else None, protocol=protocol, host_ip=address)
            if port not in found:
                found.append(port)
    return found


def _take_members(found: Inspected, item: Map, notes: Notes) -> None:
    """Take the containers that only their network tells of."""
    network = str(item.get("Name") or item.get("name"))
    if network not in found.networks:
        return
    path = "networks." + network
    for raw in as_map(item.get("Containers") or item.get("containers"), path + ".Containers").values():
        member = as_map(raw, path + ".Containers")
        name, addresses = _member(member, path)
        if name not in found.services:
            found.services[name] = {"container_name": name, "networks": {}}
            found.portless.append(name)
            notes.add("services.%s.ports" % name, None, PORTLESS % (found.engine, name))
        if name in found.portless:  # any other tells more of itself
            found.services[name]["networks"][network] = addresses


def _member(member: Map, path: str) -> Tuple[str, Map]:
    if "interfaces" in member:  # of Podman
        interfaces = as_map(member["interfaces"], path + ".containers").values()
        addresses = [str(subnet.get("ipnet", "")) for interface in interfaces for subnet in interface.get("subnets") or ()]
        name = str(member.get("name"))
    else:
        addresses = [str(member.get(key) or "") for key in ("IPv4Address", "IPv6Address")]
        name = str(member.get("Name"))
    plain = [address.partition("/")[0] for address in addresses if address]
    by_family = {"ipv6_address" if ":" in address else "ipv4_address": address for address in plain}
    return name, by_family
