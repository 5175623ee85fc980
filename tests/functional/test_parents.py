# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cannot be a parent, or not for this: one clear line each, and nothing is changed."""

from __future__ import annotations

import os
from typing import Any, Dict, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Conflict, EnvironmentUnfit, InputError
from harness.declarations import endpoint, lan, network
from harness.engine import Declaration, check, converge, give_uplink
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot

pytestmark = pytest.mark.fake_host()

FAR = {"subnet": "198.51.100.0/24"}


def assert_refused(declaration: Declaration, message: str, error: type = InputError) -> None:
    before = take_snapshot()
    for looking in (True, False):
        with pytest.raises(error) as caught:
            converge(declaration, check=looking)
        assert message in str(caught.value)
    assert_same(before)


def on_eth1(*subnets: Dict[str, Any], driver: str = "macvlan", **options: Any) -> Declaration:
    return Declaration([network("far", *(subnets or (FAR,)), driver=driver, **{"parent": "eth1", **options})], [endpoint("b", "far")])


SECOND = "ip link add eth1 mtu 1400 type veth peer name eth1p; ip link set eth1 up; ip link set eth1p up"
# The declaration, what stands on the host, and the line of the error.
CASES = {
    "missing": (on_eth1(), "", 'networks[far].parent: got string "eth1": no such interface on this host, in its own network namespace; it has eth0'),
    "missing below a VLAN": (on_eth1(parent="eth1.30"), "", 'networks[far].parent: got string "eth1.30": no such interface on this host'),
    "down": (on_eth1(), SECOND + "; ip link set eth1 down", 'networks[far].parent: got string "eth1": interface eth1 is down; raise it: ip link set eth1 up'),
    "down below a VLAN": (on_eth1(parent="eth1.30"), SECOND + "; ip link set eth1 down", "interface eth1 is down; raise it"),
    "a bridge's port": (
        on_eth1(),
        SECOND + "; ip link add br9 type bridge; ip link set eth1 master br9",
        "interface eth1 is a port of bridge br9 and passes all its frames there; use br9 as parent",
    ),
    "above the MTU": (on_eth1(mtu=1401), SECOND, 'networks[far].mtu: got integer "1401": above the MTU of the parent eth1; at most 1400'),
    "no default route": (
        Declaration([network("far", FAR, driver="macvlan")], [endpoint("b", "far")]),
        "ip route delete default; ip -6 route delete default",
        "networks[far].parent: got null: none is named, and this host has no default route to take it from; name the interface",
    ),
    "passthru beside others": (
        on_eth1(mode="passthru"),
        SECOND + "; ip link add theirs0 link eth1 type macvlan mode bridge",
        "macvlan eth0 in b: a macvlan of mode passthru has its interface alone; macvlan theirs0 is there too",
    ),
    "beside a passthru": (
        on_eth1(),
        SECOND + "; ip link add theirs0 link eth1 type macvlan mode passthru",
        "macvlan eth0 in b: a macvlan of mode passthru has its interface alone; macvlan theirs0 is there too",
    ),
    "ipvlan beside macvlan": (
        on_eth1(driver="ipvlan"),
        SECOND + "; ip link add theirs0 link eth1 type macvlan mode bridge",
        "ipvlan eth0 in b: macvlan and ipvlan cannot share an interface; macvlan theirs0 is there too",
    ),
    "passthru of the host's own address": (
        lan("a", parent="eth0", mode="passthru"),
        "",
        "in mode passthru the container takes all frames of eth0, and the host's address 192.0.2.1/24 would be cut off",
    ),
    "host_access without an address": (
        on_eth1(host_access=True),
        SECOND,
        "host_access needs an address of the host in 198.51.100.0/24 on eth1, it has",
    ),
    "host_access without a subnet": (
        Declaration([network("far", driver="macvlan", parent="eth1", host_access=True)], [endpoint("b", {"name": "far", "ipam": "none"})]),
        SECOND,
        'networks[far].host_access: got boolean "true": the network has no subnet; add ipam_config or remove host_access',
    ),
    "in another namespace": (
        on_eth1(),
        SECOND + "; ip netns add theirs; ip link set eth1 netns theirs; ip -n theirs link set eth1 up",
        "no such interface on this host, in its own network namespace",
    ),
    "without a MAC": (
        on_eth1(parent="tun0"),
        "ip tuntap add tun0 mode tun; ip link set tun0 up",
        'networks[far].parent: got string "tun0": interface tun0 has no MAC address, and so no place on a LAN',
    ),
    "host_access without an address of a family": (
        on_eth1(FAR, {"subnet": "2001:db8:3::/64"}, host_access=True),
        SECOND + "; ip address add 198.51.100.1/24 dev eth1",
        "host_access needs an address of the host in 2001:db8:3::/64 on eth1",
    ),
    "the host's own address": (
        Declaration([network("lan", {"subnet": "192.0.2.0/24"}, driver="macvlan")], [endpoint("b", {"name": "lan", "ipv4_address": "192.0.2.1"})]),
        "",
        'endpoints[b].networks[lan]: got string "192.0.2.1": the host itself has this address on eth0; use another',
    ),
    "the host's own address on a bridged LAN": (
        Declaration([network("lan", {"subnet": "192.0.2.0/24"}, interfaces=["eth0"])], [endpoint("b", {"name": "lan", "ipv4_address": "192.0.2.1"})]),
        "",
        'endpoints[b].networks[lan]: got string "192.0.2.1": the host itself has this address on eth0; use another',
    ),
    "the default parent of two drivers": (
        Declaration([network("one", FAR, driver="macvlan"), network("two", {"subnet": "198.51.101.0/24"}, driver="ipvlan", parent="eth0")]),
        "",
        'networks[two].parent: got string "eth0": network "one" has it too, with driver macvlan, and an interface carries links of one of the two (the default',
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_refused(what: str) -> None:
    declaration, prepare, message = CASES[what]
    give_uplink()
    if prepare:
        sh(prepare)
    assert_refused(declaration, message, Conflict if message.endswith("is there too") else InputError)


def test_passthru_on_a_vlan_takes_nothing_of_the_link_below() -> None:
    give_uplink()
    sh(SECOND + "; ip address add 198.51.100.1/24 dev eth1")
    wanted = on_eth1({"subnet": "203.0.113.0/24"}, parent="eth1.30", mode="passthru")
    # Nothing is in the way, but for a kernel that lacks VLANs.
    try:
        planned = check(wanted)
    except EnvironmentUnfit as error:
        planned = [str(error)]
    assert any("vlan eth1.30" in line for line in planned)
    assert_refused(on_eth1({"subnet": "203.0.113.0/24"}, mode="passthru"), "the host's address 198.51.100.1/24 would be cut off")


def test_a_link_of_another_network_is_no_parent() -> None:
    give_uplink()
    converge(lan("a", parent="eth0", host_access=True))
    other = Declaration([network("far", FAR, driver="macvlan", parent="mv-lan")], [endpoint("b", "far")])
    before = take_snapshot()
    with pytest.raises(InputError, match="macvlan mv-lan was made by this collection on eth0 and cannot carry others"):
        converge(other, scope="other")
    assert_same(before)


def refusal(script: str) -> Optional[str]:
    """Return what this kernel says to a link it may lack, or None where it has the kind."""
    give_uplink()
    return None if os.system("ip link add probe0 %s 2>/dev/null && ip link delete probe0" % script) == 0 else "refused"


LACKING = {
    "ipvlan": ("link eth0 type ipvlan mode l2", lan("a", driver="ipvlan", parent="eth0"), "ipvlan eth0 in a"),
    "vlan of a bridge": ("link eth0 type vlan id 30", Declaration([network("far", FAR, interfaces=["eth0.30"])], [endpoint("b", "far")]), "vlan eth0.30"),
    "vlan": ("link eth0 type vlan id 30", Declaration([network("far", FAR, driver="macvlan", parent="eth0.30")], [endpoint("b", "far")]), "vlan eth0.30"),
    "dummy": ("type dummy", Declaration([network("far", FAR, driver="macvlan", internal=True)], [endpoint("b", "far")]), "dummy dm-far"),
}


@pytest.mark.parametrize("kind", LACKING)
def test_a_kernel_without_a_kind_says_so_and_nothing_is_left(kind: str) -> None:
    """Where the kernel has it, the data path is the business of tests/vm."""
    script, declaration, label = LACKING[kind]
    if refusal(script) is None:
        pytest.skip("this kernel has %s" % kind)
    before, told = take_snapshot(), []
    for checking in (True, False):
        door = Door()
        with pytest.raises(EnvironmentUnfit) as caught:
            converge(declaration, check=checking, door=door)
        assert door.changes == []
        told.append(str(caught.value))
    assert told[0] == told[1]
    assert "nothing was changed:\n- this kernel has no links of kind %s (" % kind.partition(" ")[0] in told[0]
    assert label in told[0]
    assert_same(before)
