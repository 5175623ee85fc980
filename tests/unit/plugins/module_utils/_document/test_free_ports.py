# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host port that is chosen stays with whom it was chosen for, whatever comes, goes or is declared in another order."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations
from typing import Any, Dict, Iterator, List, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._document import free_ports
from ansible_collections.netloom.container_net.plugins.module_utils._document.free_ports import choose_ports
from ansible_collections.netloom.container_net.plugins.module_utils._document.living import Declared
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Document, Endpoint, PublishedPort
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Problem
from ansible_collections.netloom.container_net.plugins.module_utils._model.limits import CHOSEN_PORTS
from ansible_collections.netloom.container_net.plugins.module_utils._model.published import share_address
from ansible_collections.netloom.container_net.plugins.module_utils._model.translation import Holdings, Translation

WEB: Dict[str, Any] = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]}
HISTORIES = 200
CHANGES = 10
FEW = (50000, 50011)
WISHES: Tuple[Tuple[Any, ...], ...] = (
    ("80",),
    ("80", "53/udp"),
    ("53/udp", "53/tcp"),
    ("192.0.2.1::80", "192.0.2.2::80"),
    ("0.0.0.0::80", "[::]::80"),
    ("90-93", "80"),
    ("[2001:db8::1]::90-92/udp",),
    ({"target": 443, "allowed_sources": ["198.51.100.0/24"]},),
)
Held = Dict[Tuple[str, str], int]


def declare(endpoints: Dict[str, List[Any]]) -> Dict[str, Any]:
    return {
        "networks": [WEB],
        "endpoints": [{"name": name, "container": {"netns": name}, "networks": ["web"], "ports": ports} for name, ports in endpoints.items()],
    }


def publications(document: Document) -> Iterator[Tuple[str, PublishedPort]]:
    for endpoint in document.endpoints:
        for port in endpoint.ports:
            yield endpoint.name, port


def chosen(document: Document) -> Held:
    return {(name, port.wish): port.published for name, port in publications(document) if port.given}


def stand(document: Document, dice: random.Random) -> Holdings:
    """What a host shows on which a declaration stands. A backend may cut a range into single ports."""
    found = []
    for name, port in publications(document):
        families = (4, 6) if port.host_ip is None else (6,) if ":" in port.host_ip else (4,)
        host = None if port.host_ip in ("0.0.0.0", "::") else port.host_ip
        size = dice.choice((1, port.count))
        for family in families:
            for step in range(0, port.count, size):
                first = port.published + step
                found.append(Translation(family, port.protocol, (first, first + size - 1), host, owner=name, target=port.target + step))
    dice.shuffle(found)
    return Holdings(published=tuple(found))


def overlap(one: PublishedPort, other: PublishedPort) -> bool:
    return one.published < other.published + other.count and other.published < one.published + one.count


def assert_one_owner(document: Document) -> None:
    for (_name, one), (_other, other) in combinations(publications(document), 2):
        assert not (one.protocol == other.protocol and share_address(one.host_ip, other.host_ip) and overlap(one, other)), (one, other)


