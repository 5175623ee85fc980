# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._compile.guard import compile_guard
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.bridge.network import BridgeNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.overlay.network import OverlayNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Attachment, Document, Endpoint, StaticRoute
from ansible_collections.netloom.container_net.plugins.module_utils._model.guard import GuardedPort
from ansible_collections.netloom.container_net.plugins.module_utils._model.network import Network, Subnet

SUBNETS = (Subnet("10.20.0.0/24", "10.20.0.1"), Subnet("fd00:20::/64", "fd00:20::1"))
NETWORK = BridgeNetwork("web", SUBNETS, bridge_name="br-web")
PLACE = Attachment("web", "10.20.0.5", "fd00:20::5", "02:00:00:00:00:05", host_interface_name="p-a")
ENDPOINT = Endpoint("a", "netns:a", (PLACE,))  # type: ignore[arg-type]
LINK_LOCAL = "fe80::ff:fe00:5"
PORT = GuardedPort("p-a", ("02:00:00:00:00:05",), ("10.20.0.5", "fd00:20::5", LINK_LOCAL), (4, 6))


def ports(network: Network = NETWORK, *others: Endpoint, endpoint: Any = None, **attachment: Any) -> Tuple[GuardedPort, ...]:
    here = replace(ENDPOINT, attachments=(replace(PLACE, **attachment),), **(endpoint or {}))
    return compile_guard(Document("main", (network,), (here, *others)))


@pytest.mark.parametrize("network", [NETWORK, OverlayNetwork("web", SUBNETS, bridge_name="br-web"), replace(NETWORK, bridge_mode="existing", adopted=True)])
def test_an_endpoint_has_its_own(network: Network) -> None:
    assert ports(network) == (PORT,)


def test_what_is_allowed_is_its_own_too() -> None:
    more = {"allowed_addresses": ("10.30.0.0/24",), "allowed_macs": ("00:00:5e:00:01:0a",), "more": ("10.20.0.6/32",)}
    subnets = ("10.20.0.5", "fd00:20::5", "10.20.0.6", "10.30.0.0/24", LINK_LOCAL, "fe80::200:5eff:fe00:10a")
    assert ports(**more) == (PORT._replace(macs=(*PORT.macs, "00:00:5e:00:01:0a"), subnets=subnets),)


@pytest.mark.parametrize(
    "options",
    [
        {"endpoint": {"forwarding": True}},
        {"endpoint": {"sysctls": (("net.ipv4.ip_forward", "1"),)}},
        {"endpoint": {"sysctls": (("net.ipv6.conf.all.forwarding", "1"),)}},
    ],
)
def test_a_router_sends_for_others(options: Any) -> None:
    assert ports(**options) == (PORT._replace(routes=True),)
    assert ports(endpoint={"sysctls": (("net.ipv4.ip_forward", "0"),)}) == (PORT,)


def test_so_does_who_is_named_as_one() -> None:
    led = (StaticRoute("10.40.0.0/24", "10.20.0.5"),)
    client = Endpoint("b", "netns:b", (replace(PLACE, ipv4_address="10.20.0.6", ipv6_address=None, host_interface_name="p-b"),))  # type: ignore[arg-type]
    assert [port.routes for port in ports(NETWORK, client)] == [False, False]
    assert [port.routes for port in ports(NETWORK, replace(client, routes=led))] == [True, False]
    assert [port.routes for port in ports(NETWORK, replace(client, attachments=(replace(client.attachments[0], routes=led),)))] == [True, False]
    assert [port.routes for port in ports(replace(NETWORK, subnets=(Subnet("10.20.0.0/24", "10.20.0.5"),)), client)] == [True, False]


@pytest.mark.parametrize(
    ("options", "known"),
    [
        ({"ipv4_address": None, "ipv6_address": None}, ()),
        ({"ipv4_address": None, "ipv6_address": None, "allowed_addresses": ("10.20.0.0/24",)}, (4, 6)),
        ({"ipv6_address": None}, (4, 6)),
        ({"trunk": (7,)}, ()),
        ({"sysctls": (("net.ipv6.conf.IFNAME.accept_ra", "2"),)}, (4,)),
        ({"sysctls": (("net.ipv6.conf.IFNAME.autoconf", "1"),)}, (4,)),
        ({"sysctls": (("net.ipv6.conf.IFNAME.accept_ra", "0"),)}, (4, 6)),
    ],
)
def test_nobody_is_held_to_addresses_that_nobody_knows(options: Any, known: Tuple[int, ...]) -> None:
    (port,) = ports(**options)
    assert (port.claims, port.sends, port.routes, port.macs) == (known, known, False, PORT.macs)
    assert port._replace(routes=True).sends == ()


def test_a_port_may_be_left_out_or_taken_in() -> None:
    off = replace(NETWORK, anti_spoofing=False)
    assert ports(off) == ports(anti_spoofing=False) == ()
    assert ports(off, anti_spoofing=True) == (PORT,)


def test_it_knows_what_is_its_own() -> None:
    port = PORT._replace(subnets=(*PORT.subnets, "10.30.0.0/24"))
    assert [port.may_send(source) for source in ("10.20.0.5", "10.30.0.9", LINK_LOCAL)] == [True] * 3
    assert [port.may_send(source) for source in ("10.20.0.6", "10.31.0.9", "fe80::1")] == [False] * 3
