# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole way on real hosts: site.yml over SSH, proven by packets; through restarts of services and of a host, and with network cards handed over."""

from __future__ import annotations

import os
import shlex
import time
from typing import Any, Iterator, Sequence

import pytest
from guests.engines import CACHE, QUEUE, engines
from guests.fleet import Fleet
from guests.machine import SPARE_PCI, Machine

UNCHANGED = {"vm1": 0, "vm2": 0}
NETWORKS = [
    {"name": "web", "driver": "bridge", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]},
    {"name": "mesh", "driver": "overlay", "ipam_config": [{"subnet": "10.60.0.0/16"}, {"subnet": "fd60::/64"}]},
    {"name": "lan", "driver": "macvlan", "parent": "eth1", "ipam_config": [{"subnet": "198.51.100.0/24"}, {"subnet": "2001:db8:51::/64"}]},
]


def on_mesh_and_lan(number: int) -> list[dict[str, str]]:
    return [
        {"name": "mesh", "ipv4_address": "10.60.0.%d" % number, "ipv6_address": "fd60::%d" % number},
        {"name": "lan", "ipv4_address": "198.51.100.%d" % number, "ipv6_address": "2001:db8:51::%d" % number},
    ]


INSTALLED = "/usr/local/sbin/container-net /etc/systemd/system/container-net* /var/lib/container_net /usr/local/share/man/man8/* /usr/local/share/bash-*/*/*"
UNIT = """\
[Unit]
After=container-net@main.service
[Service]
NetworkNamespacePath=/run/netns/shop
ExecStart=/usr/bin/python3 -u -m http.server 80 --directory /run
[Install]
WantedBy=multi-user.target
"""
# Addresses, MACs and bridges, without the numbers that the kernel gives links.
LOOK = "(ip -n shop -o address; ip -n shop -o link; ip -o link show type bridge) | sed 's/^[0-9]*: //; s/@if[0-9]*//; s/link-netns[^ ]* *[^ ]*//'"
# A neighbour that knows a way to the container's own address asks for it all the time.
PROBE = "while :; do timeout 1 bash -c 'exec 3<>/dev/tcp/%s/80' 2>/dev/null && echo came in; sleep 0.1; done"
MACHINE = "systemd-nspawn --quiet --register=no --keep-unit --directory=/ --volatile=yes --network-namespace-path=/run/netns/shop"
# Of Docker and of Podman, with a port of the host each.
OF_ENGINES = [
    {"name": CACHE, "container": {"docker": CACHE}, "networks": ["web"], "ports": ["8081:80/tcp"]},
    {"name": QUEUE, "container": {"podman": QUEUE}, "networks": ["web"], "ports": ["8082:80/tcp"]},
]
ASK = "exec 3<>/dev/tcp/198.51.100.11/8080 && printf 'HEAD / HTTP/1.0\\r\\n\\r\\n' >&3 && head -1 <&3"


def firewall(number: int, **card: str) -> dict[str, Any]:
    return {"name": "fw", "container": {"netns": "fw"}, "devices": [{**card, "interface_name": "wan", "addresses": ["203.0.113.%d/24" % number]}]}


def declare(fleet: Fleet, prepare: bool = False, persist: bool = False, more: Sequence[dict[str, Any]] = (), **card: str) -> None:
    shop = {"name": "shop", "container": {"netns": "shop"}, "networks": ["web", *on_mesh_and_lan(21)], "ports": ["8080:80/tcp"]}
    db = {"name": "db", "container": {"netns": "db"}, "networks": on_mesh_and_lan(22)}
    first = {"fleet_endpoints": [shop, firewall(1, **card), *more], "host_prepare_install": prepare}
    fleet.declare({"fleet_networks": NETWORKS, "fleet_persist": persist}, first, {"fleet_endpoints": [db, firewall(2, name="eth2")]})


@pytest.fixture(scope="module")
def applied(booted: Fleet) -> Iterator[Fleet]:
    """The guests with the declaration, done as check mode said."""
    with booted.left_clean():
        declare(booted, pci_address=SPARE_PCI)
        looked = booted.play("site", "--check", "--diff")
        assert looked.changed == {"vm1": 1, "vm2": 1}
        assert booted.leftovers() == []
        declare(booted, prepare=True, pci_address=SPARE_PCI)
        done = booted.play("site")
        assert done.changed == {"vm1": 1, "vm2": 1}
        assert done.actions == looked.actions
        yield booted


@pytest.fixture
def first(applied: Fleet) -> Machine:
    return applied.machines[0]


def test_containers_on_the_lan_are_seen_there(applied: Fleet, first: Machine) -> None:
    with applied.underlay.frames() as frames:
        assert first.pings("shop", "198.51.100.22", "2001:db8:51::22", applied.machines[1].underlay_address)
    seen = [frame for frame in frames if frame.addresses == ("198.51.100.21", "198.51.100.22")]
    assert len(seen) >= 3
    assert {frame.vlan for frame in seen} == {None}


