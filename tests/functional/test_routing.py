# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables, preferred addresses, several next hops and rules inside a container: each comes, changes and goes alone."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Sequence, Tuple

import pytest
from harness.declarations import endpoint, network
from harness.drifts import Drift, assert_mended
from harness.engine import Declaration, apply_as_told, check, give_uplink, settle, settle_back
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot

pytestmark = pytest.mark.fake_host()
WEB = network("web", {"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"})
DARK = network("dark", {"subnet": "10.23.0.0/24"}, {"subnet": "fd00:23::/64"}, internal=True)
ON_WEB = {"name": "web", "ipv4_address": "10.20.0.10", "ipv6_address": "fd00:20::10"}
ON_DARK = {"name": "dark", "ipv4_address": "10.23.0.10", "ipv6_address": "fd00:23::10"}
Routes = Sequence[Dict[str, Any]]


def declare(routes: Routes = (), own: Routes = (), rules: Routes = ()) -> Declaration:
    lists = {"routes": list(routes), "rules": list(rules)}
    first = endpoint("a", {**ON_WEB, "routes": list(own)} if own else ON_WEB, ON_DARK, **{key: value for key, value in lists.items() if value})
    return Declaration([WEB, DARK], [first], prepare=give_uplink)


def both(**options: Any) -> List[Dict[str, Any]]:
    """One route of each family; `{}` in a value stands for the family's prefix on the network web."""
    return [
        {"destination": destination, **{key: value.replace("{}", near) if isinstance(value, str) else value for key, value in options.items()}}
        for destination, near in (("10.99.0.0/16", "10.20.0."), ("fd00:99::/64", "fd00:20::"))
    ]


def shared_out(*hops: Tuple[str, int]) -> List[Dict[str, Any]]:
    """Routes by several next hops, given by the last part of their address; `dark` is one on the other network."""
    near = (("10.99.0.0/16", "10.20.0.%s", "10.23.0.254"), ("fd00:99::/64", "fd00:20::%s", "fd00:23::254"))
    gateways = [(to, [(other if last == "dark" else here % last, weight) for last, weight in hops]) for to, here, other in near]
    return [{"destination": to, "nexthops": [{"gateway": gateway, "weight": weight} for gateway, weight in listed]} for to, listed in gateways]


PLAIN = both(gateway="{}254")
RULES: List[Dict[str, Any]] = [
    {"from": "10.20.0.10", "table": 100, "priority": 100},
    {"to": "fd00:99::/64", "table": 4294967295, "priority": 200},
    {"fwmark": "0x10/0xf0", "iif": "lo", "oif": "eth1", "table": 100, "priority": 300},
]
# What is declared instead of a plain route in each family, and every step that takes.
CHANGES: Dict[str, Tuple[Declaration, List[str]]] = {
    "a table": (
        declare(both(gateway="{}254", table=100)),
        ["+ route 10.99.0.0/16 table 100 in a", "+ route fd00:99::/64 table 100 in a", "- route 10.99.0.0/16 in a", "- route fd00:99::/64 in a"],
    ),
    "the highest table": (
        declare(own=[*PLAIN, *both(gateway="{}253", table=4294967295)]),
        ["+ route 10.99.0.0/16 table 4294967295 in a", "+ route fd00:99::/64 table 4294967295 in a"],
    ),
    "a preferred address": (
        declare([dict(PLAIN[0], src="10.23.0.10"), dict(PLAIN[1], src="fd00:23::10")]),
        ["~ route 10.99.0.0/16 in a: source none → 10.23.0.10", "~ route fd00:99::/64 in a: source none → fd00:23::10"],
    ),
    "onlink": (
        declare(own=both(gateway="{}254", onlink=True)),
        ["~ route 10.99.0.0/16 in a: onlink off → on", "~ route fd00:99::/64 in a: onlink off → on"],
    ),
    "a gateway that no subnet holds": (
        declare(own=[{**PLAIN[0], "gateway": "198.51.100.1", "onlink": True}, {**PLAIN[1], "gateway": "2001:db8:51::1", "onlink": True}]),
        [
            "~ route 10.99.0.0/16 in a: gateway 10.20.0.254 → 198.51.100.1, onlink off → on",
            "~ route fd00:99::/64 in a: gateway fd00:20::254 → 2001:db8:51::1, onlink off → on",
        ],
    ),
    "no gateway": (
        declare([{"destination": to["destination"], "interface": "eth0"} for to in PLAIN]),
        ["~ route 10.99.0.0/16 in a: gateway 10.20.0.254 → none", "~ route fd00:99::/64 in a: gateway fd00:20::254 → none"],
    ),
    "several next hops": (
        declare(shared_out(("254", 1), ("dark", 3))),
        ["~ route 10.99.0.0/16 in a: nexthops +2 -0", "~ route fd00:99::/64 in a: nexthops +2 -0"],
    ),
    "rules": (
        declare([*PLAIN, *both(gateway="{}253", table=100)], rules=RULES),
        [
            "+ rule 100 from 10.20.0.10/32 in a",
            "+ rule 200 from ::/0 to fd00:99::/64 in a",
            "+ rule 300 from 0.0.0.0/0 by lo out of eth1 marked 0x10/0xf0 in a",
            "+ rule 300 from ::/0 by lo out of eth1 marked 0x10/0xf0 in a",
            "+ route 10.99.0.0/16 table 100 in a",
            "+ route fd00:99::/64 table 100 in a",
        ],
    ),
}
FOREIGN = """
    ip route add 10.77.0.0/16 via 10.20.0.77 table 100; ip -6 route add fd00:77::/64 via fd00:20::77 table 100
    ip rule add priority 100 from 10.77.0.0/16 table 100; ip -6 rule add priority 150 fwmark 7 table 100
"""


