# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change that waits for its confirmation: it stays with one, and without one the host looks as it did before."""

from __future__ import annotations

import errno
import os
import signal
import time
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._engine import pipeline
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Request
from ansible_collections.netloom.container_net.plugins.module_utils._engine.topology import topology_request
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.none import NoFirewall
from ansible_collections.netloom.container_net.plugins.module_utils._kernel import unconfirmed
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.statefile import STATE_DIRECTORY
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError, NotConfirmed
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.mark import Mark
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import KernelObject, Route
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import HOST
from harness.declarations import V4, endpoint, lan, network
from harness.engine import SHORTEST_CONFIRM, Declaration, Tools, check, converge, give_uplink, lines, reach
from harness.faults import count_points, die_at, refuse_once
from harness.guards import NOTE, SHORT, await_no_guard, guards, keep_log, processes
from harness.host import Child, bind_space, on_fake_host, sh, share_out
from harness.kills import sample
from harness.runs import OTHER, RUNS, WEB
from harness.snapshot import assert_same, differences, take_snapshot
from harness.traffic import Server, ask

keep_log()

LONG, CUT_OFF = 60.0, 4.0
SLACK = 20.0
QUICK = 8  # points of a run that are tried before its end


def confirm(scope: str = "main", connection: str = "", check_mode: bool = False) -> unconfirmed.Pending:
    return unconfirmed.confirm(STATE_DIRECTORY, scope, connection, check_mode=check_mode)


@pytest.mark.fake_host
@pytest.mark.parametrize("name", RUNS)
def test_a_confirmed_change_stays_and_leaves_nothing_else(name: str) -> None:
    start, goal = RUNS[name]

    def clean() -> Tuple[str, ...]:
        reach(start)
        converge(goal)
        return take_snapshot()

    expected = on_fake_host(clean)
    reach(start)
    running = processes()
    outcome = converge(goal, confirm_timeout=LONG)
    assert outcome.confirm_before
    assert len(guards()) == 1
    assert 50 < confirm().seconds_left <= LONG
    assert processes() == running
    left = differences(expected, take_snapshot())
    assert left == "", left
    assert converge(goal, confirm_timeout=LONG).confirm_before is None, "nothing to do needs no confirmation"
    assert guards() == []


@pytest.mark.fake_host
@pytest.mark.parametrize("name", RUNS)
def test_an_unconfirmed_change_is_taken_back_in_time(name: str) -> None:
    start, goal = RUNS[name]
    reach(start)
    before, running = take_snapshot(), processes()
    started = time.monotonic()
    assert converge(goal, confirm_timeout=SHORT).confirm_before
    assert len(guards()) == 1
    await_no_guard(SHORT + SLACK)
    assert time.monotonic() - started >= SHORT
    assert_same(before)
    assert processes() == running
    with pytest.raises(NotConfirmed, match="taken back"):
        confirm()
    assert lines(converge(goal)), "the host takes changes again"
    assert converge(goal).steps == ()


PLAIN = Declaration(prepare=give_uplink)
PIECE = {"subnet": "192.0.2.0/24", "ip_range": "192.0.2.64/28"}
ON_LAN = Declaration([network("lan", PIECE, interfaces=["eth0"])], [endpoint("a", "lan")], prepare=give_uplink)
OTHER_WAYS = {
    "the host's link into a bridge": (PLAIN, ON_LAN),
    "the host's link out of a bridge": (ON_LAN, PLAIN),
    "macvlan": (PLAIN, lan("a", parent="eth0", host_access=True)),
    "routed": (
        PLAIN,
        Declaration([network("pool", {"subnet": "192.0.2.64/28"}, driver="routed", proxy_interfaces=["eth0"])], [endpoint("a", "pool")], prepare=give_uplink),
    ),
    "wire": (
        PLAIN,
        Declaration(
            [network("web", V4)],
            [endpoint("a", "web"), endpoint("b")],
            links=[{"name": "w", "ends": [{"endpoint": "a", "interface_name": "w0"}, {"endpoint": "b", "interface_name": "w0"}]}],
            prepare=give_uplink,
        ),
    ),
}


@pytest.mark.fake_host
@pytest.mark.parametrize("name", OTHER_WAYS)
def test_what_else_is_not_confirmed_is_taken_back(name: str) -> None:
    start, goal = OTHER_WAYS[name]
    reach(start)
    before = take_snapshot()
    assert converge(goal, confirm_timeout=SHORT).confirm_before
    await_no_guard(SHORT + SLACK)
    assert_same(before)


@pytest.mark.fake_host
def test_looking_starts_nothing() -> None:
    give_uplink()
    planned = check(WEB, confirm_timeout=LONG)
    assert planned
    assert guards() == []
    assert converge(WEB, check=True, confirm_timeout=LONG).confirm_before is None


