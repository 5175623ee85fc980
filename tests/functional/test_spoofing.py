# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Frames that say they are somebody else's: each arrives where anti_spoofing is off, and none where it is not; what is the endpoint's own always does."""

from __future__ import annotations

import ipaddress
import socket
import struct
from dataclasses import replace
from typing import Any, Dict, Optional, Sequence, Set, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.addresses import link_local_of
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import EnvironmentUnfit
from ansible_collections.netloom.container_net.plugins.module_utils._report.drift import describe_drift
from harness.declarations import V4, V6, endpoint, network, overlay
from harness.engine import Declaration, Tools, converge, foretell, lines, settle
from harness.host import entered, sh
from harness.traffic import Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()

BAD, GOOD, GATEWAY, BEHIND = "02:00:00:00:00:0b", "02:00:00:00:00:0c", "02:00:00:00:00:01", "02:00:00:00:00:bb"
FOUR, SIX = {"bad": "10.20.0.11", "good": "10.20.0.12", "gateway": "10.20.0.1"}, {"bad": "fd00:20::11", "good": "fd00:20::12", "gateway": "fd00:20::1"}
NOWHERE = {4: "0.0.0.0", 6: "::"}
IP, ARP, IP6, VLAN = 0x0800, 0x0806, 0x86DD, 0x8100
UDP, ICMP6, IGMP, HOP_BY_HOP = 17, 58, 2, 0
MARK = b"-frame-"


def octets(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def frame(protocol: int, payload: bytes, mac: str = BAD) -> bytes:
    return octets(GOOD) + octets(mac) + struct.pack("!H", protocol) + payload


def ip4(source: str, protocol: int = UDP, payload: bytes = b"", **options: Any) -> bytes:
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0)
    return frame(IP, header + packed(source) + packed(FOUR["good"]) + payload, **options)


def ip6(source: str, protocol: int = UDP, payload: bytes = b"", **options: Any) -> bytes:
    return frame(IP6, struct.pack("!IHBB", 6 << 28, len(payload), protocol, 255) + packed(source) + packed(SIX["good"]) + payload, **options)


def udp(source: int, destination: int) -> bytes:
    return struct.pack("!HHHH", source, destination, 8, 0)


def arp(sender: str, target: str = FOUR["good"], mac: str = BAD, reply: bool = True) -> bytes:
    return frame(ARP, struct.pack("!HHBBH", 1, IP, 6, 4, 1 + reply) + octets(mac) + packed(sender) + bytes(6) + packed(target))


def option(kind: int, mac: str) -> bytes:
    return bytes((kind, 1)) + octets(mac)


def claim(target: str, *options: bytes) -> bytes:
    return struct.pack("!BBHI", 136, 0, 0, 0x60000000) + packed(target) + b"".join(options)


def question(target: str, *options: bytes) -> bytes:
    return struct.pack("!BBHI", 135, 0, 0, 0) + packed(target) + b"".join(options)


ADVERTISEMENT = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
NOTHING_BEFORE = bytes((ICMP6, 0, 1, 4, 0, 0, 0, 0))  # a header of hop-by-hop options that says nothing
OWN_LINK_LOCAL, NONCE = link_local_of(BAD), bytes((14, 1)) + bytes(6)

