# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attacks with packets: each gets through where the default that holds it off is switched off, none where it is not, and the neighbours of each are served."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Dict, List, Tuple

import pytest
from harness import backends
from harness.engine import converge, give_uplink
from harness.host import entered, sh
from harness.traffic import Server, await_addresses
from test_packets import DECLARED, HOST, PLACES, SUBNETS, Row, declare, truth

pytestmark = pytest.mark.fake_host()

SERVED = (80, 5000)
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


@dataclass(frozen=True)
class Attack:
    """Ways that are closed, with who answers once they are open; ways beside them that are always open; and what of the declaration opens the closed ones.

    Where no key of it does, taking the rules away has to.
    """

    closed: Tuple[Row, ...]
    served: Tuple[Row, ...]
    opened_by: Tuple[Tuple[str, Tuple[Tuple[str, Any], ...]], ...] = ()


OUTSIDE_IS_TRUSTED = ("web", (("trusted_interfaces", ["eth0"]),))
PUBLISHED: Row = ("outside", "tcp", "host", 8080, "w1")
ATTACKS: Dict[str, Attack] = {
    "T1": Attack((("outside", "tcp", "w1", 5000, "w1"), ("outside", "udp", "w1", 5000, "w1")), (PUBLISHED,), (OUTSIDE_IS_TRUSTED,)),
    "T2": Attack((("outside", "tcp", "w1", 80, "w1"),), (PUBLISHED,), (OUTSIDE_IS_TRUSTED,)),
    "T4": Attack(
        (("w1", "tcp", "@other", 80, "host"), ("o1", "tcp", "@web", 5000, "host"), ("outside", "tcp", "@web", 80, "host")),
        (("host", "tcp", "host", 80, "host"), ("w1", "tcp", "outside", 80, "outside")),
    ),
    "T5": Attack(
        (("w1", "tcp", "host", 80, "host"), ("w1", "udp", "@web", 5000, "host"), ("o1", "tcp", "@other", 80, "host")),
        (("host", "tcp", "w1", 80, "w1"), ("outside", "tcp", "host", 80, "host")),
        tuple((name, (("host_access", "all"),)) for name in ("web", "other")),
    ),
    "T6": Attack(
        (("o1", "tcp", "w1", 80, "w1"), ("o1", "udp", "w1", 5000, "w1"), ("w1", "tcp", "p1", 80, "p1")),
        (("o1", "tcp", "host", 8080, "w1"), ("w2", "tcp", "w1", 80, "w1")),
    ),
    "T7": Attack(
        (("p1", "tcp", "p2", 80, "p2"), ("p2", "udp", "p1", 5000, "p1")),
        (("p2", "tcp", "host", 9090, "p1"), ("p1", "tcp", "outside", 80, "outside")),
        (("apart", (("enable_icc", True),)),),
    ),
    "T15": Attack(
        (("d1", "tcp", "outside", 80, "outside"), ("d2", "udp", "outside", 5000, "outside"), ("d1", "tcp", "host", 8080, "w1")),
        (("d1", "tcp", "d2", 80, "d2"), ("host", "tcp", "d1", 80, "d1")),
        (("dark", (("internal", False),)),),
    ),
}


def closed(rows: Tuple[Row, ...]) -> List[Row]:
    return [(*row[:4], None) for row in rows]


@pytest.mark.threat(*ATTACKS, "T22")
@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
def test_what_the_defaults_hold_off(firewall: str) -> None:
    """All at once, three times: with the defaults, with those off that have a key, and without any rule that keeps somebody off."""
    give_uplink()
    defaults = replace(DECLARED, firewall=firewall)
    converge(defaults)
    for n in SUBNETS.values():
        sh("ip -n outside route add 10.%d.0.0/24 via 192.0.2.1; ip -n outside -6 route add fd00:%d::/64 via 2001:db8:2::1" % (n, n))
    for name in (*PLACES, "outside", "host"):
        Server("" if name == "host" else name, name, SERVED)
    await_addresses("", "outside", *PLACES)
    served = [row for attack in ATTACKS.values() for row in attack.served]
    held = [row for attack in ATTACKS.values() for row in closed(attack.closed)]
    assert truth(served + held) == []

    options: Dict[str, Dict[str, Any]] = {"dark": {"internal": True}, "apart": {"enable_icc": False}}
    for name, keys in [change for attack in ATTACKS.values() for change in attack.opened_by]:
        options.setdefault(name, {}).update(keys)
    converge(replace(declare(**options), firewall=firewall))
    assert truth(served + [row for attack in ATTACKS.values() if attack.opened_by for row in attack.closed]) == []

    converge(defaults)
    assert truth(held) == []
    backends.drop_guards(firewall)
    assert truth([row for attack in ATTACKS.values() if not attack.opened_by for row in attack.closed]) == []
    assert converge(defaults).steps
    assert truth(served + held) == []


FORGED = {4: "198.51.100.9", 6: "2001:db8:51::9"}
ALLOWED = {"published": 8056, "target": 6000, "protocol": "udp", "allowed_sources": ["198.51.100.0/24", "2001:db8:51::/64"]}


@pytest.mark.threat("S6")
@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
@pytest.mark.parametrize("version", [4, 6])
def test_a_forged_source_is_none_that_a_port_allows(version: int, firewall: str) -> None:
    give_uplink()
    endpoints = [{**item, "ports": [ALLOWED]} if item["name"] == "w1" else item for item in DECLARED.endpoints]
    declaration = replace(DECLARED, endpoints=endpoints, firewall=firewall)
    converge(declaration)
    sh("for way in all br-other; do echo 0 > /proc/sys/net/ipv4/conf/$way/rp_filter; done")  # else IPv4 is shut twice
    for speaker in ("o1", "outside"):
        sh("ip -n %s address add %s dev lo%s" % (speaker, FORGED[version], " nodad" if version == 6 else ""))
    with entered("w1"):
        there = socket.socket(FAMILIES[version], socket.SOCK_DGRAM)
        there.bind(("", 6000))
    there.settimeout(1)
    numbers = count()
    await_addresses("w1", "o1", "outside")

    def heard_from(speaker: str) -> bool:
        """Nobody else, and nothing from before: what waited for the gateway's MAC comes late."""
        said = b"%s %d" % (speaker.encode(), next(numbers))
        with entered(speaker), socket.socket(FAMILIES[version], socket.SOCK_DGRAM) as sender:
            sender.bind((FORGED[version], 0))
            sender.sendto(said, (HOST[version], 8056))
        try:
            while there.recvfrom(99)[0] != said:
                pass
        except socket.timeout:
            return False
        return True

    assert not heard_from("o1")
    assert heard_from("outside")
    backends.drop_guards(firewall)
    assert heard_from("o1")
    assert converge(declaration).steps
    assert not heard_from("o1")