@pytest.mark.fake_host
def test_a_guard_holds_nothing_of_its_run() -> None:
    give_uplink()
    ours, others = os.pipe()
    os.set_inheritable(others, True)
    converge(WEB, confirm_timeout=LONG)
    os.close(others)
    assert os.read(ours, 1) == b"", "the guard keeps a pipe open that somebody reads until its end"
    (guard,) = guards()
    held = {number: os.readlink("/proc/%d/fd/%s" % (guard, number)) for number in os.listdir("/proc/%d/fd" % guard)}
    assert {held.pop(number) for number in "012"} == {"/dev/null"}
    assert sorted(target.split(":")[0].split("#")[0] for target in held.values()) == ["/run/container_net/", "pipe", "pipe"]
    assert os.readlink("/proc/%d/cwd" % guard) == "/"
    assert os.getpgid(guard) != os.getpgid(0)
    confirm()


# ---- who else wants something meanwhile


@pytest.mark.fake_host
def test_nothing_else_changes_the_host_meanwhile() -> None:
    give_uplink()
    converge(WEB, confirm_timeout=LONG)
    before = take_snapshot()
    for declaration, scope in ((OTHER, "main"), (None, "main"), (Declaration([network("db", {"subnet": "10.22.0.0/24"})]), "second")):
        with pytest.raises(NotConfirmed, match=r"scope 'main' .* in (5\d|60) s .*nothing was changed.*netloom\.container_net\.confirm"):
            converge(declaration, scope=scope)
        assert_same(before)
    assert converge(OTHER, check=True).steps, "looking is allowed"
    confirm()
    assert converge(OTHER).steps


@pytest.mark.fake_host
def test_a_confirmation_must_be_meant() -> None:
    give_uplink()
    mine = "192.0.2.2 50000 192.0.2.1 22"
    with pytest.raises(NotConfirmed, match="no change of scope 'main' waits"):
        confirm()
    converge(WEB, confirm_timeout=LONG, connection=mine)
    note = take_snapshot()
    with pytest.raises(NotConfirmed, match="scope 'main', not of 'second'"):
        confirm("second")
    with pytest.raises(NotConfirmed, match="reset_connection"):
        confirm(connection=mine)
    confirm(connection="192.0.2.2 50001 192.0.2.1 22", check_mode=True)
    assert_same(note)
    confirm(connection="192.0.2.2 50001 192.0.2.1 22")
    with pytest.raises(NotConfirmed, match="it was confirmed before"):
        confirm()
    assert guards() == []


@pytest.mark.threat("S12", everywhere=True)
@pytest.mark.fake_host
def test_a_killed_guard_blocks_nobody() -> None:
    give_uplink()
    converge(WEB, confirm_timeout=LONG)
    os.kill(guards()[0], signal.SIGKILL)
    await_guard_dead()
    with pytest.raises(NotConfirmed, match="neither confirmed nor taken back, for its guard was killed: it stands"):
        confirm()
    assert unconfirmed.KILLED in converge(WEB).warnings
    assert not os.path.lexists(NOTE)
    assert unconfirmed.KILLED not in converge(WEB).warnings
    converge(None, confirm_timeout=LONG)
    confirm()


@pytest.mark.threat("S12", everywhere=True)
@pytest.mark.fake_host
def test_a_guard_killed_during_its_run_is_missed_by_it() -> None:
    give_uplink()

    def kill_guard(_moment: str, _argv: Sequence[str]) -> None:
        for guard in guards():
            os.kill(guard, signal.SIGKILL)
        await_guard_dead()

    outcome = converge(WEB, confirm_timeout=LONG, tools=Tools(around=kill_guard))
    assert outcome.confirm_before is None
    assert [warning for warning in outcome.warnings if "the guard of this change was killed" in warning]
    assert check(WEB) == []


def await_guard_dead() -> None:
    end = time.monotonic() + 5
    while guards():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_two_hosts_do_not_see_each_other() -> None:
    def other_host() -> None:
        give_uplink()
        with pytest.raises(NotConfirmed):
            confirm()
        converge(WEB, confirm_timeout=LONG)
        confirm()
        assert guards() == []

    def this_host() -> None:
        give_uplink()
        before = take_snapshot()
        converge(WEB, confirm_timeout=2)
        mine = guards()
        on_fake_host(other_host)
        assert guards() == mine
        await_no_guard(2 + SLACK)
        assert_same(before)

    on_fake_host(this_host)


# ---- whatever dies


