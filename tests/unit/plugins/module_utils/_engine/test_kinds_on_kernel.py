# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links that stand on others, tunnels between places, rules, routes and proxies, on the real kernel. What it lacks must be refused in clear words."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import LOST, Door
from fresh_network import in_fresh_network
from kernel_engine import failure, run_engine, settle, sh, shown

API = {"namespace": "api", "mark": "main:namespace"}
DB = {"namespace": "db", "mark": "main:namespace"}
LAN = {"bridge": "lan0", "up": True, "mark": "main:network:lan"}


def macvlan(space: str, lower: str = "/lan0", **more: Any) -> Dict[str, Any]:
    return {"macvlan": "eth0", "in": space, "lower": lower, "mode": "bridge", "up": True, "mark": "main:endpoint:lan:" + space, **more}


def address(space: str, ip: str, device: str = "eth0") -> Dict[str, Any]:
    return {"address": ip, "in": space, "dev": device}


def state() -> str:
    return sh("ip link; ip address; ip route show table all; ip -6 route show table all; ip rule; ip neigh show proxy; ip netns list")


LACKING = {
    "ipvlan": ({"ipvlan": "x0", "lower": "lan0", "mode": "l2", "flag": "bridge", "up": True, "mark": "main:object"}, "ipvlan"),
    "vlan": ({"vlan": "lan0.30", "vlan_id": 30, "lower": "lan0", "up": True, "mark": "main:object"}, "8021q"),
    "dummy": ({"dummy": "x0", "up": True, "mark": "main:object"}, "dummy"),
    "vrf": ({"vrf": "x0", "table": 100, "up": True, "mark": "main:object"}, "vrf"),
}


@pytest.mark.parametrize("kind", LACKING)
def test_a_kind_is_made_or_refused_in_clear_words(kind: str) -> None:
    def work() -> None:
        row, module = LACKING[kind]
        # In this order: what comes up otherwise makes an address, which is tentative for a while.
        sh("ip link add lan0 type bridge; ip link set lan0 addrgenmode none; ip link set lan0 up")
        before = state()
        if "Unknown device type" in sh("ip link add %s name probe0 type %s 2>&1 || true" % ("link lan0" if "lower" in row else "", kind)):
            error = failure([row])
            assert error.startswith("nothing was changed:\n- this kernel has no links of kind %s (" % kind)
            assert "module %s), needed for %s " % (module, kind) in error
            assert state() == before
            return
        sh("ip link delete probe0 2> /dev/null || true")
        assert len(settle([row])) == 1
        settle([])

    in_fresh_network(work)


def test_macvlans_of_containers_talk_and_have_the_names_they_want() -> None:
    """The host has an `eth0` too, and interface numbers beyond those of the containers."""

    def work() -> None:
        sh("ip link add eth0 index 400 type bridge; ip link set eth0 up")
        rows = [LAN, API, DB, macvlan("api", mac="02:00:00:00:00:0a"), macvlan("db"), address("api", "192.0.2.10/24"), address("db", "192.0.2.11/24")]
        settle(rows)
        assert shown("eth0", "api")["address"] == "02:00:00:00:00:0a"
        assert shown("eth0", "api")["ifindex"] > 400
        sh("ip netns exec api ping -c1 -W2 192.0.2.11")
        settle([LAN, API, macvlan("api", mode="private", broadcast_queue_length=20), address("api", "192.0.2.10/24")])
        assert shown("eth0", "api")["linkinfo"]["info_data"]["mode"] == "private"
        assert shown("eth0", "api")["linkinfo"]["info_data"]["bcqueuelen"] == 20
        assert settle([]) == ["- bridge lan0", "- namespace api"]

    in_fresh_network(work)


def test_a_lower_link_in_another_container() -> None:
    """The bridge is made inside `db`, the macvlan inside `api`; other links of that number and name are on the host."""

    def work() -> None:
        rows = [API, DB, {**LAN, "in": "db"}, LAN, macvlan("api", "db/lan0"), address("api", "192.0.2.10/24")]
        inside = [macvlan("db", "lan0"), address("db", "192.0.2.11/24")]
        settle([*rows, *inside])
        sh("ip netns exec api ping -c1 -W2 192.0.2.11")
        wanted = [API, DB, {**LAN, "in": "db"}, LAN, macvlan("api", "/lan0"), address("api", "192.0.2.10/24")]
        assert settle([*wanted, *inside])[:2] == ["- macvlan eth0 in api", "+ macvlan eth0 in api"]

    in_fresh_network(work)


