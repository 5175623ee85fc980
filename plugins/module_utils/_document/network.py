# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One network of the declaration: what every driver has, then the driver's own keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, FrozenSet, Mapping, Optional, Tuple

from .._model.addresses import ip_version
from .._model.document import Network
from .._model.errors import Problem
from . import bridge, ipam, ipvlan, macvlan, overlay, routed
from .borrowed_words import DRIVERS, NETWORK, unlike_ours
from .entry import NOWHERE, Elsewhere, Entry, belongs, read_entry, read_labels
from .scalars import Problems, choice, closest, integer, read_boolean, read_label

COMMON_KEYS = frozenset(("name", "driver", "ipam_config", "enable_ipv6", "mtu", "labels", "state", "on_every_host"))
FLEET_KEYS = frozenset(("on_every_host",)) | routed.FLEET_KEYS
DRIVER_KEYS = {"bridge": bridge.KEYS, "overlay": overlay.KEYS, "macvlan": macvlan.KEYS, "ipvlan": ipvlan.KEYS, "routed": routed.KEYS}
_READERS: Dict[str, Callable[..., Network]] = {
    "bridge": bridge.read_bridge,
    "overlay": overlay.read_overlay,
    "macvlan": macvlan.read_macvlan,
    "ipvlan": ipvlan.read_ipvlan,
    "routed": routed.read_routed,
}
ABSENT_KEYS = frozenset(("name", "driver", "state"))
STATES = choice("present", "absent")
IPV6_MTU = 1280
_DRIVERS = choice(*DRIVER_KEYS)


ANY_KEY = COMMON_KEYS.union(*DRIVER_KEYS.values())
BORROWED = unlike_ours(NETWORK, ANY_KEY)


def _elsewhere(driver: str) -> Elsewhere:
    rule = "this key belongs to driver %s, the network has driver %s"
    owners: Dict[str, str] = {}
    for other, keys in DRIVER_KEYS.items():
        for key in keys - DRIVER_KEYS[driver]:
            owners[key] = "%s or %s" % (owners[key], other) if key in owners else other
    others = {key: (rule % (owner, driver), "remove it") for key, owner in owners.items()}
    return {**BORROWED, **others, **belongs(ipam.KEYS, "an entry of ipam_config")}


ALLOWED = {driver: COMMON_KEYS | keys for driver, keys in DRIVER_KEYS.items()}
ELSEWHERE = {driver: _elsewhere(driver) for driver in DRIVER_KEYS}


def is_absent(entry: Entry, allowed: FrozenSet[str]) -> bool:
    """Tell whether an entry is declared absent, and report what else it carries then."""
    absent: bool = entry.get("state", STATES, "present") == "absent"
    surplus = sorted(set(entry.raw) - allowed) if absent else []
    if surplus:
        entry.refuse("state: absent takes only %s" % ", ".join(sorted(allowed - {"state"})), "remove %s" % ", ".join(surplus)[:60])
    return absent


def _read_mtu(entry: Entry, has_ipv6: bool) -> Optional[int]:
    mtu = entry.get("mtu", integer(68, 65535), None)
    if mtu is not None and has_ipv6 and mtu < IPV6_MTU:
        entry.report("mtu", "IPv6 needs an MTU of at least %d" % IPV6_MTU, "use 1280 or more, or remove the IPv6 subnet")
    return mtu


def _driver(raw: Dict[str, object], path: str, problems: Problems) -> Optional[str]:
    if "driver" not in raw:
        # Under a mistyped key it is there all the same, and the rest of the network is of that driver.
        mistyped = next((key for key in raw if key not in ANY_KEY and closest(key, sorted(ANY_KEY)) == "driver" and raw[key] in tuple(DRIVER_KEYS)), None)
        return "bridge" if mistyped is None else str(raw[mistyped])
    if isinstance(raw["driver"], str) and raw["driver"].lower() in DRIVERS:
        problems.append(Problem(path + ".driver", raw["driver"], "choices: %s" % ", ".join(DRIVER_KEYS), 'write "%s"' % DRIVERS[raw["driver"].lower()]))
        return None
    return _DRIVERS(raw["driver"], path + ".driver", problems)


def read_network(value: object, path: str, problems: Problems, *, scope: str, required: Mapping[str, Tuple[str, ...]]) -> Optional[Network]:
    """Return a network with its valid parts, or None where it is absent or cannot be told. `required` are more keys by driver."""
    driver = _driver(value, path, problems) if isinstance(value, dict) else None
    absent = isinstance(value, dict) and value.get("state") == "absent"
    needed = ("name",) if absent or driver is None else ("name",) + tuple(required.get(driver, ()))
    entry = read_entry(
        value,
        path,
        problems,
        allowed=ALLOWED[driver] if driver else ANY_KEY,
        required=needed,
        elsewhere=NOWHERE if absent else ELSEWHERE[driver] if driver else BORROWED,
    )
    if entry is None:
        return None
    name = entry.get("name", read_label, None)
    if is_absent(entry, ABSENT_KEYS) or driver is None:
        return None
    label = name if name is not None else ""
    subnets = ipam.read_subnets(entry, name=label, scope=scope, default_gateway=driver == "bridge" and not entry.raw.get("interfaces"))
    mtu = _read_mtu(entry, any(ip_version(subnet.subnet) == 6 for subnet in subnets))
    no_labels: Dict[str, str] = {}
    labels = entry.get("labels", read_labels, no_labels)
    network: Network = _READERS[driver](entry, name=label, subnets=subnets, mtu=mtu, labels=labels)
    if entry.get("on_every_host", read_boolean, False):
        network = replace(network, on_every_host=True)
    return network if name is not None else None
