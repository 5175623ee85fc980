# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stamped message is the one the library would have encoded, whatever the values and whichever came first."""

from __future__ import annotations

import random
from functools import partial
from typing import Any, Callable, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel import address, link, neighbour, netlink
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.template import IP, MAC, NUMBER, TEXT, MessageTemplate
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.ipvlan import Ipvlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.macvlan import Macvlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.veth import Veth
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vlan import Vlan
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import BridgePort, Tuning
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import AddressDetails, FdbEntry, Neighbour

LETTERS = "PQRSTUVWabcxyz0189_-"


def text(dice: random.Random, longest: int) -> str:
    return "".join(dice.choice(LETTERS) for _letter in range(dice.randint(1, longest)))


def number(dice: random.Random) -> int:
    return dice.choice((1, 0x50, 0x5EED0100, 0x5EED0101, dice.randrange(1, 1 << 31)))


def mac(dice: random.Random) -> str:
    return "02:5e:ed:5e:ed:%02x" % dice.randrange(4) if dice.random() < 0.1 else "02:" + ":".join("%02x" % dice.randrange(256) for _octet in range(5))


def ip(dice: random.Random) -> str:
    if dice.random() < 0.5:
        return "203.0.113.200" if dice.random() < 0.1 else ".".join(str(dice.randrange(1, 255)) for _octet in range(4))
    return "2001:db8:5eed::5eed:0" if dice.random() < 0.1 else "fd00:%x::%x" % (dice.randrange(65536), dice.randrange(1, 65536))


def port(dice: random.Random) -> Tuple[Any, Any]:
    mtu = dice.choice((None, 1400, 1500))
    return (Veth(leads=True), mtu, mtu), (
        text(dice, 15),
        mac(dice),
        text(dice, 15),
        mac(dice),
        number(dice),
        number(dice),
        number(dice),
        dice.randrange(3, 4000),
    )


def configuration(dice: random.Random) -> Tuple[Any, Any]:
    flags = BridgePort(hairpin=dice.random() < 0.5, isolated=dice.choice((None, True, False)))
    tuning = dice.choice((None, Tuning(True, False, 1000), Tuning(txqueuelen=0)))
    return (dice.choice((None, True, False)), dice.choice((None, flags)), tuning, dice.choice((None, True, False))), (text(dice, 80), number(dice))


def new_address(dice: random.Random) -> Tuple[Any, Any]:
    details = dice.choice((AddressDetails(), AddressDetails(broadcast="192.0.2.255", name="eth0:1", metric=7), AddressDetails(flags=0x200, scope=253)))
    return (netlink.RTM_NEWADDR, netlink.CREATE_NEW, dice.randrange(1, 33), dice.choice((0, 76)), details, dice.choice((True, False))), (ip(dice), number(dice))


def stacked(dice: random.Random) -> Tuple[Any, Any]:
    kind = dice.choice((Macvlan(mode="bridge"), Macvlan(mode="private", broadcast_queue_length=7), Ipvlan(mode="l2", flag="vepa"), Vlan(30, "802.1q")))
    return (kind, dice.choice((None, 1400))), (text(dice, 15), mac(dice), number(dice), number(dice), dice.randrange(3, 4000))


def stacked_as_lower(dice: random.Random) -> Tuple[Any, Any]:
    fixed, (name, _mac, *numbers) = stacked(dice)
    return fixed, (name, *numbers)


def row(names: Tuple[str, ...]) -> Callable[[random.Random], Tuple[Any, Any]]:
    draw = {"NDA_DST": ip, "NDA_LLADDR": mac, "NDA_IFINDEX": number}

    def rows(dice: random.Random) -> Tuple[Any, Any]:
        message, family = dice.choice((netlink.RTM_NEWNEIGH, netlink.RTM_DELNEIGH)), dice.choice((2, 10, netlink.AF_BRIDGE))
        fixed = (message, dice.choice((netlink.CREATE_OR_REPLACE, netlink.CREATE_OR_APPEND)), family, dice.choice((0x40, 0x80)), dice.choice((0, 2, 0x44)))
        return fixed, (*(draw[name](dice) for name in names), number(dice))

    return rows


