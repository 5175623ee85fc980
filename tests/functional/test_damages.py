# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every attribute that we set, damaged alone: a look names exactly that, a run mends exactly that, and the next finds nothing.

test_drift.py and those for single features damage what a declaration makes; here are the attributes that are left, object by object, and the count of all.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Dict, Iterator, List, Set, Tuple

import pytest
import test_drift
import test_further_addresses
import test_kinds
import test_multihoming
import test_routers
import test_routes
import test_routing
from ansible_collections.netloom.container_net.plugins.module_utils._actuators.table import ACTUATORS
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.objects import Chain, Jump
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.parse import SETTINGS
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.nic import Nic
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.table import list_kinds
from ansible_collections.netloom.container_net.plugins.module_utils._model import rule
from ansible_collections.netloom.container_net.plugins.module_utils._model.firewall import FirewallObject
from ansible_collections.netloom.container_net.plugins.module_utils._model.guest import Guest
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import BridgePort, Link, Tuning
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Flows, KernelObject, Sysctl
from ansible_collections.netloom.container_net.plugins.module_utils._model.stored import Stored
from harness.damages import MARK, OURS, mend_each
from harness.drifts import Drift, Mutation, mutations_of

PORT = {"hairpin": False, "isolated": False, "learning": True, "flood": True}
ROWS: List[Dict[str, Any]] = [
    {
        "bridge": "lan0",
        "up": True,
        "mark": "main:network:lan",
        "stp": False,
        "priority": 32768,
        "ageing_time": 300,
        "multicast_snooping": True,
        "group_fwd_mask": 16384,
        "mac": "02:00:00:00:00:01",
        "mtu": 1500,
        "sysctls": {"ipv4/arp_ignore": 1, "ipv4/rp_filter": 1, "ipv6/ndisc_notify": 1},
    },
    {"namespace": "api", "mark": "main:namespace"},
    {
        "macvlan": "eth0",
        "in": "api",
        "lower": "/lan0",
        "mode": "bridge",
        "broadcast_queue_length": 1000,
        "mtu": 1400,
        "mac": "02:00:00:00:00:0a",
        "up": True,
        "mark": MARK,
    },
    {"address": "10.1.0.5/24", "in": "api", "dev": "eth0"},
    {"address": "fd01::5/64", "in": "api", "dev": "eth0"},
    {
        "macvlan": "eth2",
        "in": "api",
        "lower": "/lan0",
        "mode": "source",
        "source_macs": ("02:00:00:00:0e:01",),
        "mtu": 1500,
        "mac": "02:00:00:00:00:0c",
        "up": True,
        "mark": MARK,
    },
    {"rule": "10.1.0.5/32", "in": "api", "priority": 1000, "table": 1000001},
    {
        "rule": "10.1.0.0/24",
        "in": "api",
        "priority": 1001,
        "table": 1000001,
        "interface": "eth0",
        "destination": "10.8.0.0/16",
        "out_interface": "eth2",
        "mark": 7,
        "mask": 15,
    },
    {"rule": "fd01::5/128", "in": "api", "family": 6, "priority": 1000, "table": 1000001},
    {"route": "0.0.0.0/0", "in": "api", "table": 1000001, "via": "10.1.0.1", "dev": "eth0", "source": "10.1.0.5"},
    {"route": "10.66.0.0/16", "in": "api", "type": "blackhole"},
    {"route": "10.67.0.0/16", "in": "api", "via": "172.16.0.1", "dev": "eth0", "onlink": True},
    {"proxy": "10.1.0.5", "dev": "up0"},
    {
        "veth": "v0",
        "peer": "api/eth5",
        "leads": True,
        "mark": MARK,
        "up": True,
        "master": "lan0",
        "port": PORT,
        "link_local": False,
        "sysctls": {"ipv6/disable_ipv6": 0},
    },
    {
        "veth": "eth5",
        "in": "api",
        "peer": "/v0",
        "mark": MARK,
        "up": True,
        "mtu": 1500,
        "mac": "02:00:00:00:00:05",
        "tuning": {"promisc": False, "allmulti": False, "txqueuelen": 500},
    },
    {
        "vxlan": "vx0",
        "in": "api",
        "vni": 7,
        "udp_port": 4789,
        "remote": "192.0.2.2",
        "ttl": 64,
        "learning": False,
        "lower_place": "",
        "mtu": 1450,
        "mac": "02:00:00:00:00:08",
        "up": True,
        "mark": "main:link:w",
    },
    {
        "vxlan": "vx1",
        "vni": 8,
        "udp_port": 4790,
        "local": "192.0.2.1",
        "device": "up0",
        "ttl": 64,
        "proxy": False,
        "learning": False,
        "mtu": 1450,
        "mac": "02:00:00:00:00:18",
        "up": True,
        "mark": "main:network:mesh",
    },
    {
        "vxlan": "vx2",
        "vni": 9,
        "udp_port": 4790,
        "device": "up0",
        "group": "239.1.1.1",
        "mtu": 1450,
        "mac": "02:00:00:00:00:28",
        "up": True,
        "mark": "main:network:many",
    },
    {"fdb": "00:00:00:00:00:00", "dev": "vx1", "remote": "192.0.2.3", "through": "up0"},
    {"fdb": "02:00:00:00:60:02", "dev": "vx1", "remote": "192.0.2.3", "through": "up0"},
    {"neighbour": "10.60.0.2", "dev": "vx1", "mac": "02:00:00:00:60:02"},
    {"nic": "eth1", "in": "api", "home_name": "enp3s0", "mtu": 1300, "up": True, "mark": "main:device:enp3s0:api"},
    {"address": "10.2.0.5/24", "in": "api", "dev": "eth1"},
    {"sysctl": "net/ipv4/ip_forward", "value": "1"},
]
TABLE = ["+ route 0.0.0.0/0 table 1000001 in api"]
GATEWAY = [*TABLE, "+ route 10.67.0.0/16 in api"]
INSIDE = ["+ macvlan eth0 in api", "+ address 10.1.0.5/24 on eth0 in api", "+ address fd01::5/64 on eth0 in api", *GATEWAY]
MESH = ["+ neighbour 10.60.0.2 on vx1", *("+ fdb %s via 192.0.2.3 on vx1" % mac for mac in ("00:00:00:00:00:00", "02:00:00:00:60:02"))]
BUSY_RULE = "1001 from 10.1.0.0/24 to 10.8.0.0/16 by eth0 out of eth2 marked %s/0xf in api"
# The kernel forgets proxies when their link loses its carrier, so theirs is one that is plugged in all the time.
DRIFTS: Dict[str, Drift] = {
    "mode": ("ip -n api link set eth0 type macvlan mode private", ["~ macvlan eth0 in api: mode private → bridge"]),
    "queue": ("ip -n api link set eth0 type macvlan mode bridge bcqueuelen 7", ["~ macvlan eth0 in api: broadcast_queue_length 7 → 1000"]),
    "mac": ("ip -n api link set eth0 address 02:00:00:00:00:0b", ["~ macvlan eth0 in api: mac 02:00:00:00:00:0b → 02:00:00:00:00:0a"]),
    "mtu": ("ip -n api link set eth0 mtu 1300", ["~ macvlan eth0 in api: mtu 1300 → 1400"]),
    "down": ("ip -n api link set eth0 down", ["~ macvlan eth0 in api: up off → on", "+ address fd01::5/64 on eth0 in api", *GATEWAY]),
    "gone": ("ip -n api link delete eth0", INSIDE),
    "more": ("ip link add stray link lan0 type macvlan; ip link set stray %snetwork:x" % OURS, ["- macvlan stray"]),
    "sources": ("ip -n api link set eth2 type macvlan macaddr set 02:00:00:00:0e:02", ["~ macvlan eth2 in api: source_macs +1 -1"]),
    "renamed": (
        "ip -n api link set eth0 down; ip -n api link set eth0 name other",
        ["~ macvlan eth0 in api: name other → eth0", "~ macvlan eth0 in api: up off → on", "+ address fd01::5/64 on eth0 in api", *GATEWAY],
    ),
    "mark of a macvlan": (
        "ip -n api link set eth0 %sendpoint:lan:ipa" % OURS,
        ["~ macvlan eth0 in api: alias container-net:main:endpoint:lan:ipa → container-net:%s" % MARK],
    ),
    "rule gone": ("ip -n api rule delete priority 1000", ["+ rule 1000 from 10.1.0.5/32 in api"]),
    "rule gone v6": ("ip -n api -6 rule delete priority 1000", ["+ rule 1000 from fd01::5/128 in api"]),
    "rule elsewhere": (
        "ip -n api rule delete priority 1000; ip -n api rule add from 10.1.0.5 table 9 priority 1000 protocol 76",
        ["~ rule 1000 from 10.1.0.5/32 in api: table 9 → 1000001"],
    ),
    "rule more": ("ip -n api rule add from 10.1.0.6 table 9 priority 1000 protocol 76", ["- rule 1000 from 10.1.0.6/32 in api"]),
    "rule of many words gone": ("ip -n api rule delete priority 1001", ["+ rule " + BUSY_RULE % "0x7"]),
    "rule for another mark": (
        "ip -n api rule add from 10.1.0.0/24 to 10.8.0.0/16 iif eth0 oif eth2 fwmark 8/15 priority 1001 table 9 protocol 76",
        ["- rule " + BUSY_RULE % "0x8"],
    ),
    "route in a table gone": ("ip -n api route flush table 1000001", TABLE),
    "route in a table elsewhere": (
        "ip -n api route replace default via 10.1.0.2 table 1000001 proto 76 src 10.1.0.5",
        ["~ route 0.0.0.0/0 table 1000001 in api: gateway 10.1.0.2 → 10.1.0.1"],
    ),
    "route without its source": (
        "ip -n api route replace default via 10.1.0.1 table 1000001 proto 76",
        ["~ route 0.0.0.0/0 table 1000001 in api: source none → 10.1.0.5"],
    ),
    "route by another device": (
        "ip -n api route replace default via 10.1.0.1 dev eth2 onlink table 1000001 proto 76 src 10.1.0.5",
        ["~ route 0.0.0.0/0 table 1000001 in api: device eth2 → eth0"],
    ),
    "route to a gateway that was near": (
        "ip -n api address add 172.16.0.9/24 dev eth0; ip -n api route replace 10.67.0.0/16 via 172.16.0.1 dev eth0 proto 76;"
        "ip -n api address delete 172.16.0.9/24 dev eth0",
        ["~ route 10.67.0.0/16 in api: onlink off → on"],
    ),
    "route in a table more": ("ip -n api route add 10.5.0.0/16 via 10.1.0.1 table 7 proto 76", ["- route 10.5.0.0/16 table 7 in api"]),
    "blackhole gone": ("ip -n api route delete blackhole 10.66.0.0/16", ["+ route 10.66.0.0/16 in api"]),
    "blackhole answers": (
        "ip -n api route replace unreachable 10.66.0.0/16 proto 76",
        ["~ route 10.66.0.0/16 in api: type unreachable → blackhole"],
    ),
    "blackhole leads somewhere": (
        "ip -n api route replace 10.66.0.0/16 via 10.1.0.1 proto 76",
        ["~ route 10.66.0.0/16 in api: type unicast → blackhole"],
    ),
    "blackhole more": ("ip -n api route add blackhole 10.68.0.0/16 proto 76", ["- route 10.68.0.0/16 in api"]),
    "proxy gone": ("ip neigh delete proxy 10.1.0.5 dev up0", ["+ proxy 10.1.0.5 on up0"]),
    "proxy more": ("ip neigh add proxy 10.1.0.9 dev up0 protocol 76", ["- proxy 10.1.0.9 on up0"]),
    "proxy elsewhere": (
        "ip neigh delete proxy 10.1.0.5 dev up0; ip neigh add proxy 10.1.0.5 dev up2 protocol 76",
        ["+ proxy 10.1.0.5 on up0", "- proxy 10.1.0.5 on up2"],
    ),
    "stp": ("ip link set lan0 type bridge stp_state 1", ["~ bridge lan0: stp on → off"]),
    "priority": ("ip link set lan0 type bridge priority 4096", ["~ bridge lan0: priority 4096 → 32768"]),
    "ageing": ("ip link set lan0 type bridge ageing_time 1000", ["~ bridge lan0: ageing_time 10 → 300"]),
    "snooping": ("ip link set lan0 type bridge mcast_snooping 0", ["~ bridge lan0: multicast_snooping off → on"]),
    "forwarded groups": ("ip link set lan0 type bridge group_fwd_mask 8", ["~ bridge lan0: group_fwd_mask 8 → 16384"]),
    "bridge gone": ("ip link delete lan0", ["+ bridge lan0", "~ veth v0: master none → lan0", "+ macvlan eth2 in api", *INSIDE]),
    "bridge more": ("ip link add stray type bridge; ip link set stray %snetwork:x" % OURS, ["- bridge stray"]),
    "mark of a bridge": (
        "ip link set lan0 %snetwork:nal" % OURS,
        ["~ bridge lan0: alias container-net:main:network:nal → container-net:main:network:lan"],
    ),
    "answers for others": ("echo 0 > /proc/sys/net/ipv4/conf/lan0/arp_ignore", ["~ bridge lan0: ipv4.arp_ignore 0 → 1"]),
    "strict": ("echo 0 > /proc/sys/net/ipv4/conf/lan0/rp_filter", ["~ bridge lan0: ipv4.rp_filter 0 → 1"]),
    "silent": ("echo 0 > /proc/sys/net/ipv6/conf/lan0/ndisc_notify", ["~ bridge lan0: ipv6.ndisc_notify 0 → 1"]),
    "no IPv6": ("echo 1 > /proc/sys/net/ipv6/conf/v0/disable_ipv6", ["~ veth v0: ipv6.disable_ipv6 1 → 0"]),
    "hairpin": ("bridge link set dev v0 hairpin on", ["~ veth v0: hairpin on → off"]),
    "isolated": ("bridge link set dev v0 isolated on", ["~ veth v0: isolated on → off"]),
    "learning": ("bridge link set dev v0 learning off", ["~ veth v0: learning off → on"]),
    "flood": ("bridge link set dev v0 flood off", ["~ veth v0: flood off → on"]),
    "out of its bridge": ("ip link set v0 nomaster", ["~ veth v0: master none → lan0"]),
    "in another bridge": ("ip link add br9 type bridge; ip link set v0 master br9", ["~ veth v0: master br9 → lan0"]),
    "makes addresses": ("ip link set v0 addrgenmode eui64", ["~ veth v0: link_local on → off"]),
    "promisc": ("ip -n api link set eth5 promisc on", ["~ veth eth5 in api: promisc on → off"]),
    "allmulti": ("ip -n api link set eth5 allmulticast on", ["~ veth eth5 in api: allmulti on → off"]),
    "queue of a pair": ("ip -n api link set eth5 txqueuelen 3", ["~ veth eth5 in api: txqueuelen 3 → 500"]),
    "pair gone": ("ip link delete v0", ["+ veth v0", "+ veth eth5 in api"]),
    "pair more": ("ip link add stray type veth peer name stray2; ip link set stray %sendpoint:x:y" % OURS, ["- veth stray"]),
    "remote": ("ip -n api link set vx0 type vxlan remote 192.0.2.9", ["~ vxlan vx0 in api: remote 192.0.2.9 → 192.0.2.2"]),
    "device of a tunnel": ("ip link set vx1 type vxlan dev up2", ["~ vxlan vx1: device up2 → up0"]),
    "ttl": ("ip link set vx1 type vxlan ttl 3", ["~ vxlan vx1: ttl 3 → 64"]),
    "tunnel learns": ("ip link set vx1 type vxlan learning", ["~ vxlan vx1: learning on → off"]),
    # What was written down for the one address says nothing of the other.
    "local": (
        "ip address add 192.0.2.11/24 dev up0; ip link set vx1 type vxlan local 192.0.2.11; ip address delete 192.0.2.11/24 dev up0",
        ["~ vxlan vx1: local 192.0.2.11 → 192.0.2.1", *MESH[1:], *(line.replace("+", "-", 1) for line in MESH[1:])],
    ),
    "tunnel gone": ("ip link delete vx1", ["+ vxlan vx1", *MESH]),
    "tunnel more": ("ip link add stray type vxlan id 99 dstport 4799; ip link set stray %snetwork:x" % OURS, ["- vxlan stray"]),
    "row by another way": (
        "bridge fdb replace 02:00:00:00:60:02 dev vx1 dst 192.0.2.3 via up2",
        ["~ fdb 02:00:00:00:60:02 via 192.0.2.3 on vx1: through up2 → up0"],
    ),
    "row elsewhere": (
        "bridge fdb replace 02:00:00:00:60:02 dev vx1 dst 192.0.2.9 via up0",
        ["~ fdb 02:00:00:00:60:02 via 192.0.2.3 on vx1: remote 192.0.2.9 → 192.0.2.3"],
    ),
    "row gone": ("bridge fdb delete 02:00:00:00:60:02 dev vx1 dst 192.0.2.3 via up0", [MESH[2]]),
    "flood row twice": ("bridge fdb append 00:00:00:00:00:00 dev vx1 dst 192.0.2.3 via up2", ["- fdb 00:00:00:00:00:00 via 192.0.2.3 on vx1"]),
    "neighbour elsewhere": (
        "ip neigh replace 10.60.0.2 lladdr 02:00:00:00:60:09 dev vx1 nud permanent",
        ["~ neighbour 10.60.0.2 on vx1: mac 02:00:00:00:60:09 → 02:00:00:00:60:02"],
    ),
    "neighbour gone": ("ip neigh delete 10.60.0.2 dev vx1", ["+ neighbour 10.60.0.2 on vx1"]),
    "nic mtu": ("ip -n api link set eth1 mtu 1200", ["~ nic eth1 in api: mtu 1200 → 1300"]),
    "nic down": ("ip -n api link set eth1 down", ["~ nic eth1 in api: up off → on"]),
    "nic renamed": (
        "ip -n api link set eth1 down; ip -n api link set eth1 name other",
        ["~ nic eth1 in api: name other → eth1", "~ nic eth1 in api: up off → on"],
    ),
    "nic taken home": (
        "ip -n api link set eth1 down; ip -n api link set eth1 netns $$ name enp3s0; ip link set enp3s0 mtu 9000 alias ''",
        ["+ nic eth1 in api", "+ address 10.2.0.5/24 on eth1 in api"],
    ),
    "forwarding": ("echo 0 > /proc/sys/net/ipv4/ip_forward", ["~ sysctl net.ipv4.ip_forward: value 0 → 1"]),
    "lo": ("ip -n api link set lo down", ["~ lo in api: value down → up"]),
    "namespace more": ("ip netns add other; ip -n other link set lo %snamespace" % OURS, ["- namespace other"]),
}
# What the kernel fixes when it makes a link is damaged by making another one in its place, which must go for ours. By attribute.
NEW_PAIR = "ip link delete v0; ip link add v0 type veth peer name %s; ip link set v0 %sendpoint:lan:api; ip link set v0 up"
NEW_MACVLAN = "ip -n api link delete eth0; %s; ip -n api link set eth0 %sendpoint:lan:api"
NEW_TUNNEL = "ip link delete vx1; ip link add vx1 type vxlan id %d dstport %d local 192.0.2.1 dev up0 %s; ip link set vx1 %snetwork:mesh up"
FIXED: Dict[Tuple[str, str], Drift] = {
    ("veth", "peer_name"): (
        NEW_PAIR % ("eth6 netns api", OURS),
        ["~ veth v0: master none → lan0, link_local on → off", "~ veth eth5 in api: name eth6 → eth5", "~ veth eth5 in api: mac *"],
    ),
    ("veth", "peer_place"): (NEW_PAIR % ("eth5", OURS), ["- veth eth5", "+ veth v0", "+ veth eth5 in api"]),
    ("macvlan", "lower"): (
        NEW_MACVLAN % ("ip link add new0 link up2 type macvlan mode bridge; ip link set new0 netns api name eth0", OURS),
        ["- macvlan eth0 in api", *INSIDE],
    ),
    ("macvlan", "lower_place"): (
        NEW_MACVLAN % ("ip -n api link add eth0 link eth5 type macvlan mode bridge", OURS),
        ["- macvlan eth0 in api", *INSIDE],
    ),
    ("vxlan", "vni"): (NEW_TUNNEL % (18, 4790, "", OURS), ["- vxlan vx1", "+ vxlan vx1", *MESH]),
    ("vxlan", "port"): (NEW_TUNNEL % (8, 4791, "", OURS), ["- vxlan vx1", "+ vxlan vx1", *MESH]),
    ("vxlan", "proxy"): (NEW_TUNNEL % (8, 4790, "proxy", OURS), ["- vxlan vx1", "+ vxlan vx1", *MESH]),
    ("vxlan", "group"): (
        "ip link delete vx2; ip link add vx2 type vxlan id 9 dstport 4790 dev up0 group 239.1.1.2; ip link set vx2 %snetwork:many up" % OURS,
        ["- vxlan vx2", "+ vxlan vx2"],
    ),
    ("vxlan", "lower_place"): (
        "ip -n api link delete vx0; ip -n api link add vx0 type vxlan id 7 dstport 4789 remote 192.0.2.2; ip -n api link set vx0 %slink:w up" % OURS,
        ["- vxlan vx0 in api", "+ vxlan vx0 in api"],
    ),
    ("bridge", "kind"): (
        "ip link delete lan0; ip link add lan0 type veth peer name lan1; ip link set lan0 %snetwork:lan" % OURS,
        ["- veth lan0", "+ bridge lan0", "~ veth v0: master none → lan0", "+ macvlan eth2 in api", *INSIDE],
    ),
}


