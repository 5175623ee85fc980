# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Published ports, as Compose writes them: short text or a map."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Optional, Tuple

from .._model.addresses import ip_version
from .._model.document import PROTOCOLS, PublishedPort
from .._model.errors import Problem
from .._model.limits import CHOSEN_PORTS, PORTS
from .._model.published import WILDCARDS, at_loopback
from .._schema.reading import Problems, Read, Shape, either, reader
from .._schema.schema import Field, Schema
from .borrowed_words import PORT as BORROWED
from .borrowed_words import unlike_ours
from .entry import Entry, list_of, read_entry, read_list
from .scalars import canonical_reader, closest, integer, read_address, read_boolean, read_source
from .spelling import Fault, canonical_address, unicast_fault

EXAMPLE = 'write text such as "8080:80/tcp"'
_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?\Z", re.ASCII)
_PORT = integer(*PORTS)
_PORTS = "[0-9]{1,5}(-[0-9]{1,5})?"
_HOST = r"(\[[0-9a-fA-F:.]+\]:|[0-9.]+:)"
_TEXT = Shape("str", what="text", pattern=r"(%s?%s:|%s:)?%s(/(%s))?" % (_HOST, _PORTS, _HOST, _PORTS, "|".join(PROTOCOLS)))

Range = Tuple[int, int]  # first, last


def parse_range(text: str, which: str) -> Range:
    """Return the first and last port of "8000" or "8000-8010" or raise Fault."""
    match = _RANGE.match(text)
    if match is None:
        raise Fault("the %s port must be a number or a range such as 8000-8010" % which, EXAMPLE)
    numbers = [part for part in match.groups() if part is not None]
    if any(len(part) > 1 and part[0] == "0" for part in numbers):
        raise Fault("the %s port has a leading zero" % which, "write %s" % "-".join(str(int(part)) for part in numbers))
    first, last = int(numbers[0]), int(numbers[-1])
    if not (PORTS[0] <= first <= PORTS[1] and PORTS[0] <= last <= PORTS[1]):
        raise Fault("the %s port must be %d to %d" % (which, *PORTS), "write a number in that range")
    if last < first:
        raise Fault("the %s port range runs backwards" % which, "write %d-%d" % (last, first))
    return first, last


def _protocol(text: str) -> str:
    if text in PROTOCOLS:
        return text
    meant = text.strip().lower()
    if meant in PROTOCOLS:
        raise Fault("a protocol is lower case without spaces", "write %s" % meant)
    meant_word = closest(text, PROTOCOLS)
    raise Fault("the protocol must be one of %s" % ", ".join(PROTOCOLS), "did you mean %s" % meant_word if meant_word else "write one of them")


def _host_ip(text: str) -> str:
    address = canonical_address(text)
    if address in WILDCARDS:
        return address
    fault = unicast_fault(address)
    if address == "::1":
        raise Fault("the kernel leads nothing from ::1 to a container: route_localnet is for IPv4 only", "write 127.0.0.1, or another address of the host")
    if fault is not None and not at_loopback(address):
        raise fault
    return address


def _split(text: str) -> Tuple[Optional[str], str, str, str]:
    """Return host_ip, published, target and protocol of the short form. Without published, the host port is to be chosen."""
    rest, slash, protocol = text.partition("/")
    host_ip = None
    if rest.startswith("["):
        host_ip, bracket, rest = rest[1:].partition("]:")
        if not bracket:
            raise Fault("the bracket around the IPv6 address is not closed", 'write "[fd00::2]:8080:80"')
    parts = rest.split(":")
    if len(parts) == 3 and host_ip is None:
        host_ip, parts = parts[0], parts[1:]
    if host_ip == "":
        raise Fault("the host address before the first colon is missing", 'write "%s" for every address' % text.lstrip(":"))
    if len(parts) == 1 and host_ip is None:
        parts.insert(0, "")
    elif len(parts) == 1:
        raise Fault("the host port or the target port is missing", 'write "[%s]::%s" to have the host port chosen' % (host_ip, rest))
    elif parts[0] == "" and host_ip is None:
        raise Fault("the host port before the colon is missing", 'write "%s" to have it chosen' % text.lstrip(":"))
    if len(parts) != 2:
        raise Fault('expected "[host_ip:]published:target[/protocol]"', "put an IPv6 host_ip in square brackets")
    return host_ip, parts[0], parts[1], protocol if slash else "tcp"


def _build(published: Optional[Range], target: Range, protocol: str, host_ip: Optional[str], allowed_sources: Tuple[str, ...] = ()) -> PublishedPort:
    size = target[1] - target[0] + 1
    count = published[1] - published[0] + 1 if published is not None else size
    if count != size:
        raise Fault("the published range has %d ports, the target range %d" % (count, size), "make both the same size")
    first = published[0] if published is not None else 0
    if not first and size > CHOSEN_PORTS[1] - CHOSEN_PORTS[0] + 1:
        raise Fault("host ports are chosen from %d to %d, which are fewer" % CHOSEN_PORTS, "name the host ports")
    return PublishedPort(published=first, target=target[0], count=size, protocol=protocol, host_ip=host_ip, allowed_sources=allowed_sources)


