# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Readers of single values. A reader takes (value, path, problems) and returns None where it reported a problem.

Types are judged on what YAML or JSON gave: a boolean is not an integer, an integer is not text. Only text that is exactly a decimal integer is one, for
templates of ansible-core 2.18 hand over text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Callable, Optional, Sequence

from .._model.addresses import A_MAC, ip_version
from .._model.errors import Problem
from .._model.names import INTERFACE_NAME_LIMIT, LABEL_LIMIT, character_fault, interface_name_fault, label_fault
from .._schema.reading import BOOLEAN, Problems, Read, Shape, reader
from .spelling import (
    Fault,
    canonical_address,
    canonical_hardware,
    canonical_interface,
    canonical_range,
    canonical_source,
    container_subnet,
    unicast_fault,
)

COMPARED_LENGTH = 40
TEXT_LIMIT = 255
_ADDRESS = "[0-9a-fA-F:.]*[.:][0-9a-fA-F:.]*"
_SUBNET = "[0-9a-fA-F:.]+/[0-9]{1,3}"
_INTEGER = re.compile(r"(0|-?[1-9][0-9]{0,18})\Z", re.ASCII)


def read_text(value: object, path: str, problems: Problems, what: str = "text") -> Optional[str]:
    """Return non-empty text of whatever characters."""
    if isinstance(value, str):
        if value:
            return str(value)
        problems.append(Problem(path, value, "empty text is not allowed", "give %s or remove the key" % what))
        return None
    rule = "null is not allowed here" if value is None else "expected %s" % what
    from . import hints

    problems.append(Problem(path, value, rule, hints.mend_text(value, what)))
    return None


def text_reader(what: str, fault_of: Callable[[str], Optional[str]], fix: str, pattern: str) -> Read[str]:
    def read(value: object, path: str, problems: Problems) -> Optional[str]:
        text = read_text(value, path, problems, what)
        fault = fault_of(text) if text is not None else None
        if fault:
            problems.append(Problem(path, value, fault, fix))
            return None
        return text

    return Read(read, Shape("str", what=what, pattern=pattern))


def _printable_fault(text: str) -> Optional[str]:
    if len(text) > TEXT_LIMIT:
        return "at most %d characters are allowed, this has %d" % (TEXT_LIMIT, len(text))
    return character_fault(text)


read_label = text_reader("a name", label_fault, "choose another name", "[A-Za-z0-9][A-Za-z0-9_.-]{0,%d}" % (LABEL_LIMIT - 1))
read_interface_name = text_reader(
    "an interface name", interface_name_fault, "choose another name", "[A-Za-z0-9][A-Za-z0-9_-]{0,%d}" % (INTERFACE_NAME_LIMIT - 1)
)
read_printable = text_reader("text", _printable_fault, "correct the text", "[ -~]{1,%d}" % TEXT_LIMIT)


def canonical_reader(what: str, canonical: Callable[[str], str], pattern: str) -> Read[str]:
    """Return a reader of text that `canonical` rewrites or refuses with a Fault."""

    def read(value: object, path: str, problems: Problems) -> Optional[str]:
        text = read_text(value, path, problems, what)
        if text is None:
            return None
        try:
            return canonical(text)
        except Fault as fault:
            problems.append(Problem(path, value, fault.rule, fault.fix))
            return None

    return Read(read, Shape("str", what=what, pattern=pattern))


def _of_family(family: int) -> Callable[[str], str]:
    def canonical(text: str) -> str:
        address = canonical_address(text)
        if ip_version(address) != family:
            raise Fault("expected an IPv%d address, this is IPv%d" % (family, ip_version(address)), "use ipv%d_address" % ip_version(address))
        return address

    return canonical


@lru_cache(maxsize=4096)  # thousands of endpoints live behind each VTEP
def _unicast(text: str) -> str:
    address = canonical_address(text)
    fault = unicast_fault(address)
    if fault is None and address in ("0.0.0.0", "::"):
        fault = Fault("the unspecified address is no host's own", "write an address of the host")
    if fault:
        raise fault
    return address


read_address = canonical_reader("an IP address", canonical_address, _ADDRESS)
read_ipv4_address = canonical_reader("an IPv4 address", _of_family(4), r"[0-9]{1,3}(\.[0-9]{1,3}){3}")
read_ipv6_address = canonical_reader("an IPv6 address", _of_family(6), "[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")
read_unicast_address = canonical_reader("an IP address", _unicast, _ADDRESS)
read_range = canonical_reader("a subnet", canonical_range, "[0-9a-fA-F:.]+(/[0-9]{1,3}|-[0-9a-fA-F:.]+)")
read_container_subnet = canonical_reader("a subnet", container_subnet, _SUBNET)
read_source = canonical_reader("a subnet", canonical_source, "[0-9a-fA-F:.]+(/[0-9]{1,3})?")
read_interface_address = canonical_reader("an address with its prefix length", canonical_interface, _SUBNET)
read_further_address = canonical_reader("an IP address", lambda text: canonical_interface(text) if "/" in text else _unicast(text), read_source.shape.pattern)
read_mac = canonical_reader(A_MAC, canonical_hardware, "[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")


@reader(BOOLEAN)
def read_boolean(value: object, path: str, problems: Problems) -> Optional[bool]:
    if isinstance(value, bool):
        return value
    from . import hints

    problems.append(Problem(path, value, "expected a boolean", hints.mend_boolean(value)))
    return None


def integer(low: int, high: int) -> Read[int]:
    """Return a reader of integers in a range, as such or as their decimal text."""

    def read(value: object, path: str, problems: Problems) -> Optional[int]:
        number = int(value) if isinstance(value, str) and _INTEGER.match(value) else value
        if isinstance(number, bool) or not isinstance(number, int):
            from . import hints

            problems.append(Problem(path, value, "expected an integer from %d to %d" % (low, high), hints.mend_integer(value)))
            return None
        if not low <= number <= high:
            from . import hints

            problems.append(Problem(path, value, "must be %d to %d" % (low, high), hints.mend_range(number)))
            return None
        return int(number)

    return Read(read, Shape("int", low=low, high=high))


read_vni = integer(1, 16777215)
read_udp_port = integer(1024, 49151)


def closest(word: object, choices: Sequence[str]) -> Optional[str]:
    """Return the choice a mistyped word most likely meant."""
    import difflib

    found = difflib.get_close_matches(str(word)[:COMPARED_LENGTH].strip().lower(), choices, 1) if isinstance(word, str) else []
    return found[0] if found else None


def choice(*choices: str) -> Read[str]:
    """Return a reader of one word out of a few."""

    def read(value: object, path: str, problems: Problems) -> Optional[str]:
        if isinstance(value, str) and value in choices:
            return str(value)
        meant = closest(value, choices)
        rule = "choices: %s" % ", ".join(choices) if len(choices) > 1 else 'this version has only "%s"' % choices[0]
        fix = 'did you mean "%s"' % meant if meant else "write one of the choices" if len(choices) > 1 else "write that or remove the key"
        problems.append(Problem(path, value, rule, fix))
        return None

    return Read(read, Shape("str", choices=choices))
