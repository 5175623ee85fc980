# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One network of the declaration: what every driver has, then the driver's own keys."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Callable, Dict, FrozenSet, Mapping, Optional, Tuple

from .._drivers.base import Common
from .._drivers.table import DRIVERS, USUAL, find_driver
from .._model.errors import Problem
from .._model.evolve import evolve
from .._model.network import Network
from .._model.policy import ALLOW, DENY, UNSEEN
from .._schema.reading import Problems, Shape, reader
from .._schema.schema import Elsewhere, Field, Schema, belongs
from . import ipam
from .borrowed_words import DRIVERS as BORROWED_DRIVERS
from .borrowed_words import NETWORK, unlike_ours
from .entry import Entry, read_entry, read_labels
from .mtu import read_mtu, refuse_small_mtu
from .scalars import choice, closest, read_boolean, read_label
from .state import STATE, is_absent


@reader(Shape("str", choices=tuple(DRIVERS)))
def _read_driver(value: object, path: str, problems: Problems) -> Optional[str]:
    if isinstance(value, str) and value.lower() in BORROWED_DRIVERS:
        problems.append(Problem(path, value, "choices: %s" % ", ".join(DRIVERS), 'write "%s"' % BORROWED_DRIVERS[value.lower()]))
        return None
    return choice(*DRIVERS)(value, path, problems)


NAME = Field("name", read_label, None, "Name of the network.", required=True)
DRIVER = Field("driver", _read_driver, USUAL, "What the network is made of; each has keys of its own.")
MTU = Field(
    "mtu",
    read_mtu,
    None,
    "Largest packet of the network.",
    unit="bytes",
    default_words="what the links below it take: of V(macvlan) and V(ipvlan) the parent's; of V(overlay) the underlay's less 50 over IPv4 or 70 over IPv6;"
    " else that of the interface with the default route, or 1500",
)
LABELS: Field[Mapping[str, str]] = Field("labels", read_labels, {}, "Text of your own, for whoever reads the declaration.", example="{team: shop}")
ON_EVERY_HOST = Field("on_every_host", read_boolean, False, "Whether the network is made also on hosts of the fleet where nothing uses it.", fleet_only=True)
DEFAULT_POLICY = Field(
    "default_policy",
    choice(ALLOW, DENY),
    ALLOW,
    "What becomes of connections into its endpoints that no policy names. V(deny) leaves what is published, and answers. Not with V(macvlan) and V(ipvlan).",
)
DEFAULT_EGRESS = Field(
    "default_egress",
    choice(ALLOW, DENY),
    ALLOW,
    "What becomes of connections that its endpoints begin and no policy names, towards the outside, other networks and neighbours."
    " Not with V(macvlan) and V(ipvlan).",
)
COMMON = Schema(
    "a network",
    (NAME, DRIVER, ipam.IPAM_CONFIG, ipam.ENABLE_IPV6, MTU, DEFAULT_POLICY, DEFAULT_EGRESS, LABELS, STATE, ON_EVERY_HOST),
    absent=("name", "driver"),
)


@lru_cache(maxsize=None)
def _joined(own: Schema) -> Schema:
    """Return what a network has with the keys of a driver."""
    return replace(COMMON, fields=COMMON.fields + own.fields)


def network_schema(driver: str) -> Schema:
    """Return the keys of a network of a driver."""
    return _joined(find_driver(driver).schema)


def list_fleet_keys() -> FrozenSet[str]:
    """Return the keys that only a fleet's plan reads."""
    return COMMON.fleet_only.union(*(find_driver(name).schema.fleet_only for name in DRIVERS))


def _any_key() -> FrozenSet[str]:
    return COMMON.keys.union(*(find_driver(name).schema.keys for name in DRIVERS))


def _borrowed() -> Elsewhere:
    return unlike_ours(NETWORK, _any_key())


def _elsewhere(driver: str) -> Elsewhere:
    """Return what to say of keys that a network of a driver does not have. Only then are the others loaded."""
    rule = "this key belongs to driver %s, the network has driver %s"
    own = find_driver(driver).schema.keys
    owners: Dict[str, str] = {}
    for other in DRIVERS:
        for key in find_driver(other).schema.keys - own:
            owners[key] = "%s or %s" % (owners[key], other) if key in owners else other
    others = {key: (rule % (owner, driver), "remove it") for key, owner in owners.items()}
    return {**_borrowed(), **others, **belongs(ipam.IPAM.keys, "an entry of ipam_config")}


def require_nothing(_driver: str) -> Tuple[str, ...]:
    return ()


def require_host_keys(driver: str) -> Tuple[str, ...]:
    """Return what a host needs of a network and a fleet's plan provides."""
    return find_driver(driver).schema.provided


def _driver(raw: Dict[str, object], path: str, problems: Problems) -> Optional[str]:
    if "driver" not in raw:
        # Under a mistyped key it is there all the same, and the rest of the network is of that driver.
        unknown = [] if raw.keys() <= network_schema(USUAL).keys else [key for key in raw if key not in _any_key()]
        mistyped = next((key for key in unknown if closest(key, sorted(_any_key())) == "driver" and raw[key] in tuple(DRIVERS)), None)
        return USUAL if mistyped is None else str(raw[mistyped])
    return DRIVER.read(raw["driver"], path + ".driver", problems)


def _read_entry(value: object, path: str, problems: Problems, driver: Optional[str], required: Tuple[str, ...]) -> Optional[Entry]:
    absent = isinstance(value, dict) and value.get("state") == "absent"
    if driver is None:
        every = tuple(field for name in DRIVERS for field in find_driver(name).schema.fields)
        schema = replace(COMMON, fields=COMMON.fields + every, strange={} if absent else _borrowed())
    else:
        schema = network_schema(driver)
        if not absent and isinstance(value, dict) and not value.keys() <= schema.keys:
            schema = replace(schema, strange=_elsewhere(driver))
    return read_entry(value, path, problems, schema, required=(*COMMON.required, *required))


def read_network(value: object, path: str, problems: Problems, *, scope: str, find_required: Callable[[str], Tuple[str, ...]]) -> Optional[Network]:
    """Return a network with its valid parts, or None where it is absent or cannot be told. `find_required` says which keys a driver insists on."""
    name_of_driver = _driver(value, path, problems) if isinstance(value, dict) else None
    entry = _read_entry(value, path, problems, name_of_driver, find_required(name_of_driver) if name_of_driver else ())
    if entry is None:
        return None
    name = entry.get(NAME)
    if is_absent(entry, COMMON) or name_of_driver is None:
        return None
    driver = find_driver(name_of_driver)
    label = name if name is not None else ""
    subnets = ipam.read_subnets(entry, name=label, scope=scope, default_gateway=driver.has_usual_gateway(entry.raw))
    mtu = entry.get(MTU)
    refuse_small_mtu(entry, mtu, [subnet.subnet for subnet in subnets], "subnet")
    network: Network = driver.read(entry, Common(label, subnets, mtu, entry.get(LABELS)))
    if entry.get(ON_EVERY_HOST):
        network = replace(network, on_every_host=True)
    for field in (DEFAULT_POLICY, DEFAULT_EGRESS):
        value = entry.get(field)
        if value != ALLOW and not network.passes_host:
            entry.report(field.key, UNSEEN % network.driver, "remove it")
        elif value != ALLOW:
            network = evolve(network, **{field.key: value})
    return network if name is not None else None
