# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A backend is one file and one row: everything else works for tests/unit/toys/ledger.py as it is."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._engine.pipeline import converge
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Outcome
from ansible_collections.netloom.container_net.plugins.module_utils._engine.result import ALL, tell
from ansible_collections.netloom.container_net.plugins.module_utils._engine.topology import topology_request
from ansible_collections.netloom.container_net.plugins.module_utils._firewall import table
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.verdict import narrows
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import FORWARD_CHAIN
from ansible_collections.netloom.container_net.plugins.module_utils._plan.step import CHANGE, DELETE, Step
from ansible_collections.netloom.container_net.plugins.module_utils._report.drift import describe_drift
from ansible_collections.netloom.container_net.plugins.module_utils._report.info import Report
from ansible_collections.netloom.container_net.plugins.module_utils._report.sight import observe_everything
from fresh_network import in_fresh_network
from ledger import Ledger, LedgerBackend, find_ledger

WEB: Dict[str, Any] = {"name": "web", "anti_spoofing": False, "ipam_config": [{"subnet": "10.20.0.0/24"}]}
MEMBER: Dict[str, Any] = {
    "name": "a",
    "container": {"netns": "a"},
    "networks": [{"name": "web", "ipv4_address": "10.20.0.10"}],
    "ports": ["8080-8200:80-200/tcp"],
}
MESH: Dict[str, Any] = {
    "driver": "overlay",
    "anti_spoofing": False,
    "udp_port": 4789,
    "vtep_address": "192.0.2.1",
    "peers": [{"host": "b", "vtep": "192.0.2.2"}],
}
Around = Callable[[Sequence[str]], Optional[Tuple[int, str, str]]]


@pytest.fixture(autouse=True)
def _row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(table.BACKENDS, "ledger", find_ledger)


