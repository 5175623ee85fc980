# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The backend nftables: one table of ours in one transaction, whatever changed there; and the way from one backend to the other."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from functools import partial
from typing import Dict, List, Optional, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.nftables.backend import NOTHING, Nftables
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.nftables.objects import BaseChain
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.nftables.script import transaction_text
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError, FirewallError
from ansible_collections.netloom.container_net.plugins.module_utils._model.firewall import rules_of
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import SEAL_CHAIN, Rule
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Snapshot
from ansible_collections.netloom.container_net.plugins.module_utils._plan.planner import plan
from firewall_lab import Host
from harness.declarations import V4, endpoint, network
from harness.drifts import Drift, assert_mended
from harness.engine import Declaration, Tools, check, converge, give_uplink, lines, settle
from harness.foreign import add_native_tables
from harness.host import sh
from harness.kills import Killed, assert_survived
from harness.runs import EMPTY, OTHER, WEB
from harness.snapshot import assert_same, differences, take_snapshot
from harness.traffic import Server, ask, await_addresses
from test_drift import FULL
from test_firewall import every_form

AT = "inet container_net"
OLD = replace(WEB, firewall="iptables")
NEW = replace(WEB, firewall="nftables")
NEWER = replace(OTHER, firewall="nftables")
RANGES = ["8080:80", "7000-7009:7000-7009", "7100-7103:80-83/udp"]
SHARED = replace(FULL, firewall="nftables", endpoints=[{**FULL.endpoints[0], "ports": RANGES}, *FULL.endpoints[1:]])


def rules_of_nftables() -> int:
    return sum("rule" in item for item in json.loads(sh("nft -j list table %s" % AT))["nftables"])


def tables() -> List[str]:
    """Return those of the backend; each scope's table of frames stands beside either."""
    return sorted(line.split(" ", 1)[1] for line in sh("nft list tables").splitlines() if line.endswith("container_net"))


def saved() -> str:
    return sh("iptables-save; ip6tables-save")


def find_set(chain: str, entry: str) -> str:
    """Return the set of a chain that holds an entry."""
    for item in json.loads(sh("nft -j -n list table %s" % AT))["nftables"]:
        body = item.get("set", item.get("map", {}))
        if body.get("name", "").startswith(chain + ".") and not body["name"].endswith("-but") and entry in json.dumps(body.get("elem")):
            return str(body["name"])
    raise AssertionError("no set of %s holds %s" % (chain, entry))


def change_element(chain: str, entry: str, command: str) -> None:
    """Run `nft COMMAND`, where SET stands for the set of a chain that holds an entry."""
    sh("nft '%s'" % command.replace("SET", "%s %s" % (AT, find_set(chain, entry))))


def rule(text: str) -> str:
    """Return the steps' line of what a chain of ours has too few or too many of."""
    return "~ nftables chain " + text


def drifts() -> Dict[str, Drift]:
    found: Dict[str, Drift] = {}
    for family, subnet, web in ((4, "10.20.0.0", "10.20.0.10"), (6, "fd00:20::", "fd00:20::10")):
        found["%d: an entry gone" % family] = (
            partial(change_element, "filter%d-CNET-INSIDE" % family, "br-web", 'delete element SET { "br-web" }'),
            [rule("filter%d-CNET-INSIDE: rules +1 -0" % family)],
        )
        found["%d: an entry too many" % family] = (
            partial(change_element, "raw%d-CNET-RAW" % family, subnet, 'add element SET { "lan" . %s }' % subnet),
            [rule("raw%d-CNET-RAW: rules +0 -1" % family)],
        )
        found["%d: another target" % family] = (
            partial(
                change_element,
                "nat%d-CNET-DNAT" % family,
                "[6, 8080]",
                'delete element SET { tcp . 8080 }; add element SET { tcp . 8080 comment "a" : %s . 81 }' % web,
            ),
            [rule("nat%d-CNET-DNAT: rules +1 -1" % family)],
        )
        found["%d: another owner" % family] = (
            partial(
                change_element,
                "filter%d-CNET-SOURCES" % family,
                '"val": "br-web"',
                'delete element SET { "br-web" }; add element SET { "br-web" comment "b" }',
            ),
            [rule("filter%d-CNET-SOURCES: rules +1 -1" % family)],
        )
        found["%d: a rule too many" % family] = (
            "nft insert rule %s filter%d-CNET-FORWARD accept" % (AT, family),
            [rule("filter%d-CNET-FORWARD: rules +0 -1" % family)],
        )
        found["%d: a chain flushed" % family] = ("nft flush chain %s nat%d-CNET-POST" % (AT, family), [rule("nat%d-CNET-POST: rules +*" % family)])
        found["%d: nothing leads there" % family] = (
            "nft flush chain %s filter%d-input" % (AT, family),
            ["~ nftables base chain filter%d-input: lines +1 -0" % family],
        )
        found["%d: another policy" % family] = (
            "nft 'chain %s nat%d-output { policy drop; }'" % (AT, family),
            ["~ nftables base chain nat%d-output: policy drop → accept" % family],
        )
    return found