ROWS = [("NDA_DST",), ("NDA_DST", "NDA_LLADDR"), ("NDA_LLADDR",), ("NDA_LLADDR", "NDA_DST"), ("NDA_LLADDR", "NDA_DST", "NDA_IFINDEX")]
SHAPES = {
    **{" ".join(names): (partial(neighbour._encode, names), (*(neighbour.KINDS[name] for name in names), NUMBER), row(names)) for names in ROWS},
    "stacked": (link._encode_stacked, (TEXT, MAC, NUMBER, NUMBER, NUMBER), stacked),
    "stacked, without MAC": (link._encode_stacked_as_lower, (TEXT, NUMBER, NUMBER, NUMBER), stacked_as_lower),
    "port": (link._encode_port, (TEXT, MAC, TEXT, MAC, NUMBER, NUMBER, NUMBER, NUMBER), port),
    "configuration": (link._encode_configuration, (TEXT, NUMBER), configuration),
    "address": (address._encode, (IP, NUMBER), new_address),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("seed", range(8))
def test_equal_to_the_encoder(name: str, seed: int) -> None:
    build, kinds, draw = SHAPES[name]
    dice = random.Random("%s %d" % (name, seed))
    stamp = MessageTemplate(build, kinds)
    for _round in range(60):
        fixed, values = draw(dice)
        assert stamp(fixed, values) == build(*fixed, *values), (fixed, values)


def test_rows_of_a_fleet_are_encoded_once_for_each_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    encode, shapes = netlink.neighbour_message, []

    def counted(*arguments: Any, **options: Any) -> bytes:
        shapes.append((arguments[:2], options["family"]))
        return encode(*arguments, **options)

    monkeypatch.setattr(netlink, "neighbour_message", counted)
    neighbour._template_of.cache_clear()
    for number_of in range(1, 200):
        mac_of = "02:42:0a:00:00:%02x" % number_of
        neighbour.ensure_fdb(FdbEntry("", "vx0", mac_of, "192.0.2.%d" % number_of), 7)
        neighbour.ensure_fdb(FdbEntry("", "vx0", mac_of), 7)
        neighbour.ensure_neighbour(Neighbour("", "vx0", "10.60.0.%d" % number_of, mac_of), 7)
        neighbour.ensure_neighbour(Neighbour("", "vx0", "fd60::%x" % number_of, mac_of), 7)
    assert len(shapes) == 8  # of four shapes, the message itself and its template


def test_the_encoder_runs_once_for_a_shape() -> None:
    calls = []

    def build(*values: Any) -> bytes:
        calls.append(values)
        return link._encode_configuration(*values)

    stamp = MessageTemplate(build, (TEXT, NUMBER))
    for index in range(10, 60):
        stamp((None, None, None, True), ("container-net:main:endpoint:web:api%d" % index, index))
    assert len(calls) == 2  # the message itself and its template


@pytest.mark.parametrize("build", [lambda first, second: b"nothing of it", lambda first, second: b"length %d" % len(first)])
def test_an_encoder_that_hides_a_value_is_asked_every_time(build: Callable[..., bytes]) -> None:
    stamp = MessageTemplate(build, (TEXT, TEXT))
    for values in (("ab", "cd"), ("ef", "gh")):
        assert stamp((), values) == build(*values)


def test_a_value_that_looks_like_the_others_place() -> None:
    """Both values are the same length and the first pair equals the markers' letters."""
    stamp = MessageTemplate(lambda first, second: ("P=%s Q=%s" % (first, second)).encode(), (TEXT, TEXT))
    for values in (("P", "Q"), ("a", "b"), ("Q", "P")):
        assert stamp((), values) == ("P=%s Q=%s" % values).encode()
