# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random sets of policies over eight endpoints, three networks and two hosts: real packets pass exactly where the words of the declaration let them."""

from __future__ import annotations

import ctypes
import json
import os
import random
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock import Lock
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.planner import plan_fleet
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.reading import HostVariables
from harness.declarations import endpoint, network
from harness.engine import Declaration, converge, give_uplink
from harness.host import CLONE_NEWNS, Child, bind_space, filter_bridged_frames, libc, must, sh
from harness.policy_truth import Party, allows
from harness.traffic import Question, Server, ask, await_addresses

pytestmark = pytest.mark.fake_host(timeout=3600)
EVERY = bool(os.environ.get("CONTAINER_NET_EVERY_POINT"))
SETS = 150 if EVERY else 3  # for each backend
BLOCKS = {"web": 20, "db": 22, "mesh": 60}
# endpoint: host, network, last number, groups
PLACES: Dict[str, Tuple[str, str, int, List[str]]] = {
    "w1": ("h1", "web", 10, ["front"]),
    "w2": ("h1", "web", 11, []),
    "w3": ("h1", "web", 12, ["back"]),
    "d1": ("h1", "db", 10, ["back"]),
    "d2": ("h1", "db", 11, ["front", "back"]),
    "m1": ("h1", "mesh", 10, ["front"]),
    "m2": ("h2", "mesh", 11, ["back"]),
    "m3": ("h2", "mesh", 12, []),
}
SERVICES = ("80/tcp", "81/udp")
WORLD = {4: "198.51.100.2", 6: "2001:db8:51::2"}
PUBLISHED = {4: "192.0.2.1", 6: "2001:db8:2::1"}


def address(block: str, number: int, family: int) -> str:
    return "10.%d.0.%d" % (BLOCKS[block], number) if family == 4 else "fd00:%d::%d" % (BLOCKS[block], number)


PARTIES = {name: Party(name, net, groups, {family: address(net, number, family) for family in (4, 6)}) for name, (_host, net, number, groups) in PLACES.items()}
PARTIES["world"] = Party("world", "", (), WORLD)
CIDRS = ["198.51.100.0/24", "2001:db8:51::2", "10.20.0.0/24", "fd00:22::/64", "10.60.0.11", "0.0.0.0/0", "::/0", "10.20.0.8/30", "fd00:20::10"]


class Case(NamedTuple):
    networks: List[Dict[str, Any]]
    policies: List[Dict[str, Any]]


def place_of(name: str) -> str:
    """Both hosts see all names of namespaces, so theirs have files of their own."""
    return "/run/box/%s" % name if name in PLACES else name


def side(source: random.Random) -> Dict[str, List[str]]:
    choices = {"endpoints": list(PLACES), "groups": ["front", "back"], "networks": list(BLOCKS), "cidrs": CIDRS}
    return {key: source.sample(choices[key], source.randint(1, 2)) for key in source.sample(sorted(choices), source.choice((1, 1, 2)))}


def make_case(source: random.Random) -> Case:
    networks = []
    for name, block in BLOCKS.items():
        driver = {"driver": "overlay"} if name == "mesh" else {}
        defaults = {key: "deny" for key in ("default_policy", "default_egress") if source.random() < 0.3}
        networks.append(network(name, {"subnet": "10.%d.0.0/24" % block}, {"subnet": "fd00:%d::/64" % block}, **driver, **defaults))
    policies = []
    for number in range(source.randint(1, 6)):
        sides = {key: side(source) for key in source.choice((("from", "to"), ("from", "to"), ("from",), ("to",)))}
        ports = source.choice(({}, {}, {"ports": ["80/tcp"]}, {"ports": ["80-90/udp", "1-79/tcp"]}))
        log = {"log": True} if source.random() < 0.2 else {}
        policies.append({"name": "p%d" % number, **sides, **ports, **log, "action": source.choice(("allow", "deny"))})
    return Case(networks, policies)