SLOWER: Dict[str, Drift] = {
    "a base chain gone": (
        "nft flush chain {0} filter4-input; nft delete chain {0} filter4-input".format(AT),
        ["+ nftables base chain filter4-input"],
    ),
    "a rule and its entries gone": (
        "handle=$(nft -a list chain {0} raw4-CNET-RAW | grep -o 'handle [0-9]*' | sed -n 2p); nft delete rule {0} raw4-CNET-RAW $handle".format(AT),
        [rule("raw4-CNET-RAW: rules +*")],
    ),
    "an exception gone": (
        "set=$(nft list sets | grep -o 'filter4-CNET-FORWARD[^ ]*-but' | head -1); nft flush set {0} $set".format(AT),
        [rule("filter4-CNET-FORWARD: rules +*")],
    ),
}


def test_what_is_written_is_what_is_read() -> None:
    """Every shape that the model can hold, but for what nftables has no word for, and what only guards tables that are flushed one by one."""
    rules = [item for item in every_form(4) + every_form(6) if set(item.ct_state) <= {"DNAT"} and not item.sealed and item.chain != SEAL_CHAIN]
    backend, seen = Nftables(lambda _tool: True), Snapshot()
    with Host() as host:
        wanted = backend.compose(rules, scope="main", current=())
        assert backend.apply(plan(wanted, seen), host.run) == 1
        found = backend.observe(host.run)
        assert len(rules) > 30
        assert sorted(map(repr, rules_of(wanted))) == sorted(map(repr, rules_of(found)))
        assert {item for item in wanted if isinstance(item, BaseChain)} == {item for item in found if isinstance(item, BaseChain)}
        for item in found:
            seen.add(item, mine=True)
        assert plan(backend.compose(rules, scope="main", current=found), seen, prunable=[item.key for item in found]) == ()
        (odd,) = [item for item in every_form(4) if len(item.ct_state) > 1]
        with pytest.raises(FirewallError, match="nftables asks for what a connection is, or how it is translated"):
            backend.apply(plan(backend.compose([odd], scope="main", current=()), Snapshot()), host.run)


@pytest.mark.fake_host
def test_drift_is_named_and_mended() -> None:
    SHARED.prepare()
    settle(SHARED)
    assert_mended(SHARED, drifts())
    assert_mended(SHARED, SLOWER)
    sh("nft delete table %s" % AT)
    assert len([line for line in check(SHARED) if line.startswith("+ nftables")]) > 10
    settle(SHARED)


@pytest.mark.fake_host
def test_all_goes_and_comes_in_one_transaction_beside_others() -> None:
    give_uplink()
    add_native_tables()
    before = take_snapshot()
    tools = Tools()
    converge(SHARED, tools=tools)
    assert tools.restores == 2  # with the table of frames
    there = take_snapshot()
    other = Declaration([network("two", {"subnet": "10.30.0.0/24"}, internal=True)], firewall="nftables")
    settle(other, scope="other")
    assert lines(converge(SHARED)) == []
    settle(None, scope="other")
    assert differences(there, take_snapshot()) == ""
    tools = Tools()
    converge(None, tools=tools)
    assert tools.restores == 2
    assert_same(before)


@pytest.mark.fake_host
def test_a_refused_transaction_changes_nothing() -> None:
    EMPTY.prepare()
    converge(NEW)
    before = take_snapshot()
    failed: List[str] = []

    def around(moment: str, argv: Sequence[str]) -> Optional[Tuple[int, str, str]]:
        if moment == "before" and list(argv[:2]) == ["nft", "-f"] and not failed:
            failed.append(argv[0])
            return 1, "", "no room\n"
        return None

    with pytest.raises(FirewallError, match="nft failed with exit code 1: no room; what stood before was put back"):
        converge(NEWER, tools=Tools(around=around))
    assert failed
    assert_same(before)
    settle(NEWER)


@pytest.mark.fake_host
@pytest.mark.parametrize(("start", "goal", "program"), [(OLD, NEW, "ip6tables-restore"), (NEW, OLD, "nft")], ids=["to nftables", "to iptables"])
def test_a_switch_that_fails_half_way_goes_back(start: Declaration, goal: Declaration, program: str) -> None:
    """The one that comes stands already when the one that goes cannot be removed."""
    EMPTY.prepare()
    converge(start)
    before = take_snapshot()
    failed: List[str] = []

    def around(moment: str, argv: Sequence[str]) -> Optional[Tuple[int, str, str]]:
        writes = argv[0] == program and argv[1] in ("-f", "--noflush")
        if moment == "before" and writes and not failed:
            failed.append(argv[0])
            assert tables() == (["bridge container_net", "inet container_net"] if goal is NEW or program == "nft" else [])
            assert "CNET-" in saved()
            return 1, "", "no room\n"
        return None

    with pytest.raises(ContainerNetError, match="what stood before was put back"):
        converge(goal, tools=Tools(around=around))
    assert failed
    assert_same(before)


