# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One declaration for each thing a user can ask of a host. Every test that runs over 'all cases' runs over these."""

from __future__ import annotations

from typing import Any, Dict, List

from harness.engine import Declaration, give_uplink
from harness.host import bind_space, sh

V4 = {"subnet": "10.20.0.0/24", "gateway": "10.20.0.1"}
V6 = {"subnet": "fd00:20::/64", "gateway": "fd00:20::1"}
BOX = "/run/box/one"


def network(name: str = "web", *subnets: Dict[str, Any], **options: Any) -> Dict[str, Any]:
    return {"name": name, "ipam_config": list(subnets), **options}


def endpoint(name: str, *networks: Any, **options: Any) -> Dict[str, Any]:
    return {"name": name, "container": {"netns": name}, "networks": list(networks), **options}


def two(attachment: Any = "web", **options: Any) -> List[Dict[str, Any]]:
    return [endpoint("a", attachment, **options), endpoint("b", attachment)]


def plain(*subnets: Dict[str, Any], **options: Any) -> Declaration:
    """One bridge network with two endpoints."""
    return Declaration([network("web", *subnets, **options)], two(), prepare=give_uplink)


def make_box() -> None:
    give_uplink()
    bind_space(BOX)


def make_foreign_bridge() -> None:
    """A bridge somebody else made and uses."""
    give_uplink()
    sh(
        """
        ip link add br-lan address 02:00:00:00:0f:01 mtu 1400 type bridge
        ip link add lan0 address 02:00:00:00:0f:02 type veth peer name lan1 address 02:00:00:00:0f:03
        ip link set lan0 master br-lan; ip link set lan0 up; ip link set lan1 up; ip link set br-lan up
        ip address add 10.20.0.200/24 dev br-lan
        """
    )


LAN4, LAN6 = {"subnet": "192.0.2.0/24", "gateway": "192.0.2.2"}, {"subnet": "2001:db8:2::/64", "gateway": "2001:db8:2::2"}


def lan(*endpoints: str, driver: str = "macvlan", name: str = "lan", **options: Any) -> Declaration:
    """A network on the LAN of the host's eth0, with endpoints from .10 on."""
    there = [
        endpoint(other, {"name": name, "ipv4_address": "192.0.2.%d" % number, "ipv6_address": "2001:db8:2::%d" % number})
        for number, other in enumerate(endpoints, 10)
    ]
    return Declaration([network(name, LAN4, LAN6, driver=driver, **options)], there, prepare=give_uplink)


def overlay(vtep: str, other: str, third: str, **options: Any) -> Declaration:
    """One host of an overlay of three, with the rows a fleet's plan would give it."""
    mesh = {
        "name": "mesh",
        "driver": "overlay",
        "vni": 4200,
        "vtep_address": vtep,
        "ipam_config": [{"subnet": "10.60.0.0/16"}, {"subnet": "fd60::/64"}],
        **options,
    }
    rows = {
        "peers": [{"host": "h1", "vtep": vtep}, {"host": "h2", "vtep": other}, {"host": "h3", "vtep": third}],
        "endpoints": [
            {"name": "far", "mac": "02:00:00:00:60:02", "vtep": other, "addresses": ["10.60.0.2", "fd60::2"]},
            {"name": "farther", "mac": "02:00:00:00:60:03", "vtep": third, "addresses": ["10.60.0.3", "fd60::3"]},
        ],
    }
    here = {"name": "mesh", "ipv4_address": "10.60.0.1", "ipv6_address": "fd60::1"}
    return Declaration([mesh], [endpoint("near", here)], overlays={"mesh": rows}, prepare=give_uplink)


PORTS = [
    "8080:80/tcp",
    "5353:53/udp",
    "9900:9900/sctp",
    "7000-7009:7000-7009/tcp",
    "7100-7103:80-83/udp",
    {"published": 8443, "target": 443, "host_ip": "192.0.2.1", "allowed_sources": ["198.51.100.0/24", "192.0.2.2"]},
    {"published": 8444, "target": 443, "host_ip": "2001:db8:2::1"},
    {"published": 8445, "target": 443, "host_ip": "0.0.0.0"},
    "127.0.0.1:8445:443",
]

