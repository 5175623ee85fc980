# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every attribute we set, changed by hand: check names exactly that, apply repairs exactly that."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from functools import partial
from typing import Dict

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.address import create_address
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from ansible_collections.netloom.container_net.plugins.module_utils._model.names import host_interface_name
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Address
from harness.declarations import V4, V6, endpoint, network, overlay
from harness.drifts import Drift, assert_mended
from harness.engine import check, converge, lines
from harness.host import entered, sh
from harness.snapshot import differences, take_snapshot

MESH = overlay("192.0.2.1", "192.0.2.2", "192.0.2.3")
FULL = replace(
    MESH,
    networks=[network("web", V4, V6, enable_icc=False, hairpin=True), *MESH.networks],
    endpoints=[
        endpoint(
            "a",
            {"name": "web", "ipv4_address": "10.20.0.10", "ipv6_address": "fd00:20::10"},
            ports=["8080:80"],
            sysctls={"net.ipv4.ip_unprivileged_port_start": 0},
        ),
        endpoint(
            "b",
            {
                "name": "web",
                "sysctls": {"net.ipv4.conf.IFNAME.rp_filter": 2},
                "mtu": 1400,
                "isolated": False,
                "ingress_rate": "5mbit",
                "egress_rate": "100mbit",
            },
        ),
        *MESH.endpoints,
    ],
)
A, B, NEAR = host_interface_name("main", "a", "web"), host_interface_name("main", "b", "web"), host_interface_name("main", "near", "mesh")


def add_our_address(space: str, address: str, device: str) -> None:
    """Add an address that carries our protocol number; older `ip` programs cannot."""
    with entered(space), Door().open("") as line:
        assert line.change([create_address(Address("", device, address), socket.if_nametoindex(device))]) == []