def test_each_link_waits_for_the_one_it_stands_on() -> None:
    """A pair from the host, a macvlan on its inner end, made inside, and one of a third place on a bridge of that one."""

    def work() -> None:
        pair = [
            {"veth": "v0", "peer": "db/eth9", "leads": True, "up": True, "mark": "main:object"},
            {"veth": "eth9", "in": "db", "peer": "/v0", "up": True, "mark": "main:object"},
        ]
        rows = [macvlan("api", "db/eth9"), macvlan("db", "eth9", macvlan="mv1"), API, DB, *pair]
        settle(rows)
        assert "- veth eth9 in db" in settle([API, DB]) or shown("eth0", "api") is None

    in_fresh_network(work)


def test_nothing_is_changed_where_the_lower_link_is_missing() -> None:
    def work() -> None:
        rows = [API, macvlan("api", "/eth9")]
        before = state()
        assert run_engine(rows, check_mode=True) == ["+ namespace api", "+ macvlan eth0 in api"]
        error = failure(rows)
        assert "nothing was changed:\n- macvlan eth0 in api: there is no interface eth9 on this host" in error
        assert state() == before
        assert "there is no interface eth9 in db" in failure([API, DB, macvlan("api", "db/eth9")])

    in_fresh_network(work)


@pytest.mark.parametrize("message", range(6))
def test_whatever_is_lost_the_next_run_finishes(message: int) -> None:
    def work() -> List[str]:
        count = -1

        def fault(place: str, payload: bytes) -> Any:
            nonlocal count
            count += 1
            return LOST if count == message else None

        rows = [LAN, API, macvlan("api"), address("api", "192.0.2.10/24")]
        failure(rows, door=Door(timeout=0.3, fault=fault))
        settle(rows)
        return settle([])

    assert in_fresh_network(work) == ["- bridge lan0", "- namespace api"]


def test_a_failure_puts_back_what_went_with_a_lower_link() -> None:
    def work() -> None:
        tunnel = {"vxlan": "x0", "vni": 7, "udp_port": 4789, "up": True, "mark": "main:network:lan"}
        rows = [tunnel, API, macvlan("api", "/x0", mac="02:00:00:00:00:0a", sysctls={"ipv4/arp_notify": "1"}), address("api", "192.0.2.10/24")]
        settle(rows)

        def fault(place: str, payload: bytes) -> Any:
            return 22 if payload[4] == 20 else None

        assert "put back" in failure([{**tunnel, "vni": 8}, *rows[1:3], address("api", "192.0.2.99/24")], door=Door(fault=fault))
        assert settle(rows) == []
        assert sh("ip netns exec api cat /proc/sys/net/ipv4/conf/eth0/arp_notify").strip() == "1"

    in_fresh_network(work)


def test_a_tunnel_into_a_container_uses_the_underlay_of_the_host() -> None:
    def work() -> None:
        sh(
            """
            ip netns add far; ip link add under0 type veth peer name under0 netns far
            ip address add 198.51.100.1/24 dev under0; ip link set under0 up; ip -n far address add 198.51.100.2/24 dev under0; ip -n far link set under0 up
            ip -n far link add vx0 type vxlan id 7 dstport 4789 remote 198.51.100.1 local 198.51.100.2
            ip -n far address add 10.7.0.2/24 dev vx0; ip -n far link set vx0 up
            """
        )
        fixed = {"vni": 7, "udp_port": 4789, "local": "198.51.100.1", "ttl": 64, "learning": False, "lower_place": ""}
        tunnel = {"vxlan": "vx0", "in": "api", **fixed, "remote": "198.51.100.9", "up": True, "mark": "main:link:w"}
        rows = [API, tunnel, address("api", "10.7.0.1/24", "vx0")]
        settle(rows)
        right = {**tunnel, "remote": "198.51.100.2"}
        assert settle([API, right, rows[2]]) == ["~ vxlan vx0 in api: remote 198.51.100.9 → 198.51.100.2"]
        sh("ip netns exec api ping -c1 -W2 10.7.0.2")
        bound = {**right, "device": "under0"}
        assert settle([API, bound, rows[2]]) == ["~ vxlan vx0 in api: device none → under0"]
        sh("ip netns exec api ping -c1 -W2 10.7.0.2")
        settle([])
        assert shown("vx0", "api") is None

    in_fresh_network(work)


