# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine as the modules call it, with everything counted."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from ansible_collections.netloom.container_net.plugins.module_utils._engine import pipeline
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Outcome
from ansible_collections.netloom.container_net.plugins.module_utils._engine.result import ALL, tell
from ansible_collections.netloom.container_net.plugins.module_utils._engine.topology import read_declaration, topology_request
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.session import read_ssh_connection
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Flows
from ansible_collections.netloom.container_net.plugins.module_utils._report.drift import describe_drift
from ansible_collections.netloom.container_net.plugins.module_utils._report.standing import describe_standing

from harness import backends
from harness.host import await_true, is_running, sh
from harness.snapshot import Snapshot, assert_same, take_snapshot

SHORTEST_CONFIRM = 5.0  # seconds that a user must give; tests wait less


def no_preparation() -> None:
    pass


@dataclass(frozen=True)
class Declaration:
    """What a user writes for one host. `prepare` makes what must stand on the host before."""

    networks: Sequence[Dict[str, Any]] = ()
    endpoints: Sequence[Dict[str, Any]] = ()
    overlays: Optional[Dict[str, Any]] = None
    links: Sequence[Dict[str, Any]] = ()
    policies: Sequence[Dict[str, Any]] = ()
    prepare: Callable[[], None] = no_preparation
    persist: bool = False
    firewall: str = backends.option_of(backends.WANTED) or "auto"

    @property
    def options(self) -> Dict[str, Any]:
        """What of it is an option of the module topology."""
        lists = {"networks": self.networks, "endpoints": self.endpoints, "links": self.links, "policies": self.policies}
        return {**{name: list(items) for name, items in lists.items()}, "overlays": self.overlays}


@dataclass
class Tools:
    """Runs the firewall programs. `around` may do something before and after each, or answer in its place."""

    calls: List[str] = field(default_factory=list)
    around: Optional[Callable[[str, Sequence[str]], Optional[Tuple[int, str, str]]]] = None

    def run(self, argv: Sequence[str], data: Optional[str] = None) -> Tuple[int, str, str]:
        self.calls.append(" ".join(argv[:2]) if argv[:2] == ["nft", "-f"] else argv[0])
        answer = self.around("before", argv) if self.around else None
        if answer is not None:
            return answer
        done = subprocess.run(list(argv), input=data, capture_output=True, text=True, timeout=60, check=False)
        if self.around:
            self.around("after", argv)
        return done.returncode, done.stdout, done.stderr

    @property
    def restores(self) -> int:
        return sum(call.endswith("-restore") or call == "nft -f" for call in self.calls)


def converge(
    declaration: Optional[Declaration],
    *,
    check: bool = False,
    scope: str = "main",
    door: Optional[Door] = None,
    tools: Optional[Tools] = None,
    lock_timeout: float = 10.0,
    confirm_timeout: float = 0.0,
    wait_timeout: float = 0.0,
    connection: str = "",
    skip_unsupported: bool = False,
    persist: bool = False,
    told: Optional[Dict[str, Any]] = None,
) -> Outcome:
    """Apply a declaration, or remove the scope where there is none. `told` is filled with what the module tells of what stands."""
    request, declared = topology_request(
        {
            **(declaration or Declaration()).options,
            "scope": scope,
            "allow_empty": True,
            "lock_timeout": lock_timeout,
            "confirm_timeout": confirm_timeout and max(confirm_timeout, SHORTEST_CONFIRM),
            "wait_timeout": wait_timeout,
            "skip_unsupported": skip_unsupported,
            "firewall_backend": (declaration or Declaration()).firewall,
            "persist": persist or (declaration is not None and declaration.persist),
        },
        run=(tools or Tools()).run,
        check_mode=check,
        connection=connection or read_ssh_connection(os.environ),
    )
    outcome = pipeline.converge(request._replace(confirm_timeout=confirm_timeout), door=door)
    if told is not None:
        told.update(describe_standing(declared, outcome.left_links))
    return outcome


def with_addresses(declaration: Declaration) -> Declaration:
    """Return a declaration that names the addresses it would give on a host that has nothing yet: elsewhere they stay what they are."""
    document = read_declaration("main", **declaration.options)
    given = {
        (endpoint.name, item.network): {"ipv%d_address" % (6 if ":" in address else 4): address for address in item.addresses}
        for endpoint in document.endpoints
        for item in endpoint.attachments
    }

    def name(owner: Dict[str, Any], item: Any) -> Dict[str, Any]:
        told = {"name": item} if isinstance(item, str) else item
        return {**told, **given.get((owner["name"], told["name"]), {})}

    endpoints = [{**item, "networks": [name(item, network) for network in item["networks"]]} if "networks" in item else item for item in declaration.endpoints]
    return replace(declaration, endpoints=endpoints)


