# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A port of the host that nobody names is chosen, stays what it is whoever comes, and leads to the container."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from ansible_collections.netloom.container_net.plugins.module_utils._model.limits import CHOSEN_PORTS
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, assert_settled, check, converge, give_uplink, settle
from harness.host import sh
from harness.module import run_module
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()

WEB = network("web", V4, V6)


def shops(*endpoints: Dict[str, Any]) -> Declaration:
    return Declaration([WEB], endpoints)


def shop(name: str, *ports: Any) -> Dict[str, Any]:
    return endpoint(name, "web", ports=list(ports))


def ports_of(declaration: Declaration, name: str) -> Dict[str, int]:
    """Return the first host port of what the module tells of each publication of an endpoint, by what it leads to."""
    told: Dict[str, Any] = {}
    converge(declaration, check=True, told=told)
    (found,) = [item["ports"] for item in told["endpoints"] if item["name"] == name]
    parts = [re.fullmatch(r"(.*:|)(\d+)(?:-\d+)?:([^:]+)", text) for text in found]
    return {part[1] + part[3]: int(part[2]) for part in parts if part}


def answers(number: int, protocol: str = "tcp", hosts: Any = ("192.0.2.1", "2001:db8:2::1")) -> List[Optional[str]]:
    return [answer.split()[0] if answer else None for answer in ask([("outside", protocol, host, number) for host in hosts])]


def test_a_chosen_port_leads_in_and_stays() -> None:
    give_uplink()
    before = take_snapshot()
    one = shops(shop("m", "80", "53/udp", "192.0.2.1::90-92"))
    foreseen = ports_of(one, "m")
    settle(one)
    held = ports_of(one, "m")
    assert held == foreseen
    assert all(CHOSEN_PORTS[0] <= number <= CHOSEN_PORTS[1] for number in held.values())
    Server("m", "m", [53, 80, 90, 91, 92])
    await_addresses("m")
    assert answers(held["80/tcp"]) == ["m", "m"]
    assert answers(held["53/udp"], "udp") == ["m", "m"]
    ranged = held["192.0.2.1:90-92/tcp"]
    for step in range(3):
        assert answers(ranged + step) == ["m", None]
    assert answers(ranged + 3) == [None, None]
    # Whoever comes before it, in the list and in the alphabet, takes none of its ports; who names one takes just that.
    crowd = [shop("a%d" % number, "80", "81-83") for number in range(6)]
    named = shop("b", "%d:80" % held["80/tcp"])
    more = shops(*crowd, *one.endpoints)
    planned = settle(more)
    assert not [line for line in planned if line.startswith("-")], planned
    assert ports_of(more, "m") == held
    numbers = [number for item in more.endpoints for number in ports_of(more, item["name"]).values()]
    assert len(set(numbers)) == len(numbers) == 15
    assert answers(held["80/tcp"]) == ["m", "m"]
    settle(shops(*one.endpoints, *reversed(crowd[:3])))
    assert ports_of(one, "m") == held
    settle(shops(named, *one.endpoints))
    now = ports_of(shops(named, *one.endpoints), "m")
    assert {key for key in held if held[key] != now[key]} == {"80/tcp"}
    Server("b", "b", [80])
    await_addresses("b")
    assert answers(held["80/tcp"]) == ["b", "b"]
    assert answers(now["80/tcp"]) == ["m", "m"]
    settle(None)
    assert_same(before)


def test_what_is_told_shows_the_port() -> None:
    give_uplink()
    options = {"networks": [WEB], "endpoints": [shop("m", "80", "90-91/udp")]}
    planned = converge(Declaration([WEB], options["endpoints"]), check=True).words
    made = run_module("topology", **options)
    (told,) = made["endpoints"]
    tcp, udp = [re.match(r"(\d+)", text)[1] for text in told["ports"]]  # type: ignore[index]
    assert told["ports"] == ["%s:80/tcp" % tcp, "%s-%d:90-91/udp" % (udp, int(udp) + 1)]
    ports = ["+ port %s/tcp → m:80" % tcp, "+ port %s-%d/udp → m:90-91" % (udp, int(udp) + 1)]
    assert sorted(line for line in planned if " port " in line) == sorted(ports), planned
    shown = run_module("topology_info")
    assert [(row["published"], row["target"]) for row in shown["ports"]] == [(tcp, "80"), ("%s-%d" % (udp, int(udp) + 1), "90-91")]
    assert run_module("topology", **options)["changed"] is False


def test_what_was_chosen_is_known_from_the_rules_alone() -> None:
    give_uplink()
    options: Dict[str, Any] = {"networks": [WEB]}
    mine = shop("m", "80", "[2001:db8:2::1]::90-92/udp", "192.0.2.1::60/sctp")
    # The place it would have by its name is somebody's first, and free later.
    ((first, *_more),) = [item["ports"] for item in run_module("topology", check=True, **options, endpoints=[mine])["endpoints"]]
    rival = shop("a", "%s:1" % first.partition(":")[0])
    run_module("topology", **options, endpoints=[rival, mine])
    before = run_module("topology", check=True, **options, endpoints=[rival, mine])
    assert before["changed"] is False
    alone = run_module("topology", **options, endpoints=[mine])
    assert alone["endpoints"] == before["endpoints"][1:]
    assert first not in alone["endpoints"][0]["ports"]
    assert run_module("topology", **options, endpoints=[mine])["changed"] is False


def test_a_port_that_somebody_has_is_not_chosen() -> None:
    give_uplink()
    one = shops(shop("m", "80"))
    first = ports_of(one, "m")["80/tcp"]
    Server("", "host", [first])
    sh("iptables -t nat -A PREROUTING -p tcp --dport %d -j DNAT --to-destination 192.0.2.7" % (first + 1))
    converge(shops(shop("other", "%d:80" % (first + 2))), scope="beside")
    other = Declaration([network("more", {"subnet": "10.21.0.0/24"})], [endpoint("m", "more", ports=["80"])])
    assert ports_of(other, "m")["80/tcp"] == first + 3
    settle(other)
    assert answers(first, hosts=["192.0.2.1"]) == ["host"]
    # Who comes later moves nobody, and is told of.
    Server("", "late", [first + 3])
    outcome = converge(other)
    assert ports_of(other, "m")["80/tcp"] == first + 3
    assert [str(first + 3) in warning for warning in outcome.warnings] == [True]
    # Named, as a fleet's plan names it, it is refused.
    with pytest.raises(ContainerNetError, match="listens on"):
        check(Declaration(other.networks, [endpoint("m", "more", ports=["%d:80" % first])]))
    assert_settled(other)