OWN: Dict[str, bytes] = {
    "IPv4": ip4(FOUR["bad"], payload=udp(1024, 9)),
    "IPv6": ip6(SIX["bad"], payload=udp(1024, 9)),
    "IPv6 of the link": ip6(OWN_LINK_LOCAL, payload=udp(1024, 9)),
    "ARP answer": arp(FOUR["bad"]),
    "ARP probe": arp(NOWHERE[4], FOUR["bad"], reply=False),
    "claim": ip6(SIX["bad"], ICMP6, claim(SIX["bad"], option(2, BAD))),
    "claim without its MAC": ip6(SIX["bad"], ICMP6, claim(SIX["bad"])),
    "question": ip6(SIX["bad"], ICMP6, question(SIX["good"], option(1, BAD))),
    "question whether an address is free": ip6(NOWHERE[6], ICMP6, question(OWN_LINK_LOCAL, NONCE)),
    "question for a lease": ip4(NOWHERE[4], payload=udp(68, 67)),
    "question for a group": ip4(NOWHERE[4], IGMP, bytes(8)),
    "question for a router": ip6(OWN_LINK_LOCAL, ICMP6, struct.pack("!BBHI", 133, 0, 0, 0)),
}
LIES: Dict[str, bytes] = {
    "MAC nobody has": frame(0x88B5, b"", mac="02:00:00:00:00:99"),
    "IPv4 of the gateway": ip4(FOUR["gateway"], payload=udp(1024, 9)),
    "IPv4 in a VLAN": frame(VLAN, struct.pack("!HH", 7, IP) + ip4(FOUR["gateway"])[14:]),
    "IPv4 of nobody": ip4(NOWHERE[4], payload=udp(1024, 9)),
    "IPv6 of the gateway": ip6(SIX["gateway"], payload=udp(1024, 9)),
    "IPv6 of another link": ip6("fe80::1", payload=udp(1024, 9)),
    "IPv6 of nobody": ip6(NOWHERE[6], payload=udp(1024, 9)),
    "ARP claim of the gateway": arp(FOUR["gateway"]),
    "ARP question of the gateway": arp(FOUR["gateway"], reply=False),
    "ARP claim for another MAC": arp(FOUR["bad"], mac=GATEWAY),
    "ARP probe of a neighbour's address": arp(NOWHERE[4], FOUR["good"], reply=False),
    "claim of the gateway": ip6(SIX["bad"], ICMP6, claim(SIX["gateway"], option(2, BAD))),
    "claim for another MAC": ip6(SIX["bad"], ICMP6, claim(SIX["bad"], option(2, GATEWAY))),
    "claim behind another option": ip6(SIX["bad"], ICMP6, claim(SIX["bad"], NONCE, option(2, GATEWAY))),
    "claim behind another header": ip6(SIX["bad"], HOP_BY_HOP, NOTHING_BEFORE + claim(SIX["gateway"], option(2, BAD))),
    "question for another MAC": ip6(SIX["bad"], ICMP6, question(SIX["good"], option(1, GATEWAY))),
    "question whether a neighbour's address is free": ip6(NOWHERE[6], ICMP6, question(SIX["good"])),
    "advertisement of a router": ip6(OWN_LINK_LOCAL, ICMP6, ADVERTISEMENT),
    "advertisement behind another header": ip6(OWN_LINK_LOCAL, HOP_BY_HOP, NOTHING_BEFORE + ADVERTISEMENT),
    "redirect": ip6(OWN_LINK_LOCAL, ICMP6, struct.pack("!BBHI", 137, 0, 0, 0) + bytes(32)),
    "lease": ip4(FOUR["bad"], payload=udp(67, 68)),
    "lease of IPv6": ip6(OWN_LINK_LOCAL, payload=udp(547, 546)),
    # The last one, for the bridge then takes the sender for that neighbour.
    "MAC of a neighbour": b"\xff" * 6 + octets(GOOD) + b"\x88\xb5",
}
assert len(LIES) == 23
FORWARDED = {
    name: LIES[name] for name in ("IPv4 of the gateway", "IPv4 in a VLAN", "IPv4 of nobody", "IPv6 of the gateway", "IPv6 of another link", "IPv6 of nobody")
}
ROUTERS_OWN = {name: LIES[name] for name in ("advertisement of a router", "advertisement behind another header", "redirect", "lease", "lease of IPv6")}
LAST = b"\xff" * 6 + octets(BAD) + b"\x88\xb5"