CASES: Dict[str, Declaration] = {
    "bridge-v4": plain(V4),
    "bridge-v6": plain(V6),
    "bridge-dual": plain(V4, V6),
    "no-gateway-given": plain({"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}),
    "derived-ipv6": plain(V4, enable_ipv6=True),
    "internal": plain(V4, V6, internal=True),
    "no-icc": plain(V4, V6, enable_icc=False),
    "several-subnets": Declaration(
        [network("web", V4, {"subnet": "10.21.0.0/24", "gateway": "10.21.0.1"}, V6, {"subnet": "fd00:21::/64"})],
        [endpoint("a", {"name": "web", "ipv4_address": "10.21.0.7"}), endpoint("b", {"name": "web", "ipv6_address": "fd00:21::7"})],
        prepare=give_uplink,
    ),
    "no-gateway-on-host": plain(V4, V6, gateway_on_host=False),
    "hairpin": plain(V4, hairpin=True),
    "no-masquerade": plain(V4, V6, masquerade=False, trusted_interfaces=["eth0"]),
    "no-masquerade-towards": plain(V4, V6, no_masquerade=["198.51.100.0/24", "192.0.2.2", "::/0"], mss_clamp="pmtu"),
    "clamped": plain(V4, V6, mss_clamp=1300),
    "snat": plain(V4, V6, snat_address=["192.0.2.1", "2001:db8:2::1"]),
    "host-access": plain(V4, V6, host_access=["53/udp", "53/tcp"]),
    "host-access-none": plain(V4, host_access="none"),
    "mtu": plain(V4, V6, mtu=1400),
    "ports": Declaration([network("web", V4, V6)], two(ports=PORTS), prepare=give_uplink),
    "layer-2-only": Declaration([network("web")], two({"name": "web", "ipam": "none"}), prepare=give_uplink),
    "network-alone": Declaration([network("web", V4, V6)], prepare=give_uplink),
    "custom-names-and-macs": Declaration(
        [network("web", V4, bridge_name="swe0", mac_address="02:00:00:00:20:01")],
        [
            endpoint(
                "a", {"name": "web", "interface_name": "net0", "host_interface_name": "a-web", "mac_address": "02:00:00:00:20:02", "ipv4_address": "10.20.0.9"}
            )
        ],
        prepare=give_uplink,
    ),
    "sysctls": Declaration(
        [network("web", V4)],
        [
            endpoint(
                "a",
                {"name": "web", "sysctls": {"net.ipv4.conf.IFNAME.rp_filter": "2", "net.ipv4.neigh.IFNAME.gc_stale_time": 77}},
                sysctls={"net.ipv4.ip_unprivileged_port_start": 0},
            )
        ],
        prepare=give_uplink,
    ),
    "two-networks": Declaration(
        [
            network("web", V4, V6),
            network("db", {"subnet": "10.22.0.0/24"}, {"subnet": "fd00:22::/64"}),
            network("dark", {"subnet": "10.23.0.0/24"}, internal=True),
        ],
        [endpoint("a", {"name": "web"}, {"name": "db", "gw_priority": 10}, "dark", ports=["8080:80"]), endpoint("b", "web", "dark")],
        prepare=give_uplink,
    ),
    "routes": Declaration(
        [network("web", V4, V6), network("dark", {"subnet": "10.23.0.0/24"}, internal=True)],
        [
            endpoint(
                "a",
                {"name": "web", "routes": [{"destination": "10.9.0.0/16", "gateway": "10.20.0.254", "metric": 10}]},
                {"name": "dark", "ipv4_address": "10.23.0.5", "routes": [{"destination": "0.0.0.0/0", "gateway": "10.23.0.9", "metric": 50}]},
                routes=[{"destination": "198.51.100.0/24", "type": "blackhole"}, {"destination": "fd09::/64", "type": "prohibit", "metric": 7}],
            )
        ],
        prepare=give_uplink,
    ),
    "tables-and-further-addresses": Declaration(
        [network("web", V4, V6), network("dark", {"subnet": "10.23.0.0/24"}, {"subnet": "fd00:23::/64"}, internal=True, group_fwd_mask=16384)],
        [
            endpoint(
                "a",
                {"name": "web", "ipv4_address": "10.20.0.5", "ipv6_address": "fd00:20::5", "addresses": ["10.20.0.6", "fd00:20::6"]},
                {"name": "dark", "ipv4_address": "10.23.0.5", "ipv6_address": "fd00:23::5"},
                routes=[
                    {"destination": "10.9.0.0/16", "table": 100, "nexthops": [{"gateway": "10.20.0.9"}, {"gateway": "10.23.0.9", "weight": 3}]},
                    {"destination": "fd09::/64", "table": 100, "nexthops": [{"gateway": "fd00:20::9"}, {"gateway": "fd00:23::9"}]},
                    {"destination": "10.8.0.0/16", "gateway": "10.20.0.9", "src": "10.20.0.6"},
                ],
                rules=[{"fwmark": 7, "table": 100, "priority": 10}, {"from": "10.20.0.6", "to": "10.9.0.0/16", "table": 100, "priority": 20}],
            ),
            endpoint("b", {"name": "web", "up": False}),
        ],
        prepare=give_uplink,
    ),
    "policies": Declaration(
        [network("web", V4, V6), network("db", {"subnet": "10.22.0.0/24"}, {"subnet": "fd00:22::/64"})],
        [endpoint("a", "web", groups=["front"], ports=["8080:80"]), endpoint("b", "web", groups=["front"]), endpoint("d", "db")],
        policies=[
            {"name": "front-db", "from": {"groups": ["front"]}, "to": {"endpoints": ["d"]}, "ports": ["5432/tcp", "53-54/udp"], "action": "allow"},
            {"name": "not-them", "from": {"cidrs": ["198.51.100.0/24", "2001:db8:51::/64"]}, "to": {"networks": ["web"]}, "action": "deny", "log": True},
        ],
        prepare=give_uplink,
    ),
    "overlay-v4": overlay("192.0.2.1", "192.0.2.2", "192.0.2.3"),
    "overlay-v6": overlay("2001:db8:2::1", "2001:db8:2::2", "2001:db8:2::3", underlay_interface="eth0", udp_port=4790),
    "path": Declaration(
        [network("web", V4, V6)], [{"name": "a", "container": {"path": BOX}, "networks": ["web"], "ports": ["8080:80"]}, endpoint("b", "web")], prepare=make_box
    ),
    "foreign-bridge": Declaration([network("web", V4, bridge_name="br-lan")], two(), prepare=make_foreign_bridge),
    "options-of-an-attachment": Declaration(
        [network("web", V4, V6), network("small", {"subnet": "10.23.0.0/24"})],
        [
            endpoint(
                "a",
                {"name": "web", "mtu": 1400, "isolated": True, "promisc": True, "allmulti": True, "txqueuelen": 500, "dscp": 46},
                {"name": "small", "mtu": 1000},
            ),
            endpoint("b", "web"),
        ],
        prepare=give_uplink,
    ),
    "limits": Declaration(
        [network("web", V4, V6), network("dark", {"subnet": "10.23.0.0/24"}, internal=True)],
        [
            endpoint(
                "a", {"name": "web", "ingress_rate": "10mbit", "egress_rate": "1gbit", "egress_burst": "2mib"}, {"name": "dark", "egress_rate": "500kbit"}
            ),
            endpoint("b", {"name": "web", "ingress_rate": "32gbit"}),
        ],
        prepare=give_uplink,
    ),
    "macvlan-with-a-limit": Declaration(
        [network("lan", LAN4, driver="macvlan")],
        [endpoint("a", {"name": "lan", "egress_rate": "8kbit", "ipv4_address": "192.0.2.10"})],
        prepare=give_uplink,
    ),
    "macvlan-with-options-of-an-attachment": Declaration(
        [network("lan", LAN4, driver="macvlan")],
        [endpoint("a", {"name": "lan", "mtu": 1000, "promisc": True, "txqueuelen": 0, "ipv4_address": "192.0.2.10"})],
        prepare=give_uplink,
    ),
    "macvlan": lan("a", "b", parent="eth0"),
    "macvlan-default-parent": lan("a"),
    "macvlan-private": lan("a", "b", parent="eth0", mode="private", broadcast_queue_length=500),
    "macvlan-vepa": lan("a", parent="eth0", mode="vepa", mtu=1400),
    "macvlan-host-access": lan("a", "b", parent="eth0", host_access=True),
    "macvlan-layer-2-only": Declaration([network("lan", driver="macvlan")], two({"name": "lan", "ipam": "none"}), prepare=give_uplink),
    "macvlan-beside-a-bridge": Declaration(
        [network("lan", {"subnet": "192.0.2.0/24", "ip_range": "192.0.2.64/26"}, driver="macvlan", host_access=True, shim_name="shim0"), network("web", V4)],
        [endpoint("a", "lan", "web", ports=["8080:80"]), endpoint("b", "lan")],
        prepare=give_uplink,
    ),
    "nothing": Declaration(prepare=give_uplink),
}