# The kernel takes an interface's IPv6 addresses, routes and neighbours with it: repairs name them too.
NEIGHBOURS = ["+ neighbour %s on vx-mesh" % ip for ip in ("10.60.0.2", "10.60.0.3", "fd60::2", "fd60::3")]
LOST = ["+ address fd00:20::10/64 on eth0 in a", "+ route 0.0.0.0/0 in a", "+ route ::/0 in a"]
# With br_netfilter, neighbours that are kept apart reach published ports by routes, which go with the host's end.
WAYS = ["+ route %s table *" % to for to in ("10.20.0.10/32", "fd00:20::10/128")] + ["+ neighbour %s on %s" % (to, A) for to in ("10.20.0.10", "fd00:20::10")]
WAYS = WAYS if os.path.exists("/proc/sys/net/bridge") else []
PAIR = ["+ veth %s" % A, "+ veth eth0 in a", "+ address 10.20.0.10/24 on eth0 in a", *LOST, *WAYS]
LINKS: Dict[str, Drift] = {
    "bridge down": ("ip link set br-web down", ["~ bridge br-web: up off → on", "+ address fd00:20::1/64 on br-web"]),
    "bridge mtu": ("ip link set br-web mtu 1300", ["~ bridge br-web: mtu 1300 → 1500"]),
    "bridge mac": ("ip link set br-web address 02:00:00:00:00:99", ["~ bridge br-web: mac 02:00:00:00:00:99 → *"]),
    "host end down": ("ip link set %s down" % A, ["~ veth %s: up off → on" % A, *WAYS]),
    "host end mtu": ("ip link set %s mtu 1300" % A, ["~ veth %s: mtu 1300 → 1500" % A]),
    "host end out of its bridge": ("ip link set %s nomaster" % A, ["~ veth %s: master none → br-web*" % A]),
    "host end in another bridge": ("ip link set %s master br-mesh" % A, ["~ veth %s: master br-mesh → br-web*" % A]),
    "hairpin": ("bridge link set dev %s hairpin off" % A, ["~ veth %s: hairpin off → on" % A]),
    "isolated": ("bridge link set dev %s isolated off" % A, ["~ veth %s: isolated off → on" % A]),
    "host end makes addresses": ("ip link set %s addrgenmode eui64" % A, ["~ veth %s: link_local on → off" % A]),
    "inner end down": ("ip -n a link set eth0 down", ["~ veth eth0 in a: up off → on", *LOST]),
    "inner end mtu": ("ip -n a link set eth0 mtu 1300", ["~ veth eth0 in a: mtu 1300 → 1500"]),
    "own mtu, host end": ("ip link set %s mtu 1500" % B, ["~ veth %s: mtu 1500 → 1400" % B]),
    "own mtu, inner end": ("ip -n b link set eth0 mtu 1500", ["~ veth eth0 in b: mtu 1500 → 1400"]),
    "own isolated": ("bridge link set dev %s isolated on" % B, ["~ veth %s: isolated on → off" % B]),
    "promisc": ("ip -n a link set eth0 promisc on", ["~ veth eth0 in a: promisc on → off"]),
    "allmulti": ("ip -n b link set eth0 allmulticast on", ["~ veth eth0 in b: allmulti on → off"]),
    "txqueuelen": ("ip -n near link set eth0 txqueuelen 7", ["~ veth eth0 in near: txqueuelen 7 → 1000"]),
    "ingress limit gone": ("tc qdisc delete dev %s root" % B, ["+ ingress limit on %s" % B]),
    "ingress limit raised": (
        "tc qdisc change dev %s root handle 76: tbf rate 9mbit burst 16kb limit 64kb" % B,
        ["~ ingress limit on %s: rate 9mbit → 5mbit, queue 64kib → 47kib" % B],
    ),
    "egress limit gone": ("tc -n b qdisc delete dev eth0 root", ["+ egress limit on eth0 in b"]),
    "egress limit's burst": (
        "tc -n b qdisc change dev eth0 root handle 76: tbf rate 100mbit burst 16kb limit 734kb",
        ["~ egress limit on eth0 in b: burst 16kib → 123kib*"],
    ),
    "a limit more of ours": ("tc -n a qdisc add dev eth0 root handle 76: tbf rate 9mbit burst 16kb limit 64kb", ["- egress limit on eth0 in a"]),
    "inner end mac": ("ip -n a link set eth0 address 02:00:00:00:00:98", ["~ veth eth0 in a: mac 02:00:00:00:00:98 → *"]),
    "pair gone": ("ip link delete %s" % A, PAIR),
    "inner end renamed": (
        "ip -n a link set eth0 down; ip -n a link set eth0 name other",
        ["~ veth eth0 in a: name other → eth0", "~ veth eth0 in a: up off → on", *LOST],
    ),
    "vxlan down": ("ip link set vx-mesh down", ["~ vxlan vx-mesh: up off → on", *NEIGHBOURS]),
    "vxlan mtu": ("ip link set vx-mesh mtu 1300", ["~ vxlan vx-mesh: mtu 1300 → 1450"]),
    "vxlan mac": ("ip link set vx-mesh address 02:00:00:00:00:97", ["~ vxlan vx-mesh: mac 02:00:00:00:00:97 → *", *NEIGHBOURS]),
    "vxlan learning": ("ip link set vx-mesh type vxlan learning", ["~ vxlan vx-mesh: learning on → off"]),
    "vxlan ttl": ("ip link set vx-mesh type vxlan ttl 3", ["~ vxlan vx-mesh: ttl 3 → 64"]),
    "vxlan port learning": ("bridge link set dev vx-mesh learning on", ["~ vxlan vx-mesh: learning on → off"]),
    "vxlan port flood": ("bridge link set dev vx-mesh flood on", ["~ vxlan vx-mesh: flood on → off"]),
    "overlay port isolated": ("bridge link set dev %s isolated on" % NEAR, ["~ veth %s: isolated on → off" % NEAR]),
}
ENTRIES: Dict[str, Drift] = {
    "gateway v4 gone": ("ip address delete 10.20.0.1/24 dev br-web", ["+ address 10.20.0.1/24 on br-web"]),
    "gateway v6 gone": ("ip address delete fd00:20::1/64 dev br-web", ["+ address fd00:20::1/64 on br-web"]),
    "address gone": ("ip -n a address delete fd00:20::10/64 dev eth0", ["+ address fd00:20::10/64 on eth0 in a"]),
    "address more of ours": (partial(add_our_address, "a", "10.20.0.99/24", "eth0"), ["- address 10.20.0.99/24 on eth0 in a"]),
    "default route gone": ("ip -n a route delete default", ["+ route 0.0.0.0/0 in a"]),
    "default route v6 gone": ("ip -n a -6 route delete default", ["+ route ::/0 in a"]),
    "default route elsewhere": ("ip -n a route replace default via 10.20.0.7 proto 76", ["~ route 0.0.0.0/0 in a: gateway 10.20.0.7 → 10.20.0.1"]),
    "route more of ours": ("ip -n a route add 203.0.113.0/24 via 10.20.0.7 proto 76", ["- route 203.0.113.0/24 in a"]),
    "flood row gone": ("bridge fdb delete 00:00:00:00:00:00 dev vx-mesh dst 192.0.2.3", ["+ fdb 00:00:00:00:00:00 via 192.0.2.3 on vx-mesh"]),
    "flood row more": ("bridge fdb append 00:00:00:00:00:00 dev vx-mesh dst 192.0.2.9", ["- fdb 00:00:00:00:00:00 via 192.0.2.9 on vx-mesh"]),
    "remote row gone": ("bridge fdb delete 02:00:00:00:60:02 dev vx-mesh dst 192.0.2.2", ["+ fdb 02:00:00:00:60:02 via 192.0.2.2 on vx-mesh"]),
    "remote row elsewhere": (
        "bridge fdb replace 02:00:00:00:60:02 dev vx-mesh dst 192.0.2.9",
        ["~ fdb 02:00:00:00:60:02 via 192.0.2.2 on vx-mesh: remote 192.0.2.9 → 192.0.2.2"],
    ),
    "remote row more": ("bridge fdb add 02:00:00:00:60:55 dev vx-mesh dst 192.0.2.9", ["- fdb 02:00:00:00:60:55 via 192.0.2.9 on vx-mesh"]),
    "bridge row gone": ("bridge fdb delete 02:00:00:00:60:02 dev vx-mesh master", ["+ fdb 02:00:00:00:60:02 on vx-mesh"]),
    "neighbour gone": ("ip neighbour delete 10.60.0.2 dev vx-mesh", ["+ neighbour 10.60.0.2 on vx-mesh"]),
    "neighbour v6 gone": ("ip neighbour delete fd60::2 dev vx-mesh", ["+ neighbour fd60::2 on vx-mesh"]),
    "neighbour's mac": (
        "ip neighbour replace 10.60.0.2 lladdr 02:00:00:00:00:55 dev vx-mesh nud permanent",
        ["~ neighbour 10.60.0.2 on vx-mesh: mac 02:00:00:00:00:55 → 02:00:00:00:60:02"],
    ),
    "neighbour more": ("ip neighbour add 10.60.0.77 lladdr 02:00:00:00:00:55 dev vx-mesh nud permanent", ["- neighbour 10.60.0.77 on vx-mesh"]),
}
SETTINGS: Dict[str, Drift] = {
    "ip_forward": ("echo 0 > /proc/sys/net/ipv4/ip_forward", ["~ sysctl net.ipv4.ip_forward: value 0 → 1"]),
    "ipv6 forwarding": ("echo 0 > /proc/sys/net/ipv6/conf/all/forwarding", ["~ sysctl net.ipv6.conf.all.forwarding: value 0 → 1"]),
    "uplink accept_ra": ("echo 1 > /proc/sys/net/ipv6/conf/eth0/accept_ra", ["~ sysctl net.ipv6.conf.eth0.accept_ra: value 1 → 2"]),
    "bridge accept_ra": ("echo 1 > /proc/sys/net/ipv6/conf/br-web/accept_ra", ["~ bridge br-web: ipv6.accept_ra 1 → 0"]),
    "bridge arp_notify": ("echo 0 > /proc/sys/net/ipv4/conf/br-web/arp_notify", ["~ bridge br-web: ipv4.arp_notify 0 → 1"]),
    "inner accept_ra": ("ip netns exec a sh -c 'echo 1 > /proc/sys/net/ipv6/conf/eth0/accept_ra'", ["~ veth eth0 in a: ipv6.accept_ra 1 → 0"]),
    "inner promote_secondaries": (
        "ip netns exec a sh -c 'echo 0 > /proc/sys/net/ipv4/conf/eth0/promote_secondaries'",
        ["~ veth eth0 in a: ipv4.promote_secondaries 0 → 1"],
    ),
    "endpoint sysctl": (
        "ip netns exec a sh -c 'echo 99 > /proc/sys/net/ipv4/ip_unprivileged_port_start'",
        ["~ sysctl net.ipv4.ip_unprivileged_port_start in a: value 99 → 0"],
    ),
    "interface sysctl": (
        "ip netns exec b sh -c 'echo 0 > /proc/sys/net/ipv4/conf/eth0/rp_filter'",
        ["~ sysctl net.ipv4.conf.eth0.rp_filter in b: value 0 → 2"],
    ),
}
FIREWALL: Dict[str, Drift] = {}
for _tool in ("iptables", "ip6tables"):
    for _table, _chain in (
        ("raw", "CNET-RAW"),
        ("filter", "CNET-FORWARD"),
        ("filter", "CNET-INPUT"),
        ("filter", "CNET-INSIDE"),
        ("filter", "CNET-SOURCES"),
        ("mangle", "CNET-INPUT"),
        ("mangle", "CNET-SEAL"),
        ("mangle", "CNET-SEALED"),
        ("nat", "CNET-POST"),
        ("nat", "CNET-DNAT"),
    ):
        FIREWALL["%s %s/%s: first rule gone" % (_tool, _table, _chain)] = (
            "%s -t %s -D %s 1" % (_tool, _table, _chain),
            ["~ %s chain %s/%s: rules +1 -0" % (_tool, _table, _chain)],
        )
    FIREWALL["%s: rule added" % _tool] = ("%s -A CNET-FORWARD -j ACCEPT" % _tool, ["~ %s chain filter/CNET-FORWARD: rules +0 -1" % _tool])
    FIREWALL["%s: rule twice" % _tool] = (
        "rule=$({0} -S CNET-INPUT 2 | sed 's/^-A CNET-INPUT/-I CNET-INPUT 1/'); eval {0} $rule".format(_tool),
        ["~ %s chain filter/CNET-INPUT: rules +0 -0" % _tool],
    )
    FIREWALL["%s: rules in another order" % _tool] = (
        "rule=$({0} -S CNET-INPUT 3); {0} -D CNET-INPUT 3; eval {0} $(echo \"$rule\" | sed 's/^-A CNET-INPUT/-I CNET-INPUT 1/')".format(_tool),
        ["~ %s chain filter/CNET-INPUT: rules +0 -0" % _tool],
    )
    FIREWALL["%s: rule changed" % _tool] = (
        "%s -t nat -R CNET-P-tcp-8064 1 -p tcp --dport 8080 -j ACCEPT" % _tool,
        ["~ %s chain nat/CNET-P-tcp-8064: rules +1 -1" % _tool],
    )
    for _table, _jump in (
        ("filter", "FORWARD -j CNET-FORWARD"),
        ("filter", "INPUT -j CNET-INPUT"),
        ("filter", "FORWARD -j CNET-LAST"),
        ("mangle", "FORWARD -j CNET-SEAL"),
        ("mangle", "POSTROUTING -m addrtype ! --src-type LOCAL -j CNET-SEALED"),
        ("mangle", "INPUT -j CNET-INPUT"),
        ("nat", "POSTROUTING -j CNET-POST"),
        ("nat", "PREROUTING -m addrtype --dst-type LOCAL -j CNET-DNAT"),
        ("raw", "PREROUTING -j CNET-RAW"),
    ):
        FIREWALL["%s: jump %s/%s gone" % (_tool, _table, _jump)] = ("%s -t %s -D %s" % (_tool, _table, _jump), ["+ %s jump %s/%s" % (_tool, _table, _jump)])
        FIREWALL["%s: jump %s/%s twice" % (_tool, _table, _jump)] = (
            "%s -t %s -A %s" % (_tool, _table, _jump),
            ["~ %s jump %s/%s: copies 2 → 1" % (_tool, _table, _jump)],
        )
    FIREWALL["%s: jump behind an ACCEPT" % _tool] = (
        "{0} -D INPUT -j CNET-INPUT; {0} -A INPUT -j ACCEPT; {0} -A INPUT -j CNET-INPUT".format(_tool),
        ["~ %s jump filter/INPUT -j CNET-INPUT: leads off → on" % _tool],
    )
    FIREWALL["%s: chain flushed" % _tool] = ("%s -t nat -F CNET-POST" % _tool, ["~ %s chain nat/CNET-POST: rules *" % _tool])
