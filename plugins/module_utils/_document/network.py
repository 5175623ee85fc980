# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One network of the declaration: what every driver has, then the driver's own keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, FrozenSet, Optional, Tuple

from .._drivers.base import Common
from .._drivers.table import DRIVERS, USUAL, find_driver
from .._model.errors import Problem
from .._model.network import Network
from . import ipam
from .borrowed_words import DRIVERS as BORROWED_DRIVERS
from .borrowed_words import NETWORK, unlike_ours
from .entry import NOWHERE, Elsewhere, Entry, belongs, read_entry, read_labels
from .mtu import read_mtu, refuse_small_mtu
from .scalars import Problems, choice, closest, read_boolean, read_label

COMMON_KEYS = frozenset(("name", "driver", "ipam_config", "enable_ipv6", "mtu", "labels", "state", "on_every_host"))
ABSENT_KEYS = frozenset(("name", "driver", "state"))
STATES = choice("present", "absent")


def list_fleet_keys() -> FrozenSet[str]:
    """Return the keys that only a fleet's plan reads."""
    return frozenset(("on_every_host",)).union(*(find_driver(name).fleet_keys for name in DRIVERS))


def _any_key() -> FrozenSet[str]:
    return COMMON_KEYS.union(*(find_driver(name).keys for name in DRIVERS))


def _borrowed() -> Elsewhere:
    return unlike_ours(NETWORK, _any_key())


def _elsewhere(driver: str) -> Elsewhere:
    """Return what to say of keys that a network of a driver does not have. Only then are the others loaded."""
    rule = "this key belongs to driver %s, the network has driver %s"
    owners: Dict[str, str] = {}
    for other in DRIVERS:
        for key in find_driver(other).keys - find_driver(driver).keys:
            owners[key] = "%s or %s" % (owners[key], other) if key in owners else other
    others = {key: (rule % (owner, driver), "remove it") for key, owner in owners.items()}
    return {**_borrowed(), **others, **belongs(ipam.KEYS, "an entry of ipam_config")}


def require_nothing(_driver: str) -> Tuple[str, ...]:
    return ()


def require_host_keys(driver: str) -> Tuple[str, ...]:
    """Return what a host needs of a network and a fleet's plan provides."""
    return find_driver(driver).host_keys


def is_absent(entry: Entry, allowed: FrozenSet[str]) -> bool:
    """Tell whether an entry is declared absent, and report what else it carries then."""
    absent: bool = entry.get("state", STATES, "present") == "absent"
    surplus = sorted(set(entry.raw) - allowed) if absent else []
    if surplus:
        entry.refuse("state: absent takes only %s" % ", ".join(sorted(allowed - {"state"})), "remove %s" % ", ".join(surplus)[:60])
    return absent


def _driver(raw: Dict[str, object], path: str, problems: Problems) -> Optional[str]:
    if "driver" not in raw:
        # Under a mistyped key it is there all the same, and the rest of the network is of that driver.
        unknown = [] if raw.keys() <= COMMON_KEYS | find_driver(USUAL).keys else [key for key in raw if key not in _any_key()]
        mistyped = next((key for key in unknown if closest(key, sorted(_any_key())) == "driver" and raw[key] in tuple(DRIVERS)), None)
        return USUAL if mistyped is None else str(raw[mistyped])
    if isinstance(raw["driver"], str) and raw["driver"].lower() in BORROWED_DRIVERS:
        fix = 'write "%s"' % BORROWED_DRIVERS[raw["driver"].lower()]
        problems.append(Problem(path + ".driver", raw["driver"], "choices: %s" % ", ".join(DRIVERS), fix))
        return None
    return choice(*DRIVERS)(raw["driver"], path + ".driver", problems)


def _read_entry(value: object, path: str, problems: Problems, driver: Optional[str], required: Tuple[str, ...]) -> Optional[Entry]:
    absent = isinstance(value, dict) and value.get("state") == "absent"
    needed = ("name",) if absent else ("name", *required)
    if driver is None:
        return read_entry(value, path, problems, allowed=_any_key(), required=needed, elsewhere=NOWHERE if absent else _borrowed())
    allowed = COMMON_KEYS | find_driver(driver).keys
    known = not isinstance(value, dict) or value.keys() <= allowed
    return read_entry(value, path, problems, allowed=allowed, required=needed, elsewhere=NOWHERE if absent or known else _elsewhere(driver))


def read_network(value: object, path: str, problems: Problems, *, scope: str, find_required: Callable[[str], Tuple[str, ...]]) -> Optional[Network]:
    """Return a network with its valid parts, or None where it is absent or cannot be told. `find_required` says which keys a driver insists on."""
    name_of_driver = _driver(value, path, problems) if isinstance(value, dict) else None
    entry = _read_entry(value, path, problems, name_of_driver, find_required(name_of_driver) if name_of_driver else ())
    if entry is None:
        return None
    name = entry.get("name", read_label, None)
    if is_absent(entry, ABSENT_KEYS) or name_of_driver is None:
        return None
    driver = find_driver(name_of_driver)
    label = name if name is not None else ""
    subnets = ipam.read_subnets(entry, name=label, scope=scope, default_gateway=driver.has_usual_gateway(entry.raw))
    mtu = read_mtu(entry)
    refuse_small_mtu(entry, mtu, [subnet.subnet for subnet in subnets], "subnet")
    no_labels: Dict[str, str] = {}
    labels = entry.get("labels", read_labels, no_labels)
    network: Network = driver.read(entry, Common(label, subnets, mtu, labels))
    if entry.get("on_every_host", read_boolean, False):
        network = replace(network, on_every_host=True)
    return network if name is not None else None