def test_rules_and_routes_of_others_stay() -> None:
    def work() -> None:
        sh(
            """
            ip netns add plain; ip -n plain link add lan0 type bridge; ip -n plain link set lan0 addrgenmode none
            ip -n plain link set lan0 up; ip -n plain address add 10.1.0.5/24 dev lan0
            ip -n plain rule add from 10.1.0.7 table 77 priority 700; ip -n plain route add 10.77.0.0/16 dev lan0 table 77
            ip -n plain route add blackhole 10.78.0.0/16
            """
        )
        before = sh("ip -n plain rule; ip -n plain route show table all")
        rows: List[Any] = [
            {"rule": "10.1.0.5/32", "in": "plain", "priority": 1000, "table": 1000001},
            {"route": "0.0.0.0/0", "in": "plain", "table": 1000001, "via": "10.1.0.1", "dev": "lan0", "source": "10.1.0.5"},
            {"route": "10.66.0.0/16", "in": "plain", "table": 1000001, "type": "unreachable"},
            {"route": "10.67.0.0/16", "in": "plain", "type": "blackhole"},
        ]
        assert len(settle(rows)) == 4
        assert "from 10.1.0.5 lookup 1000001 proto 76" in sh("ip -n plain rule")
        assert "src 10.1.0.5" in sh("ip -n plain route show table 1000001")
        assert settle([{**rows[0], "table": 1000002}, rows[3]], places=("netns:plain",)) == [
            "~ rule 1000 from 10.1.0.5/32 in plain: table 1000001 → 1000002",
            "- route 0.0.0.0/0 table 1000001 in plain",
            "- route 10.66.0.0/16 table 1000001 in plain",
        ]
        assert len(settle([], places=("netns:plain",))) == 2
        assert sh("ip -n plain rule; ip -n plain route show table all") == before
        assert run_engine([{"route": "10.78.0.0/16", "in": "plain", "via": "10.1.0.1", "dev": "lan0"}]) == []
        assert sh("ip -n plain rule; ip -n plain route show table all") == before

    in_fresh_network(work)


def test_scopes_in_one_container_keep_their_rules_and_routes() -> None:
    def work() -> None:
        def rows(scope: str, number: int) -> List[Any]:
            device, ip = "lan%d" % number, "10.%d.0.5" % number
            return [
                {"bridge": device, "in": "api", "up": True, "mark": scope + ":object"},
                address("api", ip + "/24", device),
                {"rule": ip + "/32", "in": "api", "priority": 1000, "table": 1000 + number},
                {"route": "0.0.0.0/0", "in": "api", "table": 1000 + number, "via": "10.%d.0.1" % number, "dev": device},
                {"route": "10.66.0.0/16", "in": "api", "table": 1000 + number, "type": "blackhole"},
                {"route": "10.6%d.0.0/16" % number, "in": "api", "type": "blackhole"},
            ]

        sh("ip netns add api")
        settle(rows("main", 1))
        settle(rows("second", 2), scope="second")
        assert run_engine(rows("main", 1)) == []
        removed = settle([], scope="second", places=("netns:api",))
        assert all("10.1." not in line and "1001" not in line and "10.61" not in line for line in removed), removed
        # Of a route that no link and no table of a scope tells of, one cannot know whose it was before the other scope has left.
        assert run_engine(rows("main", 1)) == ["- route 10.62.0.0/16 in api"]

    in_fresh_network(work)


def test_proxies_show_and_those_of_others_stay() -> None:
    def work() -> None:
        sh("ip link add lan0 type bridge; ip link set lan0 up; ip neigh add proxy 192.0.2.99 dev lan0")
        before = sh("ip neigh show proxy; ip -6 neigh show proxy")
        rows = [{"proxy": "192.0.2.70", "dev": "lan0"}, {"proxy": "2001:db8::70", "dev": "lan0"}]
        assert len(settle(rows)) == 2
        assert "192.0.2.70 dev lan0 proxy proto 76" in sh("ip neigh show proxy")
        assert len(settle([])) == 2
        assert sh("ip neigh show proxy; ip -6 neigh show proxy") == before

    in_fresh_network(work)


def test_options_of_a_bridge_change_in_place() -> None:
    def work() -> None:
        settle([LAN])
        options = {"stp": True, "priority": 4096, "ageing_time": 30, "multicast_snooping": False}
        assert len(settle([{**LAN, **options}])) == 1
        data = shown("lan0")["linkinfo"]["info_data"]
        assert (data["stp_state"], data["priority"], data["ageing_time"], data["mcast_snooping"]) == (1, 4096, 3000, 0)

    in_fresh_network(work)


def test_vlans_of_ports_are_kept_or_refused_in_clear_words() -> None:
    def work() -> None:
        port = {"vxlan": "x0", "vni": 7, "udp_port": 4789, "up": True, "master": "lan0", "mark": "main:object"}
        rows = [{**LAN, "vlan_filtering": True}, port, {"port_vlan": 12, "dev": "x0", "untagged": True, "native": True}, {"port_vlan": 13, "dev": "x0"}]
        if "not supported" in sh("ip link add b0 type bridge vlan_filtering 1 2>&1 || true"):
            before = state()
            error = failure(rows)
            assert error.startswith("nothing was changed:\n- this kernel has no bridges that tell VLANs apart (")
            assert ", needed for bridge lan0" in error
            assert state() == before
            return
        sh("ip link delete b0")
        assert settle(rows) == ["+ bridge lan0", "+ vxlan x0", "+ vlan 12 on x0", "+ vlan 13 on x0", "- vlan 1 on x0"]
        assert len(settle([rows[0], port, {**rows[2], "native": False}])) == 2
        settle([])

    in_fresh_network(work)