def test_an_overlay_is_quiet(applied: Fleet, first: Machine) -> None:
    """Neighbours are known, so nobody asks for them on the wire, and frames to nobody stay off it."""
    first.run("ip -n shop neighbour add 10.60.0.78 lladdr 02:00:00:00:00:78 dev eth1 nud permanent")
    with applied.underlay.frames() as frames:
        assert first.pings("shop", "10.60.0.22", "fd60::22")
        assert first.answering("shop", "10.60.0.77", "10.60.0.78", "fd60::77") == set()
    first.run("ip -n shop neighbour delete 10.60.0.78 dev eth1")
    carried = [frame.inner for frame in frames if frame.inner is not None]
    assert len([frame for frame in carried if "10.60.0.22" in frame.addresses]) >= 6
    assert [frame for frame in carried if frame.asks_for_neighbour] == []
    assert {frame.addresses for frame in carried if frame.kind == "ipv4"} == {("10.60.0.21", "10.60.0.22"), ("10.60.0.22", "10.60.0.21")}


def test_all_that_was_declared_is_verified(applied: Fleet) -> None:
    applied.play("verify")


def await_answer(machine: Machine, ask: str = ASK, answer: str = " 200 ") -> None:
    """Wait until a service answers on its published port."""
    deadline = time.monotonic() + 60
    while True:
        done = machine.ssh('timeout 10 bash -c "%s"' % ask.replace("\\", "\\\\"))
        if answer in done.stdout:
            return
        assert time.monotonic() < deadline, done.stdout + done.stderr
        time.sleep(0.5)


def await_containers(machine: Machine) -> None:
    """Wait until the containers of engines answer, each on its port."""
    for port, name in ((8081, CACHE), (8082, QUEUE)):
        await_answer(machine, "head -1 </dev/tcp/198.51.100.11/%d" % port, name)


def test_a_service_keeps_its_network(applied: Fleet, first: Machine) -> None:
    """A service of systemd, and a machine of systemd-nspawn, in a namespace of ours."""
    second = applied.machines[1]
    first.run("cat >/etc/systemd/system/shop.service && systemctl daemon-reload && systemctl start shop", stdin=UNIT.encode())
    await_answer(second)
    first.run("systemctl restart shop")
    await_answer(second)
    assert " 10.20.0." in first.run("%s ip -br -4 address show eth0" % MACHINE)
    assert applied.play("site").changed == UNCHANGED


def test_a_host_that_starts_needs_no_controller(applied: Fleet, first: Machine) -> None:
    """All is there again, containers of engines too, and from the first packet on nothing is open that was not declared."""
    second = applied.machines[1]
    inner = first.run("ip -n shop -4 -o address show eth0").split()[3].partition("/")[0]
    second.run("ip route add 10.20.0.0/24 via 198.51.100.11")
    second.run("systemd-run -q --unit probe -p StandardOutput=file:/run/probed sh -c %s" % shlex.quote(PROBE % inner))
    with engines(first):
        declare(applied, persist=True, more=OF_ENGINES, pci_address=SPARE_PCI)
        looked = applied.play("site", "--limit", "vm1", "--check", "--diff")
        assert applied.play("site", "--limit", "vm1").actions["vm1"] == looked.actions["vm1"]
        assert "+ stored declaration of scope main" in looked.actions["vm1"]
        first.run("systemctl enable shop")
        await_containers(second)
        before = first.run(LOOK)
        for _time in range(20 if os.environ.get("CONTAINER_NET_EVERY_POINT") else 1):
            applied.reboot(first)
            await_answer(second)
            await_containers(second)
            assert first.run(LOOK) == before
            assert first.run("container-net check") == "main: in order\n"
        assert applied.play("site", "--limit", "vm1").changed == {"vm1": 0}
        assert first.pings("shop", "10.60.0.22", "fd60::22", "198.51.100.22")
        assert second.run("cat /run/probed") == ""

        # The same asking is heard where the rules are gone, so it was they that kept it out.
        first.run("for table in raw mangle filter; do iptables -t $table -F; done; iptables -P FORWARD ACCEPT")
        second.run("for i in $(seq 300); do [ -s /run/probed ] && exit; sleep 0.1; done; exit 1")
        assert "in order" not in first.ssh("sudo container-net check").stdout
        first.run("container-net restore; container-net check", timeout=240)
        second.run("systemctl stop probe; ip route delete 10.20.0.0/24 via 198.51.100.11; rm /run/probed")
        declare(applied, pci_address=SPARE_PCI)
        applied.play("site", "--limit", "vm1")
        assert first.run("ls -d %s 2>/dev/null || true" % INSTALLED) == ""
        first.run("systemctl disable --now shop; rm /etc/systemd/system/shop.service; systemctl daemon-reload")


def lose_namespace(machine: Machine) -> None:
    """Delete the namespace that the card is in, and wait until the kernel gives the card back."""
    machine.run("ip netns delete fw")
    deadline = time.monotonic() + 20
    while machine.spare_mac not in machine.run("ip -br link"):
        assert time.monotonic() < deadline, "the kernel has not given the card back"
        time.sleep(0.5)


def test_a_card_goes_and_comes_back(applied: Fleet, first: Machine) -> None:
    """The last of this file: the teardown after it finds one card in its namespace, and the other given back already, under another name."""
    assert applied.each(lambda machine: "eth2" in machine.run("ip -br link")) == [False, False]
    with applied.spare.frames() as frames:
        assert first.pings("fw", "203.0.113.2")
    assert {frame.source for frame in frames if frame.kind == "ipv4"} == {machine.spare_mac for machine in applied.machines}

    lose_namespace(first)
    declare(applied, mac=first.spare_mac)
    assert applied.play("site", "--limit", "vm1").changed == {"vm1": 1}
    assert first.pings("fw", "203.0.113.2")
    lose_namespace(first)