def apply(case: Case, backend: str) -> None:
    """Bring both hosts to their parts of the fleet's plan; the second one is a namespace."""
    hosts = []
    for host, vtep in (("h1", "192.0.2.1"), ("h2", "192.0.2.2")):
        there = []
        for name, (home, net, number, groups) in PLACES.items():
            if home == host:
                attached = {"name": net, "ipv4_address": address(net, number, 4), "ipv6_address": address(net, number, 6)}
                there.append({**endpoint(name, attached, groups=groups, ports=["8080:80/tcp"] if name == "w1" else []), "container": {"path": place_of(name)}})
        hosts.append(HostVariables(host, case.networks, there, policies=case.policies, vtep_address=vtep))
    plan = plan_fleet(hosts, scope="main", lock=Lock("main"))
    arguments, shared = plan.arguments(), plan.overlay_rows()

    def declare(host: str) -> Declaration:
        part = arguments[host]
        return Declaration(part["networks"], part["endpoints"], overlays=shared, policies=plan.policies, firewall=backend)

    def converge_second() -> None:
        # What the first one keeps in files is not its own.
        must(libc.unshare(CLONE_NEWNS), "unshare")
        must(libc.mount(b"tmpfs", b"/run/container_net", b"tmpfs", ctypes.c_ulong(0), b"mode=700"), "mount")
        converge(declare("h2"))

    converge(declare("h1"))
    Child(converge_second, "outside").result(60)


def prepare() -> None:
    give_uplink()
    for name in PLACES:
        bind_space(place_of(name))
    filter_bridged_frames(True)
    Child(lambda: filter_bridged_frames(True), "outside").result(10)
    sh(
        """
        ip netns add world; ip -n world link set lo up; ip link add eth1 type veth peer name eth0 netns world
        ip address add 198.51.100.1/24 dev eth1; ip address add 2001:db8:51::1/64 dev eth1 nodad; ip link set eth1 up
        ip -n world address add 198.51.100.2/24 dev eth0; ip -n world address add 2001:db8:51::2/64 dev eth0 nodad; ip -n world link set eth0 up
        ip -n world route add default via 198.51.100.1; ip -n world route add default via 2001:db8:51::1
        """
    )


def list_questions() -> List[Tuple[Party, Party, str, int, bool, Question]]:
    found = []
    for family in (4, 6):
        for source in PARTIES.values():
            for target in PARTIES.values():
                for service in SERVICES if source is not target else ():
                    port, _slash, protocol = service.partition("/")
                    found.append((source, target, service, family, False, (place_of(source.name), protocol, target.addresses[family], int(port))))
        found.append((PARTIES["world"], PARTIES["w1"], "80/tcp", family, True, ("world", "tcp", PUBLISHED[family], 8080)))
    return found


def wrong_answers(case: Case) -> List[str]:
    """Ask all there is to ask: what must pass with patience, then what must not."""
    wrong = []
    for expected, timeout in ((True, 8.0), (False, 0.5)):
        rows = [row for row in list_questions() if allows(case.policies, case.networks, *row[:4], published=row[4]) == expected]
        answers: Sequence[Any] = ask([row[-1] for row in rows], timeout)
        for (source, target, *_service, question), answer in zip(rows, answers):
            if (answer is not None and answer.split()[0] == target.name) != expected:
                wrong.append("%s -> %s %s: %s" % (source.name, target.name, question[1:], answer))
    return wrong


@pytest.mark.parametrize("backend", ["iptables", "nftables"])
def test_packets_pass_where_the_words_let_them(backend: str) -> None:
    prepare()
    source = random.Random("policies %s" % backend)
    played = refused = verdicts = 0
    strange: List[str] = []
    while played < SETS and not strange:
        case = make_case(source)
        try:
            apply(case, backend)
        except InputError as error:
            refused += "one IP version" in str(error)
            strange += [str(error)] * ("one IP version" not in str(error))
            continue
        if not played:
            for party in PARTIES:
                Server(place_of(party), party, [80, 81])
            await_addresses("", *map(place_of, PARTIES))
        played += 1
        wrong = wrong_answers(case)
        assert not wrong, "%s\n%s" % ("\n".join(map(json.dumps, (*case.networks, *case.policies))), "\n".join(wrong))
        verdicts += sum(allows(case.policies, case.networks, *row[:4], published=row[4]) for row in list_questions())
    assert not strange
    assert refused < SETS
    assert 0 < verdicts < SETS * len(list_questions())
