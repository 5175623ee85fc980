# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.objects import Chain, Jump
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.ipvlan import Ipvlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.macvlan import Macvlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.nic import Nic
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.veth import Veth
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vlan import Vlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vrf import Vrf
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vxlan import Vxlan
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import BridgePort, Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import (
    Address,
    BridgeVlan,
    FdbEntry,
    KernelObject,
    Neighbour,
    PolicyRule,
    Route,
    Sysctl,
)
from ansible_collections.netloom.container_net.plugins.module_utils._plan.compare import compare, replacement_reason
from ansible_collections.netloom.container_net.plugins.module_utils._plan.step import CHANGE, CREATE, DELETE, Change, Step

FOUND = Link(
    "", "x", kind=Vxlan(7, 4789, "192.0.2.1", "eth0", None, 64, True, False), mtu=1500, mac="02:00:00:00:00:01", up=True, master="br0", alias="a",
    link_local=True, port=BridgePort(False, False, True, True), sysctls=(("ipv4/rp_filter", "1"), ("ipv6/accept_ra", "0")), index=5,
)  # fmt: skip

SAME: List[KernelObject] = [
    FOUND,
    Link("", "x"),
    Link("", "x", index=9, first_mac="02:00:00:00:00:09"),
    Link("", "x", kind=Vxlan(vni=7)),
    Link("", "x", kind=Vxlan(), port=BridgePort()),
    Link("", "x", sysctls=(("ipv6/accept_ra", "0"),)),
    Link("", "x", sysctls=()),
]


@pytest.mark.parametrize("desired", SAME)
def test_what_is_not_asked_for_is_not_compared(desired: KernelObject) -> None:
    assert compare(desired, FOUND) == []


DIFFERENT = [
    (Link("", "x", mtu=1400), ["mtu 1500 → 1400"], None),
    (Link("", "x", up=False), ["up on → off"], None),
    (Link("", "x", master=""), ["master br0 → none"], None),
    (Link("", "x", alias=""), ["alias a → none"], None),
    (Link("", "x", port=BridgePort(hairpin=True, flood=True)), ["hairpin off → on"], None),
    (Link("", "x", sysctls=(("ipv4/rp_filter", "2"), ("ipv4/new", "1"))), ["ipv4.rp_filter 1 → 2", "ipv4.new none → 1"], None),
    (Link("", "x", kind=Vxlan(ttl=1, learning=False)), ["ttl 64 → 1", "learning on → off"], None),
    (Link("", "x", kind=Vxlan(vni=8)), ["vni 7 → 8"], "vni"),
    (Link("", "x", kind=Vxlan(port=8472)), ["port 4789 → 8472"], "port"),
    (Link("", "x", kind=Vxlan(local="192.0.2.2")), ["local 192.0.2.1 → 192.0.2.2"], None),
    (Link("", "x", kind=Vxlan(local="2001:db8::2")), ["local 192.0.2.1 → 2001:db8::2"], "local"),
    (Link("", "x", kind=Vxlan(device="eth1")), ["device eth0 → eth1"], None),
    (Link("", "x", kind=Vxlan(group="239.0.0.1")), ["group none → 239.0.0.1"], "group"),
    (Link("", "x", kind=Vxlan(proxy=True)), ["proxy off → on"], "proxy"),
    (Link("", "x", kind=Vxlan(ttl=1, vni=8)), ["vni 7 → 8", "ttl 64 → 1"], "vni"),
    (Link("", "x", kind=Bridge()), ["kind vxlan → bridge"], "kind"),
    (Link("", "x", kind=Veth("", "y")), ["kind vxlan → veth"], "kind"),
]


@pytest.mark.parametrize(("desired", "expected", "reason"), DIFFERENT, ids=lambda value: value[0] if isinstance(value, list) else "")
def test_differences_of_a_link(desired: Link, expected: List[str], reason: Optional[str]) -> None:
    changes = compare(desired, FOUND)
    assert [str(change) for change in changes] == expected
    assert replacement_reason(desired, changes) == reason