def arriving(frames: Dict[str, bytes]) -> Set[str]:
    """Send frames from one endpoint and return which the other gets. They come in order, so what has not come before the last one never does."""
    with entered("good"):
        there = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        there.bind(("eth0", 0))
        there.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        there.send(octets(BAD) + octets(GOOD) + b"\x88\xb5" + bytes(46))  # so that the bridge knows where it is
    there.settimeout(20)
    with entered("bad"), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind(("eth0", 0))
        for number, content in enumerate((*frames.values(), LAST)):
            sender.send(content.ljust(120, b"\0") + MARK + struct.pack("!I", number))
    found: Set[str] = set()
    names = list(frames)
    with there:
        while True:
            _before, mark, number = there.recv(2048).partition(MARK)
            if mark:
                (position,) = struct.unpack("!I", number[:4])
                if position == len(names):
                    return found
                found.add(names[position])


def attached(name: str, own: Dict[str, Any], network_name: str = "web", **options: Any) -> Dict[str, Any]:
    return endpoint(name, {"name": network_name, "host_interface_name": "p-" + name, **own}, **options)


def joined(driver: str, bad: Dict[str, Any], options: Dict[str, Any], **more: Any) -> Declaration:
    """Return a network of a driver with two endpoints on this host."""
    here = {"ipv4_address": FOUR["bad"], "ipv6_address": SIX["bad"], "mac_address": BAD, **bad}
    there = {"ipv4_address": FOUR["good"], "ipv6_address": SIX["good"], "mac_address": GOOD}
    if driver == "overlay":
        start = overlay("192.0.2.1", "192.0.2.3", "192.0.2.4", **{"ipam_config": [{"subnet": V4["subnet"]}, {"subnet": V6["subnet"]}], **options})
        rows = {"mesh": {"peers": start.overlays["mesh"]["peers"], "endpoints": []}} if start.overlays else None
        return replace(start, overlays=rows, endpoints=[attached("bad", here, "mesh", **more), attached("good", there, "mesh")])
    return Declaration([network("web", V4, V6, **options)], [attached("bad", here, **more), attached("good", there)])


def stand(declaration: Declaration) -> None:
    declaration.prepare()
    planned = lines(foretell(declaration))
    assert lines(converge(declaration)) == planned
    assert converge(declaration).steps == ()
    await_addresses("bad", "good")


@pytest.mark.threat("T8", "T9", "T10", "S5")
@pytest.mark.parametrize(("driver", "firewall"), [("bridge", "iptables"), ("bridge", "nftables"), ("overlay", "iptables")])
def test_an_endpoint_speaks_for_itself_only(driver: str, firewall: str) -> None:
    open_to_all = replace(joined(driver, {}, {"anti_spoofing": False}), firewall=firewall)
    stand(open_to_all)
    assert arriving({**OWN, **LIES}) == {*OWN, *LIES}
    closed = replace(joined(driver, {}, {}), firewall=firewall)
    assert lines(converge(closed)) == ["+ anti-spoofing of scope main"]
    assert converge(closed).steps == ()
    assert arriving({**OWN, **LIES}) == set(OWN)
    for space, other in (("bad", "good"), ("good", "bad")):
        server = Server(other, other, [80])
        assert ask([(space, "tcp", FOUR[other], 80), (space, "udp", SIX[other], 80)]) == [other + " " + FOUR[space], other + " " + SIX[space]]
        server.stop()


def rows() -> int:
    return len(sh("bridge fdb show br br-web").splitlines())


def test_the_table_of_the_bridge_is_not_flooded() -> None:
    flood = {"%d" % number: frame(0x88B5, b"", mac="02:00:00:01:%02x:%02x" % divmod(number, 256)) for number in range(1000)}
    stand(joined("bridge", {}, {}))
    before = rows()
    assert arriving(flood) == set()
    assert rows() == before
    converge(joined("bridge", {}, {"anti_spoofing": False}))
    assert len(arriving(flood)) > 0
    assert rows() >= before + 1000


def test_a_router_speaks_for_whom_it_likes_by_its_own_mac() -> None:
    stand(joined("bridge", {}, {}, forwarding=True))
    assert arriving({**OWN, **LIES}) == {*OWN, *FORWARDED, *ROUTERS_OWN}


