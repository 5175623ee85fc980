# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A host's whole declaration as one request."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from .._compile.document import compile_document
from .._compile.firewall import compile_firewall
from .._compile.parts import find_tunnel_ends, find_underlays
from .._document.allocate import NOTHING_TAKEN, Taken
from .._document.host import check_host
from .._document.host_addresses import check_own_addresses
from .._document.living import Declared, attached_places
from .._document.management import check_takeovers, find_connection
from .._document.on_host import check_host_networks, settle_networks
from .._document.parts import add_guests, check_host_devices, check_policies_of_host, fill_in, without_empty_slots
from .._document.reader import read_document
from .._drivers.base import HostView
from .._drivers.table import DRIVERS, find_driver
from .._firewall.base import RunCommand
from .._firewall.table import select_backend
from .._kernel.statefile import STATE_DIRECTORY
from .._kernel.tables import list_tables
from .._model.document import Document
from .._model.errors import InputError, Problem
from .._model.frames import FrameTable
from .._model.names import STORE_DIRECTORY
from .._model.objects import KernelObject
from .._model.place import HOST
from .._model.rule import Rule
from .._model.snapshot import Facts
from .._runtime.containers import await_containers
from .._runtime.tool import has_tool
from .guests import Choose, Guests, choose_living
from .modes import check_sharing, idle_places, validate_wait_timeout
from .parts import find_guard, name_process, tell_plan
from .request import LOCK_TIMEOUT, Build, Request
from .waiting import validate_confirm_timeout

if TYPE_CHECKING:
    from .._model.guest import Guest
    from .left_out import LeftOut

# Of the options of the module topology, which says what each is.
DEFAULTS: Mapping[str, Any] = {
    "scope": "main",
    "networks": None,
    "endpoints": None,
    "links": None,
    "policies": None,
    "overlays": None,
    "state": "present",
    "firewall_backend": "auto",
    "lock_timeout": LOCK_TIMEOUT,
    "wait_timeout": 0.0,
    "allow_management": False,
    "confirm_timeout": 0,
    "allow_empty": False,
    "skip_unsupported": False,
    "persist": False,
}
KEPT = ("firewall_backend", "allow_management", "skip_unsupported")  # beside what is declared


def merge_overlays(networks: object, overlays: object) -> object:
    """Give each declared network what the fleet's plan lists once for all hosts, such as the peers of overlays and routed networks."""
    if overlays is None or not isinstance(networks, list):
        return networks
    if not isinstance(overlays, Mapping):
        raise InputError((Problem("overlays", overlays, "must be a map of network names", "pass the overlays of fleet_plan"),))
    merged: List[object] = []
    for network in networks:
        driver = network.get("driver") if isinstance(network, dict) else None
        name = network.get("name") if isinstance(driver, str) and driver in DRIVERS else None
        shared = overlays.get(name) if isinstance(name, str) else None
        merged.append(find_driver(str(driver)).merge(network, shared) if isinstance(shared, Mapping) else network)
    return merged


def read_declaration(
    scope: str,
    networks: object,
    endpoints: object,
    overlays: object,
    links: object = None,
    living: Taken = NOTHING_TAKEN,
    guests: Callable[[], Sequence[Guest]] = tuple,
    policies: object = None,
) -> Document:
    endpoints = add_guests(endpoints, guests())
    return read_document({"scope": scope, "networks": merge_overlays(networks, overlays), "endpoints": endpoints, "links": links, "policies": policies}, living)


def read_kept(options: Mapping[str, Any]) -> Document:
    """Return what is declared by options that are kept on a host."""
    options = {**DEFAULTS, **options}
    return read_declaration(options["scope"], options["networks"], options["endpoints"], options["overlays"], options["links"], policies=options["policies"])


