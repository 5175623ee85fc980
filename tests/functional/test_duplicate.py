# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where others are on a segment, an address may be held by somebody else: it is asked for before anything is changed."""

from __future__ import annotations

import os
import socket
from typing import Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.frames import ETH_P_ALL, advertisement, arp_request, tagged
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Conflict, EnvironmentUnfit
from harness.declarations import endpoint, network
from harness.engine import Declaration, check, converge, give_uplink
from harness.host import Child, sh
from harness.snapshot import assert_same, take_snapshot

pytestmark = pytest.mark.fake_host()


def declare(ipv4: str, ipv6: str) -> Declaration:
    network = {"name": "lan", "bridge_name": "br9", "ipam_config": [{"subnet": "10.9.0.0/24"}, {"subnet": "fd09::/64"}]}
    attachment = {"name": "lan", "ipv4_address": ipv4, "ipv6_address": ipv6}
    return Declaration([network], [{"name": "mine", "container": {"netns": "mine"}, "networks": [attachment]}])


def add_stranger() -> None:
    """A bridge of somebody else, with somebody on it."""
    sh("mkdir -p /run/netns; ip netns add stranger")
    sh("ip link add br9 type bridge; ip link set br9 up; ip link add p9 type veth peer name eth0 netns stranger; ip link set p9 master br9 up")
    sh("ip -n stranger link set eth0 up; ip -n stranger addr add 10.9.0.5/24 dev eth0; ip -n stranger addr add fd09::5/64 dev eth0 nodad")


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "taken"),
    [("10.9.0.5", "fd09::6", "10.9.0.5"), ("10.9.0.6", "fd09::5", "fd09::5"), ("10.9.0.6", "fd09::6", None)],
)
def test_a_taken_address_is_refused(ipv4: str, ipv6: str, taken: Optional[str]) -> None:
    add_stranger()
    before = take_snapshot()
    if taken is None:
        converge(declare(ipv4, ipv6))
        return
    for attempt in (check, converge):
        with pytest.raises(Conflict, match="address %s is in use on br9 by" % taken):
            attempt(declare(ipv4, ipv6))
    assert_same(before)


# ---- LANs of the host

NEIGHBOUR = ("192.0.2.2", "2001:db8:2::2")
FREE = ("192.0.2.40", "2001:db8:2::40")
LANS = {
    "bridge": {"interfaces": ["eth0"]},
    "proxy": {"driver": "routed", "proxy_interfaces": ["eth0"]},
    "macvlan": {"driver": "macvlan", "parent": "eth0"},
}


def lan(kind: str, four: str, six: str, name: str = "mine", **options: object) -> Declaration:
    there = {"name": "lan", "ipv4_address": four, "ipv6_address": six}
    return Declaration([network("lan", {"subnet": "192.0.2.0/24"}, {"subnet": "2001:db8:2::/64"}, **{**LANS[kind], **options})], [endpoint(name, there)])


@pytest.mark.parametrize("kind", LANS)
def test_an_address_of_a_neighbour_on_the_lan_is_refused(kind: str) -> None:
    """At the first run as later, where the bridge has the host's addresses already."""
    give_uplink()
    for settled in (False, True):
        if settled:
            converge(lan(kind, *FREE))
        before = take_snapshot()
        for four, six, taken in ((NEIGHBOUR[0], FREE[1], NEIGHBOUR[0]), (FREE[0], NEIGHBOUR[1], NEIGHBOUR[1])):
            with pytest.raises(Conflict, match="address %s is in use on eth0 by 02:00:00:00:02:02" % taken):
                converge(lan(kind, four, six))
        assert_same(before)


def test_what_a_container_of_the_host_has_is_no_duplicate() -> None:
    """An address may go from one to another in one run, on the LAN as anywhere."""
    give_uplink()
    for kind in ("bridge", "proxy"):
        converge(lan(kind, *FREE))
        assert converge(lan(kind, *FREE, name="other")).steps
        converge(None)


class Tagged:
    """Somebody in a VLAN beyond eth0: this kernel may know no VLANs, so he is a process that answers what comes with that tag."""

    def __init__(self, vlan: int, four: str, six: str) -> None:
        reader, writer = os.pipe()

        def answer() -> None:
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire:
                wire.bind(("eth0", ETH_P_ALL))
                mac = wire.getsockname()[4]
                os.write(writer, b"+")
                while True:
                    # The kernel took the tag off; only those it was on are of interest, and the questions of this test all are.
                    frame, _extras, _flags, sender = wire.recvmsg(2048)
                    if sender[2] == socket.PACKET_OUTGOING:
                        continue
                    packed = {len(item): item for item in (socket.inet_pton(socket.AF_INET, four), socket.inet_pton(socket.AF_INET6, six))}
                    if frame[12:14] == b"\x08\x06" and frame[38:42] == packed[4]:
                        wire.send(tagged(arp_request(mac, packed[4], packed[4]), vlan))
                    elif frame[12:14] == b"\x86\xdd" and frame[62:78] == packed[16]:
                        wire.send(tagged(advertisement(mac, packed[16]), vlan))

        self._child = Child(answer, "outside")
        assert os.read(reader, 1) == b"+"

    def stop(self) -> None:
        self._child.kill()


def assert_planned(wanted: Declaration, label: str) -> None:
    """Make sure that nothing stands in the way but a kernel that lacks the link."""
    try:
        planned = check(wanted)
    except EnvironmentUnfit as error:
        planned = [str(error)]
    assert any(label in line for line in planned)


@pytest.mark.parametrize("kind", ["macvlan", "bridge"])
def test_in_a_vlan_that_is_still_to_be_made_the_question_has_its_tag(kind: str) -> None:
    give_uplink()
    vlan = {"parent": "eth0.30"} if kind == "macvlan" else {"interfaces": ["eth0.30"]}
    # Who has the address on the untagged LAN is somewhere else.
    far = [{"subnet": "198.51.100.0/24"}, {"subnet": "2001:db8:3::/64"}]
    sh("ip address add 198.51.100.9/24 dev eth0; ip address add 2001:db8:3::9/64 dev eth0 nodad", "outside")
    wanted = lan(kind, "198.51.100.9", "2001:db8:3::9", ipam_config=far, **vlan)
    for answering, count in ((31, 0), (30, 2)):
        somebody = Tagged(answering, "198.51.100.9", "2001:db8:3::9")
        try:
            if count:
                with pytest.raises(Conflict, match=r"(?s)address 198.51.100.9 is in use on eth0.30 by 02:00:00:00:02:02.*address 2001:db8:3::9 is in use"):
                    check(wanted)
            else:
                assert_planned(wanted, "vlan eth0.30")
        finally:
            somebody.stop()