FIREWALL["the last drop gone"] = ("iptables -F CNET-LAST", ["~ iptables chain filter/CNET-LAST: rules +1 -0"])
FIREWALL["jump to what programs may not send gone"] = ("iptables -t raw -D OUTPUT -j CNET-OUTPUT", ["+ iptables jump raw/OUTPUT -j CNET-OUTPUT"])
for _table, _chain in (("raw", "CNET-OUTPUT"), ("raw", "CNET-VX-OUT-4789"), ("filter", "CNET-VX-4789")):
    FIREWALL["%s/%s: first rule gone" % (_table, _chain)] = (
        "iptables -t %s -D %s 1" % (_table, _chain),
        ["~ iptables chain %s/%s: rules +1 -0" % (_table, _chain)],
    )
FIREWALL["a chain more"] = ("iptables -N CNET-STRAY", ["- iptables chain filter/CNET-STRAY"])
FIREWALL["a chain gone"] = (
    "iptables -D FORWARD -j CNET-LAST; iptables -F CNET-LAST; iptables -X CNET-LAST",
    ["+ iptables chain filter/CNET-LAST", "+ iptables jump filter/FORWARD -j CNET-LAST"],
)
FIREWALL["a jump more"] = ("iptables -I OUTPUT -j CNET-INPUT", ["- iptables jump filter/OUTPUT -j CNET-INPUT"])
FIREWALL["the peers' chain open"] = ("iptables -t raw -I CNET-VX-4789 1 -j RETURN", ["~ iptables chain raw/CNET-VX-4789: rules +0 -1"])
# Marks are how we know our own: without one it is somebody else's, and said so. Of a pair, the host's end tells for both.
UNMARKED = {
    "host end": "ip link set %s alias ''" % A,
    "vxlan": "ip link set vx-mesh alias ''",
}
ALL = {"links": LINKS, "entries": ENTRIES, "settings": SETTINGS, "firewall": FIREWALL}


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ALL)
def test_drift_is_named_and_repaired(kind: str) -> None:
    FULL.prepare()
    converge(FULL)
    # An ACCEPT ahead of our jump is foreign: the repair leaves it alone.
    assert_mended(FULL, ALL[kind], clean="for tool in iptables ip6tables; do $tool -D INPUT -j ACCEPT 2>/dev/null || true; done")


