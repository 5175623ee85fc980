# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""wait_timeout: what the host does not have yet is waited for, everything else is refused at once."""

from __future__ import annotations

import time
from typing import Any, Dict

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNotRunning, InputError
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.containers import await_containers
from harness.engine import Declaration, assert_settled, converge, give_uplink, lines
from harness.host import Child, bind_space, sh
from harness.snapshot import assert_same, take_snapshot

SOON, LONG = 0.6, 30.0
SUBNET = [{"subnet": "10.70.0.0/24"}]
MAKE = "ip link add lan0 type veth peer name lan1; ip link set lan1 up; sleep 0.3; ip link set lan0 up"


def on_lan(**network: Any) -> Declaration:
    return Declaration([{"name": "lan", "ipam_config": SUBNET, **network}], [{"name": "a", "container": {"netns": "a"}, "networks": ["lan"]}])


def device() -> Declaration:
    return Declaration([], [{"name": "a", "container": {"netns": "a"}, "devices": [{"name": "lan0", "interface_name": "wan"}]}])


# What is declared, what has to come, and what is said while it is not there.
CASES: Dict[str, Any] = {
    "parent": (on_lan(driver="macvlan", parent="lan0"), MAKE, "no such interface on this host"),
    "vlan of a parent": (on_lan(driver="macvlan", parent="lan0.7"), "ip link add lan0.7 type veth peer name far; ip link set lan0.7 up", "no such interface"),
    "default route": (on_lan(driver="macvlan"), MAKE + "; ip address add 10.71.0.1/24 dev lan0; ip route add default via 10.71.0.2", "has no default route"),
    "port": (on_lan(interfaces=["lan0"]), MAKE, "no such interface on this host"),
    "device": (device(), MAKE, "no such link on this host"),
    "vtep": (on_lan(driver="overlay", vni=7, vtep_address="10.71.0.1"), MAKE + "; ip address add 10.71.0.1/24 dev lan0", "no interface of this host has"),
    "underlay": (
        on_lan(driver="overlay", vni=7, vtep_address="10.71.0.1", underlay_interface="lan0"),
        MAKE + "; ip address add 10.71.0.1/24 dev lan0",
        "no such interface on this host",
    ),
    "proxy": (on_lan(driver="routed", proxy_interfaces=["lan0"]), MAKE, "no such interface on this host"),
}


@pytest.mark.fake_host
@pytest.mark.parametrize("case", CASES)
def test_what_is_to_come_is_waited_for(case: str) -> None:
    declared, script, said = CASES[case]
    before = take_snapshot()
    for seconds in (0.0, 0.3):
        started = time.monotonic()
        with pytest.raises(InputError, match=said):
            converge(declared, wait_timeout=seconds)
        assert seconds <= time.monotonic() - started < seconds + 5
    sh("rm -rf /run/container_net/lock; rmdir /run/container_net 2>/dev/null || true")
    assert_same(before)
    later = Child(lambda: (time.sleep(SOON), sh(script)))
    started = time.monotonic()
    assert lines(converge(declared, wait_timeout=LONG))
    assert SOON < time.monotonic() - started < LONG / 2
    later.wait()
    # What is there is not waited for, also where it is in a container by now.
    started = time.monotonic()
    assert converge(declared, wait_timeout=LONG).steps == ()
    assert time.monotonic() - started < LONG / 3
    assert_settled(declared)


@pytest.mark.fake_host
def test_other_faults_end_the_waiting_at_once() -> None:
    give_uplink()
    networks = [{"name": "lan", "driver": "macvlan", "parent": "lan0", "ipam_config": SUBNET}, {"name": "web", "ipam_config": [{"subnet": "192.0.2.0/24"}]}]
    started = time.monotonic()
    with pytest.raises(InputError, match=r"(?s)overlaps the host's address.*no such interface on this host"):
        converge(Declaration(networks), wait_timeout=LONG)
    assert time.monotonic() - started < LONG / 3


@pytest.mark.fake_host
def test_files_of_namespaces_are_waited_for_and_processes_are_not() -> None:
    sh("mkdir /run/sandboxes")
    with pytest.raises(ContainerNotRunning, match=r"(?s)/run/sandboxes/a: no such file.*waited 0\.3 seconds"):
        await_containers(["path:/run/sandboxes/a"], 0.3)
    later = Child(lambda: (time.sleep(SOON), bind_space("/run/sandboxes/a")))
    started = time.monotonic()
    await_containers(["netns:any", "pid:4194304", "path:/run/sandboxes/a"], LONG)
    assert SOON / 2 < time.monotonic() - started < LONG / 2
    later.wait()