@pytest.mark.parametrize("name", RUNS)
def test_a_run_killed_anywhere_is_taken_back_at_once(name: str) -> None:
    start, goal = RUNS[name]

    def points_of_a_run() -> List[str]:
        reach(start)
        found = count_points(goal, confirm_timeout=LONG)
        confirm()
        return found

    points = on_fake_host(points_of_a_run)
    assert len(points) >= 30, points
    over = len(points) - points[::-1].index("write")  # the run's last word is to its guard; from then on the confirmation decides

    def survive(share: Sequence[int]) -> str:
        """Each is taken back to where the next one starts; return the first complaint."""
        reach(start)
        before = take_snapshot()
        for point in share:
            killed = time.monotonic()
            die_at(goal, point, confirm_timeout=LONG)
            if point >= over:
                confirm()
                complaint = "\n".join(lines(converge(goal)))
                converge(start)
            else:
                await_no_guard(SLACK)
                sh("rm -f /run/container_net/lock; rmdir /run/container_net 2>/dev/null || true")  # the next run takes the dead run's lock file
                assert time.monotonic() - killed < LONG / 2
                complaint = differences(before, take_snapshot())
            if complaint:
                return "killed before point %d of %d (%s): %s" % (point, len(points), points[point], complaint)
        return ""

    chosen = [*sample(range(over), QUICK), *range(over, len(points))]
    complaints = share_out(lambda share: on_fake_host(lambda: survive(share), timeout=900), [chosen[0::2], chosen[1::2]], timeout=900)
    assert not complaints, "\n".join(complaints)


@pytest.mark.fake_host
def test_the_end_of_the_session_does_not_matter() -> None:
    """A hang-up reaches every process of a session and its groups; a closed connection ends no guard."""
    give_uplink()
    before = take_snapshot()

    def run() -> None:
        os.setsid()
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup ignores it for all that it starts
        converge(WEB, confirm_timeout=2)
        os.killpg(0, signal.SIGHUP)

    status = Child(run).wait()
    assert os.WTERMSIG(status) == signal.SIGHUP
    assert guards()
    assert sh("ip -o link show br-web")
    await_no_guard(2 + SLACK)
    assert_same(before)


@pytest.mark.fake_host
def test_a_failed_run_needs_no_guard_any_more() -> None:
    reach(WEB)
    before = take_snapshot()
    with pytest.raises(ContainerNetError, match="what stood before was put back"):
        converge(OTHER, door=Door(fault=refuse_once(5, errno.EPERM)), confirm_timeout=LONG)
    assert guards() == []
    assert_same(before)


@pytest.mark.fake_host
def test_where_putting_back_fails_the_guard_goes_on_at_once() -> None:
    reach(WEB)
    before = take_snapshot()
    run, calls = os.getpid(), []

    def around(moment: str, argv: Sequence[str]) -> Optional[Tuple[int, str, str]]:
        if moment == "before" and argv[0].endswith("-restore") and os.getpid() == run:
            calls.append(argv[0])
            return (2, "", "no more firewall") if len(calls) > 1 else None
        return None

    with pytest.raises(ContainerNetError, match="putting back what stood before failed too"):
        converge(OTHER, tools=Tools(around=around), confirm_timeout=LONG)
    await_no_guard(SLACK)
    assert_same(before)


@pytest.mark.fake_host
def test_a_container_that_ended_meanwhile_is_no_obstacle() -> None:
    give_uplink()
    bind_space("/run/box/one")
    box = Declaration([network("web", V4)], [{"name": "a", "container": {"path": "/run/box/one"}, "networks": ["web"]}, endpoint("b", "web")])
    converge(box)
    converge(Declaration([network("web", V4, mtu=1400)], box.endpoints), confirm_timeout=SHORT)
    sh("umount /run/box/one; rm /run/box/one")
    await_no_guard(SHORT + SLACK)
    assert "mtu 1500" in sh("ip link show br-web")
    assert "mtu 1500" in sh("ip link show eth0", "b")


# ---- which clock


