# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random junk: the reader either accepts a document or raises InputError with printable lines, never anything else."""

from __future__ import annotations

import copy
import datetime
import os
import random
from typing import Any, Callable, List

import pytest
from ansible_collections.netloom.container_net.docs.generate.maps import list_maps
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Document
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError

DOCUMENTS = 25_000 if os.environ.get("CONTAINER_NET_EVERY_POINT") else 5000  # of each way to make them
WORDS: List[Any] = [
    None, True, False, 0, 1, -1, 80, 1342, 2**31, 2**64, 1 << 20000, 0.5, float("inf"), float("nan"), "", " ", "a", "web", "a b", "eth0", "..", "/",
    "/run/x", "a/b", "10.0.0.0/24", "10.0.0.5", "10.0.0.5/33", "10.0.0.0/255.255.255.0", "fd00::/64", "fd00::5", "::", "0.0.0.0", "::ffff:1.2.3.4",
    "fe80::1%eth0", "/24", "10.0.0.0/", "//", "02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff", "8080:80", "80-70:1-2", "[::1]:1:1", "[", "]", ":",
    "::1:80:80", "1:2:3:4", "tcp", "8080:80/", "53/udp", "present", "absent", "bridge", "overlay", "none", "allocate", "blackhole", "\0", "\x1b[31m", "\ud800",
    "\u00fc", "x" * 300, b"bytes", datetime.date(2024, 1, 1), (), (1,), {1}, object(), "net.ipv4.ip_forward", "IFNAME", "net.IFNAME.x",
]  # fmt: skip
# Every key of a declaration, and what no key is.
KEYS: List[Any] = sorted({key for item in list_maps() for key in item.schema.keys}) + ["scope", "networks", "endpoints", "links", "policies"]
KEYS += ["junk", "", 1, None, True, (1, 2), 1 << 20000, "a.b", "a[b", "]"]
GOOD = {
    "scope": "main",
    "networks": [
        {
            "name": "web",
            "driver": "bridge",
            "ipam_config": [{"subnet": "10.20.0.0/24", "gateway": "10.20.0.1", "ip_range": "10.20.0.128/25", "aux_addresses": {"printer": "10.20.0.5"}}],
            "mtu": 1400,
            "internal": False,
            "snat_address": ["192.0.2.1"],
            "host_access": ["53/udp"],
            "trusted_interfaces": ["wg0"],
            "labels": {"team": "net"},
        },
        {
            "name": "mesh",
            "driver": "overlay",
            "vni": 5,
            "vtep_address": "192.0.2.1",
            "ipam_config": [{"subnet": "10.60.0.0/16"}, {"subnet": "fd60::/64"}],
            "peers": [{"host": "b", "vtep": "192.0.2.2"}],
            "remote_endpoints": [{"name": "far", "mac": "02:00:00:00:00:01", "vtep": "192.0.2.2", "addresses": ["10.60.0.9"]}],
        },
    ],
    "endpoints": [
        {
            "name": "api",
            "container": {"netns": "api"},
            "networks": [{"name": "web", "ipv4_address": "10.20.0.10", "aliases": ["b"], "sysctls": {"net.ipv4.conf.IFNAME.forwarding": 1}}, "mesh"],
            "routes": [{"destination": "10.9.0.0/16", "gateway": "10.20.0.9", "metric": 5}, {"destination": "fd09::/64", "type": "blackhole"}],
            "source_routing": True,
            "ports": ["8080:80", {"published": 8443, "target": 443, "allowed_sources": ["198.51.100.0/24"]}],
            "sysctls": {"net.ipv4.ip_forward": 1},
        },
        {"name": "db", "container": {"path": "/run/db"}, "networks": ["web"], "groups": ["store"]},
    ],
    "policies": [
        {"name": "p", "from": {"endpoints": ["api"], "cidrs": ["192.0.2.0/24"]}, "to": {"groups": ["store"]}, "ports": ["53/udp"], "action": "allow"},
        {"name": "q", "to": {"networks": ["web", "mesh"]}, "action": "deny", "log": True},
    ],
}


def junk(source: random.Random, depth: int) -> Any:
    """Return a random structure of words, lists and maps."""
    shape = source.random()
    if depth == 0 or shape < 0.4:
        return source.choice(WORDS)
    if shape < 0.6:
        return [junk(source, depth - 1) for _unused in range(source.randrange(4))]
    return {source.choice(KEYS): junk(source, depth - 1) for _unused in range(source.randrange(6))}


def wholly_random(source: random.Random) -> Any:
    return {"scope": source.choice([None, "main", junk(source, 1)]), "networks": junk(source, 4), "endpoints": junk(source, 5), "policies": junk(source, 4)}


def spoiled(source: random.Random) -> Any:
    """Return the good document with one to three places replaced, removed or given a strange key."""
    document = copy.deepcopy(GOOD)
    for _unused in range(source.randint(1, 3)):
        node: Any = document
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            if not keys:
                break
            key = source.choice(keys)
            if isinstance(node[key], (dict, list)) and source.random() < 0.85:
                node = node[key]
                continue
            action = source.random()
            if action < 0.8:
                node[key] = copy.copy(junk(source, 2))
            elif action < 0.9:
                del node[key]
            elif isinstance(node, dict):
                node[source.choice(KEYS)] = junk(source, 2)
            else:
                node.append(copy.deepcopy(node[key]))
            break
    return document


def test_the_good_document_is_good() -> None:
    assert isinstance(read_document(GOOD), Document)


@pytest.mark.parametrize("make", [wholly_random, spoiled])
def test_junk_gives_a_document_or_an_input_error(make: Callable[[random.Random], Any]) -> None:
    source = random.Random(20260101)
    refused = 0
    for number in range(DOCUMENTS):
        raw = make(source)
        try:
            assert isinstance(read_document(raw), Document)
        except InputError as error:
            refused += 1
            for line in str(error).splitlines():
                assert len(line) < 202 or "; known: " in line, (number, line)
                assert all(32 <= ord(character) < 127 for character in line), (number, line)
        except Exception as error:
            raise AssertionError("document %d: %r" % (number, raw)) from error
    assert refused > DOCUMENTS // 2