def reach(start: Declaration) -> None:
    """Make a host what a run starts from."""
    start.prepare()
    if start.networks or start.endpoints or start.links:
        converge(start)


def lines(outcome: Outcome) -> List[str]:
    return [step.line for step in outcome.steps]


def foretell(declaration: Optional[Declaration], **options: Any) -> Outcome:
    """Return what is planned, having made sure that looking sent and restored nothing."""
    door, tools = Door(), Tools()
    planned = converge(declaration, check=True, door=door, tools=tools, **options)
    assert door.changes == []
    assert tools.restores == 0
    return planned


def look(declaration: Optional[Declaration], **options: Any) -> Outcome:
    """Return what is planned, having made sure that looking changed nothing."""
    before = take_snapshot()
    planned = foretell(declaration, **options)
    assert_same(before)
    return planned


def check(declaration: Optional[Declaration], **options: Any) -> List[str]:
    """Return the planned lines, having made sure that looking changed nothing."""
    return lines(look(declaration, **options))


def settle(declaration: Optional[Declaration], **options: Any) -> List[str]:
    """check, apply, check, apply: the plan is what is done, in the same words, and the second run does nothing. Return the applied lines."""
    planned = look(declaration, **options)
    door, tools = Door(), Tools()
    done = converge(declaration, door=door, tools=tools, **options)
    applied = lines(done)
    assert applied == lines(planned), "planned: %s\napplied: %s" % (lines(planned), applied)
    assert list(tell(done, ALL)) == list(tell(planned, ALL))
    assert bool(done.words) == bool(applied), "nothing is told of %s" % applied
    if not _sends_nothing(applied):
        assert door.changes or tools.restores
    assert_settled(declaration, **options)
    return applied


def assert_settled(declaration: Optional[Declaration], **options: Any) -> None:
    """Further runs find nothing to do, in check mode and without, send nothing and restore nothing."""
    before = take_snapshot()
    door, tools = Door(), Tools()
    for looking in (True, False):
        assert lines(converge(declaration, check=looking, door=door, tools=tools, **options)) == []
    assert door.changes == []
    assert tools.restores == 0
    assert_same(before)


def apply_as_told(declaration: Declaration) -> List[str]:
    """check, apply: looking sends nothing, and the plan is what is done. Return the applied lines."""
    foreseen = foretell(declaration)
    planned = lines(foreseen)
    assert_told_by_rows(foreseen)
    assert lines(converge(declaration)) == planned
    return planned


def assert_told_by_rows(planned: Outcome) -> None:
    """Who asks where the host differs is told each step of the plan, and each value of it."""
    drift = describe_drift("main", planned.snapshot, planned.desired, planned.steps, planned.words, planned.show_rule)
    rows = [(row["object"], row["attribute"], row["declared"], row["found"]) for row in drift["rows"]]
    for step in planned.steps:
        if not isinstance(step.subject, Flows):
            assert [row for row in rows if row[0] == step.subject.label], "no row tells of %s" % step.line
            values = [change for change in step.changes if not isinstance(change.after, tuple)]
            assert {(step.subject.label, change.field, change.after, change.before) for change in values} <= set(rows)
    assert {row[0] for row in rows} <= {step.subject.label for step in planned.steps}
    assert drift["in_order"] == (not planned.steps)


def settle_back(declaration: Declaration, before: Snapshot) -> None:
    """check, apply, and all is as it was when this declaration was settled before."""
    apply_as_told(declaration)
    assert_same(before)


def _sends_nothing(applied: Sequence[str]) -> bool:
    return all(" sysctl " in line or " lo in " in line or " stored declaration " in line for line in applied)


def give_uplink(mtu: int = 1500, space: str = "outside") -> None:
    """Connect the host's eth0 to a named namespace that stands for the world: 192.0.2.1 and 2001:db8:2::1 here, .2 and ::2 there."""
    sh(
        """
        ip netns add {0}; ip -n {0} link set lo up
        ip link add eth0 mtu {1} address 02:00:00:00:02:01 type veth peer name eth0 mtu {1} address 02:00:00:00:02:02 netns {0}
        echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad
        ip netns exec {0} sh -c 'echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad'
        ip address add 192.0.2.1/24 dev eth0; ip address add 2001:db8:2::1/64 dev eth0 nodad; ip link set eth0 up
        ip -n {0} address add 192.0.2.2/24 dev eth0; ip -n {0} address add 2001:db8:2::2/64 dev eth0 nodad; ip -n {0} link set eth0 up
        ip route add default via 192.0.2.2; ip -6 route add default via 2001:db8:2::2
        """.format(space, mtu)
    )
    for end in ("", space):
        await_true(partial(is_running, "eth0", end), 30.0, lambda: "the cable to %s is not up" % space)
