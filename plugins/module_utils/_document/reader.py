# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The raw declaration, as YAML or JSON gave it, to the model. All problems of a run are found at once."""

from __future__ import annotations

from functools import partial
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple, TypeVar, Union

from .._drivers.table import driver_of
from .._model.document import DEFAULT_SCOPE, Document, Endpoint, Wire
from .._model.errors import InputError, Problem
from .._model.network import Network
from .._model.policy import Policy
from .allocate import NOTHING_TAKEN, Taken, allocate
from .check import check_document
from .endpoint import read_endpoint
from .entry import named_path, read_list
from .interfaces import name_interfaces
from .network import read_network, require_host_keys, require_nothing
from .parts import choose_ports, fill_links, lead_routes, read_link, read_policy
from .scalars import read_label
from .trouble import troubled_names

Named = TypeVar("Named", bound=Union[Network, Endpoint, Wire, Policy])


def _read_named(raw: object, path: str, problems: List[Problem], read: Callable[[object, str, List[Problem]], Optional[Named]]) -> Tuple[Named, ...]:
    items = read_list(raw, path, problems)
    if items is None:
        return ()
    found: Dict[str, int] = {}
    result: List[Named] = []
    for index, item in enumerate(items):
        name = item.get("name") if isinstance(item, dict) else None
        place = "%s[%d]" % (path, index)
        if isinstance(name, str) and name in found:
            read(item, place, problems)
            problems.append(Problem(place + ".name", name, "entry %d of this list has the same name" % found[name], "rename or remove one"))
            continue
        read_item = read(item, named_path(path, index, item) if isinstance(item, dict) else place, problems)
        if isinstance(name, str):
            found[name] = index
        if read_item is not None:
            result.append(read_item)
    return tuple(result)


def read_networks(raw: object, *, path: str, scope: str, problems: List[Problem]) -> Tuple[Network, ...]:
    """Return the networks of a fleet with every default; absent ones are left out. What its plan provides may be missing."""
    return _read_named(raw, path, problems, partial(read_network, scope=scope, find_required=require_nothing))


def _read_networks_of_host(raw: object, *, path: str, scope: str, problems: List[Problem]) -> Tuple[Network, ...]:
    """Return the networks of a host, which are made because they are declared, and have all that a fleet's plan provides."""
    networks = _read_named(raw, path, problems, partial(read_network, scope=scope, find_required=require_host_keys))
    for network in networks:
        place = "%s[%s]" % (path, network.name)
        if network.on_every_host:
            rule = "only a fleet's plan leaves out what a host does not use; here every declared network is made"
            problems.append(Problem(place + ".on_every_host", True, rule, "remove it"))
        driver_of(network).refuse_on_host(network, place, problems)
    return networks


def read_endpoints(raw: object, *, path: str, scope: str, networks: Sequence[Network], problems: List[Problem]) -> Tuple[Endpoint, ...]:
    """Return the declared endpoints; addresses and MACs not given stay None until allocation."""
    known = frozenset(network.name for network in networks)
    troubled = troubled_names(problems)

    def read(value: object, place: str, found: List[Problem]) -> Optional[Endpoint]:
        return read_endpoint(value, place, found, scope=scope, known=known, troubled=troubled)

    return name_interfaces(_read_named(raw, path, problems, read), networks, scope)


def read_links(raw: object, *, path: str, scope: str, endpoints: Sequence[Endpoint], problems: List[Problem]) -> Tuple[Wire, ...]:
    """Return the declared wires and tunnels with every default; absent ones are left out."""
    return fill_links(_read_named(raw, path, problems, read_link), endpoints, scope)


def read_policies(raw: object, *, path: str, problems: List[Problem]) -> Tuple[Policy, ...]:
    """Return the policies in their order."""
    return _read_named(raw, path, problems, read_policy)


def read_document(raw: Mapping[str, object], living: Taken = NOTHING_TAKEN) -> Document:
    """Return the declaration of one host, complete and consistent, or raise InputError with every problem.

    `living` are the addresses that its endpoints have at present, by network and endpoint.
    """
    problems: List[Problem] = []
    scope = DEFAULT_SCOPE
    if raw.get("scope") is not None:
        scope = read_label(raw["scope"], "scope", problems) or DEFAULT_SCOPE
    networks: Tuple[Network, ...] = ()
    endpoints: Tuple[Endpoint, ...] = ()
    if raw.get("networks") is not None:
        networks = _read_networks_of_host(raw["networks"], path="networks", scope=scope, problems=problems)
    if raw.get("endpoints") is not None:
        endpoints = read_endpoints(raw["endpoints"], path="endpoints", scope=scope, networks=networks, problems=problems)
    endpoints = allocate(networks, endpoints, living=living, problems=problems, path="networks")
    links: Tuple[Wire, ...] = ()
    if raw.get("links") is not None:
        links = read_links(raw["links"], path="links", scope=scope, endpoints=endpoints, problems=problems)
    policies: Tuple[Policy, ...] = ()
    if raw.get("policies") is not None:
        policies = read_policies(raw["policies"], path="policies", problems=problems)
    document = Document(scope=scope, networks=networks, endpoints=endpoints, links=links, policies=policies)
    check_document(document, path_networks="networks", path_endpoints="endpoints", problems=problems)
    document = choose_ports(document, problems=problems)
    if problems:
        raise InputError(tuple(problems))
    return lead_routes(document)