def test_enough_attributes_are_covered() -> None:
    assert sum(map(len, ALL.values())) + len(UNMARKED) >= 60


@pytest.mark.fake_host
@pytest.mark.parametrize("what", UNMARKED)
def test_without_its_mark_a_link_is_not_ours(what: str) -> None:
    FULL.prepare()
    converge(FULL)
    sh(UNMARKED[what])
    before = take_snapshot()
    with pytest.raises(Exception, match="was not made by this collection"):
        converge(FULL)
    assert differences(before, take_snapshot()) == ""


@pytest.mark.fake_host
def test_a_bridge_without_its_mark_is_used_and_never_removed() -> None:
    FULL.prepare()
    converge(FULL)
    sh("ip link set br-web alias ''")
    # On a bridge of somebody else others may speak too; nothing else is different.
    assert {line.split(":")[0].split(" chain ")[-1] for line in check(FULL)} == {"raw/CNET-RAW"}
    converge(None)
    assert "br-web" in sh("ip -br link")


@pytest.mark.fake_host
def test_namespace_gone() -> None:
    FULL.prepare()
    converge(FULL)
    base = take_snapshot()
    sh("ip netns delete a; while ip -br link | grep -q %s; do sleep 0.01; done" % A)
    planned = check(FULL)
    assert planned[0] == "+ namespace a" or "+ namespace a" in planned
    assert not [line for line in planned if " in b" in line or " in near" in line or "tables" in line or line.startswith("-")]
    assert lines(converge(FULL)) == planned
    assert differences(base, take_snapshot()) == ""
