# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports published at loopback: the host reaches them, nobody else reaches anything there, and the kernel is told to lead such packets on one bridge only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import List, Optional, Sequence

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
from harness.declarations import V4, V6, endpoint, make_foreign_bridge, network
from harness.engine import Declaration, Tools, converge, give_uplink, lines, settle
from harness.flows import Ask, Clients, Echo
from harness.host import sh
from harness.traffic import Question, Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()

FIREWALLS = ["iptables", "nftables"]
PORTS = ["127.0.0.1:8080:80", "127.0.0.5:8053:53/udp", "127.0.0.1:7100-7101:80-81", "8080:5000"]
OTHER = {"subnet": "10.21.0.0/24", "gateway": "10.21.0.1"}
SERVICE = 5999  # of the host, at every address


def declare(firewall: str, ports: List[str], **options: object) -> Declaration:
    a = endpoint("a", {"name": "web", "ipv4_address": "10.20.0.10", "ipv6_address": "fd00:20::10"}, ports=ports)
    b = endpoint("b", {"name": "web", "ipv4_address": "10.20.0.11"})
    return Declaration([network("web", V4, V6, **options), network("other", OTHER)], [a, b, endpoint("c", "other")], firewall=firewall)


def leads(device: str) -> int:
    """Tell whether the kernel leads packets of the loopback network on an interface."""
    return int(Path("/proc/sys/net/ipv4/conf/%s/route_localnet" % device).read_text())


@pytest.mark.parametrize("firewall", FIREWALLS)
def test_the_host_reaches_it_beside_the_same_port_of_its_other_addresses(firewall: str) -> None:
    give_uplink()
    declared = declare(firewall, PORTS)
    settle(declared)
    assert [leads(device) for device in ("br-web", "br-other", "eth0", "all", "default")] == [1, 0, 0, 0, 0]
    Server("a", "a", [53, 80, 81])
    Server("a", "another", [5000])
    Server("", "host", [SERVICE])
    await_addresses("", "a", "b", "outside")
    rows = {
        ("", "tcp", "127.0.0.1", 8080): "a 10.20.0.1",
        ("", "udp", "127.0.0.5", 8053): "a 10.20.0.1",
        ("", "tcp", "127.0.0.1", 7101): "a 10.20.0.1",
        ("", "tcp", "127.0.0.5", 8080): None,
        ("", "udp", "127.0.0.1", 8053): None,
        ("", "tcp", "127.0.0.1", SERVICE): "host 127.0.0.1",
        ("", "tcp", "192.0.2.1", 7101): None,
        ("", "tcp", "192.0.2.1", 8080): "another 192.0.2.1",
        ("outside", "tcp", "192.0.2.1", 8080): "another 192.0.2.2",
        ("outside", "tcp", "192.0.2.1", 7101): None,
        ("outside", "tcp", "2001:db8:2::1", 8080): "another 2001:db8:2::2",
        ("b", "tcp", "192.0.2.1", 8080): "another 10.20.0.1",
        ("b", "tcp", "10.20.0.1", 7101): None,
    }
    assert dict(zip(rows, ask(list(rows)))) == rows
    # A setting that somebody else changes is a difference as any other.
    for device in ("br-web", "br-other"):
        Path("/proc/sys/net/ipv4/conf/%s/route_localnet" % device).write_text(str(1 - leads(device)))
    assert lines(converge(declared)) == ["~ bridge br-web: ipv4.route_localnet 0 → 1", "~ bridge br-other: ipv4.route_localnet 1 → 0"]
    settle(declare(firewall, PORTS[3:]))
    assert leads("br-web") == 0
    assert ask(list(rows)[:3] + [("", "tcp", "192.0.2.1", 8080)]) == [None, None, None, "another 192.0.2.1"]


@pytest.mark.parametrize("firewall", FIREWALLS)
@pytest.mark.parametrize("access", ["none", "all"])
def test_the_answers_come_whatever_else_containers_may_ask_of_the_host(firewall: str, access: str) -> None:
    give_uplink()
    converge(declare(firewall, PORTS, host_access=access, enable_icc=False))
    Server("a", "a", [80])
    assert ask([("", "tcp", "127.0.0.1", 8080)]) == ["a 10.20.0.1"]


def know_the_way_to_loopback(space: str, gateway: str, source: str) -> None:
    """Make of a neighbour one who sends packets of the loopback network by its cable."""
    sh(
        """
        sysctl -qw net.ipv4.conf.all.route_localnet=1
        ip route del local 127.0.0.1 dev lo table local; ip route del local 127.0.0.0/8 dev lo table local
        ip route add 127.0.0.0/8 via %s src %s
        """
        % (gateway, source),
        space,
    )