OTHER_KINDS = [
    (Macvlan("eth0", mode="bridge"), Macvlan("eth0", None, "private", 1000), ["mode private → bridge"], None),
    (Macvlan("eth0", "netns:a", mode="bridge"), Macvlan("eth0", None, "bridge", 1000), [], None),
    (Macvlan("eth0", "", mode="bridge"), Macvlan("eth0", None, "bridge", 1000), ["lower_place netns:a → none"], "lower_place"),
    (Macvlan("eth0", mode="bridge"), Macvlan("eth0", "", "bridge", 1000), ["lower_place none → netns:a"], "lower_place"),
    (Macvlan("eth1", ""), Macvlan("eth0", "", "bridge", 1000), ["lower eth0 → eth1"], "lower"),
    (Macvlan("eth0", "", "passthru"), Macvlan("eth0", "", "bridge", 1000), ["mode bridge → passthru"], "mode"),
    (Macvlan("eth0", "", "vepa"), Macvlan("eth0", "", "passthru", 1000), ["mode passthru → vepa"], "mode"),
    (Macvlan("eth0", "", broadcast_queue_length=9), Macvlan("eth0", "", "vepa", 1000), ["broadcast_queue_length 1000 → 9"], None),
    (Macvlan("eth0", "", "source", source_macs=("02:00:00:00:00:01",)), Macvlan("eth0", "", "source", source_macs=()), ["source_macs +1 -0"], None),
    (Macvlan("eth0", "", "vepa"), Macvlan("eth0", "", "source", source_macs=("02:00:00:00:00:01",)), ["mode source → vepa"], None),
    (Ipvlan("eth0", "", "l3", "vepa"), Ipvlan("eth0", "", "l2", "bridge"), ["mode l2 → l3", "flag bridge → vepa"], None),
    (Ipvlan("eth0", "", "l3"), Macvlan("eth0", "", "bridge"), ["kind macvlan → ipvlan"], "kind"),
    (Vlan(31, None, "eth0", ""), Vlan(30, "802.1q", "eth0", ""), ["vlan_id 30 → 31"], "vlan_id"),
    (Vlan(30, "802.1ad", "eth0", ""), Vlan(30, "802.1q", "eth0", ""), ["protocol 802.1q → 802.1ad"], "protocol"),
    (Vrf(2), Vrf(1), ["table 1 → 2"], "table"),
    (Nic("enp3s0"), Nic("enp3s0", 9000, True), [], None),
    (Nic("enp4s0"), Nic("enp3s0", 9000, True), ["home_name enp3s0 → enp4s0"], "home_name"),
    (Vxlan(remote="192.0.2.3"), Vxlan(remote="192.0.2.2"), ["remote 192.0.2.2 → 192.0.2.3"], None),
    (Vxlan(remote="2001:db8::3"), Vxlan(remote="192.0.2.2"), ["remote 192.0.2.2 → 2001:db8::3"], "remote"),
    (Vxlan(lower_place=""), Vxlan(), ["lower_place netns:a → none"], "lower_place"),
    (Bridge(vlan_filtering=True), Bridge(vlan_filtering=False), ["vlan_filtering off → on"], None),
]


@pytest.mark.parametrize(("desired", "current", "expected", "reason"), OTHER_KINDS, ids=range(len(OTHER_KINDS)))
def test_differences_of_other_kinds(desired: Any, current: Any, expected: List[str], reason: Optional[str]) -> None:
    wanted = Link("netns:a", "x", kind=desired)
    changes = compare(wanted, Link("netns:a", "x", kind=current))
    assert [str(change) for change in changes] == expected
    assert replacement_reason(wanted, changes) == reason


def test_a_link_of_an_unknown_kind_is_another_kind() -> None:
    changes = compare(Link("", "x", kind=Bridge()), Link("", "x"))
    assert [str(change) for change in changes] == ["kind none → bridge"]
    assert replacement_reason(Link("", "x", kind=Bridge()), changes) == "kind"


def test_a_port_flag_called_like_a_fixed_field_changes_in_place() -> None:
    """`learning` is a flag of a tunnel and of a port; `port` is fixed for a tunnel and a group of flags for a link."""
    desired = Link("", "x", kind=Vxlan(learning=False), port=BridgePort(learning=False))
    changes = compare(desired, FOUND)
    assert [(change.group, change.field) for change in changes] == [("kind", "learning"), ("port", "learning")]
    assert replacement_reason(desired, changes) is None


def test_who_leads_a_pair_is_not_compared() -> None:
    assert compare(Link("", "x", kind=Veth("", "y", leads=True)), Link("", "x", kind=Veth("", "y"))) == []
    changes = compare(Link("", "x", kind=Veth("netns:a", "y")), Link("", "x", kind=Veth("", "y")))
    assert [change.field for change in changes] == ["peer_place"]


