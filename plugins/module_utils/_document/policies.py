# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Policies: who may talk to whom, by name."""

from __future__ import annotations

from typing import Optional

from .._model.errors import Problem
from .._model.policy import ALLOW, DENY, PROTOCOLS, Policy, Selector, Service
from .._schema.reading import Problems, Shape, reader
from .._schema.schema import Field, Schema
from .entry import list_of, map_of, read_entry
from .ports import parse_range
from .scalars import choice, closest, read_boolean, read_label, read_source
from .spelling import Fault

EXAMPLE = 'write text such as "5432/tcp" or "8000-8010/udp"'


@reader(Shape("str", what="text", pattern="[0-9]{1,5}(-[0-9]{1,5})?/(%s)" % "|".join(PROTOCOLS)))
def read_service(value: object, path: str, problems: Problems) -> Optional[Service]:
    if not isinstance(value, str):
        problems.append(Problem(path, value, "expected ports and their protocol as text", EXAMPLE))
        return None
    ports, slash, protocol = value.partition("/")
    try:
        first, last = parse_range(ports, "policy's")
        if not slash:
            raise Fault("the protocol is missing", 'write "%s/tcp"' % ports)
        if protocol not in PROTOCOLS:
            meant = closest(protocol, PROTOCOLS)
            raise Fault("the protocol must be one of %s" % ", ".join(PROTOCOLS), "did you mean %s" % meant if meant else "leave out ports for every protocol")
        return Service(protocol, first, last)
    except Fault as fault:
        problems.append(Problem(path, value, fault.rule, fault.fix))
        return None


ENDPOINTS = Field("endpoints", list_of(read_label), (), "Endpoints by their names.", example="[api]")
GROUPS = Field("groups", list_of(read_label), (), "All endpoints that have one of these in their V(groups).", example="[backend]")
NETWORKS = Field("networks", list_of(read_label), (), "All that is on these networks.", example="[web]")
CIDRS = Field("cidrs", list_of(read_source), (), "Subnets and addresses, whoever has them.", example="[192.0.2.0/24]")
ADDRESSES = Field(
    "addresses", list_of(read_source), (), "What is named and lives on other hosts, on routed networks. M(netloom.container_net.fleet_plan) fills it in."
)
NEIGHBOURS = Field("neighbours", list_of(read_source), (), "The same of overlays, where only who is on them can have such an address.")
SIDES = (ENDPOINTS, GROUPS, NETWORKS, CIDRS, ADDRESSES, NEIGHBOURS)
SELECTOR = Schema("one side of a policy", SIDES)


@map_of(SELECTOR)
def read_selector(value: object, path: str, problems: Problems) -> Optional[Selector]:
    before = len(problems)
    entry = read_entry(value, path, problems, SELECTOR)
    if entry is None:
        return None
    endpoints, groups, networks, cidrs, addresses, neighbours = map(entry.get, SIDES)
    planned = not entry.raw.keys().isdisjoint((ADDRESSES.key, NEIGHBOURS.key))
    found = Selector(endpoints, groups, networks, cidrs, addresses, neighbours, planned)
    if not any(found) and len(problems) == before:
        entry.refuse("it names nobody", "name endpoints, groups, networks or cidrs, or leave the key out for anybody")
    return found


NAME = Field("name", read_label, None, "Name of the policy; it stands in its log lines, and O(policies) has it once.", required=True)
FROM = Field("from", read_selector, None, "Who begins the connection.", default_words="anybody")
TO = Field("to", read_selector, None, "Whom it is to. A V(deny), or the first V(allow) that names both sides, decides.", default_words="anybody")
PORTS = Field("ports", list_of(read_service), (), "Ports it is about, each with its protocol.", default_words="every protocol", example='["5432/tcp"]')
ACTION = Field("action", choice(ALLOW, DENY), None, "What happens to it.", required=True)
LOG = Field("log", read_boolean, False, "Whether the kernel's log gets a line for such connections, at most 10 a minute.")
POLICY = Schema("a policy", (NAME, FROM, TO, PORTS, ACTION, LOG))


@map_of(POLICY)
def read_policy(value: object, path: str, problems: Problems) -> Optional[Policy]:
    before = len(problems)
    entry = read_entry(value, path, problems, POLICY)
    if entry is None:
        return None
    name, action, source, target = entry.get(NAME), entry.get(ACTION), entry.get(FROM), entry.get(TO)
    ports, log = entry.get(PORTS), entry.get(LOG)
    if entry.raw.get(PORTS.key) in ([], ()):
        entry.report(PORTS.key, "an empty list is about nothing, a missing key about every protocol", "give ports or remove the key")
    if not {FROM.key, TO.key} & entry.raw.keys():
        entry.refuse("neither from nor to is given, so it is about everybody", "give one of them, or set default_policy of the networks")
    return Policy(name or "", action or ALLOW, source, target, ports, log) if len(problems) == before else None
