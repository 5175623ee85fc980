# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses: explicit, recorded, derived; never reserved ones; stable beside neighbours that come and go."""

from __future__ import annotations

import ipaddress
from typing import Dict, List, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._document.allocate import allocate
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.bridge.network import BridgeNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.overlay.network import OverlayNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._model.addresses import derive_mac
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Attachment, Endpoint
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Problem
from ansible_collections.netloom.container_net.plugins.module_utils._model.network import RemoteEndpoint, Subnet


def network(*subnets: Subnet) -> BridgeNetwork:
    return BridgeNetwork(name="web", subnets=subnets)


def endpoints(names: Sequence[str], **fields: str) -> Tuple[Endpoint, ...]:
    return tuple(Endpoint(name=name, place="netns:" + name, attachments=(Attachment(network="web", **fields),)) for name in names)


def addresses(result: Sequence[Endpoint]) -> Dict[str, Tuple[str, ...]]:
    return {endpoint.name: endpoint.attachments[0].addresses for endpoint in result}


def allocated(where: BridgeNetwork, who: Sequence[Endpoint], taken: Dict[str, Dict[str, Tuple[str, ...]]]) -> Dict[str, Tuple[str, ...]]:
    problems: List[Problem] = []
    result = allocate([where], who, taken=taken, problems=problems)
    assert problems == []
    return addresses(result)


def test_every_free_address_is_handed_out_once_and_no_reserved_one() -> None:
    where = network(Subnet("10.0.0.0/28", "10.0.0.1", None, (("printer", "10.0.0.9"),)))
    fixed = endpoints(["fixed"], ipv4_address="10.0.0.14")
    found = allocated(where, endpoints(["e%d" % number for number in range(11)]) + fixed, {})
    expected = {"10.0.0.%d" % last for last in range(2, 14)} - {"10.0.0.9"}
    assert {found["e%d" % number][0] for number in range(11)} == expected
    assert found["fixed"] == ("10.0.0.14",)


def test_ip_range_limits_what_is_handed_out_but_not_what_is_asked_for() -> None:
    where = network(Subnet("10.0.0.0/24", "10.0.0.1", "10.0.0.248/29"))
    found = allocated(where, endpoints(["a", "b", "c", "d", "e", "f", "g"]) + endpoints(["fixed"], ipv4_address="10.0.0.7"), {})
    assert {item[0] for name, item in found.items() if name != "fixed"} == {"10.0.0.%d" % last for last in range(248, 255)}
    assert found["fixed"] == ("10.0.0.7",)


@pytest.mark.parametrize(("subnet", "prefix"), [("10.0.0.0/24", "10.0.0."), ("fd00::/64", "fd00::")])
def test_a_range_may_begin_and_end_anywhere(subnet: str, prefix: str) -> None:
    where = network(Subnet(subnet, prefix + "1", "%s7-%s9" % (prefix, prefix), (("printer", prefix + "8"),)))
    assert set(allocated(where, endpoints(["a", "b"]), {}).values()) == {(prefix + "7",), (prefix + "9",)}
    problems: List[Problem] = []
    allocate([where], endpoints(["a", "b", "c"]), problems=problems)
    assert [problem.rule for problem in problems] == ["needs 3 free IPv%d addresses, has 2" % (6 if ":" in subnet else 4)]
    # Whoever had an address outside of it keeps that only where a fleet's plan recorded it.
    assert allocated(where, endpoints(["a"]), {"web": {"a": (prefix + "5",)}}) == {"a": (prefix + "5",)}


def test_the_order_of_the_declaration_does_not_matter() -> None:
    names = ["e%d" % number for number in range(200)]
    where = network(Subnet("10.0.0.0/24", "10.0.0.1"))
    assert allocated(where, endpoints(names), {}) == allocated(where, endpoints(names[::-1]), {})


def test_the_result_keeps_the_order_of_the_declaration() -> None:
    result = allocate([network(Subnet("10.0.0.0/24"))], endpoints(["z", "a", "m"]), problems=[])
    assert [endpoint.name for endpoint in result] == ["z", "a", "m"]


def test_both_families_and_the_first_address_gives_the_mac() -> None:
    (endpoint,) = allocate([network(Subnet("fd00::/64", "fd00::1"), Subnet("10.0.0.0/24"))], endpoints(["a"]), problems=[])
    attachment = endpoint.attachments[0]
    assert ipaddress.ip_address(attachment.ipv4_address or "") in ipaddress.ip_network("10.0.0.0/24")
    assert ipaddress.ip_address(attachment.ipv6_address or "") in ipaddress.ip_network("fd00::/64")
    assert attachment.mac_address == derive_mac("web", attachment.ipv4_address or "")


def test_only_ipv6() -> None:
    (endpoint,) = allocate([network(Subnet("fd00::/126", "fd00::1"))], endpoints(["a"]), problems=[])
    assert endpoint.attachments[0].addresses in (("fd00::2",), ("fd00::3",))


def test_no_address_where_none_is_wanted() -> None:
    (silent,) = allocate([network(Subnet("10.0.0.0/24"))], endpoints(["a"], ipam="none"), problems=[])
    (bare,) = allocate([network()], endpoints(["a"]), problems=[])
    assert silent.attachments[0].addresses == bare.attachments[0].addresses == ()
    assert silent.attachments[0].mac_address == bare.attachments[0].mac_address == derive_mac("web", "a")


