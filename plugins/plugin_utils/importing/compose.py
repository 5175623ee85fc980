# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A Compose file, or what an engine tells of what runs, to a declaration."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from .acceptance import keep_accepted
from .inspected import read_inspected
from .network import list_subnets, translate_network
from .pool import Pool
from .service import Stack, container_name, translate_service
from .source import DOCKER, Names, Notes, as_map, parse_source, refuse

POOL = "10.128.0.0/9"


def _real_name(key: str, raw: Dict[str, Any], project: Optional[str]) -> str:
    external = raw.get("external")
    if raw.get("name"):
        return str(raw["name"])
    if isinstance(external, dict):
        return str(external.get("name", key))
    return key if external or not project else "%s_%s" % (project, key)


def _uses_default(service: Dict[str, Any]) -> bool:
    networks = service.get("networks")
    return "default" in networks if isinstance(networks, (list, dict)) and networks else not networks and not service.get("network_mode")


def _leave_out_guests(endpoints: List[Dict[str, Any]], notes: Notes) -> List[Dict[str, Any]]:
    """Leave out whoever uses the namespace of one that is left out."""
    there = {"container:" + endpoint["name"] for endpoint in endpoints} | {"none", "host", None}
    kept = [endpoint for endpoint in endpoints if endpoint.get("network_mode") in there]
    if len(kept) == len(endpoints):
        return kept
    for endpoint in endpoints:
        if endpoint not in kept:
            notes.add("endpoints[%s].network_mode" % endpoint["name"], endpoint["network_mode"], "that endpoint is left out, and so is this one")
    return _leave_out_guests(kept, notes)


def translate_compose(content: object, project: Optional[str] = None, pool: object = POOL) -> Dict[str, Any]:
    """Return networks, endpoints, and what is not in them as it was in the file; raise InputError for what Compose refuses too."""
    raw = parse_source(content, "compose")
    if not raw.get("services"):
        refuse("services", raw.get("services"), "the file has no services", "give the content of a Compose file")
    notes = Notes()
    if raw.get("include"):
        notes.add("include", raw["include"], "other files are not read: give what `docker compose config` prints")
    return _translate(raw, project or (str(raw["name"]) if raw.get("name") else None), pool, DOCKER, notes)


def translate_inspected(content: object) -> Dict[str, Any]:
    """Return the same of what `inspect` of an engine prints; raise InputError where it is nothing of that kind."""
    notes = Notes()
    found = read_inspected(content, notes)
    return _translate({"networks": found.networks, "services": found.services}, None, POOL, found.engine, notes)


def _translate(raw: Dict[str, Any], project: Optional[str], pool: object, engine: str, notes: Notes) -> Dict[str, Any]:
    services = {key: as_map(value, "services." + key) for key, value in as_map(raw.get("services"), "services").items()}
    given = {key: as_map(value, "networks." + key) for key, value in as_map(raw.get("networks"), "networks").items()}
    if any(_uses_default(service) for service in services.values()):
        given.setdefault("default", {})

    cutter = Pool(pool, [subnet for key, network in given.items() for subnet in list_subnets(network, "networks." + key)])
    names = Names()
    networks: List[Dict[str, Any]] = []
    called: Dict[str, Optional[str]] = {}
    for key, network in given.items():
        path = "networks." + key
        real_name = _real_name(key, network, project)
        explicit = network.get("name") or isinstance(network.get("external"), dict)
        name = names.choose(real_name if explicit else key, path, notes)
        found = translate_network(name, real_name, network, path, cutter, notes)
        called[key] = None if found is None else name
        if found is not None:
            networks.append(found)

    taken = Names()
    endpoints = {service: taken.choose(service, "services." + service, notes) for service in services}
    containers = {container_name(key, value, project, "services." + key): key for key, value in services.items()}
    stack = Stack(engine=engine, project=project, networks=called, endpoints=endpoints, containers=containers)
    translated = [translate_service(key, value, "services." + key, stack, notes) for key, value in services.items()]
    declaration = {"networks": networks, "endpoints": _leave_out_guests([endpoint for endpoint in translated if endpoint is not None], notes)}
    keep_accepted(declaration, notes)
    return {**declaration, "untranslated": notes.entries}