def test_who_has_the_gateways_address_is_a_router() -> None:
    gateway = {"ipv4_address": FOUR["gateway"], "ipv6_address": SIX["gateway"]}
    stand(joined("overlay", gateway, {"ipam_config": [V4, V6]}))
    passing = {"IPv4 as itself": ip4(FOUR["gateway"]), "IPv4 of a client": ip4("198.51.100.7"), "IPv6 of a client": ip6("2001:db8::7")}
    assert arriving({**passing, "MAC nobody has": LIES["MAC nobody has"]}) == set(passing)


MORE: Dict[str, Dict[str, Any]] = {
    "allowed": {"allowed_addresses": ["10.30.0.0/24", "10.30.0.128/25", "10.20.0.100", "fd00:30::/64", "fe80::1"], "allowed_macs": [BEHIND]},
    "allowed to nobody": {},
}
ALLOWED: Dict[str, bytes] = {
    "IPv4 behind it": ip4("10.30.0.200"),
    "IPv4 that moves": ip4("10.20.0.100"),
    "ARP claim of it": arp("10.20.0.100"),
    "IPv6 behind it": ip6("fd00:30::7"),
    "IPv6 of its router": ip6("fe80::1"),
    "claim of what is behind it": ip6("fd00:30::7", ICMP6, claim("fd00:30::7", option(2, BAD))),
    "MAC behind it": ip4(FOUR["bad"], mac=BEHIND),
    "IPv6 of that link": ip6(link_local_of(BEHIND), mac=BEHIND),
}
BESIDE = {"IPv4 beside it": ip4("10.31.0.1"), "IPv6 beside it": ip6("fd00:31::1"), "claim beside it": ip6(SIX["bad"], ICMP6, claim("fd00:31::1"))}


@pytest.mark.parametrize("what", MORE)
def test_what_is_allowed_beside_passes(what: str) -> None:
    stand(joined("bridge", MORE[what], {}))
    assert arriving({**ALLOWED, **BESIDE, **OWN}) == {*(ALLOWED if MORE[what] else ()), *OWN}


def test_an_endpoint_may_be_left_out_and_one_taken_in() -> None:
    stand(joined("bridge", {"anti_spoofing": False}, {}))
    assert "p-bad" not in sh("nft list ruleset")
    assert "p-good" in sh("nft list ruleset")
    assert arriving({**OWN, **LIES}) == {*OWN, *LIES}
    assert lines(converge(joined("bridge", {"anti_spoofing": True}, {"anti_spoofing": False}))) == ["~ anti-spoofing of scope main: entries +8 -8"]
    assert arriving({**OWN, **LIES}) == set(OWN)


LAYER_2 = Declaration([network("web")], [attached(name, {"ipam": "none", "mac_address": mac}) for name, mac in (("bad", BAD), ("good", GOOD))])


def test_where_no_address_is_declared_only_macs_and_routers_are_told_apart() -> None:
    stand(LAYER_2)
    told = [name for name in LIES if "MAC" in name or "another option" in name or "another header" in name or name in ROUTERS_OWN]
    assert arriving({**OWN, **LIES}) == {*OWN, *LIES} - set(told)


DAMAGES: Dict[str, str] = {
    "flush ruleset": "+ anti-spoofing of scope main",
    "flush set TABLE ports": "~ anti-spoofing of scope main: entries +2 -0",
    'add element TABLE addresses4 { "p-bad" . 10.20.0.1 }': "~ anti-spoofing of scope main: entries +0 -1",
    'delete element TABLE subnets6 { "p-bad" . fd00:30::/64 }': "~ anti-spoofing of scope main: entries +1 -0",
    "insert rule TABLE from-ports accept": "~ anti-spoofing of scope main: chains +1 -1",
    "add rule TABLE nd-targets counter": "~ anti-spoofing of scope main: chains +1 -1",
    "flush chain TABLE arp-claims": "~ anti-spoofing of scope main: chains +1 -1",
    "add chain TABLE others": "~ anti-spoofing of scope main: chains +0 -1",
    "add chain TABLE others { type filter hook input priority 0; policy drop; }": "~ anti-spoofing of scope main: chains +0 -1",
}


