# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel says in few messages where programs and files would take hundreds: dumps, read without any library."""

from __future__ import annotations

import socket
import struct
from typing import Dict, Iterator, List

NETLINK_ROUTE, NETLINK_NETFILTER = 0, 12
NLM_F_REQUEST, NLM_F_DUMP_REQUEST, NLM_F_DUMP_INTR = 0x01, 0x301, 0x10
NLMSG_ERROR, NLMSG_DONE = 2, 3
RTM_GETLINK, RTM_GETNEIGHTBL = 18, 66
NFT_GETGEN, NFTA_GEN_ID = 0xA10, 1
SO_NETNS_COOKIE = 71
# linux/if_link.h, linux/neighbour.h
IFLA_IFNAME, IFLA_AF_SPEC, IFLA_INET_CONF, IFLA_INET6_CONF = 3, 26, 1, 2
NDTA_PARMS, NDTPA_IFINDEX, NDTPA_REFCNT, NDTPA_REACHABLE_TIME = 6, 1, 2, 3
# As their files below net/ipv4/conf, net/ipv6/conf and net/ipv4/neigh are called, in the order of linux/ip.h, linux/ipv6.h and linux/neighbour.h.
CONF_4 = """
    forwarding mc_forwarding proxy_arp accept_redirects secure_redirects send_redirects shared_media rp_filter accept_source_route bootp_relay log_martians
    tag arp_filter medium_id disable_xfrm disable_policy force_igmp_version arp_announce arp_ignore promote_secondaries arp_accept arp_notify accept_local
    src_valid_mark proxy_arp_pvlan route_localnet igmpv2_unsolicited_report_interval igmpv3_unsolicited_report_interval ignore_routes_with_linkdown
    drop_unicast_in_l2_multicast drop_gratuitous_arp bc_forwarding arp_evict_nocarrier
""".split()
CONF_6 = """
    forwarding hop_limit mtu accept_ra accept_redirects autoconf dad_transmits router_solicitations router_solicitation_interval router_solicitation_delay
    use_tempaddr temp_valid_lft temp_prefered_lft regen_max_retry max_desync_factor max_addresses force_mld_version accept_ra_defrtr accept_ra_pinfo
    accept_ra_rtr_pref router_probe_interval accept_ra_rt_info_max_plen proxy_ndp optimistic_dad accept_source_route mc_forwarding disable_ipv6 accept_dad
    force_tllao ndisc_notify mldv1_unsolicited_report_interval mldv2_unsolicited_report_interval suppress_frag_ndisc accept_ra_from_local use_optimistic
    accept_ra_mtu stable_secret use_oif_addrs_only accept_ra_min_hop_limit ignore_routes_with_linkdown drop_unicast_in_l2_multicast drop_unsolicited_na
    keep_addr_on_down router_solicitation_max_interval seg6_enabled seg6_require_hmac enhanced_dad addr_gen_mode disable_policy accept_ra_rt_info_min_plen
    ndisc_tclass rpl_seg_enabled ra_defrtr_metric ioam6_enabled ioam6_id ioam6_id_wide ndisc_evict_nocarrier accept_untracked_na accept_ra_min_lft
    force_forwarding
""".split()
NEIGH = """
    base_reachable_time_ms retrans_time_ms gc_stale_time delay_first_probe_time unres_qlen app_solicit ucast_solicit mcast_solicit anycast_delay proxy_delay
    proxy_qlen locktime unres_qlen_bytes mcast_resolicit padding interval_probe_time_ms
""".split()
FIRST_NEIGH = 4
# The last are the same in other units.
TOLD_SETTINGS = {*CONF_4, *CONF_6, *NEIGH, "base_reachable_time", "retrans_time"}
FAMILIES = {socket.AF_INET: ("ipv4", IFLA_INET_CONF, CONF_4), socket.AF_INET6: ("ipv6", IFLA_INET6_CONF, CONF_6)}


class Torn(Exception):
    """Something changed while the kernel told of it."""


def dump(message: int, body: bytes, protocol: int = NETLINK_ROUTE) -> List[bytes]:
    """Return what the kernel has of a kind, each without its header."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as line:
        while True:
            line.sendall(struct.pack("=IHHII", 16 + len(body), message, NLM_F_DUMP_REQUEST, 1, 0) + body)
            try:
                return list(_read_answers(line))
            except Torn:
                pass


def namespace_cookie() -> int:
    """Return the number that this network namespace has and no other ever had."""
    with socket.socket(socket.AF_UNIX) as anything:
        return int.from_bytes(anything.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8), "little")


def ruleset_generation() -> int:
    """Return what counts the changes of this namespace's rules."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as line:
        line.sendall(struct.pack("=IHHII", 20, NFT_GETGEN, NLM_F_REQUEST, 1, 0) + bytes(4))
        answer = next(_read_answers(line))
    return int.from_bytes(_attributes(answer, 4)[NFTA_GEN_ID], "big")


def _read_answers(line: socket.socket) -> Iterator[bytes]:
    torn = False
    while True:
        data, start = line.recv(1 << 18), 0
        while start < len(data):
            length, kind, flags = struct.unpack_from("=IHH", data, start)
            torn = torn or bool(flags & NLM_F_DUMP_INTR)
            if kind == NLMSG_ERROR:
                raise OSError(-struct.unpack_from("=i", data, start + 16)[0], "the kernel does not tell")
            if kind == NLMSG_DONE:
                if torn:
                    raise Torn
                return
            yield data[start + 16 : start + length]
            start += (length + 3) & ~3


def _attributes(data: bytes, start: int = 0) -> Dict[int, bytes]:
    found: Dict[int, bytes] = {}
    while start + 4 <= len(data):
        length, number = struct.unpack_from("=HH", data, start)
        found[number & 0x3FFF] = data[start + 4 : start + length]
        start += (length + 3) & ~3
    return found


def read_link_settings() -> Iterator[str]:
    """Yield the settings of each link that have files below net/ipv4 and net/ipv6, in the units of the kernel's messages."""
    names: Dict[int, str] = {}
    for link in dump(RTM_GETLINK, bytes(16)):
        attributes = _attributes(link, 16)
        name = attributes[IFLA_IFNAME].rstrip(b"\0").decode()
        names[struct.unpack_from("=i", link, 4)[0]] = name
        for family, spec in _attributes(attributes.get(IFLA_AF_SPEC, b"")).items():
            if family in FAMILIES:
                label, number, words = FAMILIES[family]
                conf = _attributes(spec).get(number, b"")
                for place, value in enumerate(struct.unpack("=%di" % (len(conf) // 4), conf)):
                    yield "sysctl net/%s/conf/%s/%s = %d" % (label, name, _word(words, place), value)
    yield from _neighbour_settings(names)


def _neighbour_settings(names: Dict[int, str]) -> Iterator[str]:
    for table in dump(RTM_GETNEIGHTBL, bytes(4)):
        if table[0] in FAMILIES:
            settings = _attributes(_attributes(table, 4).get(NDTA_PARMS, b""))
            name = names.get(int.from_bytes(settings.pop(NDTPA_IFINDEX, b""), "little"), "default")
            for number, value in settings.items():
                # How many use it, and a time that the kernel draws anew now and then.
                if number not in (NDTPA_REFCNT, NDTPA_REACHABLE_TIME):
                    yield "sysctl net/%s/neigh/%s/%s = %d" % (FAMILIES[table[0]][0], name, _word(NEIGH, number - FIRST_NEIGH), int.from_bytes(value, "little"))


def _word(words: List[str], place: int) -> str:
    return words[place] if 0 <= place < len(words) else "number %d" % place
