# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The firewall part of a bridge network on its own."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

from .._compile.firewall import compile_firewall
from .._compile.host import compile_host
from .._document.host_taken import check_taken
from .._document.nat import read_nat
from .._engine.parts import tell_plan
from .._engine.request import Outcome, Request
from .._engine.topology import refuse_and_tell
from .._firewall.none import NoFirewall
from .._firewall.table import select_backend
from .._kernel.sockets import name_process
from .._kernel.tables import list_tables
from .._model.document import Document
from .._model.errors import Problem
from .._model.objects import KernelObject
from .._model.place import HOST
from .._model.rule import Rule
from .._model.snapshot import Facts
from .._model.translation import nobody
from .._runtime.containers import is_there
from .._runtime.tool import has_tool, run_system_tool
from .atomic import Options


def nat_request(module: Any, options: Options) -> Request:
    options.label("name")
    options.parent("interface")
    place = options.place("namespace")
    document = _declaration(options)
    options.check()
    absent = options["state"] == "absent"
    if absent and place and not is_there(place):
        return _nothing(module, document.scope, options["lock_timeout"])

    notes: List[str] = []

    def build(facts: Facts) -> Tuple[Sequence[KernelObject], Sequence[Rule]]:
        problems: List[Problem] = []
        ports = (("ports", endpoint, port) for endpoint in document.endpoints for port in endpoint.ports)
        sources = (("snat_addresses", network) for network in document.networks)
        check_taken(ports, sources, facts.holdings, problems, name_process=name_process if place == HOST else nobody)
        refuse_and_tell(problems, notes)
        rules = compile_firewall(document, forwarding_off=facts.forwarding_off, ipv6=facts.ipv6, bridge_filter=facts.bridge_filter)
        return compile_host(document, facts, place), rules

    return Request(
        scope=document.scope,
        build=build,
        backend=select_backend(options["firewall_backend"], has_tool, list_tables),
        run=run_system_tool,
        check_mode=module.check_mode,
        place=place,
        places=(place,),
        restore=absent,
        looks=not absent,
        publishes=bool(document.endpoints),
        notes=notes,
        tell=partial(tell_plan, document.scope, by_name=False),
        lock_timeout=options["lock_timeout"],
    )


def _nothing(module: Any, scope: str, lock_timeout: float) -> Request:
    """Return the request of a removal that has nothing to do: rules go with their namespace."""

    def build(_facts: Facts) -> Tuple[Sequence[KernelObject], Sequence[Rule]]:
        return (), ()

    return Request(scope=scope, build=build, backend=NoFirewall(), run=run_system_tool, check_mode=module.check_mode, lock_timeout=lock_timeout)


def _declaration(options: Options) -> Document:
    scope = "%s.%s" % (options.scope, options["name"])
    if options["state"] == "absent":
        return Document(scope=scope)
    return read_nat(options.params, scope, options.problems)


def describe_nat(options: Options) -> Callable[[Outcome], Dict[str, Any]]:
    """Return what a task reports of its rules: what stands after it, each value as it was understood."""

    def action(_outcome: Outcome) -> Dict[str, Any]:
        document = _declaration(options)
        found: Dict[str, Any] = {"name": options["name"], "namespace": options["namespace"] or None, "exists": bool(document.networks)}
        for network in document.networks:
            found.update(interface=network.bridge_name, subnets=[item.subnet for item in network.subnets])
            found.update(masquerade=network.masquerade, snat_addresses=list(network.snat_addresses))
            found["ports"] = list(_told_ports(document))
        return {"nat": found}

    return action


def _told_ports(document: Document) -> Iterator[Dict[str, Any]]:
    for endpoint in document.endpoints:
        address = endpoint.attachments[0].addresses[0]
        for port in endpoint.ports:
            yield {
                "published": port.published,
                "address": address,
                "target": port.target,
                "count": port.count,
                "protocol": port.protocol,
                "host_ip": port.host_ip,
                "allowed_sources": list(port.allowed_sources),
            }