@pytest.mark.fake_host
def test_only_the_boot_clock_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of the clock on the wall say nothing; the time a host sleeps counts, which no other clock shows."""
    give_uplink()
    before = take_snapshot()
    slept = "/run/slept"
    boot, wall = unconfirmed.boot_clock, time.time

    def shifted() -> float:
        return boot() + (10 * LONG if os.path.exists(slept) else 0.0)

    monkeypatch.setattr(unconfirmed, "boot_clock", shifted)
    monkeypatch.setattr("time.time", lambda: wall() + 100 * LONG * (time.monotonic() % 2 - 1))
    assert abs(boot() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 1
    converge(WEB, confirm_timeout=LONG)
    time.sleep(0.5)
    assert len(guards()) == 1
    sh("touch %s" % slept)
    await_no_guard(SLACK)
    sh("rm %s" % slept)
    assert_same(before)


# ---- changes that cut the host off

CONTROLLER = "203.0.113.10"
SSH = "%s 50000 192.0.2.1 22" % CONTROLLER
Cut = Callable[[], Request]


def give_controller() -> None:
    """The controller sits behind the router that `outside` is."""
    give_uplink()
    sh("echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter")
    sh("ip address add %s/32 dev lo" % CONTROLLER, "outside")


def is_reached() -> bool:
    """Tell whether the controller gets an answer on the management port."""
    return ask([("outside", "tcp", "192.0.2.1", 22)])[0] == "host %s" % CONTROLLER


def declared(networks: List[Dict[str, object]], endpoints: Sequence[Dict[str, object]] = ()) -> Cut:
    def cut() -> Request:
        options = {"networks": networks, "endpoints": list(endpoints), "allow_management": True, "confirm_timeout": SHORTEST_CONFIRM}
        return topology_request(options, run=Tools().run, connection=SSH)[0]._replace(confirm_timeout=CUT_OFF)

    return cut


def objects(*items: KernelObject) -> Cut:
    return lambda: Request("main", lambda _facts: (items, ()), NoFirewall(), Tools().run, prune=True, adopt=True, confirm_timeout=CUT_OFF)


OURS = str(Mark("main", "object"))
CUTS: Dict[str, Cut] = {
    "a network over the controller's": declared([network("web", {"subnet": "203.0.113.0/24"})]),
    "a piece of the controller's network": declared([network("web", {"subnet": "203.0.113.8/29"})]),
    "its network inside": declared([network("web", {"subnet": "203.0.113.0/24"}, internal=True)]),
    "its network with a container": declared([network("web", {"subnet": "203.0.113.0/24"})], [endpoint("a", "web")]),
    "the controller's own address": declared([network("web", {"subnet": "203.0.113.0/28", "gateway": CONTROLLER})]),
    "the management port published": declared([network("web", V4)], [endpoint("a", "web", ports=["22:2222/tcp"])]),
    "it and others published": declared([network("web", V4)], [endpoint("a", "web", ports=["20-29:2220-2229/tcp"])]),
    "its interface for a container": declared(
        [network("lan", driver="macvlan", parent="eth0", mode="passthru")], [endpoint("a", {"name": "lan", "ipam": "none"})]
    ),
    "a wrong gateway": objects(Route(HOST, CONTROLLER + "/32", gateway="192.0.2.99", device="eth0")),
    "a wrong gateway to the whole network": objects(Route(HOST, "203.0.113.0/24", gateway="192.0.2.99", device="eth0")),
    "a bridge that takes the interface": objects(
        Link(HOST, "br9", Bridge(), up=True, alias=OURS),
        Link(HOST, "eth0", master="br9"),
    ),
}


@pytest.mark.threat("T21", everywhere=True)
@pytest.mark.fake_host
@pytest.mark.parametrize("what", CUTS)
def test_a_host_that_is_cut_off_comes_back(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    give_controller()
    sh("ip route replace 192.0.2.0/24 dev eth0 src %s" % CONTROLLER, "outside")
    monkeypatch.setenv("SSH_CONNECTION", SSH)
    server = Server("", "host", [22])
    assert is_reached()
    before = take_snapshot()
    pipeline.converge(CUTS[what]())
    assert not is_reached(), "this change cuts nothing off"
    await_no_guard(CUT_OFF + SLACK)
    assert_same(before)
    assert is_reached()
    server.stop()


@pytest.mark.parametrize("how", ["busy", "stopped"])
def test_the_guard_acts_on_its_own_clock_where_the_run_hangs(how: str) -> None:
    """A run that waits for a tool is told to end and says so; one that cannot hear is ended. Either way the host is as before, its lock free."""

    def body() -> None:
        reach(WEB)
        before = take_snapshot()

        def run() -> str:
            def around(moment: str, argv: Sequence[str]) -> Optional[Tuple[int, str, str]]:
                if moment == "before" and argv[0] == "ip6tables-restore" and not hung:
                    hung.append(1)
                    if how == "stopped":
                        os.kill(os.getpid(), signal.SIGSTOP)
                    time.sleep(60)
                return None

            hung: List[int] = []
            try:
                converge(OTHER, tools=Tools(around=around), confirm_timeout=SHORT)
            except NotConfirmed as error:
                return str(error)
            return "it ended well"

        started = time.monotonic()
        child = Child(run)
        if how == "busy":
            said = child.result(40)
            assert "took longer than confirm_timeout" in said, said
            assert "what stood before was put back" in said, said
        else:
            child.wait()
        await_no_guard(40)
        assert time.monotonic() - started < 55
        assert_same(before)
        assert lines(converge(OTHER))

    on_fake_host(body)