def test_whatever_somebody_does_to_the_table_the_next_run_mends() -> None:
    declaration = joined("bridge", MORE["allowed"], {})
    stand(declaration)
    whole = sh("nft -n list table bridge container_net.main")
    for damage, told in DAMAGES.items():
        sh("nft '%s'" % damage.replace("TABLE", "bridge container_net.main"))
        planned = lines(foretell(declaration))
        assert lines(converge(declaration)) == planned, damage
        assert told in planned, (damage, planned)
        assert sorted(sh("nft -n list table bridge container_net.main").split()) == sorted(whole.split()), damage
    assert arriving({**OWN, **LIES}) == {*OWN, "IPv6 of another link"}


def test_it_outlives_a_change_of_backend_and_goes_with_the_scope() -> None:
    declaration = joined("bridge", {}, {})
    stand(declaration)
    whole = sh("nft -n list table bridge container_net.main")
    for firewall in ("nftables", "iptables"):
        assert "anti-spoofing" not in " ".join(lines(converge(replace(declaration, firewall=firewall))))
        assert sh("nft -n list table bridge container_net.main") == whole
    assert "- anti-spoofing of scope main" in lines(converge(None))
    assert "container_net" not in sh("nft list ruleset")
    converge(declaration)
    assert "- anti-spoofing of scope main" in lines(converge(replace(declaration, firewall="none")))


def test_scopes_have_tables_of_their_own() -> None:
    stand(joined("bridge", {}, {}))
    whole = sh("nft -n list table bridge container_net.main")
    other = Declaration([network("beside", {"subnet": "10.44.0.0/24"})], [endpoint("c", "beside")])
    assert "+ anti-spoofing of scope second" in lines(converge(other, scope="second"))
    assert "- anti-spoofing of scope second" in lines(converge(None, scope="second"))
    assert sh("nft -n list table bridge container_net.main") == whole


def without_nft(_when: str, argv: Sequence[str]) -> Optional[Tuple[int, str, str]]:
    """Answer for nft as a kernel without it would."""
    return (1, "", "Error: Could not process rule: Operation not supported") if argv[0] == "nft" else None


def test_a_host_that_cannot_says_so_before_anything_changes() -> None:
    declaration = joined("bridge", {}, {})
    with pytest.raises(EnvironmentUnfit, match=r"nothing was changed: endpoints cannot be .*not supported; .*anti_spoofing: false"):
        converge(declaration, tools=Tools(around=without_nft))
    assert "br-web" not in sh("ip link")
    left_out = converge(declaration, tools=Tools(around=without_nft), skip_unsupported=True)
    assert [warning for warning in left_out.warnings if "anti_spoofing is left out" in warning]
    assert arriving(OWN) == set(OWN)
    settle(joined("bridge", {}, {"anti_spoofing": False}))


def test_what_differs_is_told_entry_by_entry() -> None:
    declaration = joined("bridge", {}, {})
    stand(declaration)
    sh("nft flush chain bridge container_net.main nd-targets; nft add element bridge container_net.main routers '{ p-bad }'")
    planned = foretell(declaration)
    assert planned.words == ("~ firewall: anti-spoofing of scope main entries +0 -1, anti-spoofing of scope main chains +1 -1",)
    drift = describe_drift("main", planned.snapshot, planned.desired, planned.steps, planned.words, planned.show_rule)
    told = [(row["item"], row["attribute"], row["declared"], row["found"]) for row in drift["rows"]]
    assert told[0] == ("firewall", "entries", None, 'routers "p-bad"')
    assert [row[3] for row in told[1:] if row[2] is None] == ["nd-targets: "]
    assert [row[2].partition(";")[0] for row in told if row[2]] == ["nd-targets: iifname @free6 return"]