@pytest.mark.parametrize("damages", [DRIFTS, FIXED], ids=["in place", "made anew"])
def test_it_is_named_and_mended_and_then_there_is_silence(damages: Dict[Any, Drift]) -> None:
    assert mend_each(ROWS, damages) == {}


# What is left out of the tables, and the test that shows it, or why there is nothing to show.
ELSEWHERE = {
    ("nic", "home_name"): "tests/functional/test_lent.py::test_what_took_the_place_of_the_lent_is_not_it",
    ("macvlan", "broadcast_limit"): "tests/functional/test_macvlan.py::test_a_limit_of_broadcasts_changes_in_place",
    ("namespace", "mark"): "a namespace without our mark is somebody else's, and used as one",
    **dict.fromkeys(
        [
            *(("vlan", name) for name in ("vlan_id", "protocol", "lower", "lower_place", "untagged", "native")),
            *(("ipvlan", name) for name in ("flag", "lower", "lower_place")),
            ("bridge", "vlan_filtering"),
            ("vrf", "table"),
            ("limit", "netem"),
        ],
        "tests/unit/plugins/module_utils/_plan/test_golden.py::test_case plans it; only the kernel of the floor VM has it",
    ),
    ("chain CNET-DSCP", ""): "tests/functional/test_dscp.py::test_what_was_flushed_is_mended_and_all_of_it_goes",
    ("chain CNET-INWARD", ""): "tests/functional/test_vxlan_doors.py::test_the_host_speaks_in_a_network_that_is_joined_to_an_overlay",
    ("chain CNET-USER", ""): "the administrator's own",
    **dict.fromkeys(
        [("chain CNET-" + name, "") for name in ("LOOPBACK", "MSS", "POLICY")],
        "tests/functional/test_flushed.py::test_it_is_named_and_mended_and_then_there_is_silence",
    ),
    **dict.fromkeys(
        [("frametable", name) for name in ("", "entries", "chains")],
        "tests/functional/test_spoofing.py::test_whatever_somebody_does_to_the_table_the_next_run_mends",
    ),
}
# Links go by their kinds, rules by their chains, settings by their names; the others are no objects of the kernel.
APART = (Link, FirewallObject, Sysctl, Flows, Stored, Guest)
ENTRIES = (*dict.fromkeys(item for row in ACTUATORS.values() for item in row.handles if item not in APART), Chain, Jump)
WORDS = {"PolicyRule": "rule", "ProxyNeighbour": "proxy", "BridgeVlan": "vlan", "FdbEntry": "fdb"}
OF_ANY_LINK = "link"