def test_a_second_subnet_is_used_when_the_first_is_full() -> None:
    where = network(Subnet("10.0.0.0/30", "10.0.0.1"), Subnet("10.1.0.0/30", "10.1.0.1"))
    assert set(allocated(where, endpoints(["a", "b"]), {}).values()) == {("10.0.0.2",), ("10.1.0.2",)}


def test_remote_endpoints_of_an_overlay_keep_their_addresses() -> None:
    remote = RemoteEndpoint("far", "02:00:00:00:00:01", "192.0.2.2", ("10.0.0.1",))
    overlay = OverlayNetwork(name="web", subnets=(Subnet("10.0.0.0/30"),), remote_endpoints=(remote,))
    (endpoint,) = allocate([overlay], endpoints(["a"]), problems=[])
    assert endpoint.attachments[0].ipv4_address == "10.0.0.2"


def test_recorded_addresses_never_move_when_neighbours_come_and_go() -> None:
    where = network(Subnet("10.0.0.0/26", "10.0.0.1"))
    names = ["e%d" % number for number in range(40)]
    before = allocated(where, endpoints(names), {})
    # Every newcomer sorts before every old one, and the space is nearly full.
    newcomers = ["a%d" % number for number in range(20)]
    after = allocated(where, endpoints(newcomers + names), {"web": before})
    assert {name: after[name] for name in names} == before
    assert len(set(after.values())) == 60
    fewer = allocated(where, endpoints(names[10:]), {"web": before})
    assert fewer == {name: before[name] for name in names[10:]}
    # Without the record some would have moved: the test could fail.
    assert {name: allocated(where, endpoints(newcomers + names), {})[name] for name in names} != before


def test_an_explicit_address_wins_over_a_recorded_one() -> None:
    where = network(Subnet("10.0.0.0/24", "10.0.0.1"))
    taken = {"web": {"old": ("10.0.0.7",)}}
    found = allocated(where, endpoints(["old"]) + endpoints(["fixed"], ipv4_address="10.0.0.7"), taken)
    assert found["fixed"] == ("10.0.0.7",)
    assert found["old"] != ("10.0.0.7",)


def test_a_recorded_address_that_became_invalid_is_replaced() -> None:
    where = network(Subnet("10.0.0.0/24", "10.0.0.1"))
    for recorded in ("10.9.0.7", "10.0.0.1", "10.0.0.0", "10.0.0.255", "fd00::7", "rubbish"):
        found = allocated(where, endpoints(["a"]), {"web": {"a": (recorded,)}})
        assert found["a"][0] != recorded
        assert ipaddress.ip_address(found["a"][0]) in ipaddress.ip_network("10.0.0.0/24")


def test_an_address_recorded_for_two_goes_to_the_first_name() -> None:
    where = network(Subnet("10.0.0.0/24", "10.0.0.1"))
    found = allocated(where, endpoints(["b", "a"]), {"web": {"a": ("10.0.0.7",), "b": ("10.0.0.7",)}})
    assert found["a"] == ("10.0.0.7",)
    assert found["b"] != ("10.0.0.7",)


def test_recorded_addresses_of_both_families_are_kept() -> None:
    where = network(Subnet("10.0.0.0/24", "10.0.0.1"), Subnet("fd00::/64", "fd00::1"))
    taken = {"web": {"a": ("fd00:0::77", "10.0.0.77")}}
    assert allocated(where, endpoints(["a"]), taken) == {"a": ("10.0.0.77", "fd00::77")}


def test_a_shortage_names_the_network_and_both_numbers() -> None:
    problems: List[Problem] = []
    result = allocate([network(Subnet("10.0.0.0/29", "10.0.0.1"))], endpoints(["a", "b", "c", "d", "e", "f"]), problems=problems, path="fleet_networks")
    assert [(problem.path, problem.rule) for problem in problems] == [("fleet_networks[web].ipam_config", "needs 6 free IPv4 addresses, has 5")]
    assert sum(1 for item in addresses(result).values() if item) == 5


def test_a_range_of_reserved_addresses_is_a_shortage() -> None:
    problems: List[Problem] = []
    allocate([network(Subnet("10.0.0.0/24", "10.0.0.1", "10.0.0.1/32"))], endpoints(["a"]), problems=problems)
    assert [problem.rule for problem in problems] == ["needs 1 free IPv4 addresses, has 0"]


def test_attachments_to_other_networks_stay_as_they_are() -> None:
    before = Endpoint("a", "netns:a", (Attachment(network="other"), Attachment(network="web")))
    (after,) = allocate([network(Subnet("10.0.0.0/24"))], [before], problems=[])
    assert after.attachments[0] == before.attachments[0]
    assert after.attachments[1].ipv4_address


def test_a_full_space_of_sixty_five_thousand_is_filled_to_the_last_address() -> None:
    names = ["e%d" % number for number in range(65533)]
    found = allocated(network(Subnet("10.0.0.0/16", "10.0.0.1")), endpoints(names), {})
    assert len(set(found.values())) == 65533
