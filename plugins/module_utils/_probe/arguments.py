# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""From the module's options to checks and responders; every fault is found before the first packet."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .._model.errors import InputError, Problem, printable
from .._model.names import character_fault
from .._model.place import KINDS, NAMED, PATH, PROCESS, Place
from .check import MTU, NAME, PING, TCP, UDP, Check, Location, Responder
from .dns import encode_name
from .icmp import ICMP_HEADER, IP_HEADER, IPV6_HEADER, LARGEST_PACKET, TOKEN_SIZE
from .namespace import named_location

PORT_LIMIT, DNS_PORT = 65535, 53
TIMEOUT_LIMIT, COUNT_LIMIT, NAME_LIMIT = 60, 100, 255
Options = Mapping[str, Any]


def read_checks(checks: List[Options], namespace: Optional[str]) -> Tuple[Check, ...]:
    """Return the checks; InputError with all problems at once."""
    problems: List[Problem] = []
    start = _start(namespace, problems)
    found = tuple(_check("checks[%d]" % index, options, start, problems) for index, options in enumerate(checks))
    if problems:
        raise InputError(tuple(problems))
    return found


def read_responders(responders: List[Options], namespace: Optional[str]) -> Tuple[Responder, ...]:
    """Return the responders; InputError with all problems at once."""
    problems: List[Problem] = []
    start = _start(namespace, problems)
    found = tuple(_responder("listen[%d]" % index, options, start, problems) for index, options in enumerate(responders))
    if problems:
        raise InputError(tuple(problems))
    return found


def _start(namespace: Optional[str], problems: List[Problem]) -> Location:
    if not namespace:
        return Location()
    if namespace.startswith("/"):
        return Location(namespace, namespace)
    _note(problems, "namespace", namespace, _namespace_fault(namespace))
    return named_location(namespace)


def _namespace_fault(name: str) -> Optional[str]:
    if "/" in name or name in (".", ".."):
        return 'a namespace is a name without "/" or an absolute path'
    return character_fault(name)


def _note(problems: List[Problem], path: str, value: object, rule: Optional[str], fix: str = "") -> None:
    if rule:
        problems.append(Problem(path, value, rule, fix))


def _location(path: str, options: Optional[Options], default: Location, problems: List[Problem]) -> Location:
    given = {key: value for key, value in (options or {}).items() if value is not None}
    kinds = [kind for kind in KINDS if kind in given]
    location = default
    if len(kinds) > 1:
        _note(problems, path, dict(given), "%s name the same thing twice" % " and ".join(kinds), "keep one of them")
    elif NAMED in given:
        _note(problems, path + ".netns", given["netns"], _namespace_fault(given["netns"]) or (None if given["netns"] else "a name is needed"))
        location = named_location(given["netns"])
    elif PATH in given:
        _note(problems, path + ".path", given["path"], None if given["path"].startswith("/") else "an absolute path is needed")
        location = Location(given["path"], given["path"])
    elif kinds:
        reference = str(given[kinds[0]])
        _note(problems, "%s.%s" % (path, kinds[0]), given[kinds[0]], _reference_fault(kinds[0], reference))
        location = Location(label=reference, container=Place.of(kinds[0], reference))
    return replace(location, label=printable(given.get("label") or location.label))


def _reference_fault(kind: str, reference: str) -> Optional[str]:
    if kind == PROCESS:
        return None if reference.isdecimal() and int(reference) > 0 else "the number of a process is needed"
    return character_fault(reference) or (None if reference else "a name is needed")


def _number_fault(value: float, least: float, most: float, unit: str = "") -> Optional[str]:
    return None if least <= value <= most else "%g to %g%s" % (least, most, unit)


def _address_fault(text: str) -> Optional[str]:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return "an IPv4 or IPv6 address is needed"
    return None


def _host_name_fault(text: str) -> Optional[str]:
    try:
        encode_name(text)
    except ValueError:
        return "a host name is needed"
    return None


def _check(path: str, options: Options, start: Location, problems: List[Problem]) -> Check:
    kind, address = options["type"], options["address"]
    _note(problems, path + ".address", address, _host_name_fault(address) if kind == NAME else _address_fault(address))
    _note(problems, path + ".timeout", options["timeout"], _number_fault(options["timeout"], 0.01, TIMEOUT_LIMIT, " seconds"))
    _note(problems, path + ".count", options["count"], _number_fault(options["count"], 1, COUNT_LIMIT))
    _note_needless(path, options, problems)
    if options["size"] is not None:
        least = (IPV6_HEADER if ":" in address else IP_HEADER) + ICMP_HEADER + TOKEN_SIZE
        _note(problems, path + ".size", options["size"], _number_fault(options["size"], least, LARGEST_PACKET, " bytes"))
    port = options["port"]
    if port is None and kind in (TCP, UDP):
        _note(problems, path + ".port", None, "a %s check needs a port" % kind)
    elif port is not None:
        _note(problems, path + ".port", port, _number_fault(port, 1, PORT_LIMIT))
    if kind == NAME:
        server = options["server"]
        _note(problems, path + ".server", server, _address_fault(server) if server else "a name check needs the address of a DNS server")
        port = port or DNS_PORT
    origin = _location(path + ".from", options["from"], start, problems)
    target = printable(options["to"] or address)
    name = printable(options["name"] or "%s %s -> %s%s" % (kind, origin.label, target, " port %d" % port if port else ""))
    return Check(
        name=name,
        origin=origin,
        type=kind,
        address=address,
        target=target,
        port=port or 0,
        size=options["size"] or 0,
        timeout=options["timeout"],
        count=options["count"],
        expect=options["expect"],
        expect_banner=options["expect_banner"] or "",
        server=options["server"] or "",
        record=options["record"],
    )


# Options that only some types of check can honour.
_MEANT_FOR: Dict[str, Tuple[str, ...]] = {"port": (TCP, UDP, NAME), "size": (PING, MTU), "expect_banner": (TCP, UDP), "server": (NAME,)}


def _note_needless(path: str, options: Options, problems: List[Problem]) -> None:
    for option, kinds in _MEANT_FOR.items():
        if options[option] is not None and options["type"] not in kinds:
            _note(problems, "%s.%s" % (path, option), options[option], "only for type %s, this is %s" % (" and ".join(kinds), options["type"]), "leave it out")


def _responder(path: str, options: Options, start: Location, problems: List[Problem]) -> Responder:
    name, address = options["name"], options["address"]
    fault = character_fault(name) or (None if 1 <= len(name) <= NAME_LIMIT and " " not in name else "1 to %d characters without spaces" % NAME_LIMIT)
    _note(problems, path + ".name", name, fault)
    if address != "any":
        _note(problems, path + ".address", address, _address_fault(address) and 'an IPv4 or IPv6 address, or "any", is needed')
    _note(problems, path + ".port", options["port"], _number_fault(options["port"], 1, PORT_LIMIT))
    location = _location(path + ".in", options["in"], start, problems)
    return Responder(name, location, options["protocol"], "" if address == "any" else address, options["port"])
