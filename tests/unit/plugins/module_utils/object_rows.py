# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kernel objects as one row of YAML each.

A row starts with its kind and name (`bridge: br-web`), says `in` which namespace it is (nothing is the host),
and gives a link's `mark` as `scope:role:network:endpoint`. A veth's `peer` is written `namespace/name`, and so is a `lower` link
in another place (`/eth0` is the host's).
`port` holds a link's flags as a bridge port, `udp_port` is the port of a VXLAN device.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple, Type

from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.objects import Chain, Jump
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.nic import Nic
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.table import list_kinds
from ansible_collections.netloom.container_net.plugins.module_utils._model.amount import Duration, Rate, Share, Size
from ansible_collections.netloom.container_net.plugins.module_utils._model.kind import LinkKind
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import BridgePort, Link, Tuning
from ansible_collections.netloom.container_net.plugins.module_utils._model.mark import PREFIX
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import (
    FLOOD_MAC,
    Address,
    BridgeVlan,
    FdbEntry,
    KernelObject,
    Limit,
    Namespace,
    Neighbour,
    Netem,
    PolicyRule,
    ProxyNeighbour,
    Route,
    Sysctl,
)
from ansible_collections.netloom.container_net.plugins.module_utils._model.rows import Rows

_LINK_KINDS: Dict[str, Optional[Type[LinkKind]]] = {**{kind.kind: kind for kind in list_kinds()}, Nic.kind: Nic, "link": None}
# The word that starts a row, its class, and the field that the word's value is.
_ENTRIES = {
    "address": (Address, "address"),
    "route": (Route, "destination"),
    "rule": (PolicyRule, "source"),
    "proxy": (ProxyNeighbour, "address"),
    "port_vlan": (BridgeVlan, "vlan_id"),
    "neighbour": (Neighbour, "address"),
    "fdb": (FdbEntry, "mac"),
    "limit": (Limit, "device"),
    "sysctl": (Sysctl, "path"),
    "chain": (Chain, "name"),
    "jump": (Jump, "parent"),
}
_AMOUNTS = {"rate": Rate, "burst": Size, "queue": Size}
_NETEM = {"delay": Duration, "jitter": Duration, "loss": Share, "duplicate": Share, "reorder": Share, "waiting": int}
_RENAMED = {"dev": "device", "via": "gateway"}


def read_place(word: str) -> str:
    """`api` is a named namespace; nothing is the host."""
    return word if word == "" or ":" in word else "netns:" + word


def full_mark(text: str) -> str:
    return "%s:%s" % (PREFIX, text)


def read_object(row: Mapping[str, Any]) -> KernelObject:
    """Return the object of a row, with None in every field the row does not name."""
    values = {key: value for key, value in row.items() if key != "ours"}
    kind = next(iter(values))
    name = values.pop(kind)
    place = read_place(values.pop("in", ""))
    if kind == "namespace":
        mark = values.pop("mark", None)
        _refuse_rest(row, values)
        return Namespace(read_place(name), full_mark(mark) if mark else None)
    if kind in _LINK_KINDS:
        return _read_link(row, kind, name, place, values)
    if kind not in _ENTRIES:
        raise ValueError("row %r has no kind" % (row,))
    values = {_RENAMED.get(key, key): tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    if kind in ("chain", "jump"):
        values["table"], _slash, name = name.partition("/")
    if kind == "limit":
        values.update({key: amount(values[key]) for key, amount in _AMOUNTS.items() if key in values})
        if "netem" in values:
            values["netem"] = Netem(**{key: _NETEM[key](value) for key, value in values["netem"].items()})
    made, field = _ENTRIES[kind]
    values[field] = name
    return made(place, **values)


def _read_link(row: Mapping[str, Any], kind_word: str, name: str, place: str, values: Dict[str, Any]) -> Link:
    if "mark" in values:
        values["alias"] = full_mark(values.pop("mark"))
    if "port" in values:
        values["port"] = BridgePort(**values["port"])
    if "tuning" in values:
        values["tuning"] = Tuning(**values["tuning"])
    if "sysctls" in values:
        values["sysctls"] = tuple((key, str(value)) for key, value in values["sysctls"].items())
    if "peer" in values:
        peer_place, _slash, values["peer_name"] = values.pop("peer").rpartition("/")
        values["peer_place"] = read_place(peer_place)
    if "lower" in values:
        lower_place, slash, values["lower"] = values.pop("lower").rpartition("/")
        if slash:
            values["lower_place"] = read_place(lower_place)
    own = {field.name for field in fields(Link)}
    link_values = {key: values.pop(key) for key in list(values) if key in own}
    kind_class = _LINK_KINDS[kind_word]
    kind: Optional[LinkKind] = None
    if kind_class is not None:
        if "udp_port" in values:
            values["port"] = values.pop("udp_port")
        known = {field.name for field in fields(kind_class)}
        kind = kind_class(**{key: values.pop(key) for key in list(values) if key in known})
    _refuse_rest(row, values)
    return Link(place, name, kind=kind, **link_values)


def _refuse_rest(row: Mapping[str, Any], left: Mapping[str, Any]) -> None:
    if left:
        raise ValueError("row %r: unknown: %s" % (row, ", ".join(map(str, left))))


def packed(items: Iterable[KernelObject]) -> List[KernelObject]:
    """Return objects with forwarding entries and neighbours in the tables of their devices."""
    found: Dict[Tuple[object, ...], KernelObject] = {}
    for item in items:
        if not isinstance(item, (Neighbour, FdbEntry)):
            found[item.key] = item
            continue
        rows = found.setdefault(Rows(item.place, item.device).key, Rows(item.place, item.device))
        assert isinstance(rows, Rows)
        if isinstance(item, Neighbour):
            rows.neighbours[item.address] = item.mac or ""
        elif not item.remote:
            rows.ports[item.mac] = None
        elif item.mac == FLOOD_MAC:
            rows.flood[item.remote, item.through] = None
        else:
            rows.far[item.mac] = (item.remote, item.through)
    return list(found.values())


def is_ours(row: Mapping[str, Any]) -> bool:
    return bool(row.get("ours"))
