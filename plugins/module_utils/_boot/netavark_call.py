# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What Podman and netavark ask of a plugin: a network, and for a container that joins or leaves it more, as JSON."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .._document.scalars import read_interface_name, read_label, read_mac
from .._model.document import DEFAULT_SCOPE
from .._model.errors import InputError, Problem
from .._model.network import Network
from .cni_call import Call
from .wishes import read_addresses, read_aliases, read_container, read_list, read_map, read_number, read_publication

SCOPE, NETWORK, SLOT = "scope", "network", "slot"
_OPTIONS = (SCOPE, NETWORK, SLOT)
NO_IPAM = "none"
# What somebody may ask for when he makes a network, and only the declaration says.
_DECLARED = {"subnets": "--subnet", "routes": "--route", "network_interface": "--interface-name", "network_dns_servers": "--dns"}


def read_input(text: str) -> Mapping[str, Any]:
    """Return what was asked, of which nothing is believed yet."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise _refuse(Problem("standard input", text[:40], "Podman and netavark write JSON there (%s)" % error)) from error
    if not isinstance(found, dict):
        raise _refuse(Problem("standard input", found, "Podman and netavark write a map there"))
    return found


def read_network(config: Mapping[str, Any]) -> Call:
    """Return which declared network is meant by one that is to be made."""
    problems: List[Problem] = []
    call = _read_meant(config, "", problems)
    for key, option in _DECLARED.items():
        if config.get(key):
            problems.append(Problem(key, config[key], "the declaration on the host says it", "leave out %s" % option))
    ipam = read_map(config.get("ipam_options"), "ipam_options", problems).get("driver")
    if ipam not in (None, "", NO_IPAM):
        problems.append(Problem("ipam_options.driver", ipam, "the host's declaration has the addresses", "leave out --ipam-driver"))
    return _end(call, problems)


def read_member(command: str, config: Mapping[str, Any], path: Optional[str], *, leaves: bool) -> Call:
    """Return which container is to join a network, and how, or is to leave it."""
    problems: List[Problem] = []
    call = _read_meant(read_map(config.get("network"), "network", problems), "network.", problems)
    wishes = read_map(config.get("network_options"), "network_options", problems)
    interface = read_interface_name(wishes.get("interface_name"), "network_options.interface_name", problems)
    container = read_container(config.get("container_id"), "container_id", problems)
    if not path or not path.startswith("/"):
        problems.append(Problem(command, path, "behind it stands the absolute path of the container's network namespace"))
    call = call._replace(container=container, interface=interface or "", path=path or "")
    return _end(call if leaves else _read_wishes(call, config, wishes, problems), problems)


def refuse_unlike(config: Mapping[str, Any], network: Network) -> None:
    """Refuse what a network was asked to be, and is not by its declaration."""
    problems = []
    if config.get("internal") and not network.internal:
        problems.append(Problem("internal", True, "network '%s' is not internal by its declaration" % network.name, "leave out --internal"))
    if config.get("ipv6_enabled") and not network.subnets_of(6):
        problems.append(Problem("ipv6_enabled", True, "network '%s' has no IPv6 subnet by its declaration" % network.name, "leave out --ipv6"))
    if problems:
        raise _refuse(*problems)


def _read_meant(config: Mapping[str, Any], path: str, problems: List[Problem]) -> Call:
    name = config.get("name")
    if not isinstance(name, str) or not name:
        problems.append(Problem(path + "name", name, "a network has a name", "write one"))
    options = _read_options(config.get("options"), path + "options", _OPTIONS, problems)
    network = options.get(NETWORK) if NETWORK in options else read_label(name, path + "name", problems) if name else None
    return Call("", configuration=str(name), scope=options.get(SCOPE, DEFAULT_SCOPE), network=network or "", slot=options.get(SLOT, ""))


def _read_options(value: object, path: str, known: Tuple[str, ...], problems: List[Problem]) -> Dict[str, str]:
    found = {}
    for key, item in read_map(value, path, problems).items():
        place = "%s.%s" % (path, key)
        if key not in known:
            problems.append(Problem(place, item, "there are %s; the declaration on the host says all else" % ", ".join(known), "remove it"))
        else:
            found[key] = read_label(item, place, problems) or ""
    return found


def _read_wishes(call: Call, config: Mapping[str, Any], wishes: Mapping[str, Any], problems: List[Problem]) -> Call:
    path = "network_options"
    own = _read_options(wishes.get("options"), path + ".options", (SLOT,), problems)
    addresses = read_addresses(wishes.get("static_ips"), path + ".static_ips", problems)
    mac = read_mac(wishes["static_mac"], path + ".static_mac", problems) if wishes.get("static_mac") else None
    return call._replace(
        slot=own.get(SLOT, call.slot),
        ipv4_address=addresses.get("ipv4_address"),
        ipv6_address=addresses.get("ipv6_address"),
        mac_address=mac,
        aliases=read_aliases(wishes.get("aliases"), path + ".aliases", problems),
        ports=_read_ports(config.get("port_mappings"), problems),
    )


def _read_ports(value: object, problems: List[Problem]) -> Tuple[str, ...]:
    """Return each port of each mapping: it may be for several protocols, and several ports that follow each other."""
    found: List[str] = []
    for index, item in enumerate(read_list(value, "port_mappings", problems)):
        place = "port_mappings[%d]" % index
        mapping = read_map(item, place, problems)
        published, target = (read_number(mapping, key, place, problems) for key in ("host_port", "container_port"))
        count = read_number({"range": 1, **mapping}, "range", place, problems)
        if published is None or target is None or count is None:
            continue
        first, last = ("%d-%d" % (start, start + count - 1) if count > 1 else start for start in (published, target))
        for protocol in str(mapping.get("protocol") or "tcp").lower().split(","):
            found += read_publication(first, last, protocol, mapping.get("host_ip"), place, problems)
    return tuple(dict.fromkeys(found))


def _end(call: Call, problems: List[Problem]) -> Call:
    if problems:
        raise _refuse(*problems)
    return call


def _refuse(*problems: Problem) -> InputError:
    return InputError(problems)