@pytest.fixture
def few_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few that publications meet."""
    monkeypatch.setattr(free_ports, "CHOSEN_PORTS", FEW)
    monkeypatch.setattr(free_ports, "_SIZE", FEW[1] - FEW[0] + 1)


@pytest.mark.usefixtures("few_ports")
def test_no_port_that_stands_ever_changes_unasked() -> None:
    wishes = [read_document(declare({"a": list(ports)})).endpoints[0] for ports in WISHES]
    empty = read_document(declare({}))
    full = moved = 0
    for seed in range(HISTORIES):
        dice = random.Random(seed)
        endpoints: Dict[str, Endpoint] = {}
        document = empty
        for _change in range(CHANGES):
            before = dict(endpoints)
            name = dice.choice("abcdefghij")
            if endpoints.pop(name, None) is None:
                endpoints[name] = wished(name, wishes, dice)
            ports = [port for endpoint in endpoints.values() for port in endpoint.ports if port.published]
            order = list(endpoints.values())
            dice.shuffle(order)
            held = chosen(document)
            problems: List[Problem] = []
            new = choose_ports(replace(empty, endpoints=tuple(order)), holdings=stand(document, dice), problems=problems)
            if problems or any(overlap(one, other) for one, other in combinations(ports, 2)):
                full += bool(problems)
                endpoints = before
                continue
            document = new
            assert_one_owner(document)
            for owner, port in publications(document):
                old = held.get((owner, port.wish))
                if port.given and old not in (None, port.published):
                    moved += 1
                    was = replace(port, published=old or 0)
                    assert any(one.protocol == was.protocol and overlap(one, was) for one in ports), "%s of %s left %s unasked" % (port, owner, old)
            turned = replace(empty, endpoints=tuple(sorted(order, key=lambda one: one.name)))
            assert chosen(choose_ports(turned, holdings=stand(document, dice), problems=problems)) == chosen(document)
            # Who is told of its own choice again makes it again.
            assert choose_ports(document, holdings=stand(document, dice), problems=problems) == document
    assert full > 10
    assert moved > 10


def wished(name: str, wishes: List[Endpoint], dice: random.Random) -> Endpoint:
    if dice.random() < 0.7:
        return replace(dice.choice(wishes), name=name)
    number = dice.randint(*FEW)
    return replace(wishes[0], name=name, ports=(PublishedPort(number, number, protocol=dice.choice(("tcp", "udp"))),))


def test_a_choice_follows_from_the_names_alone() -> None:
    one = read_document(declare({"a": ["80", "53/udp"], "b": ["80"]}))
    other = read_document(declare({"b": ["80"], "a": ["53/udp", "80"]}))
    assert chosen(one) == chosen(other)
    assert len(set(chosen(one).values())) == 3
    assert all(CHOSEN_PORTS[0] <= number <= CHOSEN_PORTS[1] for number in chosen(one).values())


@pytest.mark.usefixtures("few_ports")
@pytest.mark.parametrize("word", ["c", "d", "e", "f"])
def test_who_is_declared_first_has_no_more_of_the_last_ports(word: str) -> None:
    names = ["%s%d" % (word, number) for number in range(FEW[0], FEW[1] + 1)]
    one, other = [chosen(read_document(declare({name: ["80"] for name in order}))) for order in (names, names[::-1])]
    assert one == other
    assert sorted(one.values()) == list(range(FEW[0], FEW[1] + 1))


def test_what_is_chosen_is_written_as_if_it_was_named() -> None:
    document = read_document(declare({"a": ["192.0.2.1::80-82/udp"]}))
    ((_name, port),) = publications(document)
    assert str(port) == "192.0.2.1:%d-%d:80-82/udp" % (port.published, port.published + 2)
    assert port.wish == "192.0.2.1::80-82/udp"


def test_what_others_have_is_not_chosen() -> None:
    free = chosen(read_document(declare({"a": ["80"]})))["a", "80/tcp"]
    for holdings in (
        Holdings(listening=(("tcp", "0.0.0.0", free),)),
        Holdings(translations=(Translation(4, "tcp", (free - 5, free)),)),
        Holdings(translations=(Translation(6, None, (free, free)),)),
        Holdings(beside=(Translation(4, "tcp", (free, free), owner="a", target=80),)),
    ):
        assert chosen(settled({"a": ["80"]}, holdings))["a", "80/tcp"] == free + 1
    assert chosen(settled({"a": ["80"]}, Holdings(listening=(("udp", "0.0.0.0", free),))))["a", "80/tcp"] == free


def test_where_others_have_all_of_them_one_is_chosen_for_whoever_says_so() -> None:
    assert chosen(settled({"a": ["80"]}, Holdings(translations=(Translation(4, None),))))


def test_who_listens_later_moves_nobody() -> None:
    free = chosen(read_document(declare({"a": ["80"]})))["a", "80/tcp"]
    stands = Translation(4, "tcp", (free, free), owner="a", target=80)
    assert chosen(settled({"a": ["80"]}, Holdings(listening=(("tcp", "0.0.0.0", free),), published=(stands,))))["a", "80/tcp"] == free


@pytest.mark.parametrize(
    "stands",
    [
        pytest.param({"owner": "b"}, id="another endpoint"),
        pytest.param({"target": 81}, id="another target"),
        pytest.param({"protocol": "udp"}, id="another protocol"),
        pytest.param({"host": "192.0.2.1"}, id="another address"),
        pytest.param({"ports": (8080, 8080)}, id="not from the range"),
    ],
)
def test_what_stands_for_something_else_counts_for_nothing(stands: Dict[str, Any]) -> None:
    free = chosen(read_document(declare({"a": ["80"]})))
    right = Translation(4, "tcp", (50000, 50000), owner="a", target=80)
    assert chosen(settled({"a": ["80"]}, Holdings(published=(right,)))) == {("a", "80/tcp"): 50000}
    assert chosen(settled({"a": ["80"]}, Holdings(published=(right._replace(**stands),)))) == free


def test_what_was_chosen_stays_where_a_named_port_leads_to_the_same_and_goes() -> None:
    free = chosen(read_document(declare({"a": ["80"]})))["a", "80/tcp"]
    for named in (free - 1, free + 1):
        both = tuple(Translation(4, "tcp", (number, number), owner="a", target=80) for number in (named, free))
        assert chosen(settled({"a": ["80"]}, Holdings(published=both)))["a", "80/tcp"] == free


def settled(endpoints: Dict[str, List[Any]], holdings: Holdings) -> Document:
    return Declared(lambda _living: read_document(declare(endpoints))).settle((), holdings)


def test_a_routed_network_opens_the_port_and_chooses_none() -> None:
    routed = {"name": "web", "driver": "routed", "ipam_config": [{"subnet": "10.30.0.0/24"}]}
    raw = {"networks": [routed], "endpoints": [{"name": "a", "container": {"netns": "a"}, "networks": ["web"], "ports": ["80-82/udp"]}]}
    ((_name, port),) = publications(read_document(raw))
    assert (str(port), port.given) == ("80-82:80-82/udp", False)
