# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import hashlib
import re
from typing import Optional

INTERFACE_NAME_LIMIT = 15
RESERVED_INTERFACE_NAMES = frozenset(("all", "default", "lo", "none", "dev", "type", ".", ".."))
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z", re.ASCII)
LABEL_LIMIT = 63


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


def host_interface_name(scope: str, endpoint: str, network: str) -> str:
    """Return the host-side veth name of an attachment: `ve-` and 48 bits of hash."""
    return "ve-" + digest(12, scope, endpoint, network)
