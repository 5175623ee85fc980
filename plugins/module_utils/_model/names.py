# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import hashlib
import re
from typing import Container, Optional, Tuple

INTERFACE_NAME_LIMIT = 15
RESERVED_INTERFACE_NAMES = frozenset(("all", "default", "lo", "none", "dev", "type", ".", ".."))
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z", re.ASCII)
LABEL_LIMIT = 63
LAST_VLAN = 4094
STORE_DIRECTORY = "/var/lib/container_net"  # outlives a boot
# Not `ve-`: systemd-networkd gives links of that name addresses of its own.
VETH_PREFIX = "cn-"
SOURCE_TABLES, SOURCE_TABLE_COUNT = 1_000_000, 2**24
ROUTED_PREFIX = "cnr-"
SCOPE_METRICS = 1_275_068_416  # 0x4c000000; 24 bits of hash follow


def character_fault(text: str) -> Optional[str]:
    """Name the first control or non-ASCII character of a text, or None."""
    if text.isascii() and text.isprintable():
        return None
    for position, character in enumerate(text, 1):
        if ord(character) < 32 or ord(character) == 127:
            return "control character U+%04X at position %d" % (ord(character), position)
        if ord(character) > 126:
            return "non-ASCII character U+%04X at position %d; only ASCII is allowed" % (ord(character), position)
    return None


def _bad_character(text: str, pattern: str) -> str:
    for position, character in enumerate(text, 1):
        if not re.match(pattern, character, re.ASCII):
            return "character U+%04X at position %d is not allowed" % (ord(character), position)
    return "must start with a letter or digit"


def interface_name_fault(text: str) -> Optional[str]:
    """Return the rule an interface name breaks, or None."""
    fault = character_fault(text)
    if fault:
        return fault
    if not 1 <= len(text) <= INTERFACE_NAME_LIMIT:
        return "an interface name has 1 to %d characters, this has %d" % (INTERFACE_NAME_LIMIT, len(text))
    if text in RESERVED_INTERFACE_NAMES:
        return "'%s' is a reserved word" % text
    if "." in text:
        return "a dot is not allowed: it becomes '/' in sysctl keys"
    if not _INTERFACE.match(text):
        return _bad_character(text, r"[A-Za-z0-9_-]") + " (allowed: A-Z a-z 0-9 _ -, letter or digit first)"
    return None


def label_fault(text: str) -> Optional[str]:
    """Return the rule a network, endpoint, namespace or scope name breaks, or None."""
    fault = character_fault(text)
    if fault:
        return fault
    if not 1 <= len(text) <= LABEL_LIMIT:
        return "a name has 1 to %d characters, this has %d" % (LABEL_LIMIT, len(text))
    if "/" in text:
        return "a path separator is not allowed in a name"
    if text in (".", ".."):
        return "'%s' is a reserved word" % text
    if not _LABEL.match(text):
        return _bad_character(text, r"[A-Za-z0-9_.-]") + " (allowed: A-Z a-z 0-9 _ . -, letter or digit first)"
    return None


def digest(length: int, *parts: str) -> str:
    """Return `length` hex digits that identify the parts; NUL cannot occur in a part."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:length]


def derive_seed(*parts: str) -> int:
    """Return the number below 2^64 from which on something free is looked for, the same for the same parts everywhere."""
    return int(digest(16, *parts), 16)


def derive_interface_name(prefix: str, *parts: str) -> str:
    """Return `prefix-part` where it fits and needs no change, else prefix and 48 bits of hash."""
    plain = "%s-%s" % (prefix, parts[-1])
    if len(parts) == 1 and interface_name_fault(plain) is None:
        return plain
    return "%s-%s" % (prefix, digest(INTERFACE_NAME_LIMIT - len(prefix) - 1, *parts))


def bridge_name(network: str) -> str:
    return derive_interface_name("br", network)


def vxlan_name(network: str) -> str:
    return derive_interface_name("vx", network)


def shim_name(network: str) -> str:
    """Return the name of the host's own link beside the macvlan containers of a network."""
    return derive_interface_name("mv", network)


def dummy_name(network: str) -> str:
    return derive_interface_name("dm", network)


def split_vlan(text: str) -> Optional[Tuple[str, int]]:
    """Return (`eth1`, 30) for `eth1.30`, or None where the name is not that of a VLAN on an interface."""
    base, dot, number = text.partition(".")
    if dot and interface_name_fault(base) is None and re.match(r"[1-9][0-9]{0,3}\Z", number, re.ASCII) and int(number) <= LAST_VLAN:
        return base, int(number)
    return None


def is_new_vlan(name: str, known: Container[str]) -> bool:
    """Tell whether a name asks for a VLAN device that is still to be made."""
    return name not in known and split_vlan(name) is not None


def parent_name_fault(text: str) -> Optional[str]:
    """Return the rule the name of a parent interface breaks, or None. Unlike others it may name a VLAN: `eth1.30`."""
    base, dot, _number = text.partition(".")
    if not dot:
        return interface_name_fault(text)
    fault = character_fault(text) or interface_name_fault(base)
    if fault:
        return fault
    if split_vlan(text) is None:
        return "behind the dot stands the VLAN, 1 to %d" % LAST_VLAN
    if len(text) > INTERFACE_NAME_LIMIT:
        return "an interface name has 1 to %d characters, this has %d" % (INTERFACE_NAME_LIMIT, len(text))
    return None


def host_interface_name(scope: str, endpoint: str, network: str) -> str:
    """Return the host-side veth name of an attachment: `cn-` and 48 bits of hash."""
    return VETH_PREFIX + digest(12, scope, endpoint, network)


def routed_interface_name(scope: str, endpoint: str, network: str) -> str:
    """Return the host-side name of an endpoint on a routed network: one prefix tells all of them apart from every other link."""
    return ROUTED_PREFIX + digest(INTERFACE_NAME_LIMIT - len(ROUTED_PREFIX), scope, endpoint, network)


def scope_metric(scope: str) -> int:
    """Return the metric of a scope's routes over links that it did not make, and of its addresses there: nothing else in them can tell whose they are."""
    return SCOPE_METRICS + int(digest(6, scope), 16)


def wire_interface_name(scope: str, wire: str, end: int) -> str:
    """Return the host-side name of one end of a wire: `cn-` and 48 bits of hash."""
    return VETH_PREFIX + digest(12, scope, "link", wire, str(end))


def source_table(scope: str, network: str) -> int:
    """Return the routing table that answers from addresses of a network use: 24 bits of hash above one million."""
    return SOURCE_TABLES + int(digest(6, scope, network), 16)
