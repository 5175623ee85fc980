# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""How to mend a value of the wrong type, knowing what YAML does to unquoted text."""

from __future__ import annotations

import datetime
from typing import Iterable

from .._model.addresses import A_MAC, is_link_local

ADDRESSES = ("an IP address", "an IPv4 address", "an IPv6 address", "a subnet")
ADDRESSES_SHOWN = 4


def sexagesimal(value: int, parts: int, width: int = 1) -> str:
    """Return the colon-separated text that YAML 1.1 reads as this integer."""
    digits = []
    for _unused in range(parts - 1):
        value, rest = divmod(value, 60)
        digits.append("%0*d" % (width, rest))
    digits.append("%0*d" % (width, value))
    return ":".join(reversed(digits))


def _guess(value: int, what: str) -> str:
    if what == A_MAC and 60**5 <= value < 100 * 60**5:
        return " (was it %s?)" % sexagesimal(value, 6, 2)
    if what in ADDRESSES and 60**7 <= value < 10**4 * 60**7:
        return " (was it %s?)" % sexagesimal(value, 8)
    return ""


def mend_text(value: object, what: str) -> str:
    """Return the fix where text was expected."""
    if value is None:
        return "give %s or remove the key" % what
    if isinstance(value, bool):
        return "quote it: YAML reads unquoted yes, no, on and off as booleans"
    if isinstance(value, int):
        if what == A_MAC:
            return "quote MAC addresses" + _guess(value, what)
        if what in ADDRESSES:
            return "quote addresses" + _guess(value, what)
        return "quote it"
    if isinstance(value, float):
        return "quote it: YAML reads it as a number"
    if isinstance(value, datetime.date):
        return "quote it: YAML reads it as a date"
    if isinstance(value, bytes):
        return "it must be text, not binary"
    return "give one value"


def mend_integer(value: object) -> str:
    """Return the fix where an integer was expected."""
    if value is None:
        return "give a number or remove the key"
    if isinstance(value, bool):
        return "write a number"
    if isinstance(value, float):
        return "write a whole number without a decimal point"
    if isinstance(value, str):
        plain = value.strip().replace("_", "")
        if plain.isascii() and plain.isdigit() and len(plain) < 20:
            if plain != value:
                return "write %d, without quotes, spaces or underscores" % int(plain)
            return "write %d: a leading zero means octal in YAML" % int(plain)
    return "write a whole number"


def mend_range(value: int) -> str:
    """Return the fix where an integer lies outside its range."""
    fix = "write a number in that range"
    if 60 <= value < 65536 * 60:
        fix += " (a leading zero means octal in YAML, an unquoted %s is %d)" % (sexagesimal(value, 2), value)
    elif 8 <= value < 60:
        fix += " (a leading zero means octal in YAML)"
    return fix


def mend_boolean(value: object) -> str:
    """Return the fix where a boolean was expected."""
    if value is None:
        return "write true or false, or remove the key"
    if isinstance(value, str) and value.strip().lower() in ("true", "yes", "on", "1", "y"):
        return "write true without quotes"
    if isinstance(value, str) and value.strip().lower() in ("false", "no", "off", "0", "n"):
        return "write false without quotes"
    return "write true or false"


def mend_list(value: object) -> str:
    """Return the fix where a list was expected."""
    if value is None:
        return "give a list or remove the key"
    if isinstance(value, str):
        return "write a YAML list such as [a, b]"
    if isinstance(value, dict):
        return "begin each entry with a dash"
    return "write a YAML list"


def mend_map(value: object) -> str:
    """Return the fix where a map was expected."""
    if value is None:
        return "give a map or remove the key"
    if isinstance(value, (list, tuple)):
        return "write key: value pairs without dashes"
    return "write key: value pairs"


def mend_port(value: object) -> str:
    """Return the fix where a port was written as a bare number."""
    if isinstance(value, bool) or not isinstance(value, int) or not 60 <= value < 65536 * 60:
        return 'write text such as "8080:80/tcp"'
    pair = sexagesimal(value, 2, 2)
    if value > 65535 or 1200 <= value < 3600:
        return "looks like unquoted host:container port (%s); quote it" % pair
    return 'write "%d:%d", or "%d" to have the host port chosen; quote it if it was %s' % (value, value, value, pair)


def list_known(addresses: Iterable[str]) -> str:
    """Return the addresses of a host that a user may have meant."""
    usual = [address for address in addresses if not address.startswith("127.") and not is_link_local(address) and address != "::1"]
    more = ", ..." if len(usual) > ADDRESSES_SHOWN else ""
    return "it has %s%s" % (", ".join(usual[:ADDRESSES_SHOWN]) or "no address", more)
