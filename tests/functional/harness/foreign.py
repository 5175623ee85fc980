# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Things on a host that are nobody's business but their owner's: what Docker, libvirt, ufw, kube-proxy and an administrator leave there."""

from __future__ import annotations

from harness.host import sh

V4_RULES = """
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
:DOCKER-FORWARD - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-FIREWALL - [0:0]
:LIBVIRT_FWI - [0:0]
:LIBVIRT_FWO - [0:0]
:LIBVIRT_INP - [0:0]
:ufw-before-input - [0:0]
:ufw-before-forward - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j LIBVIRT_INP
-A INPUT -j KUBE-FIREWALL
-A INPUT -j ufw-before-input
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A FORWARD -j ufw-before-forward
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -o docker0 -j DOCKER
-A DOCKER-FORWARD -i docker0 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules, \\"quoted\\"" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -j DROP
-A LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT
-A LIBVIRT_FWO -i virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 53 -j ACCEPT
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-POSTROUTING - [0:0]
:LIBVIRT_PRT - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -j LIBVIRT_PRT
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 18080 -j DNAT --to-destination 172.17.0.2:80
-A LIBVIRT_PRT -s 192.168.122.0/24 -d 224.0.0.0/24 -j RETURN
-A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -j MASQUERADE --random-fully
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
COMMIT
"""
# What firewalld, or an administrator, says without iptables.
TABLES = """
table inet filter {
    set trusted {
        type ipv4_addr
        elements = { 198.51.100.7, 198.51.100.8 }
    }
    chain forward {
        type filter hook forward priority filter + 10; policy accept;
        iifname "virbr0" ip saddr @trusted counter accept
    }
    chain input {
        type filter hook input priority filter; policy accept;
        tcp dport 22 accept comment "administrators"
    }
}
table ip nat-of-mine {
    chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        oifname "virbr0" masquerade
    }
}
table bridge guard {
    chain forward {
        type filter hook forward priority 0; policy accept;
        ether saddr 02:42:00:00:00:66 drop
    }
}
"""
V6_RULES = """
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
:ufw6-before-input - [0:0]
-A INPUT -j ufw6-before-input
-A FORWARD -j DOCKER-USER
-A ufw6-before-input -i lo -j ACCEPT
-A ufw6-before-input -s fe80::/10 -p ipv6-icmp -m icmp6 --icmpv6-type 134 -j ACCEPT
COMMIT
"""


def add_foreign_things() -> None:
    """Everything with fixed MACs, so that two hosts with it are alike; without a forward delay, after which the kernel would tell of ports again."""
    sh(
        """
        echo 1 > /proc/sys/net/ipv6/conf/all/disable_policy
        ip link add docker0 address 02:42:00:00:00:01 type bridge forward_delay 0; ip link set docker0 alias 'the other one'
        ip address add 172.17.0.1/16 dev docker0; ip link set docker0 up
        ip netns add theirs; ip -n theirs link set lo up
        ip link add veth9 address 02:42:00:00:00:02 type veth peer name eth0 address 02:42:00:00:00:03 netns theirs
        ip link set veth9 master docker0; ip link set veth9 up type bridge_slave hairpin on
        ip -n theirs address add 172.17.0.2/16 dev eth0; ip -n theirs link set eth0 up; ip -n theirs route add default via 172.17.0.1
        ip link add vxlan7 address 02:42:00:00:00:04 type vxlan id 7 dstport 8472 local 192.0.2.77 nolearning; ip link set vxlan7 up
        bridge fdb append 02:42:00:00:07:07 dev vxlan7 dst 192.0.2.78
        ip neighbour add 172.17.0.9 lladdr 02:42:00:00:00:09 dev docker0 nud permanent
        ip link add p0 address 02:42:00:00:00:05 type veth peer name p1 address 02:42:00:00:00:06
        ip link set p0 up; ip link set p1 up; ip address add 198.51.100.1/24 dev p0; ip address add 2001:db8:51::1/64 dev p0 nodad
        echo 2 > /proc/sys/net/ipv4/conf/p0/rp_filter
        ip route add 203.0.113.0/24 via 198.51.100.9 dev p0 proto static; ip -6 route add 2001:db8:113::/48 via 2001:db8:51::9 dev p0 metric 77
        ip route add 203.0.113.0/24 dev p0 table 77; ip route add blackhole 203.0.113.128/25
        ip rule add from 198.51.100.0/24 lookup 77 priority 500; ip -6 rule add from 2001:db8:51::/64 lookup 77 priority 500
        iptables-restore <<'RULES'
%s
RULES
        ip6tables-restore <<'RULES'
%s
RULES
        """
        % (V4_RULES.strip(), V6_RULES.strip())
    )


def add_native_tables() -> None:
    """Tables that iptables knows nothing of, and sees nothing of."""
    sh("nft -f - <<'TABLES'\n%s\nTABLES" % TABLES.strip())


def native_tables() -> str:
    """Return all tables but ours and those that iptables keeps in nft for itself, with their counters' values and handles left out."""
    found = ["%s %s" % tuple(line.split()[1:3]) for line in sh("nft list tables").splitlines()]
    kept = [table for table in found if table.split()[1] not in ("raw", "nat", "mangle", "security") and table not in ("ip filter", "ip6 filter")]
    kept = [table for table in kept if not table.startswith("bridge container_net.")]
    return "".join(sh("nft --stateless list table %s" % table) for table in sorted(kept))