def run_tool(argv: Sequence[str], data: Optional[str] = None) -> Tuple[int, str, str]:
    assert argv[0] in ("cat", "tee", "rm", "readlink")
    done = subprocess.run(list(argv), input=data, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


def run(*networks: Dict[str, Any], check: bool = False, scope: str = "main", around: Optional[Around] = None, **more: Any) -> Outcome:
    def tool(argv: Sequence[str], data: Optional[str] = None) -> Tuple[int, str, str]:
        return (around(argv) if around is not None else None) or run_tool(argv, data)

    options = {"scope": scope, "networks": list(networks), "allow_empty": True, "firewall_backend": "ledger", **more}
    request, _declared = topology_request(options, run=tool, check_mode=check)
    return converge(request._replace(frames=False, state_directory="/run/container_net_test"))


def lines(outcome: Outcome) -> List[str]:
    return [step.line for step in outcome.steps if isinstance(step.subject, Ledger)]


def ledgers() -> Dict[str, str]:
    return {path.name.rpartition("-")[2]: path.read_text() for path in sorted(Path("/run").glob("ledger-*"))}


def test_it_is_offered() -> None:
    assert table.list_choices() == ["auto", "iptables", "nftables", "none", "ledger"]
    assert isinstance(table.select_backend("ledger", lambda _tool: True, list), LedgerBackend)


def test_it_is_checked_planned_applied_and_removed() -> None:
    def work() -> None:
        planned = run(WEB, endpoints=[MEMBER], check=True)
        assert lines(planned) == ["+ ledger of IPv4", "+ ledger of IPv6"]
        assert ledgers() == {}
        done = run(WEB, endpoints=[MEMBER])
        assert [step.line for step in done.steps] == [step.line for step in planned.steps]
        assert (done.words, done.firewall_restores, done.warnings) == (planned.words, 2, ["nobody reads the ledger"])
        assert [line for line in tell(done, ALL) if line.startswith("firewall rules") and line.endswith("ledgers: 2:")]
        assert "      + CNET-FORWARD 0: CNET-USER for all" in list(tell(done, ALL))
        assert sorted(ledgers()) == ["4", "6"]
        again = run(WEB, endpoints=[MEMBER])
        assert (again.steps, again.netlink_changes, again.firewall_restores, again.warnings) == ((), 0, 0, [])
        gone = run()
        assert lines(gone) == ["- ledger of IPv4", "- ledger of IPv6"]
        assert ledgers() == {}

    in_fresh_network(work)


def test_its_drift_is_told_in_its_words_and_mended() -> None:
    def work() -> None:
        run(WEB, endpoints=[MEMBER])
        clean = ledgers()
        path = next(Path("/run").glob("ledger-*-4"))
        rows = [row for row in json.loads(path.read_text()) if (row["chain"], row["target"]) != ("CNET-INSIDE", "DROP")]
        path.write_text(json.dumps(rows))
        found = run(WEB, endpoints=[MEMBER], check=True)
        assert lines(found) == ["~ ledger of IPv4: rules +1 -0"]
        assert found.words == ("~ network web: firewall rules +1 -0",)
        (row,) = describe_drift("main", found.snapshot, found.desired, found.steps, found.words, found.show_rule)["rows"]
        assert row == {
            "item": "network web",
            "object": "ledger of IPv4",
            "attribute": "rule",
            "declared": "CNET-INSIDE 10: DROP for web",
            "found": None,
        }
        run(WEB, endpoints=[MEMBER])
        assert ledgers() == clean

    in_fresh_network(work)


def test_it_is_reported() -> None:
    def work() -> None:
        run(WEB, endpoints=[MEMBER])
        sight = observe_everything([], LedgerBackend(), run_tool)
        (port,) = Report(sight.snapshot, "main").ports()
        assert (port["endpoint"], port["published"], port["target"], port["addresses"]) == ("a", "8080-8200", "80-200", ["10.20.0.10"])

    in_fresh_network(work)


def test_scopes_share_it() -> None:
    def work() -> None:
        run(WEB, endpoints=[MEMBER])
        mine = ledgers()
        other = {"name": "lab", "ipam_config": [{"subnet": "10.30.0.0/24"}]}
        assert lines(run(other, scope="other", check=True))[0].startswith("~ ledger of IPv4: rules +")
        run(other, scope="other")
        assert lines(run(WEB, endpoints=[MEMBER])) == []
        run(scope="other")
        assert ledgers() == mine
        taking = {**MEMBER, "name": "b", "container": {"netns": "b"}, "networks": [{"name": "lab", "ipv4_address": "10.30.0.10"}], "ports": ["8100:80/tcp"]}
        with pytest.raises(ContainerNetError, match="host port 8100/tcp is published by scope 'main' already"):
            run(other, endpoints=[taking], scope="other")
        assert ledgers() == mine

    in_fresh_network(work)


def test_a_failure_puts_back_what_stood() -> None:
    def work() -> None:
        run(WEB, endpoints=[MEMBER])
        clean, refused = ledgers(), []

        def around(argv: Sequence[str]) -> Optional[Tuple[int, str, str]]:
            if argv[0] == "tee" and argv[1].endswith("-6") and not refused:
                refused.append(argv[1])
                return 1, "", "no ink"
            return None

        with pytest.raises(ContainerNetError, match="ledger of IPv6: no ink; what stood before was put back"):
            run({**WEB, "enable_icc": False}, endpoints=[MEMBER], around=around)
        assert refused
        assert ledgers() == clean
        assert lines(run(WEB, endpoints=[MEMBER])) == []

    in_fresh_network(work)


def test_what_it_cannot_do_is_said_in_its_words() -> None:
    def work() -> None:
        subprocess.run("ip link add up0 type bridge; ip addr add 192.0.2.1/24 dev up0; ip link set up0 up", shell=True, check=True)
        meshes = [{**MESH, "name": name, "vni": vni, "ipam_config": [{"subnet": "10.%d.0.0/24" % vni}]} for name, vni in (("one", 61), ("two", 62))]
        (warning,) = run(*meshes, check=True).warnings
        assert warning.startswith("a ledger has no column for VNIs, so a peer of one overlay can write into any other on UDP port 4789")

    in_fresh_network(work)


def test_what_narrows_is_known() -> None:
    def work() -> List[Step]:
        return [step for step in run(WEB, endpoints=[MEMBER], check=True).steps if isinstance(step.subject, Ledger)]

    four = in_fresh_network(work)[0].desired
    assert (4, "filter", FORWARD_CHAIN) in list(four.heads())
    more = replace(four, rules=(*four.rules, replace(four.rules[-1], target="ACCEPT", owner="more")))
    assert not narrows(Step(CHANGE, more, four))
    assert narrows(Step(CHANGE, four, more))
    assert narrows(Step(DELETE, current=four))