@pytest.mark.fake_host
def test_a_switch_leaves_nothing_and_each_backend_looks_as_if_it_were_the_first() -> None:
    EMPTY.prepare()
    before = take_snapshot()
    settle(OLD)
    with_iptables = take_snapshot()
    settle(NEW)
    assert "CNET-" not in saved()
    with_nftables = take_snapshot()
    assert lines(converge(WEB)) == []  # who says nothing keeps what stands
    settle(OLD)
    assert tables() == []
    assert differences(with_iptables, take_snapshot()) == ""
    settle(NEW)
    assert differences(with_nftables, take_snapshot()) == ""
    settle(None)
    assert_same(before)


@pytest.mark.fake_host
def test_two_scopes_in_two_backends_are_told() -> None:
    give_uplink()
    converge(Declaration([network("web", V4)], firewall="iptables"))
    beside = Declaration([network("two", {"subnet": "10.30.0.0/24"})], firewall="nftables")
    (warning,) = converge(beside, scope="other").warnings
    assert warning.startswith("scope 'main' keeps its firewall rules in iptables, this one in nftables")
    converge(None)
    assert converge(beside, scope="other").warnings == []


@pytest.mark.fake_host
def test_the_administrators_chain_comes_first_and_stays() -> None:
    give_uplink()
    before = take_snapshot()
    declared = Declaration([network("web", V4)], [endpoint("a", {"name": "web", "ipv4_address": "10.20.0.10"}, ports=["8080:80"])], firewall="nftables")
    converge(declared)
    Server("a", "a", [80])
    await_addresses("", "a", "outside")
    question = ("outside", "tcp", "192.0.2.1", 8080)
    assert ask([question]) == ["a 192.0.2.2"]
    sh("nft add rule %s CNET-USER ip saddr 192.0.2.2 tcp dport 80 drop" % AT)
    assert ask([question], 0.5) == [None]
    assert lines(converge(declared)) == []
    converge(replace(declared, networks=[network("web", V4, enable_icc=False)]))
    assert ask([question], 0.5) == [None]
    converge(None)
    assert "192.0.2.2" in sh("nft list chain %s CNET-USER" % AT)
    sh("nft flush chain %s CNET-USER" % AT)
    converge(declared)
    converge(None)
    assert_same(before)


@pytest.mark.fake_host
def test_thousands_of_ports_are_entries_and_no_rules() -> None:
    """Each rule that is asked in turn takes its time, and an ordinary user's namespace takes some 800 in a transaction."""
    give_uplink()
    few = endpoint("a", {"name": "web", "ipv4_address": "10.20.0.10"}, ports=["10000:80"])
    many = {**few, "ports": ["%d:80" % port for port in range(10000, 12000)]}
    converge(Declaration([network("web", V4)], [few], firewall="nftables"))
    standing = rules_of_nftables()
    declared = Declaration([network("web", V4)], [many], firewall="nftables")
    converge(declared)
    assert rules_of_nftables() == standing
    Server("a", "a", [80])
    await_addresses("", "a", "outside")
    answers = ask([("outside", "tcp", "192.0.2.1", port) for port in (10000, 11000, 11999, 12000)])
    assert answers == ["a 192.0.2.2"] * 3 + [None]
    assert lines(converge(declared)) == []


def test_an_ordinary_users_namespace_takes_thousands_of_ports() -> None:
    port = Rule(4, "nat", "CNET-DNAT", 20, "DNAT", "main", "a", protocol="tcp", to="10.20.0.10", to_port=80)
    ports = [replace(port, destination_ports=(number, number)) for number in range(10000, 12000)]
    steps = plan(Nftables(lambda _tool: True).compose(ports, scope="main", current=()), Snapshot())
    text = transaction_text(steps, {"inet": NOTHING, "bridge": NOTHING})
    subprocess.run(["unshare", "-Urn", "nft", "-f", "-"], input=text, text=True, check=True, timeout=60)
    # So many rules are refused there.
    flat = "".join("add rule inet a b tcp dport %d dnat ip to 10.20.0.10:80\n" % port for port in range(10000, 12000))
    begun = "add table inet a\nadd chain inet a b { type nat hook prerouting priority 0; }\n"
    refused = subprocess.run(["unshare", "-Urn", "nft", "-f", "-"], input=begun + flat, capture_output=True, text=True, check=False, timeout=60)
    assert "Message too long" in refused.stderr


def in_the_firewall(point: str) -> bool:
    return " nft" in point or "tables-" in point


def test_killed_at_every_call() -> None:
    """Also on the way from one backend to the other: the next run completes it, and nothing of either is left."""
    assert_survived(
        Killed(EMPTY, NEW, least=4, deadly=in_the_firewall, quick=3),
        Killed(NEW, NEWER, least=4, deadly=in_the_firewall, quick=3),
        Killed(OLD, NEW, least=8, deadly=in_the_firewall, quick=4),
        Killed(NEW, OLD, least=8, deadly=in_the_firewall, quick=4),
        Killed(NEWER, EMPTY, least=4, deadly=in_the_firewall, quick=3),
    )
