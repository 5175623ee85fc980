# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the plan chose and the variables do not say: one YAML text, reviewed and kept with the inventory."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Tuple

import yaml

from ...module_utils._model.addresses import canonical_ip, canonical_network
from ...module_utils._model.errors import ContainerNetError, printable, type_name
from ...module_utils._model.limits import PORTS

VERSION = 1
VNI_LIMIT = 16777215
_HEADER = """\
# Written by netloom.container_net.fleet_plan. Keep this file with the inventory and review its changes.
# Deleting a line makes the next run choose that value again.
---
"""
_PLAIN = re.compile(r"[a-z][a-z0-9_./-]*\Z", re.ASCII)
_PLAIN_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+\Z", re.ASCII)
_YAML_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_DIGITS = re.compile(r"[1-9][0-9]{0,7}\Z", re.ASCII)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Addresses = Tuple[str, ...]


class LockFileError(ContainerNetError):
    """The lock file cannot be used as it is; the user must mend, restore or delete it. What it quotes is safe for a terminal."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


@dataclass(frozen=True)
class Lock:
    """Recorded choices. `addresses` is keyed by network, then by endpoint (overlay, LAN) or host/endpoint (all others)."""

    scope: str
    vteps: Dict[str, str] = field(default_factory=dict)
    vnis: Dict[str, int] = field(default_factory=dict)
    addresses: Dict[str, Dict[str, Addresses]] = field(default_factory=dict)
    parts: Dict[str, Dict[str, Addresses]] = field(default_factory=dict)  # of routed networks, by network and host
    next_hops: Dict[str, Addresses] = field(default_factory=dict)
    ports: Dict[str, Dict[str, int]] = field(default_factory=dict)  # by host/endpoint and publication, the first one of a range


def _compose(text: str) -> Any:
    """Return maps, lists and text. Read from parser events: ten times faster than yaml.load, and a key given twice, as in a bad merge, is seen."""
    root: List[Any] = []
    stack: List[Any] = [root]
    keys: List[Any] = [None]
    event: Any
    for event in yaml.parse(text, Loader=_Loader):
        kind = type(event)
        if kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            stack.pop()
            keys.pop()
            continue
        if kind is yaml.ScalarEvent:
            value: Any = event.value
        elif kind is yaml.MappingStartEvent:
            value = {}
        elif kind is yaml.SequenceStartEvent:
            value = []
        elif kind is yaml.AliasEvent:
            raise _fault("an alias is not allowed", event)
        else:
            continue
        if getattr(event, "tag", None) not in (None, "!"):
            raise _fault("a tag is not allowed", event)
        holder = stack[-1]
        if isinstance(holder, list):
            holder.append(value)
        elif keys[-1] is None:
            if kind is not yaml.ScalarEvent:
                raise _fault("a key must be text", event)
            if value in holder:
                raise _fault("key '%s' occurs twice" % value, event)
            keys[-1] = value
            continue
        else:
            holder[keys[-1]] = value
            keys[-1] = None
        if kind is not yaml.ScalarEvent:
            stack.append(value)
            keys.append(None)
    if len(root) > 1:
        raise yaml.YAMLError("expected one document, got %d" % len(root))
    return root[0] if root else None


def _fault(rule: str, event: Any) -> yaml.YAMLError:
    return yaml.YAMLError("line %d: %s" % (event.start_mark.line + 1, rule))


def parse_lock(text: str, *, scope: str, name: str) -> Lock:
    """Return the lock a text holds; LockFileError says what is wrong with the file called `name`."""
    faults: List[str] = []
    try:
        raw = _compose(text)
    except yaml.YAMLError as error:
        raise LockFileError("%s: not valid YAML: %s" % (name, " ".join(str(error).split()))) from None
    if raw is None or raw == "":
        return Lock(scope)
    if not isinstance(raw, dict):
        raise LockFileError("%s: expected a map with the key 'version', got %s" % (name, type_name(raw)))
    if raw.get("version") != str(VERSION):
        raise LockFileError("%s: expected 'version: %d', got %r; this release reads no other" % (name, VERSION, raw.get("version")))
    if raw.get("scope") != scope:
        raise LockFileError("%s: belongs to scope %r, this plan is for scope %r; give each scope its own lock file" % (name, raw.get("scope"), scope))
    for key in sorted(set(raw) - {"version", "scope", "vteps", "vnis", "addresses", "parts", "next_hops", "ports"}):
        faults.append("unknown key '%s'" % key)
    lock = Lock(
        scope=scope,
        vteps=_read_map(raw, "vteps", _read_address, faults),
        vnis=_read_map(raw, "vnis", _read_vni, faults),
        addresses=_read_maps(raw, "addresses", _read_addresses, faults),
        parts=_read_maps(raw, "parts", _read_parts, faults),
        next_hops=_read_map(raw, "next_hops", _read_addresses, faults),
        ports=_read_maps(raw, "ports", _read_port, faults),
    )
    if faults:
        raise LockFileError("%s: %s" % (name, "; ".join(faults[:5]) + ("; and %d more" % (len(faults) - 5) if len(faults) > 5 else "")))
    return lock


def _read_map(raw: Dict[str, Any], key: str, read: Callable[[Any], Any], faults: List[str], *, prefix: str = "") -> Dict[str, Any]:
    held = raw.get(key, {})
    if not isinstance(held, dict):
        faults.append("%s%s: expected a map, got %s" % (prefix, key, type_name(held)))
        return {}
    found = {}
    for name, value in held.items():
        if not name or not name.isprintable():
            faults.append("%s%s: the key %r is no name: it is empty or holds characters that cannot be printed" % (prefix, key, name))
            continue
        try:
            found[name] = read(value)
        except ValueError as error:
            faults.append("%s%s.%s: %s" % (prefix, key, name, error))
    return found


def _read_maps(raw: Dict[str, Any], key: str, read: Callable[[Any], Any], faults: List[str]) -> Dict[str, Dict[str, Any]]:
    """Read a map of maps."""
    return {network: _read_map({network: held}, network, read, faults, prefix="%s." % key) for network, held in _read_map(raw, key, _same, faults).items()}


def _same(value: Any) -> Any:
    return value


def _read_address(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected an address, got %s" % type_name(value))
    return canonical_ip(value)


def _read_vni(value: Any) -> int:
    return _read_number(value, VNI_LIMIT)


def _read_port(value: Any) -> int:
    return _read_number(value, PORTS[1])


def _read_number(value: Any, limit: int) -> int:
    if not isinstance(value, str) or not _DIGITS.match(value) or not 1 <= int(value) <= limit:
        raise ValueError("expected a number from 1 to %d, got %r" % (limit, value))
    return int(value)


def _read_addresses(value: Any) -> Addresses:
    if not isinstance(value, list) or not 1 <= len(value) <= 2:
        raise ValueError("expected a list of one IPv4 address, one IPv6 address or both")
    found = tuple(_read_address(item) for item in value)
    if len(found) == 2 and (":" in found[0]) == (":" in found[1]):
        raise ValueError("expected one address of each family")
    return found


def _read_parts(value: Any) -> Addresses:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise ValueError("expected a list of subnets")
    return tuple(canonical_network(item) for item in value)


def _quoted(text: str) -> str:
    plain = (_PLAIN.match(text) and text not in _YAML_WORDS) or _PLAIN_ADDRESS.match(text)
    return text if plain else json.dumps(text)


def render_lock(lock: Lock) -> str:
    """Return the text of a lock: the same choices always give the same bytes."""
    lines = ["version: %d" % VERSION, "scope: %s" % _quoted(lock.scope)]
    lines += _render_map("vteps", {host: _quoted(address) for host, address in lock.vteps.items()})
    lines += _render_map("vnis", {network: str(vni) for network, vni in lock.vnis.items()})
    lines += _render_maps("addresses", lock.addresses)
    # Most fleets have no routed network; their files say nothing of it.
    if lock.parts:
        lines += _render_maps("parts", lock.parts)
    if lock.next_hops:
        lines += _render_map("next_hops", _rows(lock.next_hops))
    if lock.ports:
        lines += _render_maps("ports", lock.ports, _numbers)
    return _HEADER + "\n".join(lines) + "\n"


def _rows(held: Dict[str, Addresses]) -> Dict[str, str]:
    return {owner: "[%s]" % ", ".join([_quoted(address) for address in addresses]) for owner, addresses in held.items()}


def _numbers(held: Dict[str, int]) -> Dict[str, str]:
    return {owner: str(number) for owner, number in held.items()}


def _render_maps(title: str, maps: Dict[str, Dict[str, Any]], render: Callable[[Dict[str, Any]], Dict[str, str]] = _rows) -> List[str]:
    names = sorted(name for name, held in maps.items() if held)
    lines = ["%s:" % title if names else "%s: {}" % title]
    for name in names:
        lines += ["  " + line for line in _render_map(_quoted(name), render(maps[name]))]
    return lines


def _render_map(title: str, values: Dict[str, str]) -> List[str]:
    if not values:
        return ["%s: {}" % title]
    return ["%s:" % title] + ["  %s: %s" % (_quoted(key), values[key]) for key in sorted(values)]
