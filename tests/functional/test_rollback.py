# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals and silence of the kernel and of the firewall tools: one clear error, and everything as it stood before."""

from __future__ import annotations

import errno
import re
from typing import Callable, List, Optional, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import LOST, NETLINK_ROUTE, Door, Fault, Line
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import (
    ContainerNetError,
    FirewallError,
    KernelError,
    KernelTimeout,
    VerifyError,
)
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import HOST
from harness.declarations import V4, endpoint, network
from harness.engine import Declaration, Tools, converge, lines, reach
from harness.faults import lose_datagram, refuse_always, refuse_once
from harness.foreign import add_foreign_things
from harness.host import Child, on_fake_host, sh, share_out
from harness.kills import sample
from harness.runs import EMPTY, OTHER, RUNS, WEB
from harness.snapshot import assert_same, differences, take_snapshot

# The first ones may go away by themselves, so the run plans again; the others end it.
PASSING = (errno.EEXIST, errno.EBUSY)
FINAL = (errno.ENOBUFS, errno.EPERM, errno.ENOMEM)
Tried = Tuple[int, int]  # position, errno
QUICK = 6  # refusals of a run that are tried; test_errnos.py has each type of request with each error


def attempt(goal: Declaration, fault: Optional[Fault] = None, tools: Optional[Tools] = None, door: Optional[Door] = None) -> Optional[ContainerNetError]:
    try:
        converge(goal, door=door or Door(fault=fault, messages_per_datagram=1), tools=tools)
    except ContainerNetError as error:
        return error
    return None


def count_messages(name: str) -> int:
    start, goal = RUNS[name]

    def body() -> int:
        reach(start)
        seen: List[str] = []

        def fault(place: str, _message: bytes) -> None:
            seen.append(place)

        assert attempt(goal, fault) is None
        return len(seen)

    return on_fake_host(body)


def complain(what: str, error: Optional[ContainerNetError], expected: type, words: Sequence[str]) -> Optional[str]:
    """Tell what is wrong with an error, or None."""
    text = str(error)
    if not isinstance(error, expected) or any(word not in text for word in words):
        return "%s: expected %s with %s, got %r" % (what, expected.__name__, words, error)
    if "Traceback" in text or len(text.splitlines()) > 1:
        return "%s: not one clear line: %s" % (what, text)
    return None


def try_refusals(name: str, tries: Sequence[Tried]) -> List[str]:
    """Refuse one message after another on one host; each failure must leave it as it was."""
    start, goal = RUNS[name]
    reach(start)
    before = take_snapshot(sysctls=False)
    complaints: List[str] = []
    for position, number in tries:
        what = "%s, message %d, %s" % (name, position, errno.errorcode[number])
        error = attempt(goal, refuse_once(position, number))
        complaint = complain(what, error, KernelError, [errno.errorcode[number], "what stood before was put back"])
        if complaint is None and not str(error).startswith(("+ ", "~ ", "- ")):
            complaint = "%s: names no object: %s" % (what, error)
        left = differences(before, take_snapshot(sysctls=False))
        if complaint or left:
            complaints.append("%s\n%s" % (complaint or what, left))
            if left:
                break
    whole = take_snapshot()
    converge(goal)
    if converge(goal).steps:
        complaints.append("%s: the run after the refusals did not settle" % name)
    converge(start)
    complaints.extend(filter(None, [differences(whole, take_snapshot())]))
    return complaints


@pytest.mark.parametrize("name", RUNS)
def test_refusal_of_any_message_is_undone(name: str) -> None:
    total = count_messages(name)
    assert total >= 3
    tries = sample([(position, number) for position in range(total) for number in FINAL], QUICK)
    shares = [tries[0::2], tries[1::2]]
    complaints = share_out(lambda share: "\n".join(on_fake_host(lambda: try_refusals(name, share))), shares)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("name", RUNS)
def test_a_race_is_planned_again(name: str) -> None:
    """A refusal that somebody else's change explains is no failure when it does not come back."""
    total = count_messages(name)
    start, goal = RUNS[name]

    def clean() -> Tuple[str, ...]:
        reach(start)
        converge(goal)
        return take_snapshot()

    expected = on_fake_host(clean)

    def survives(tried: Tried) -> Optional[str]:
        def body() -> str:
            reach(start)
            error = attempt(goal, refuse_once(*tried))
            return str(error) if error else differences(expected, take_snapshot())

        return on_fake_host(body)

    tries = sample([(position, PASSING[position % 2]) for position in range(total)], QUICK)
    complaints = share_out(survives, tries)
    assert not complaints, "\n".join(complaints)


@pytest.mark.fake_host
@pytest.mark.parametrize("number", PASSING)
def test_a_race_that_never_ends_fails_clearly_and_is_undone(number: int) -> None:
    reach(WEB)
    before = take_snapshot()
    for position in range(0, 12, 3):
        error = attempt(OTHER, refuse_always(position, number))
        assert not complain("message %d" % position, error, ContainerNetError, [errno.errorcode[number], "what stood before was put back"])
        assert_same(before)
    converge(OTHER)
    assert converge(OTHER).steps == ()