def take_off_raw(firewall: str) -> None:
    sh("iptables -t raw -F CNET-RAW" if firewall == "iptables" else "nft flush chain inet container_net raw4-CNET-RAW")


def take_off_input(firewall: str) -> None:
    for table in ("filter", "mangle") if firewall == "iptables" else ():
        sh("iptables -t %s -F CNET-INPUT" % table)
    if firewall == "nftables":
        sh("nft flush chain inet container_net filter4-CNET-INPUT")


@pytest.mark.threat("T3")
@pytest.mark.parametrize("firewall", FIREWALLS)
def test_nobody_else_reaches_what_listens_there(firewall: str) -> None:
    """As with CVE-2020-8558: a container where the bridge leads such packets, and a neighbour where another tool had all interfaces do so."""
    give_uplink()
    converge(declare(firewall, PORTS, host_access="all"))
    Server("a", "a", [80])
    Server("", "host", [SERVICE])
    sh("sysctl -qw net.ipv4.conf.eth0.route_localnet=1")
    know_the_way_to_loopback("b", "10.20.0.1", "10.20.0.11")
    know_the_way_to_loopback("outside", "192.0.2.1", "192.0.2.2")
    attacks: List[Question] = [(space, "tcp", "127.0.0.2", SERVICE) for space in ("b", "outside")]
    published: List[Question] = [(space, "tcp", "127.0.0.1", 8080) for space in ("b", "outside")]
    allowed: List[Question] = [("b", "tcp", "192.0.2.1", SERVICE), ("outside", "tcp", "192.0.2.1", SERVICE), ("", "tcp", "127.0.0.1", 8080)]
    still: List[Optional[str]] = ["host 10.20.0.11", "host 192.0.2.2", "a 10.20.0.1"]
    assert ask([*attacks, *published, *allowed]) == [None] * 4 + still
    take_off_raw(firewall)
    # Of the bridge a second guard is left, for the other interface it is not known who else had it lead such packets, and why.
    assert ask([*attacks, *published, *allowed]) == [None, "host 192.0.2.2", None, None, *still]
    take_off_input(firewall)
    assert ask([*attacks, *published]) == ["host 10.20.0.11", "host 192.0.2.2", None, None]
    converge(declare(firewall, PORTS, host_access="all"))
    assert ask([*attacks, *published, *allowed]) == [None] * 4 + still


@pytest.mark.parametrize("firewall", FIREWALLS)
def test_the_guard_stands_before_the_kernel_leads_and_after(firewall: str) -> None:
    give_uplink()
    converge(declare(firewall, []))
    led: List[int] = []

    def around(moment: str, argv: Sequence[str]) -> None:
        if moment == "after" and (argv[0].endswith("-restore") or argv[:2] == ["nft", "-f"]):
            led.append(leads("br-web"))

    there = lines(converge(declare(firewall, PORTS), tools=Tools(around=around)))
    assert led
    assert not any(led)
    assert leads("br-web") == 1
    back = lines(converge(declare(firewall, [])))
    assert leads("br-web") == 0
    # The other guard stands without any port at loopback, and no run that brings one or takes it away touches it.
    assert [line for line in (*there, *back) if "CNET-RAW" in line] == []


@pytest.mark.parametrize("firewall", FIREWALLS)
def test_a_client_loses_what_is_published_no_more(firewall: str) -> None:
    give_uplink()
    converge(declare(firewall, PORTS))
    Echo("a", "a", [53])
    clients = Clients([Ask("", "udp", "127.0.0.5", 8053)])
    assert clients.beat(["a"]) == ["a"]
    assert "- flows udp to 127.0.0.5:8053 (→ 10.20.0.10:53)" in lines(converge(declare(firewall, PORTS[2:])))
    assert clients.beat() == [None]


def test_what_is_taken_is_refused() -> None:
    give_uplink()
    Server("", "host", [7101])
    with pytest.raises(InputError, match=r"127\.0\.0\.1:7100-7101:80-81/tcp.*a process on this host listens on .* port 7101"):
        converge(declare("iptables", PORTS))


def test_a_bridge_of_somebody_else_is_left_as_it_is() -> None:
    make_foreign_bridge()
    declared = declare("iptables", PORTS)
    foreign = replace(declared, networks=[network("web", V4, bridge_name="br-lan", gateway_on_host=True, host_access="all"), declared.networks[1]])
    foreign = replace(foreign, endpoints=[endpoint("a", "web", ports=["127.0.0.1:8080:80"])])
    with pytest.raises(InputError, match="bridge br-lan is somebody else's, and would have to lead packets of the loopback network"):
        converge(foreign)
    assert leads("br-lan") == 0
