# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A declaration with what was chosen for it: read again, it is the same document, and nothing in it is left to be chosen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._document.settled import settle_declaration, tell_passing
from golden_files import read_cases

CASES = read_cases(Path(__file__).parents[1] / "_compile" / "golden", ("what", "document", "facts", "objects", "among", "labels", "never", "error"))
WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]}


def settle(networks: Any, endpoints: Any, links: Any = None) -> Dict[str, Any]:
    return settle_declaration(networks, endpoints, links, read_document({"networks": networks, "endpoints": endpoints, "links": links}))


@pytest.mark.parametrize("case", CASES)
def test_it_is_the_same_document_with_nothing_left_to_choose(case: Dict[str, Any]) -> None:
    declared = case["document"]
    document = read_document(declared)
    settled = settle_declaration(declared.get("networks"), declared.get("endpoints"), declared.get("links"), document)
    again = read_document({"scope": declared.get("scope"), **json.loads(json.dumps(settled))})
    assert again == document
    for endpoint in again.endpoints:
        assert not any(item.given for item in endpoint.attachments)
        assert not any(port.given for port in endpoint.ports)


@pytest.mark.parametrize(
    ("ports", "kept"),
    [
        (["8080:80"], ["8080:80"]),
        (["80/tcp"], ["53068:80/tcp"]),
        (["192.0.2.10::80/udp", "8080:80"], ["192.0.2.10:56807:80/udp", "8080:80"]),
        ([{"target": "80-82", "allowed_sources": ["192.0.2.0/24"]}], [{"target": "80-82", "allowed_sources": ["192.0.2.0/24"], "published": "64495-64497"}]),
    ],
)
def test_host_ports_that_were_chosen_are_named(ports: List[Any], kept: List[Any]) -> None:
    (endpoint,) = settle([WEB], [{"name": "a", "container": {"netns": "a"}, "networks": ["web"], "ports": ports}])["endpoints"]
    assert endpoint["ports"] == kept


def test_who_is_known_by_a_number_alone_is_left_out_with_who_shares_his_namespace() -> None:
    endpoints = [
        {"name": "a", "container": {"netns": "a"}, "networks": ["web"]},
        {"name": "p", "container": {"pid": 4711}, "networks": ["web"]},
        {"name": "s", "network_mode": "container:p"},
        {"name": "gone", "container": {"netns": "gone"}, "state": "absent"},
    ]
    wire = {"name": "w", "ends": [{"endpoint": "p", "addresses": ["10.9.0.1/30"]}, {"endpoint": "a", "addresses": ["10.9.0.2/30"]}]}
    kept = settle([WEB], endpoints, [wire])
    assert ([item["name"] for item in kept["endpoints"]], kept["links"]) == (["a"], [])
    told = tell_passing(read_document({"networks": [WEB], "endpoints": endpoints, "links": [wire]}))
    assert [line.partition(" ")[0] for line in told] == ["endpoints[p]", "endpoints[s]"]
