# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Networks that this kernel cannot have: refused before anything is changed, or left out beside those that it can."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, Iterable, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel import feature_probe
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.statefile import declaration_path
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError, EnvironmentUnfit
from ansible_collections.netloom.container_net.plugins.module_utils._model.names import STORE_DIRECTORY
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.libc import CLONE_NEWNET
from harness.declarations import BOX, V4, endpoint, lan, network, plain
from harness.engine import Declaration, Outcome, converge, give_uplink, lines, settle
from harness.host import bind_space, on_fake_host, sh
from harness.restarts import after_restart, container_net, own_disk
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, ask, await_addresses

TRIED = {
    "ipvlan": "link eth0 type ipvlan mode l2",
    "vlan": "link eth0 type vlan id 30",
    "dummy": "type dummy",
    "vrf": "type vrf table 1001",
    "vlan_filtering": "type bridge vlan_filtering 1",
    "macvlan": "link eth0 type macvlan mode bridge",
    "vxlan": "type vxlan id 1 dstport 4789",
}


def _lacking() -> List[str]:
    give_uplink()
    return sorted(kind for kind, words in TRIED.items() if os.system("ip link add tried0 %s 2>/dev/null && ip link delete tried0" % words))


@pytest.fixture(scope="module")
def lacking() -> List[str]:
    return on_fake_host(_lacking)


@pytest.fixture
def _without_ipvlan(lacking: List[str]) -> None:
    missing = {"ipvlan", "vlan", "dummy", "vlan_filtering"} - set(lacking)
    if missing:
        pytest.skip("this kernel has %s" % ", ".join(sorted(missing)))


def test_a_trial_says_what_ip_says_and_leaves_nothing(lacking: List[str]) -> None:
    def try_all() -> List[str]:
        give_uplink()
        before, home = take_snapshot(), os.readlink("/proc/self/ns/net")
        found = feature_probe.find_lacking(TRIED)
        assert os.readlink("/proc/self/ns/net") == home
        assert_same(before)
        return sorted(found)

    assert on_fake_host(try_all) == lacking


def mixed(*more: Any) -> Declaration:
    """A bridge beside networks on which this kernel has nothing to say, and endpoints on both."""
    far = {"subnet": "198.51.100.0/24"}
    return Declaration(
        [
            network("web", V4),
            network("far", far, driver="ipvlan", parent="eth0"),
            network("tagged", {"subnet": "198.51.101.0/24"}, driver="macvlan", parent="eth0.30"),
            network("ports", {"subnet": "10.21.0.0/24"}, vlan_filtering=True),
            *more,
        ],
        [
            endpoint(
                "a",
                {"name": "web", "ipv4_address": "10.20.0.9"},
                "far",
                ports=["8080:80"],
                routes=[{"destination": "203.0.113.0/24", "gateway": "198.51.100.77"}],
            ),
            endpoint("b", "web", "tagged"),
            endpoint("c", {"name": "ports", "vlan": 10}, ports=["8081:80"]),
        ],
        links=[{"name": "patch", "ends": [{"network": "ports"}, {"endpoint": "b", "interface_name": "eth9", "addresses": ["10.21.0.99/24"]}]}],
        prepare=give_uplink,
    )


def refusal(declaration: Declaration, **options: Any) -> str:
    """Return the error, which is the same in check mode, and before which nothing was sent."""
    before, told = take_snapshot(), []
    for checking in (True, False):
        door = Door()
        with pytest.raises(EnvironmentUnfit) as caught:
            converge(declaration, check=checking, door=door, **options)
        assert door.changes == []
        told.append(str(caught.value))
    assert_same(before)
    assert told[0] == told[1]
    return told[0]


@pytest.mark.fake_host
@pytest.mark.usefixtures("_without_ipvlan")
def test_all_that_is_missing_is_told_at_once() -> None:
    give_uplink()
    first, *told = refusal(mixed()).splitlines()
    assert first == "nothing was changed:"
    assert [line.partition("; load it")[0] for line in told] == [
        '- this kernel has no links of kind ipvlan (module ipvlan), needed for ipvlan eth1 in a (network "far")',
        "- this kernel has no links of kind vlan (802.1Q, module 8021q), needed for vlan eth0.30",
        '- this kernel has no bridges that tell VLANs apart (built with CONFIG_BRIDGE_VLAN_FILTERING), needed for bridge br-ports (network "ports")',
    ]