def what_we_set() -> Iterator[Tuple[str, str]]:
    """Yield every attribute that the engine compares and sends, as its own classes have them."""
    for own in (*fields(BridgePort), *fields(Tuning)):
        yield OF_ANY_LINK, own.name
    for name in compared(Link) - {"kind", "port", "tuning", "sysctls"}:
        yield OF_ANY_LINK, name
    for setting in (*SETTINGS, "ipv4/arp_ignore"):
        yield OF_ANY_LINK, setting.replace("/", ".")
    for kind in (*list_kinds(), Nic):
        yield kind.kind, ""
        for option in kind().options:
            # What is observed only: a tunnel with other headers, and what a card was like at home.
            if option not in kind.UNCOMPARED and option not in ("apart", "home_mtu", "home_up", "home_mac"):
                yield kind.kind, option
    for entry in ENTRIES:
        word = WORDS.get(entry.__name__, entry.__name__.lower())
        yield word, ""
        for name in compared(entry):
            yield word, name
    for name, value in vars(rule).items():
        if name.endswith("_CHAIN"):
            yield "chain " + value, ""


def compared(item: type) -> Set[str]:
    assert issubclass(item, KernelObject)
    return {field.name for field in fields(item)} - {*item.IDENTITY, *item.DESCRIPTIVE}