def topology_request(
    options: Mapping[str, Any],
    *,
    run: RunCommand,
    check_mode: bool = False,
    connection: str = "",
    left_out: Optional[LeftOut] = None,
    confirmed: bool = False,
    store_directory: str = STORE_DIRECTORY,
    choose: Choose = choose_living,
) -> Tuple[Request, Declared]:
    """Return what brings a host to a declaration, and the declaration as it is read; what `options` leaves out has its default.

    `run` runs the tools of the firewall; `connection` is that of SSH over which the request came, as in SSH_CONNECTION. What is `confirmed` already may
    take the host's own connection again. `choose` says which of the scope's guests are to be there.
    """
    options = {**DEFAULTS, **options}
    validate_confirm_timeout(options["confirm_timeout"])
    validate_wait_timeout(options["wait_timeout"])
    absent = options["state"] == "absent"
    declared_lists = {name: None if absent else options[name] for name in ("networks", "endpoints", "links", "policies")}
    networks, endpoints, links, policies = declared_lists.values()
    guests = Guests(options["scope"], networks, endpoints, STATE_DIRECTORY, choose)
    read = partial(read_declaration, options["scope"], networks, endpoints, options["overlays"], links, guests=lambda: guests.now, policies=policies)
    declared = Declared(read)
    document = declared.document
    backend = select_backend(options["firewall_backend"], has_tool, list_tables)
    if left_out is None and options["skip_unsupported"]:
        left_out = _find_left_out()
    notes: List[str] = []
    started = time.monotonic()
    if options["wait_timeout"]:
        await_containers([endpoint.place for endpoint in document.endpoints], options["wait_timeout"])
    build = _build_declaration(
        declared,
        allow_management=options["allow_management"],
        confirmed=confirmed or bool(options["confirm_timeout"]),
        connection=connection,
        left_out=left_out,
        notes=notes,
        guests=guests,
        guard=None if options["firewall_backend"] == "none" else partial(find_guard, run=run, notes=notes if options["skip_unsupported"] else None),
        filters=options["firewall_backend"] != "none",
        keep=partial(_keep, declared_lists, options) if options["persist"] and not absent else None,
    )

    def renew(request: Request) -> Request:
        if not guests.look():
            return request
        declared.read_again()
        return request._replace(**_find_asked(declared.document))

    request = Request(
        scope=document.scope,
        build=build,
        renew=renew,
        left_out=left_out,
        looks=any(network.translates for network in document.networks),
        frames=True,
        notes=notes,
        backend=backend,
        run=run,
        check_mode=check_mode,
        prune=True,
        refuse_emptying=not (absent or options["allow_empty"] or document.networks or document.endpoints or document.links),
        tell=partial(tell_plan, document.scope),
        early=any(endpoint.devices for endpoint in document.endpoints),
        lock_timeout=options["lock_timeout"],
        wait_timeout=max(0.0, options["wait_timeout"] - (time.monotonic() - started)),
        confirm_timeout=options["confirm_timeout"],
        connection=connection,
        store_directory=store_directory,
        **_find_asked(document),
    )
    return request, declared


def _find_asked(document: Document) -> Dict[str, Any]:
    """Return what of a request follows from who is declared."""
    publishes = any(endpoint.ports for endpoint in document.endpoints)
    return {"publishes": publishes, "residents": attached_places(document), "places": idle_places(document)}


def _find_left_out() -> LeftOut:
    from .left_out import LeftOut

    return LeftOut()


def _build_declaration(
    declared: Declared,
    *,
    allow_management: bool,
    confirmed: bool,
    connection: str,
    left_out: Optional[LeftOut],
    notes: List[str],
    guests: Guests,
    guard: Optional[Callable[[Document], Optional[FrameTable]]],
    filters: bool,
    keep: Optional[Callable[[Document], Tuple[KernelObject, List[str]]]],
) -> Build:
    """Return the function that compiles the declaration for the host it finds itself on.

    `left_out` takes from it what the kernel cannot have; `notes` is filled with what is to be said without refusing.
    """

    def build(facts: Facts) -> Tuple[Sequence[KernelObject], Sequence[Rule]]:
        problems: List[Problem] = []
        document = declared.settle(facts.residents, facts.holdings)
        settled = settle_networks(document, facts)
        settled = declared.standing = without_empty_slots(settled)
        if left_out is not None:
            settled = declared.standing = left_out.reduce(settled, facts)
        settled = find_tunnel_ends(settled, facts)
        view = HostView(settled, facts, problems, find_connection(connection, facts), allow_management, name_process, guests.ports)
        for check in (check_host, check_own_addresses, check_host_networks, check_host_devices):
            check(view)
        check_policies_of_host(view, filters=filters)
        check_sharing(document, problems)
        if allow_management and not confirmed:
            check_takeovers(view)
        refuse_and_tell(problems, notes)
        rules = compile_firewall(
            settled,
            forwarding_off=facts.forwarding_off,
            ipv6=facts.ipv6,
            bridge_filter=facts.bridge_filter,
            underlays=find_underlays(settled, facts),
            users=facts.users,
        )
        objects = (*compile_document(settled, facts), *fill_in(guests.now, document))
        table = guard(settled) if guard is not None else None
        objects += () if table is None else (table,)
        if keep is not None:
            kept, passing = keep(document)
            notes.extend(passing)
            return (*objects, kept), rules
        return objects, rules

    return build


def _keep(declared: Mapping[str, Any], options: Mapping[str, Any], document: Document) -> Tuple[KernelObject, List[str]]:
    """Return what is kept of a declaration for a restart of the host, and what is to be said of it."""
    from .._document.settled import settle_declaration, tell_passing
    from .._model.stored import stored

    networks = merge_overlays(declared["networks"], options["overlays"])
    settled = settle_declaration(networks, declared["endpoints"], declared["links"], document, declared["policies"])
    kept = {**settled, "scope": document.scope, **{name: options[name] for name in KEPT}}
    return stored(HOST, document.scope, kept), tell_passing(document)


def refuse_and_tell(problems: List[Problem], notes: Optional[List[str]]) -> None:
    """Refuse what must not be; what stands and only meets somebody who came later is noted instead."""
    refused = tuple(problem for problem in problems if not (problem.stands or problem.tells))
    if refused:
        raise InputError(refused)
    if notes is not None:
        notes[:] = ["%s%s" % (problem, "; what stands is left as it is" if problem.stands else "") for problem in problems]
