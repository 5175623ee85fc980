# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a container runtime asks of a CNI plugin: variables of the environment, and a network configuration as JSON."""

from __future__ import annotations

import json
from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Tuple

from .._document.scalars import read_interface_name, read_label, read_mac
from .._model.document import DEFAULT_SCOPE
from .._model.errors import ContainerNetError, InputError, Problem
from .wishes import read_addresses, read_aliases, read_container, read_list, read_map, read_number, read_publication

OLDEST_CHECK, NEWEST = "0.4.0", "1.1.0"
VERSIONS = ("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
ADD, DEL, CHECK, GC, STATUS, VERSION = "ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"
SINCE = {CHECK: "0.4.0", GC: "1.1.0", STATUS: "1.1.0"}
INCOMPATIBLE, UNSUPPORTED, UNKNOWN_CONTAINER, BAD_ENVIRONMENT, NO_INPUT, UNDECODABLE, INVALID, TRY_AGAIN = 1, 2, 3, 4, 5, 6, 7, 11
UNAVAILABLE, LIMITED = 50, 51
FAILED, DIFFERS = 100, 101
VALID_ATTACHMENTS = "cni.dev/valid-attachments"
# ipam, ipMasq and the like are refused: the declaration says all that.
_KEYS = frozenset(("cniVersion", "cniVersions", "name", "type", "scope", "network", "capabilities", "runtimeConfig", "args", "prevResult", "dns", "slot"))
_RUNTIMES_OWN = frozenset(("disableCheck", "disableGC", "loadOnlyInlinedPlugins"))
_CAPABILITIES = frozenset(("portMappings", "ips", "mac", "aliases"))
_OF_CONTAINER = frozenset((ADD, DEL, CHECK))
_ARGUMENTS = frozenset(("IP", "MAC", "IgnoreUnknown"))
_TRUE = frozenset(("1", "true", "yes"))


class CniError(ContainerNetError):
    """An answer that says why not: a number of the specification, a few words, and all that is known."""

    def __init__(self, code: int, msg: str, details: str) -> None:
        self.code = code
        self.msg = msg
        self.details = details
        super().__init__("%s: %s" % (msg, details))


class Call(NamedTuple):
    """One question of a runtime."""

    command: str
    version: str = NEWEST
    configuration: str = ""  # its name
    scope: str = DEFAULT_SCOPE
    network: str = ""
    slot: str = ""  # the one that the container is to fill; empty: any
    container: str = ""
    interface: str = ""
    path: str = ""  # of the container's namespace
    ipv4_address: Optional[str] = None
    ipv6_address: Optional[str] = None
    mac_address: Optional[str] = None
    aliases: Tuple[str, ...] = ()
    ports: Tuple[str, ...] = ()
    dns: Mapping[str, Any] = {}
    previous: Optional[Mapping[str, Any]] = None
    valid: FrozenSet[Tuple[str, str]] = frozenset()  # containers and interfaces that are still there


def read_configuration(text: str) -> Dict[str, Any]:
    """Return the configuration, of which nothing is believed yet."""
    if not text.strip():
        raise CniError(NO_INPUT, "no network configuration", "standard input is empty; a runtime writes the network configuration there, as JSON")
    try:
        found = json.loads(text)
    except ValueError as error:
        raise CniError(UNDECODABLE, "the network configuration is no JSON", str(error)) from error
    if not isinstance(found, dict):
        raise CniError(UNDECODABLE, "the network configuration is no map", "got %s" % type(found).__name__)
    return found


def answered_version(config: Mapping[str, Any]) -> str:
    """Return the version to answer in, also where that asked for is none of ours."""
    version = config.get("cniVersion")
    return version if isinstance(version, str) and version in VERSIONS else NEWEST


def read_call(environment: Mapping[str, str], config: Mapping[str, Any]) -> Call:
    """Return what is asked, or raise CniError with all that is wrong."""
    command = environment.get("CNI_COMMAND", "")
    if command not in (ADD, DEL, CHECK, GC, STATUS, VERSION):
        raise CniError(BAD_ENVIRONMENT, "bad CNI_COMMAND", "CNI_COMMAND is '%s'; it must be ADD, DEL, CHECK, GC, STATUS or VERSION" % command)
    if command == VERSION:
        return Call(command, answered_version(config))
    version = _read_version(config, command)
    container, interface, path = _read_place(environment, command)
    problems: List[Problem] = []
    name = config.get("name")
    if not isinstance(name, str) or not name:
        problems.append(Problem("name", name, "a network configuration has a name", "write one"))
    scope = read_label(config["scope"], "scope", problems) if "scope" in config else DEFAULT_SCOPE
    network = read_label(config.get("network", name), "network", problems) if name or "network" in config else None
    slot = read_label(config["slot"], "slot", problems) if "slot" in config else ""
    call = Call(command, version, str(name), scope or "", network or "", slot or "", container, interface, path)
    if command in (ADD, CHECK):
        call = _read_wishes(call, environment, config, problems)
    if command == GC:
        call = call._replace(valid=_read_valid(config.get(VALID_ATTACHMENTS, config.get("cni.dev/attachments")), problems))
    if problems:
        raise CniError(INVALID, "invalid network configuration", str(InputError(tuple(problems))))
    return call


def _read_version(config: Mapping[str, Any], command: str) -> str:
    version = config.get("cniVersion", "0.1.0")
    if version not in VERSIONS:
        raise CniError(INCOMPATIBLE, "incompatible CNI version", "cniVersion is '%s'; this plugin speaks %s" % (version, ", ".join(VERSIONS)))
    if VERSIONS.index(version) < VERSIONS.index(SINCE.get(command, VERSIONS[0])):
        raise CniError(INCOMPATIBLE, "incompatible CNI version", "cniVersion is '%s'; %s is there since %s" % (version, command, SINCE[command]))
    return str(version)


def _read_place(environment: Mapping[str, str], command: str) -> Tuple[str, str, str]:
    """Return the container, the interface and the file of the namespace that it is about."""
    if command not in _OF_CONTAINER:
        return "", "", ""
    problems: List[Problem] = []
    container, interface, path = (environment.get(name, "") for name in ("CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS"))
    read_container(container, "CNI_CONTAINERID", problems)
    read_interface_name(interface, "CNI_IFNAME", problems)
    if command != DEL and not path.startswith("/"):
        problems.append(Problem("CNI_NETNS", path, "the absolute path of the container's network namespace"))
    if problems:
        raise CniError(BAD_ENVIRONMENT, "bad variables of the environment", "; ".join(map(str, problems)))
    return container, interface, path


def _read_wishes(call: Call, environment: Mapping[str, str], config: Mapping[str, Any], problems: List[Problem]) -> Call:
    """Add what the runtime wants of the interface."""
    for key in config:
        if key not in _KEYS | _RUNTIMES_OWN and not key.startswith("cni.dev/"):
            raise CniError(UNSUPPORTED, "unsupported field in network configuration", "%s: %s; the declaration on the host says all else" % (key, config[key]))
    wishes = read_map(config.get("runtimeConfig"), "runtimeConfig", problems)
    for key in wishes:
        if key not in _CAPABILITIES:
            raise CniError(UNSUPPORTED, "unsupported field in network configuration", "runtimeConfig.%s: %s; remove it from capabilities" % (key, wishes[key]))
    arguments = _read_arguments(environment.get("CNI_ARGS", ""))
    others = read_map(read_map(config.get("args"), "args", problems).get("cni"), "args.cni", problems)
    addresses: Dict[str, Optional[str]] = {}
    if "ips" in wishes:
        addresses = read_addresses(wishes["ips"], "runtimeConfig.ips", problems)
    elif "ips" in others:
        addresses = read_addresses(others["ips"], "args.cni.ips", problems)
    elif "IP" in arguments:
        addresses = read_addresses(arguments["IP"].split(","), "CNI_ARGS.IP", problems)
    mac = None
    if wishes.get("mac"):
        mac = read_mac(wishes["mac"], "runtimeConfig.mac", problems)
    elif "MAC" in arguments:
        mac = read_mac(arguments["MAC"], "CNI_ARGS.MAC", problems)
    aliases = wishes.get("aliases")
    aliases = aliases.get(call.configuration) if isinstance(aliases, dict) else aliases  # as Podman has them, a list for each network
    previous = config.get("prevResult")
    if call.command == ADD and previous is not None:
        problems.append(Problem("prevResult", previous, "this plugin makes the interface, it does not change one", "put it first in the list of plugins"))
    if call.command == CHECK and not isinstance(previous, dict):
        problems.append(Problem("prevResult", previous, "CHECK compares with the result of ADD", "the runtime passes it on"))
    return call._replace(
        ipv4_address=addresses.get("ipv4_address"),
        ipv6_address=addresses.get("ipv6_address"),
        mac_address=mac,
        aliases=read_aliases(aliases, "runtimeConfig.aliases", problems),
        ports=_read_ports(wishes.get("portMappings"), problems),
        dns=read_map(config.get("dns"), "dns", problems),
        previous=previous if isinstance(previous, dict) else None,
    )


def _read_arguments(text: str) -> Dict[str, str]:
    pairs = [part.partition("=") for part in text.split(";") if part]
    found = {key: value for key, _equals, value in pairs}
    unknown = sorted(key for key, equals, _value in pairs if not equals or key not in _ARGUMENTS)
    if unknown and found.get("IgnoreUnknown", "").lower() not in _TRUE:
        known = "it has KEY=VALUE pairs of %s, or IgnoreUnknown=1" % ", ".join(sorted(_ARGUMENTS))
        raise CniError(BAD_ENVIRONMENT, "bad CNI_ARGS", "CNI_ARGS has %s; %s" % (", ".join(unknown), known))
    return found


def _read_ports(value: object, problems: List[Problem]) -> Tuple[str, ...]:
    path = "runtimeConfig.portMappings"
    found: List[str] = []
    for index, item in enumerate(read_list(value, path, problems)):
        place = "%s[%d]" % (path, index)
        mapping = read_map(item, place, problems)
        published, target = (read_number(mapping, key, place, problems) for key in ("hostPort", "containerPort"))
        if published is not None and target is not None:
            protocol = str(mapping.get("protocol") or "tcp").lower()
            found += read_publication(published, target, protocol, mapping.get("hostIP"), place, problems)
    return tuple(dict.fromkeys(found))


def _read_valid(value: object, problems: List[Problem]) -> FrozenSet[Tuple[str, str]]:
    if not isinstance(value, list):
        problems.append(Problem(VALID_ATTACHMENTS, value, "GC removes what is not in this list", "write a list, an empty one for nothing"))
        return frozenset()
    found = set()
    for index, item in enumerate(value):
        container, interface = (item.get("containerID"), item.get("ifname")) if isinstance(item, dict) else (None, None)
        if not isinstance(container, str) or not isinstance(interface, str):
            problems.append(Problem("%s[%d]" % (VALID_ATTACHMENTS, index), item, "expected containerID and ifname", "write both"))
        else:
            found.add((container, interface))
    return frozenset(found)
