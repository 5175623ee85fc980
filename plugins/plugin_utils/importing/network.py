# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One network of a Compose file."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple

from ...module_utils._model.names import interface_name_fault, parent_name_fault
from .pool import Pool
from .source import Notes, as_flag, as_list, as_map, note_rest, refuse, translate_labels

Convert = Callable[[object, str], object]
BRIDGE = "com.docker.network.bridge."
DRIVERS = {"bridge": "bridge", "default": "bridge", "macvlan": "macvlan", "ipvlan": "ipvlan", "overlay": "overlay"}


def _text(value: object, path: str) -> object:
    return str(value)


def _number(value: object, path: str) -> object:
    if not str(value).isdigit():
        refuse(path, value, "expected a number", "write digits only")
    return int(str(value))


def _negated(value: object, path: str) -> object:
    return not as_flag(value, path)


# driver: option: our key, and its type
_MTU: Dict[str, Tuple[str, Convert]] = {"com.docker.network.driver.mtu": ("mtu", _number), "mtu": ("mtu", _number)}
OPTIONS: Dict[str, Dict[str, Tuple[str, Convert]]] = {
    "bridge": {
        **_MTU,
        BRIDGE + "name": ("bridge_name", _text),
        BRIDGE + "enable_icc": ("enable_icc", as_flag),
        BRIDGE + "enable_ip_masquerade": ("masquerade", as_flag),
        BRIDGE + "inhibit_ipv4": ("gateway_on_host", _negated),
        "com.docker.network.host_ipv4": ("snat_address", _text),
    },
    "macvlan": {**_MTU, "parent": ("parent", _text), "macvlan_mode": ("mode", _text), "mode": ("mode", _text)},
    "ipvlan": {**_MTU, "parent": ("parent", _text), "ipvlan_mode": ("mode", _text), "mode": ("mode", _text), "ipvlan_flag": ("flag", _text)},
    "overlay": {**_MTU, "com.docker.network.driver.overlay.vxlanid_list": ("vni", _number)},
}
FAULTS = {"bridge_name": interface_name_fault, "parent": parent_name_fault}
# Nothing is lost where these are left out.
WITHOUT_EFFECT = ("attachable", "name")


def list_subnets(raw: Dict[str, Any], path: str) -> List[Any]:
    """Return what the networks say of their subnets, as it is."""
    config = as_list(as_map(raw.get("ipam"), path + ".ipam").get("config"), path + ".ipam.config")
    return [as_map(entry, path + ".ipam.config").get("subnet") for entry in config]


def _translate_options(raw: object, driver: str, path: str, notes: Notes) -> Dict[str, Any]:
    found: Dict[str, Any] = {}
    for option, value in as_map(raw, path).items():
        place = "%s.%s" % (path, option)
        key, convert = OPTIONS[driver].get(option, ("", _text))
        if not key:
            notes.add(place, value, "no key of a network of driver %s stands for this option" % driver)
            continue
        converted = convert(value, place)
        fault = FAULTS[key](str(converted)) if key in FAULTS else None
        if fault:
            notes.add(place, value, "%s cannot be %s: %s" % (key, value, fault))
        else:
            found[key] = converted
    return found


def _translate_ipam(raw: object, path: str, notes: Notes) -> List[Dict[str, Any]]:
    ipam = as_map(raw, path)
    config = as_list(ipam.pop("config", None), path + ".config")
    if ipam.get("driver") in (None, "default"):
        ipam.pop("driver", None)
    note_rest(ipam, path, notes, "addresses are allocated by this collection")
    found = []
    for index, item in enumerate(config):
        place = "%s.config[%d]" % (path, index)
        entry = as_map(item, place)
        if "subnet" not in entry:
            if entry:
                notes.add(place, item, "an entry without a subnet says nothing here")
            continue
        found.append({key: entry.pop(key) for key in ("subnet", "ip_range", "gateway", "aux_addresses") if entry.get(key)})
        note_rest({key: value for key, value in entry.items() if value}, place, notes)
    return found


def translate_network(name: str, real_name: str, given: object, path: str, pool: Pool, notes: Notes) -> Optional[Dict[str, Any]]:
    """Return our network, or None where its driver is not one of ours."""
    raw = as_map(given, path)
    external = raw.pop("external", False)
    driver = str(raw.pop("driver", None) or "bridge")
    if driver not in DRIVERS:
        notes.add(path + ".driver", driver, "no driver of this collection stands for it: the network is left out, and its attachments with it")
        return None
    driver = DRIVERS[driver]
    network: Dict[str, Any] = {"name": name}
    if driver != "bridge":
        network["driver"] = driver
    if isinstance(external, dict) or (external and as_flag(external, path + ".external")):
        reason = "made outside of this file, and declared here as a bridge of its own: write what it is, and in one declaration only"
        notes.add(path + ".external", external, reason)
    ipam = _translate_ipam(raw.pop("ipam", None), path + ".ipam", notes)
    if not any(":" not in str(entry["subnet"]) for entry in ipam) and as_flag(raw.pop("enable_ipv4", True), path + ".enable_ipv4"):
        subnet = pool.cut(real_name)
        ipam.insert(0, {"subnet": subnet})
        notes.add(path + ".ipam", None, "no IPv4 subnet is given, so that the engine would choose one: %s is chosen here" % subnet)
    raw.pop("enable_ipv4", None)
    if ipam:
        network["ipam_config"] = ipam
    for key in ("internal", "enable_ipv6"):
        flag = raw.pop(key, None)
        if flag is not None:
            flag = as_flag(flag, "%s.%s" % (path, key))
            if flag or (key == "enable_ipv6" and not any(":" in str(entry["subnet"]) for entry in ipam)):
                network[key] = flag
    if driver in ("macvlan", "ipvlan") and not network.get("internal"):
        for entry in ipam:
            if "gateway" not in entry:
                notes.add(path + ".ipam", entry["subnet"], "no gateway is given: an engine takes the first address, here there is no default route")
    network.update(_translate_options(raw.pop("driver_opts", None), driver, path + ".driver_opts", notes))
    labels = translate_labels(raw.pop("labels", None), path + ".labels")
    if labels:
        network["labels"] = labels
    for key in WITHOUT_EFFECT:
        raw.pop(key, None)
    note_rest(raw, path, notes)
    return network