@pytest.mark.threat("S12", everywhere=True)
@pytest.mark.fake_host
def test_a_swallowed_message_is_a_timeout_and_is_undone() -> None:
    reach(WEB)
    before = take_snapshot()
    for position in range(6):
        error = attempt(OTHER, refuse_once(position, LOST))
        assert isinstance(error, KernelTimeout), error
        assert re.match(r"[+~-] [a-z]+ \S+.*: the kernel did not answer within ", str(error)), error
        assert "what stood before was put back" in str(error)
        assert_same(before)


@pytest.mark.fake_host
def test_no_lost_datagram_hangs_a_run() -> None:
    """The kernel really never sees a datagram, of a reading or of a change: the run ends, and the next one completes it."""
    add_foreign_things()

    def lossy(number: int) -> Callable[[], bool]:
        def body() -> bool:
            lose_datagram(number)
            try:
                converge(WEB, door=Door(timeout=0.2))
            except KernelTimeout:
                return True
            return False

        return body

    before = take_snapshot()
    timeouts = 0
    for number in range(60):
        # A run that hangs has no result.
        if not Child(lossy(number)).result(20):
            break
        timeouts += 1
        converge(None)
        assert_same(before)
    assert 10 < timeouts < 60, "the run without a loss was never reached"


@pytest.mark.fake_host
@pytest.mark.parametrize("position", [0, 1])
def test_a_failing_firewall_tool_is_undone(position: int) -> None:
    """IPv4 fails first; when IPv6 fails, IPv4 stands already."""
    reach(WEB)
    before = take_snapshot()
    failures: List[str] = []

    def around(moment: str, argv: Sequence[str]) -> Optional[Tuple[int, str, str]]:
        if moment == "before" and argv[0].endswith("-restore") and not failures:
            tool = ("iptables-restore", "ip6tables-restore")[position]
            if argv[0] == tool:
                failures.append(tool)
                return 2, "", "%s: line 3 failed" % tool
        return None

    error = attempt(OTHER, tools=Tools(around=around))
    assert failures
    assert not complain("firewall", error, FirewallError, [failures[0], "line 3 failed", "what stood before was put back"])
    assert_same(before)
    assert lines(converge(OTHER))
    assert converge(OTHER).steps == ()


@pytest.mark.fake_host
def test_a_busy_firewall_is_tried_again() -> None:
    EMPTY.prepare()
    busy = [1, 1]

    def around(moment: str, argv: Sequence[str]) -> Optional[Tuple[int, str, str]]:
        if moment == "before" and argv[0].endswith("-restore") and busy:
            busy.pop()
            return 4, "", "Another app is currently holding the xtables lock"
        return None

    tools = Tools(around=around)
    converge(WEB, tools=tools)
    assert busy == []
    assert sum(call.endswith("-restore") for call in tools.calls) == 4
    assert converge(WEB).steps == ()


class Meddler(Door):
    """Somebody who takes an address away before each look at the host, as often as told."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times
        self.taken = 0

    def open(self, place: str, family: int = NETLINK_ROUTE) -> Line:
        if place == HOST and self.left and "inet 10.22.0.1/24" in sh("ip -o address"):
            sh("ip address delete 10.22.0.1/24 dev br-db")
            self.left -= 1
            self.taken += 1
        return super().open(place, family)


@pytest.mark.fake_host
@pytest.mark.parametrize("times", [1, 2])
def test_what_went_missing_right_after_is_done_again(times: int) -> None:
    """The look after the run sees that an address is gone; the run goes on until it stays."""
    reach(WEB)
    door = Meddler(times)
    told = lines(converge(OTHER, door=door))
    assert door.taken == times
    assert told.count("+ address 10.22.0.1/24 on br-db") == 1
    assert converge(OTHER).steps == ()


@pytest.mark.fake_host
def test_what_never_stays_fails_clearly_and_is_undone() -> None:
    reach(WEB)
    before = take_snapshot()
    door = Meddler(100)
    error = attempt(OTHER, door=door)
    assert door.taken == 3
    assert isinstance(error, VerifyError), error
    for words in ("the kernel does not show what was applied", "+ address 10.22.0.1/24 on br-db", "what stood before was put back"):
        assert words in str(error)
    assert_same(before)


STANDING = {
    "a bridge's name": ("ip link add br-web type veth peer name other", "veth br-web"),
    "a veth's name": ("ip link add a-web type bridge", "bridge a-web"),
    "a namespace's file": ("mkdir -p /run/netns; echo gone > /run/netns/b", "/run/netns/b"),
}


@pytest.mark.fake_host
@pytest.mark.parametrize("what", STANDING)
def test_what_stands_in_the_way_is_named_and_left_alone(what: str) -> None:
    script, words = STANDING[what]
    sh(script)
    declaration = Declaration([network("web", V4)], [endpoint("a", {"name": "web", "host_interface_name": "a-web"}), endpoint("b", "web")])
    before = take_snapshot()
    for check in (True, False):
        with pytest.raises(ContainerNetError) as caught:
            converge(declaration, check=check)
        assert words in str(caught.value)
        assert_same(before)