def _read_text_form(text: str) -> PublishedPort:
    if text != text.strip():
        raise Fault("a stray space", "remove it")
    host_ip, published, target, protocol = _split(text)
    return _build(
        parse_range(published, "published") if published else None,
        parse_range(target, "target"),
        _protocol(protocol),
        None if host_ip is None else _host_ip(host_ip),
    )


@reader(either(_PORT.shape, Shape("str", what="a range of ports", pattern=_PORTS)))
def _read_range(value: object, path: str, problems: Problems) -> Optional[Range]:
    if isinstance(value, str):
        try:
            return parse_range(value, path.rpartition(".")[2])
        except Fault as fault:
            problems.append(Problem(path, value, fault.rule, fault.fix))
            return None
    number = _PORT(value, path, problems)
    return None if number is None else (number, number)


_read_protocol = Read(canonical_reader("one of %s" % ", ".join(PROTOCOLS), _protocol, "").read, Shape("str", choices=PROTOCOLS))
_read_host_ip = canonical_reader("an IP address", _host_ip, read_address.shape.pattern)
PUBLISHED = Field(
    "published", _read_range, None, "Port of the host, or a range such as V(8000-8010).", default_words="one that is free, from %d to %d" % CHOSEN_PORTS
)
TARGET = Field("target", _read_range, None, "Port inside, or a range of the same size.", required=True)
PROTOCOL = Field("protocol", _read_protocol, "tcp", "Its protocol.")
HOST_IP = Field(
    "host_ip",
    _read_host_ip,
    None,
    "Address of the host at which the port is published. At V(127.0.0.1), or another one of loopback, only the host itself reaches it.",
    default_words="all of them but those of loopback",
)
HOST_IP_NONLOCAL = Field("host_ip_nonlocal", read_boolean, False, "Whether V(host_ip) need not be an address of this host yet.")
ALLOWED_SOURCES = Field("allowed_sources", list_of(read_source), (), "Subnets and addresses that may use the port.", default_words="everybody")
_FIELDS = (PUBLISHED, TARGET, PROTOCOL, HOST_IP, HOST_IP_NONLOCAL, ALLOWED_SOURCES)
PORT = Schema("an entry of ports", _FIELDS, unlike_ours(BORROWED, [field.key for field in _FIELDS]))


def _read_sources(entry: Entry, host_ip: Optional[str]) -> Tuple[str, ...]:
    if entry.raw.get("allowed_sources") in ([], ()):
        entry.report("allowed_sources", "an empty list allows nobody, a missing key allows everybody", "give subnets or remove the key")
    sources = entry.get(ALLOWED_SOURCES)
    if at_loopback(host_ip) and sources:
        entry.report("allowed_sources", "nobody but the host itself reaches %s" % host_ip, "remove it")
    elif host_ip is not None and any(ip_version(source) != ip_version(host_ip) for source in sources):
        entry.report("allowed_sources", "a source has another family than host_ip %s" % host_ip, "remove it")
    return sources


def _read_nonlocal(entry: Entry, host_ip: Optional[str]) -> bool:
    said = entry.get(HOST_IP_NONLOCAL)
    faulty = host_ip is None and "host_ip" in entry.raw
    if said and not faulty and (host_ip is None or host_ip in WILDCARDS or at_loopback(host_ip)):
        entry.report("host_ip_nonlocal", "there is no host_ip that the host could lack", "name the address, or remove it")
    return said


def _read_map_form(value: object, path: str, problems: Problems) -> Optional[PublishedPort]:
    before = len(problems)
    entry = read_entry(value, path, problems, PORT)
    if entry is None:
        return None
    published = entry.get(PUBLISHED)
    target = entry.get(TARGET)
    protocol = entry.get(PROTOCOL)
    host_ip = entry.get(HOST_IP)
    sources = _read_sources(entry, host_ip)
    host_ip_nonlocal = _read_nonlocal(entry, host_ip)
    if target is None or len(problems) > before:
        return None
    try:
        return replace(_build(published, target, protocol, host_ip, sources), host_ip_nonlocal=host_ip_nonlocal)
    except Fault as fault:
        entry.refuse(fault.rule, fault.fix)
        return None


@reader(either(_TEXT, Shape("dict", schema=PORT)))
def read_port(value: object, path: str, problems: Problems) -> Optional[PublishedPort]:
    """Return one entry of ports."""
    if isinstance(value, dict):
        return _read_map_form(value, path, problems)
    if not isinstance(value, str):
        from . import hints

        problems.append(Problem(path, value, "expected a port as text or a map", hints.mend_port(value)))
        return None
    try:
        return _read_text_form(value)
    except Fault as fault:
        problems.append(Problem(path, value, fault.rule, fault.fix))
        return None


@reader(Shape("list", elements=read_port.shape))
def read_ports(value: object, path: str, problems: Problems) -> Optional[Tuple[PublishedPort, ...]]:
    """Return the valid entries of ports, in order."""
    items = read_list(value, path, problems)
    if items is None:
        return None
    found = (read_port(item, "%s[%d]" % (path, index), problems) for index, item in enumerate(items))
    return tuple(port for port in found if port is not None)
