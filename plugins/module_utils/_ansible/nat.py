# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The firewall part of a bridge network on its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, FrozenSet, Sequence, Tuple

from .._compile.firewall import compile_firewall
from .._compile.host import compile_host
from .._document.reader import read_document
from .._model.addresses import canonical_ip
from .._model.document import Document, Endpoint
from .._model.errors import InputError, Problem
from .._model.objects import KernelObject
from .._model.rule import Rule
from .._model.snapshot import Facts
from .atomic import Options
from .engine import Request
from .run import command_runner, find_backend


def nat_request(module: Any, options: Options) -> Request:
    options.label("name")
    options.interface("interface")
    place = options.place("namespace")
    options.check()
    scope = "%s.%s" % (options.scope, options["name"])
    absent = options["state"] == "absent"
    document = Document(scope=scope) if absent else _declaration(scope, options)

    def build(facts: Facts) -> Tuple[Sequence[KernelObject], Sequence[Rule]]:
        rules = compile_firewall(document, forwarding_off=facts.forwarding_off, ipv6=facts.ipv6)
        return compile_host(document, facts, place), rules

    return Request(
        scope=scope,
        build=build,
        backend=find_backend(options["firewall_backend"]),
        run=command_runner(module),
        check_mode=module.check_mode,
        place=place,
        places=(place,),
        restore=absent,
        lock_timeout=options["lock_timeout"],
    )


def _declaration(scope: str, options: Options) -> Document:
    """Return the rules' declaration as that of a network with an endpoint for each address, so that it is validated and compiled like one."""
    network = {
        "name": options["name"],
        "bridge_name": options["interface"],
        "ipam_config": [{"subnet": subnet} for subnet in options["subnets"]],
        "masquerade": options["masquerade"],
        "snat_address": options["snat_addresses"] or [],
        "host_access": "all",
        "gateway_on_host": False,
    }
    endpoints: Dict[str, Dict[str, Any]] = {}
    for index, port in enumerate(options["ports"] or ()):
        try:
            port = {**port, "address": canonical_ip(port["address"])}
        except ValueError:
            raise InputError((Problem("ports[%d].address" % index, port["address"], "is not an IP address", "such as 192.0.2.10"),)) from None
        key = "ipv6_address" if ":" in port["address"] else "ipv4_address"
        name = "port-%d-%s" % (port["published"], port["protocol"])
        attachment = {"name": options["name"], key: port["address"]}
        endpoint = endpoints.setdefault(port["address"], {"name": name, "container": {"netns": name}, "networks": [attachment], "ports": []})
        endpoint["ports"].append(_published(port))
    document = read_document({"scope": scope, "networks": [network], "endpoints": list(endpoints.values())})
    return replace(document, endpoints=tuple(_only_named(endpoint, frozenset(endpoints)) for endpoint in document.endpoints))


def _only_named(endpoint: Endpoint, addresses: FrozenSet[str]) -> Endpoint:
    """Leave out the address of the other family that a network would have allocated."""
    kept = [
        replace(
            attachment,
            ipv4_address=attachment.ipv4_address if attachment.ipv4_address in addresses else None,
            ipv6_address=attachment.ipv6_address if attachment.ipv6_address in addresses else None,
        )
        for attachment in endpoint.attachments
    ]
    return replace(endpoint, attachments=tuple(kept))


def _published(port: Dict[str, Any]) -> Dict[str, Any]:
    def span(first: int) -> Any:
        return first if port["count"] == 1 else "%d-%d" % (first, first + port["count"] - 1)

    found: Dict[str, Any] = {"published": span(port["published"]), "target": span(port["target"] or port["published"]), "protocol": port["protocol"]}
    for name in ("host_ip", "allowed_sources"):
        if port[name]:
            found[name] = port[name]
    return found