@pytest.mark.fake_host
@pytest.mark.usefixtures("_without_ipvlan")
def test_the_others_are_applied_where_that_is_asked() -> None:
    give_uplink()
    before = take_snapshot()
    applied = settle(mixed(), skip_unsupported=True)
    assert [line for line in applied if " bridge " in line or "vlan" in line] == ["+ bridge br-web"]
    told: Dict[str, Any] = {}
    outcome: Outcome = converge(mixed(), skip_unsupported=True, check=True, told=told)
    assert [words.partition(":")[0] for words in outcome.warnings] == [
        "networks[far] is left out",
        "networks[tagged] is left out",
        "networks[ports] is left out",
        "links[patch] is left out with what it needs",
        "endpoints[a].networks[far] is left out with what it needs",
        "endpoints[a].routes[0] is left out with what it needs",
        "endpoints[b].networks[tagged] is left out with what it needs",
        "endpoints[c].networks[ports] is left out with what it needs",
        "endpoints[c].ports is left out with what it needs",
    ]
    assert [(one["name"], [item["name"] for item in one["networks"]], one["ports"]) for one in told["endpoints"]] == [
        ("a", ["web"], ["8080:80/tcp"]),
        ("b", ["web"], []),
        ("c", [], []),
    ]
    assert told["links"] == []
    await_addresses("a", "b")
    Server("a", "a", [80])
    assert [(answer or "").partition(" ")[0] for answer in ask([("b", "tcp", "10.20.0.9", 80), ("outside", "tcp", "192.0.2.1", 8080)])] == ["a", "a"]
    assert sh("ip -n c -j link show").count('"ifname"') == sh("ip -n c -j link show").count('"LOOPBACK"')
    settle(None)
    assert_same(before)


@pytest.mark.fake_host
@pytest.mark.usefixtures("_without_ipvlan")
def test_what_stands_does_not_go_with_what_is_left_out() -> None:
    give_uplink()
    settle(plain(V4))
    words = refusal(plain(V4, vlan_filtering=True), skip_unsupported=True)
    assert words.startswith("nothing was changed: ")
    assert '(network "web") stands and would go with what is left out' in words
    assert "networks[web] is left out: this kernel has no bridges that tell VLANs apart" in words
    converge(lan("a"))
    assert 'macvlan eth0 in a (network "lan") stands' in refusal(lan("a", driver="ipvlan"), skip_unsupported=True)


@pytest.mark.fake_host
def test_a_start_with_a_kernel_that_has_less_brings_back_what_it_can_have(lacking: List[str]) -> None:
    if "vrf" not in lacking or "ipvlan" not in lacking:
        pytest.skip("this kernel has VRFs or ipvlan")
    own_disk()
    give_uplink()
    apart = network("apart", {"subnet": "10.33.0.0/24"}, vrf="red", vrf_table=1001)
    converge(mixed(apart), persist=True, skip_unsupported=True)
    # As a kernel that had all of them kept it.
    kept = json.loads(Path(declaration_path(STORE_DIRECTORY, "main")).read_text(encoding="ascii"))
    kept["options"]["skip_unsupported"] = False
    Path(declaration_path(STORE_DIRECTORY, "main")).write_text(json.dumps(kept), encoding="ascii")

    def restarted() -> None:
        give_uplink()
        left = container_net("restore", "--wait", "0", status=2)
        named = [line for line in left if " is left out: this kernel has no " in line]
        assert [line.partition(" is left out")[0] for line in named] == ["main: networks[%s]" % name for name in ("far", "tagged", "ports", "apart")], left
        assert "main: + network web (bridge br-web, 10.20.0.0/24)" in left
        await_addresses("a", "b")
        Server("a", "a", [80])
        assert [(answer or "").partition(" ")[0] for answer in ask([("b", "tcp", "10.20.0.9", 80), ("outside", "tcp", "192.0.2.1", 8080)])] == ["a", "a"]
        told = container_net("check", status=2)
        assert set(named) <= set(told), told
        assert not [line for line in told if line.startswith(("main: + ", "main: - ", "main: ~ "))], told

    after_restart(restarted)


