# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every attribute of the later kinds of objects, changed by hand: check names exactly that, the run repairs it, and the next finds nothing."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from fresh_network import in_fresh_network
from kernel_engine import run_engine, settle, sh

MARK = "main:endpoint:lan:api"
ROWS: List[Dict[str, Any]] = [
    {"bridge": "lan0", "up": True, "mark": "main:network:lan", "stp": False, "priority": 32768, "ageing_time": 300, "multicast_snooping": True},
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
    {"rule": "10.1.0.5/32", "in": "api", "priority": 1000, "table": 1000001},
    {"route": "0.0.0.0/0", "in": "api", "table": 1000001, "via": "10.1.0.1", "dev": "eth0", "source": "10.1.0.5"},
    {"route": "10.66.0.0/16", "in": "api", "type": "blackhole"},
    {"proxy": "10.1.0.5", "dev": "up0"},
    {
        "vxlan": "vx0",
        "in": "api",
        "vni": 7,
        "udp_port": 4789,
        "remote": "192.0.2.2",
        "ttl": 64,
        "learning": False,
        "lower_place": "",
        "up": True,
        "mark": "main:link:w",
    },
    {"nic": "eth1", "in": "api", "home_name": "enp3s0", "mtu": 1300, "up": True, "mark": "main:device:enp3s0:api"},
    {"address": "10.2.0.5/24", "in": "api", "dev": "eth1"},
]
TABLE = ["+ route 0.0.0.0/0 table 1000001 in api"]
MACVLAN = ["+ macvlan eth0 in api", "+ address 10.1.0.5/24 on eth0 in api", *TABLE]
# The kernel forgets proxies when their link loses its carrier, so theirs is one that is plugged in all the time.
DRIFTS: Dict[str, Tuple[str, List[str]]] = {
    "mode": ("ip -n api link set eth0 type macvlan mode private", ["~ macvlan eth0 in api: mode private → bridge"]),
    "queue": ("ip -n api link set eth0 type macvlan mode bridge bcqueuelen 7", ["~ macvlan eth0 in api: broadcast_queue_length 7 → 1000"]),
    "mac": ("ip -n api link set eth0 address 02:00:00:00:00:0b", ["~ macvlan eth0 in api: mac 02:00:00:00:00:0b → 02:00:00:00:00:0a"]),
    "mtu": ("ip -n api link set eth0 mtu 1300", ["~ macvlan eth0 in api: mtu 1300 → 1400"]),
    "down": ("ip -n api link set eth0 down", ["~ macvlan eth0 in api: up off → on", *TABLE]),
    "gone": ("ip -n api link delete eth0", MACVLAN),
    "renamed": (
        "ip -n api link set eth0 down; ip -n api link set eth0 name other",
        ["~ macvlan eth0 in api: name other → eth0", "~ macvlan eth0 in api: up off → on", *TABLE],
    ),
    "lower link gone": ("ip link delete lan0", ["+ bridge lan0", *MACVLAN]),
    "rule gone": ("ip -n api rule delete priority 1000", ["+ rule 1000 from 10.1.0.5/32 in api"]),
    "rule elsewhere": (
        "ip -n api rule delete priority 1000; ip -n api rule add from 10.1.0.5 table 9 priority 1000 protocol 76",
        ["~ rule 1000 from 10.1.0.5/32 in api: table 9 → 1000001"],
    ),
    "rule more": ("ip -n api rule add from 10.1.0.6 table 9 priority 1000 protocol 76", ["- rule 1000 from 10.1.0.6/32 in api"]),
    "route in a table gone": ("ip -n api route flush table 1000001", TABLE),
    "route in a table elsewhere": (
        "ip -n api route replace default via 10.1.0.2 table 1000001 proto 76 src 10.1.0.5",
        ["~ route 0.0.0.0/0 table 1000001 in api: gateway 10.1.0.2 → 10.1.0.1"],
    ),
    "route without its source": (
        "ip -n api route replace default via 10.1.0.1 table 1000001 proto 76",
        ["~ route 0.0.0.0/0 table 1000001 in api: source none → 10.1.0.5"],
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
    "blackhole more": ("ip -n api route add blackhole 10.67.0.0/16 proto 76", ["- route 10.67.0.0/16 in api"]),
    "proxy gone": ("ip neigh delete proxy 10.1.0.5 dev up0", ["+ proxy 10.1.0.5 on up0"]),
    "proxy more": ("ip neigh add proxy 10.1.0.9 dev up0 protocol 76", ["- proxy 10.1.0.9 on up0"]),
    "remote": ("ip -n api link set vx0 type vxlan remote 192.0.2.9", ["~ vxlan vx0 in api: remote 192.0.2.9 → 192.0.2.2"]),
    "stp": ("ip link set lan0 type bridge stp_state 1", ["~ bridge lan0: stp on → off"]),
    "priority": ("ip link set lan0 type bridge priority 4096", ["~ bridge lan0: priority 4096 → 32768"]),
    "ageing": ("ip link set lan0 type bridge ageing_time 1000", ["~ bridge lan0: ageing_time 10 → 300"]),
    "snooping": ("ip link set lan0 type bridge mcast_snooping 0", ["~ bridge lan0: multicast_snooping off → on"]),
    "nic mtu": ("ip -n api link set eth1 mtu 1200", ["~ nic eth1 in api: mtu 1200 → 1300"]),
    "nic down": ("ip -n api link set eth1 down", ["~ nic eth1 in api: up off → on"]),
    "nic renamed": (
        "ip -n api link set eth1 down; ip -n api link set eth1 name other",
        ["~ nic eth1 in api: name other → eth1", "~ nic eth1 in api: up off → on"],
    ),
}


def test_drift_is_named_and_repaired() -> None:
    def work() -> Dict[str, Any]:
        sh("ip link add enp3s0 mtu 9000 type veth peer name wire; ip link set wire up; ip link add up0 up type veth peer name up1; ip link set up1 up")
        settle(ROWS)
        found = {}
        for name, (script, expected) in DRIFTS.items():
            sh(script)
            planned = run_engine(ROWS, check_mode=True)
            done, again = run_engine(ROWS), run_engine(ROWS)
            if (sorted(planned), done, again) != (sorted(expected), planned, []):
                found[name] = (planned, done, again)
        settle([])
        assert "mtu 9000" in sh("ip link show enp3s0")
        return found

    assert in_fresh_network(work) == {}
