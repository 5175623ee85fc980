# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses stay with who has them, whatever comes, goes or is declared in another order."""

from __future__ import annotations

import ipaddress
import random
from functools import partial
from typing import Any, Dict, List, Optional, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._document.living import Declared, find_living
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Document
from ansible_collections.netloom.container_net.plugins.module_utils._model.mark import Mark
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Resident

HISTORIES = 1000
CHANGES = 8
POOLS = (
    [{"subnet": "10.0.0.0/28"}],
    [{"subnet": "10.0.0.0/28"}, {"subnet": "fd00::/64"}],
    [{"subnet": "10.0.0.16/28"}, {"subnet": "10.0.0.0/29"}],
    [{"subnet": "10.0.0.0/24", "ip_range": "10.0.0.64/27"}, {"subnet": "fd00::/120"}, {"subnet": "fd00:1::/120"}],
    [{"subnet": "10.0.0.0/16"}],
    [{"subnet": "fd00::/124"}],
)


def residents(document: Document) -> List[Resident]:
    """What a host shows on which a declaration stands."""
    return [
        Resident(endpoint.place, attachment.interface_name, Mark("main", "endpoint", attachment.network, endpoint.name), attachment.addresses)
        for endpoint in document.endpoints
        for attachment in endpoint.attachments
    ]


def declare(pools: List[Dict[str, Any]], names: List[str], fixed: Dict[str, str]) -> Dict[str, Any]:
    attachments: Dict[str, Dict[str, Any]] = {name: {"name": "web", **({"ipv4_address": fixed[name]} if name in fixed else {})} for name in names}
    return {
        "networks": [{"name": "web", "ipam_config": pools}],
        "endpoints": [{"name": name, "container": {"netns": name}, "networks": [attachments[name]]} for name in names],
    }


def held(document: Document) -> Dict[str, Tuple[str, ...]]:
    return {endpoint.name: endpoint.attachments[0].addresses for endpoint in document.endpoints}


@pytest.mark.parametrize("part", range(4))
def test_no_address_of_who_lives_ever_changes_unasked(part: int) -> None:
    for seed in range(part, HISTORIES, 4):
        dice = random.Random(seed)
        pools = [dict(pool) for pool in dice.choice(POOLS)]
        names: List[str] = []
        fixed: Dict[str, str] = {}
        before: Optional[Document] = None
        for _change in range(CHANGES):
            gone = dice.sample(names, dice.randint(0, min(2, len(names))))
            names = [name for name in names if name not in gone]
            fixed = {name: address for name, address in fixed.items() if name in names}
            names += [name for name in {"c%d" % dice.randrange(40) for _one in range(dice.randint(0, 2))} if name not in names + gone][: max(0, 5 - len(names))]
            dice.shuffle(names)
            dice.shuffle(pools)
            asking = dice.choice(names) if names and dice.random() < 0.2 else None
            taken = {address for other in held(before).values() for address in other} if before is not None else set()
            free = "10.0.0.4"
            if (
                asking
                and pools[0]["subnet"].startswith("10.")
                and free not in taken
                and free not in fixed.values()
                and any(ipaddress.ip_address(free) in ipaddress.ip_network(pool["subnet"]) for pool in pools if ":" not in pool["subnet"])
            ):
                fixed[asking] = free
            declared = Declared(partial(read_document, declare(pools, names, fixed)))
            now = declared.settle(residents(before) if before is not None else [])
            found = held(now)
            for name, addresses in (held(before) if before is not None else {}).items():
                if name in found and name != asking and name not in fixed:
                    assert found[name] == addresses, "history %d: %s had %s and has %s" % (seed, name, addresses, found[name])
            owned = [address for addresses in found.values() for address in addresses]
            assert len(owned) == len(set(owned)), "history %d: two owners" % seed
            assert declared.settle(residents(now)) is now, "history %d: settling twice changes something" % seed
            before = now


def settled(raw: Dict[str, Any], *here: Resident) -> Dict[str, Tuple[str, ...]]:
    return held(Declared(partial(read_document, raw)).settle(here))


def resident(name: str, *addresses: str, scope: str = "main", network: str = "web", interface: str = "eth0", marked: bool = True) -> Resident:
    return Resident("netns:" + name, interface, Mark(scope, "endpoint", network, name) if marked else None, addresses)


POOL = [{"subnet": "10.0.0.0/28", "gateway": "10.0.0.1", "aux_addresses": {"printer": "10.0.0.2"}, "ip_range": "10.0.0.0/29"}]
RAW = declare(POOL, ["a"], {})
(USUAL,) = held(read_document(RAW))["a"]
OTHER = "10.0.0.6" if USUAL != "10.0.0.6" else "10.0.0.5"


@pytest.mark.parametrize(
    ("here", "expected"),
    [
        (resident("a", OTHER), OTHER),
        (resident("a", OTHER, interface="renamed"), OTHER),
        (resident("a", OTHER, marked=False), OTHER),
        (resident("a", OTHER, marked=False, interface="eth7"), USUAL),
        (resident("a", OTHER, scope="other"), USUAL),
        (resident("a", OTHER, network="lan"), USUAL),
        (resident("a", "10.0.0.1"), USUAL),
        (resident("a", "10.0.0.2"), USUAL),
        (resident("a", "10.0.0.9"), USUAL),
        (resident("a", "192.0.2.1"), USUAL),
        (resident("a", "fd00::5"), USUAL),
    ],
    ids=["marked", "renamed", "mark wiped", "another link", "another scope", "another network", "gateway", "reserved", "out of range", "outside", "family"],
)
def test_what_counts_as_living(here: Resident, expected: str) -> None:
    assert settled(RAW, here)["a"] == (expected,)


def test_who_asks_for_an_address_gets_it_from_who_did_not() -> None:
    found = settled(declare(POOL, ["a", "b"], {"b": OTHER}), resident("a", OTHER))
    assert found["b"] == (OTHER,)
    assert found["a"] != (OTHER,)


def test_who_takes_a_second_address_takes_it_from_nobody() -> None:
    mine, yours = OTHER, USUAL
    found = settled(declare(POOL, ["a", "b"], {}), resident("a", yours, mine), resident("b", yours))
    assert found == {"a": (mine,), "b": (yours,)}


def test_who_names_an_address_is_not_asked() -> None:
    document = read_document(declare(POOL, ["a", "b"], {"b": OTHER}))
    assert find_living(document, [resident("b", OTHER)]) == {}