class Tried:
    """Counts the trials."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, lacking: Iterable[str] = ()) -> None:
        self.asked: List[List[str]] = []
        self._lacking = frozenset(lacking)
        monkeypatch.setattr(feature_probe, "find_lacking", self._find)

    def _find(self, features: Iterable[str], _timeout: float = 0.0) -> frozenset:
        self.asked.append(sorted(features))
        return self._lacking.intersection(features)


@pytest.mark.fake_host
def test_only_new_kinds_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    give_uplink()
    tried = Tried(monkeypatch)
    settle(plain(V4))
    settle(None)
    assert tried.asked == []
    settle(lan("a"))
    assert tried.asked == [["macvlan"], ["macvlan"]]  # the check, and the run
    settle(lan("a", "b"))
    settle(lan("a", "b", host_access=True))
    assert len(tried.asked) == 2


@pytest.mark.fake_host
def test_any_kind_can_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """This kernel has macvlan and VXLAN; others do not."""
    give_uplink()
    Tried(monkeypatch, ["macvlan", "vxlan"])
    tunnel = {"name": "far", "ends": [{"endpoint": "a", "addresses": ["10.9.0.1/30"]}], "tunnel": {"vni": 9, "remote": "192.0.2.2"}}
    both = Declaration([*lan("a").networks, network("web", V4)], [endpoint("a", "web"), endpoint("b", "lan")], links=[tunnel])
    words = refusal(both)
    assert "no links of kind macvlan (module macvlan), needed for macvlan eth0 in b" in words
    assert 'no links of kind vxlan (module vxlan), needed for vxlan eth1 in a (link "far"); load it' in words
    applied = settle(both, skip_unsupported=True)
    assert "+ bridge br-web" in applied
    assert not any("vlan" in line or "vxlan" in line for line in applied)


@pytest.mark.fake_host
@pytest.mark.usefixtures("_without_ipvlan")
def test_where_nothing_can_be_tried_the_kernel_itself_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def unshare(flags: int) -> None:
        assert flags == CLONE_NEWNET
        raise OSError(errno.EPERM, "unshare: Operation not permitted")

    give_uplink()
    before = take_snapshot()
    monkeypatch.setattr(feature_probe, "libc", SimpleNamespace(unshare=unshare, CLONE_NEWNET=CLONE_NEWNET))
    assert "+ ipvlan eth0 in a" in lines(converge(lan("a", driver="ipvlan"), check=True))
    with pytest.raises(ContainerNetError, match=r"ipvlan eth0 in a: .*Unknown device type.*; what stood before was put back"):
        converge(lan("a", driver="ipvlan"))
    assert_same(before)


TUNED = {"net.ipv4.ip_default_ttl": 61}
NAMELESS = "this kernel has no such setting, or only outside of containers; correct the name"
BAD_SETTINGS = {
    "net.ipv4.nix_da": (1, NAMELESS),
    "net.ipv4.ip_default_ttl": (999, "the kernel does not take 999 (Invalid argument); correct the value"),
    "net.ipv6.conf.all.hop_limit": ("many", "the kernel does not take many (Invalid argument); correct the value"),
    "net.ipv4.tcp_retries2": ("0x40", "the kernel makes 64 of 0x40; correct the value"),
    "net.ipv4.conf.eth7.rp_filter": (2, "there is no interface eth7; correct the name"),
    "net.netfilter.nf_conntrack_count": (7, "the kernel lets nobody write it there; set it on the host"),
}


def tuned(container: Any, sysctls: Any = None, of_link: Any = None) -> Declaration:
    there = {"name": "web", **({"sysctls": of_link} if of_link else {})}
    return Declaration([network("web", V4, {"subnet": "fd00:20::/64"})], [{**endpoint("a", there, sysctls=sysctls or TUNED), "container": container}])


@pytest.mark.fake_host
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "standing"])
def test_settings_are_tried_before_anything_changes(fresh: bool) -> None:
    """In a namespace that is to be made, and in one that stands; for the namespace and for one interface."""
    give_uplink()
    container: Any = {"netns": "a"} if fresh else {"path": BOX}
    if not fresh:
        bind_space(BOX)
        # As Docker has it in its containers: it bounds the range below.
        sh("nsenter --net=%s sysctl -qw net.ipv4.ip_unprivileged_port_start=200" % BOX)
    place = "a" if fresh else BOX
    for name, (value, words) in BAD_SETTINGS.items():
        assert refusal(tuned(container, {name: value})) == "nothing was changed:\n- sysctl %s in %s: %s" % (name, place, words)
    of_link = {"net.ipv4.conf.IFNAME.nix": 1, "net.ipv4.conf.IFNAME.arp_notify": "often", "net.ipv6.neigh.IFNAME.mcast_solicit": "few"}
    told = refusal(tuned(container, {"net.ipv4.nix_da": 1}, of_link))
    assert [line.partition(" in ")[0] for line in told.splitlines()[1:]] == ["- sysctl net.ipv4.%s" % name for name in ("nix_da", "conf.eth0.nix")] + [
        "- sysctl net.ipv6.neigh.eth0.mcast_solicit",
        "- sysctl net.ipv4.conf.eth0.arp_notify",
    ]
    before = take_snapshot()
    settle(tuned(container, None if fresh else {"net.ipv4.ip_local_port_range": "500\t2000", **TUNED}))
    assert refusal(tuned(container, of_link=of_link))
    settle(None)
    assert_same(before)
