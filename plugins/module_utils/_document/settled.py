# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The declaration of one host with every choice that was made for it, so that it comes out the same again where nothing stands."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Set, Tuple

from .._model.document import Attachment, Document, Endpoint, PublishedPort, port_range
from .._model.place import PROCESS

Map = Mapping[str, Any]
BY_NUMBER = (
    "endpoints[%s] is not kept for a restart of the host: it is a process by its number, which another one may have then; name its namespace by netns or path"
)


def settle_declaration(networks: Any, endpoints: Any, links: Any, document: Document, policies: Any = None) -> Dict[str, Any]:
    """Return a declaration, which was read as the document, with the addresses and host ports that were chosen for it."""
    by_name = {endpoint.name: endpoint for endpoint in document.endpoints}
    left = find_passing(document)
    return {
        "networks": list(networks or ()),
        "endpoints": [_settle(raw, by_name[raw["name"]]) for raw in endpoints or () if raw["name"] in by_name and raw["name"] not in left],
        "links": [raw for raw in links or () if left.isdisjoint(end.get("endpoint") for end in raw.get("ends") or ())],
        **({"policies": [_settle_policy(raw) if left else raw for raw in policies]} if policies else {}),
    }


def find_passing(document: Document) -> Set[str]:
    """Return the endpoints that nobody finds again after a restart, and those that share their namespaces."""
    left = {endpoint.name for endpoint in document.endpoints if endpoint.place.kind == PROCESS}
    sharing = {endpoint.name for endpoint in document.endpoints if (endpoint.network_mode or "").partition(":")[2] in left}
    return left | sharing


def tell_passing(document: Document) -> List[str]:
    return [BY_NUMBER % name for name in sorted(find_passing(document))]


def _settle(raw: Map, endpoint: Endpoint) -> Map:
    attachments = {item.network: item for item in endpoint.attachments}
    settled = dict(raw)
    if raw.get("networks"):
        settled["networks"] = [_settle_attachment(item, attachments) for item in raw["networks"]]
    if any(port.given for port in endpoint.ports):
        settled["ports"] = [_settle_port(*pair) for pair in zip(raw["ports"], endpoint.ports)]
    return settled


def _settle_policy(raw: Map) -> Map:
    """Return a policy that may name whom nobody finds again, as one of a fleet's plan names those that live elsewhere."""
    return {key: {"addresses": [], **value} if key in ("from", "to") else value for key, value in raw.items()}


def _settle_attachment(raw: Any, attachments: Mapping[str, Attachment]) -> Any:
    found = attachments.get(raw if isinstance(raw, str) else raw["name"])
    if found is None or not found.given:
        return raw
    chosen = dict(_addresses(found))
    return {"name": raw, **chosen} if isinstance(raw, str) else {**raw, **chosen}


def _addresses(attachment: Attachment) -> Iterator[Tuple[str, str]]:
    for key, address in (("ipv4_address", attachment.ipv4_address), ("ipv6_address", attachment.ipv6_address)):
        if address is not None:
            yield key, address


def _settle_port(raw: Any, port: PublishedPort) -> Any:
    if not port.given:
        return raw
    if not isinstance(raw, Mapping):
        return str(port)
    return {**raw, "published": port.published if port.count == 1 else port_range(port.published, port.count)}