ENTRIES = [
    (Address("", "x", "10.0.0.1/24", announce=True), Address("", "x", "10.0.0.1/24"), []),
    (
        Route("", "0.0.0.0/0", gateway="10.0.0.1", device="a"),
        Route("", "0.0.0.0/0", gateway="10.0.0.2", device="b"),
        ["gateway 10.0.0.2 → 10.0.0.1", "device b → a"],
    ),
    (Route("", "10.0.0.0/8"), Route("", "10.0.0.0/8", type="blackhole"), ["type blackhole → unicast"]),
    (Route("", "10.0.0.0/8", type="unicast"), Route("", "10.0.0.0/8", onlink=True), []),
    (Route("", "10.0.0.0/8", onlink=False), Route("", "10.0.0.0/8", onlink=True), ["onlink on → off"]),
    (Route("", "10.0.0.0/8", source=""), Route("", "10.0.0.0/8", source="10.0.0.1"), ["source 10.0.0.1 → none"]),
    (Route("", "10.0.0.0/8", source="10.1.0.5"), Route("", "10.0.0.0/8"), ["source none → 10.1.0.5"]),
    (PolicyRule("", 4, 9, "10.1.0.5/32", 7), PolicyRule("", 4, 9, "10.1.0.5/32", 6), ["table 6 → 7"]),
    (BridgeVlan("", "x", 7, untagged=True), BridgeVlan("", "x", 7, untagged=False, native=False), ["untagged off → on"]),
    (Route("", "0.0.0.0/0", gateway="10.0.0.1"), Route("", "0.0.0.0/0", gateway="", device="b"), ["gateway none → 10.0.0.1"]),
    (Neighbour("", "x", "10.0.0.1", "02:00:00:00:00:01"), Neighbour("", "x", "10.0.0.1", "02:00:00:00:00:02"), ["mac 02:00:00:00:00:02 → 02:00:00:00:00:01"]),
    (FdbEntry("", "x", "02:00:00:00:00:01", "192.0.2.1"), FdbEntry("", "x", "02:00:00:00:00:01", "192.0.2.2"), ["remote 192.0.2.2 → 192.0.2.1"]),
    (Sysctl("", "net/x", "1", restore=True), Sysctl("", "net/x", "0"), ["value 0 → 1"]),
    (Sysctl("", "net/x"), Sysctl("", "net/x", "0"), []),
    (Chain("", name="C", rules=("a", "c")), Chain("", name="C", rules=("a", "b")), ["rules +1 -1"]),
    (Chain("", name="C", rules=("b", "a")), Chain("", name="C", rules=("a", "b")), ["rules +0 -0"]),
    (Chain("", name="C"), Chain("", name="C", rules=("a",)), []),
    (Jump("", parent="F", rule="r", leads=True, copies=1), Jump("", parent="F", rule="r", leads=False, copies=1), ["leads off → on"]),
]


@pytest.mark.parametrize(("desired", "current", "expected"), ENTRIES, ids=range(len(ENTRIES)))
def test_differences_of_other_objects(desired: KernelObject, current: KernelObject, expected: List[str]) -> None:
    changes = compare(desired, current)
    assert [str(change) for change in changes] == expected
    assert replacement_reason(desired, changes) is None


BRIDGE = Link("", "br0", kind=Bridge())


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (Step(CREATE, desired=BRIDGE), "+ bridge br0"),
        (Step(DELETE, current=BRIDGE), "- bridge br0"),
        (
            Step(CHANGE, desired=BRIDGE, current=BRIDGE, changes=(Change("mtu", 1, 2, "mtu"), Change("up", False, True, "up"))),
            "~ bridge br0: mtu 1 → 2, up off → on",
        ),
    ],
    ids=["create", "delete", "change"],
)
def test_lines(step: Step, line: str) -> None:
    assert step.line == line
    assert step.subject is BRIDGE
    assert step.place == ""


def test_groups_of_a_change() -> None:
    changes: Any = (Change("isolated", False, True, "port"), Change("mtu", 1, 2, "mtu"))
    assert Step(CHANGE, desired=BRIDGE, changes=changes).groups == ("port", "mtu")


def test_a_step_needs_an_object() -> None:
    with pytest.raises(ValueError, match="needs an object"):
        Step(CREATE).line  # noqa: B018