def test_each_comes_and_goes_alone() -> None:
    """Nothing of the container's own in the same table and at the same priority goes with it."""
    base = declare(PLAIN)
    base.prepare()
    empty = take_snapshot()
    settle(base)
    sh(FOREIGN, "a")
    before = take_snapshot()
    for what, (changed, expected) in CHANGES.items():
        assert sorted(settle(changed)) == sorted(expected), what
        settle_back(base, before)
    sh(FOREIGN.replace(" add ", " del "), "a")
    settle(CHANGES["rules"][0])
    settle(None)
    assert_same(empty)


def test_several_next_hops_change_in_place_and_share_packets() -> None:
    first, second = declare(shared_out(("254", 1), ("253", 1))), declare(shared_out(("252", 2), ("dark", 5)))
    first.prepare()
    settle(first)
    sh("sysctl -qw net.ipv4.fib_multipath_hash_policy=1", "a")
    taken = {json.loads(sh("ip -j route get 10.99.0.9 ipproto tcp sport %d dport 80" % flow, "a"))[0]["gateway"] for flow in range(1000, 1064)}
    assert taken == {"10.20.0.254", "10.20.0.253"}
    assert [line.partition(": ")[0] for line in settle(second)] == ["~ route 10.99.0.0/16 in a", "~ route fd00:99::/64 in a"]
    # Whoever lists them in another order says the same.
    assert check(declare(shared_out(("dark", 5), ("252", 2)))) == []
    closed = [{"destination": to["destination"], "type": "blackhole"} for to in PLAIN]
    settle(declare(closed))
    settle(second)
    assert sorted(settle(declare())) == ["- route 10.99.0.0/16 in a", "- route fd00:99::/64 in a"]


def test_what_their_links_take_along() -> None:
    """A route by two interfaces, and one that prefers an address of another interface, stand again when one of these is made anew."""
    other = [{"destination": "10.98.0.0/16", "gateway": "10.20.0.254", "src": "10.23.0.10"}, {"destination": "fd00:98::/64", "gateway": "fd00:20::254"}]
    other[1]["src"] = "fd00:23::10"
    base = declare([*shared_out(("254", 1), ("dark", 1)), *other])
    base.prepare()
    settle(base)
    anew = {"+ route 10.99.0.0/16 in a", "+ route 10.98.0.0/16 in a", "~ route fd00:99::/64 in a"}
    # On another driver eth1 is another link.
    assert anew <= {line.partition(": ")[0] for line in settle(Declaration([WEB, dict(DARK, driver="macvlan", internal=False, parent="eth0")], base.endpoints))}
    sh("ip link del eth1", "a")
    assert anew <= {line.partition(": ")[0] for line in apply_as_told(base)}
    assert check(base) == []
    # The address that is preferred gets another prefix length.
    wide = network("dark", {"subnet": "10.23.0.0/23"}, {"subnet": "fd00:23::/63"}, internal=True)
    assert "+ address fd00:23::10/63 on eth1 in a" in settle(Declaration([WEB, wide], base.endpoints))


def test_a_table_that_nothing_leads_to_is_cleared() -> None:
    """Also where the container is asked for nothing else, and by a scope that shares it with another."""
    apart = declare(both(gateway="{}254", table=100))
    apart.prepare()
    settle(apart)
    assert sorted(settle(declare())) == ["- route 10.99.0.0/16 table 100 in a", "- route fd00:99::/64 table 100 in a"]
    settle(apart)
    other = Declaration([network("second", {"subnet": "10.24.0.0/24"})], [endpoint("a", {"name": "second", "interface_name": "eth7"})])
    settle(other, scope="other")
    assert "10.99.0.0/16" in sh("ip route show table 100", "a")
    assert sorted(settle(declare())) == ["- route 10.99.0.0/16 table 100 in a", "- route fd00:99::/64 table 100 in a"]
    assert sh("ip route show table 100; ip -6 route show table 100", "a") == ""


DRIFTS: Dict[str, Drift] = {
    "a rule is gone": ("ip rule delete priority 100", ["+ rule 100 from 10.20.0.10/32 in a"]),
    "a rule leads elsewhere": (
        "ip -6 rule add priority 200 to fd00:99::/64 table 7 protocol 76; ip -6 rule delete priority 200 table 4294967295",
        ["~ rule 200 from ::/0 to fd00:99::/64 in a: table 7 → 4294967295"],
    ),
    "a route in a table is gone": ("ip route flush table 100 proto 76", ["+ route 10.99.0.0/16 table 100 in a"]),
    "another weight": (
        "ip -6 route replace fd00:97::/64 proto 76 nexthop via fd00:20::254 weight 4 nexthop via fd00:23::254",
        ["~ route fd00:97::/64 in a: nexthops +1 -1"],
    ),
    "one next hop less": ("ip -6 route delete fd00:97::/64 via fd00:23::254", ["~ route fd00:97::/64 in a: nexthops +2 -0"]),
}


def test_drift() -> None:
    hops = [{"destination": "fd00:97::/64", "nexthops": [{"gateway": "fd00:20::254"}, {"gateway": "fd00:23::254"}]}]
    base = declare([both(gateway="{}254", table=100)[0], *hops], rules=RULES)
    base.prepare()
    settle(base)
    assert_mended(base, DRIFTS, space="a")