def what_is_damaged() -> Set[Mutation]:
    tables = [*test_drift.ALL.values(), *(module.DRIFTS for module in (test_further_addresses, test_multihoming, test_routers, test_routes, test_routing))]
    found = {mutation for table in (*tables, DRIFTS) for drift in table.values() for mutation in mutations_of(drift)}
    found |= {(thing, field, "change") for thing, field in FIXED}
    for script, step in test_kinds.DRIFT.items():
        found |= set(mutations_of((script, [step])))
    return found


def test_every_attribute_that_we_set_is_damaged() -> None:
    damaged = what_is_damaged()
    links = {kind.kind for kind in (*list_kinds(), Nic)}
    seen: Set[Tuple[str, str]] = set()
    for thing, field, _how in damaged:
        seen |= {(thing, field), (thing.split()[0], field)}
        seen |= {(OF_ANY_LINK, field)} if thing in links else set()
        seen |= {("chain " + thing.rpartition("/")[2], "")} if thing.startswith("chain") else set()
    ours = set(what_we_set())
    assert sorted(ours - seen - set(ELSEWHERE)) == []
    assert sorted(set(ELSEWHERE) & seen) == [], "these are damaged meanwhile"
    # A scalar cannot be there twice, and one that must be there cannot be away.
    assert len({(thing, field) for thing, field, _how in damaged}) >= 130
    assert len(damaged) >= 140
    whole = {how: {thing.split()[0] for thing, field, done in damaged if not field and done == how} for how in ("delete", "duplicate")}
    assert whole["delete"] >= (links - {"ipvlan"}) | {"address", "route", "rule", "proxy", "vlan", "neighbour", "fdb", "chain", "jump"}
    assert whole["duplicate"] >= {
        "bridge",
        "veth",
        "macvlan",
        "vxlan",
        "namespace",
        "address",
        "route",
        "rule",
        "proxy",
        "vlan",
        "neighbour",
        "fdb",
        "chain",
        "jump",
    }
