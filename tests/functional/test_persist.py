# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declarations that are kept on the host, and the program that brings them back when it starts."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._boot import restore as restore_module
from ansible_collections.netloom.container_net.plugins.module_utils._boot.restore import Restoring
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.statefile import STATE_DIRECTORY
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.store import Store
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.unconfirmed import confirm
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.containers import find_missing
from harness.declarations import BOX, CASES, LAN4, V4, V6, endpoint, lan, network, two
from harness.engine import Declaration, assert_settled, converge, give_uplink, lines, settle
from harness.faults import Points, refuse_always
from harness.foreign import add_foreign_things
from harness.guards import await_no_guard, guards
from harness.host import Child, await_true, bind_space, on_fake_host, sh, share_out
from harness.kills import Killed, assert_survived, sample
from harness.restarts import after_restart, container_net, own_disk
from harness.snapshot import assert_same, differences, take_snapshot

FILE = Path("/var/lib/container_net/main.json")
WEB = Declaration([network("web", V4, V6)], two(ports=["8080:80", "80/tcp"]), prepare=give_uplink)
QUICK = 6  # of all cases

fake_host = pytest.mark.fake_host


def spaces() -> List[str]:
    """Return the named namespaces; `outside` is what the uplink leads to."""
    return sorted(set(os.listdir("/run/netns")) - {"outside"})


def kept() -> Dict[str, Any]:
    options: Dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))["options"]
    return options


def keep(declaration: Declaration = WEB, **options: Any) -> None:
    """Apply a declaration on a host with a disk of its own, and keep it there."""
    own_disk()
    declaration.prepare()
    converge(declaration, persist=True, **options)


def come_back(declaration: Declaration) -> str:
    """Keep a declaration, restart the host, and return in what it then differs."""
    keep(declaration)
    before = take_snapshot()

    def restarted() -> str:
        declaration.prepare()
        container_net("restore")
        found = differences(before, take_snapshot())
        again = container_net("restore")
        assert again == ["main: nothing to do"], again
        assert container_net("check") == ["main: in order"]
        return found

    return after_restart(restarted)


def restore() -> List[str]:
    """Bring back what is kept, and return the namespaces."""
    give_uplink()
    container_net("restore")
    return spaces()


def test_everything_comes_back_as_it_was() -> None:
    chosen = sample([name for name in CASES if CASES[name].networks], QUICK)
    assert share_out(lambda name: on_fake_host(lambda: come_back(CASES[name])) and name, chosen, timeout=600.0) == []


@fake_host
def test_it_is_kept_with_what_was_chosen_and_for_root_alone() -> None:
    own_disk()
    give_uplink()
    before = take_snapshot()
    told: Dict[str, Any] = {}
    steps = settle(WEB, persist=True)
    assert "+ stored declaration of scope main" in steps
    converge(WEB, persist=True, told=told)
    first, second = kept()["endpoints"]
    given = told["endpoints"][0]
    assert first["networks"] == [{"name": "web", **{key: given["networks"][0][key] for key in ("ipv4_address", "ipv6_address")}}]
    assert first["ports"] == ["8080:80", given["ports"][1]]
    assert second["networks"][0]["ipv4_address"] == told["endpoints"][1]["networks"][0]["ipv4_address"]
    assert (FILE.stat().st_mode & 0o777, FILE.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    changed = settle(replace(WEB, endpoints=two()), persist=True)
    assert any(line.startswith("~ stored declaration of scope main: ") for line in changed)
    assert "- stored declaration of scope main" in settle(WEB)
    assert not FILE.exists()
    settle(WEB, persist=True)
    settle(None)
    assert_same(before)


@fake_host
def test_a_second_scope_is_kept_beside_the_first() -> None:
    keep()
    other = Declaration([network("db", {"subnet": "10.22.0.0/24"})], [endpoint("c", "db")])
    converge(other, scope="second", persist=True)
    assert [line.split()[:2] for line in container_net("show")[1:]] == [["main", "1"], ["second", "1"]]
    assert json.loads("\n".join(container_net("show", "second")))["networks"] == [{"name": "db", "ipam_config": [{"subnet": "10.22.0.0/24"}]}]
    converge(None)
    assert not FILE.exists()
    # What only the first needed, of settings that both share, is given back by the second.
    assert container_net("check", status=2)[0].startswith("second: ~ host: sysctl net.ipv6.conf.all.forwarding 1 → 0")
    container_net("restore")
    assert container_net("check") == ["second: in order"]

    assert after_restart(restore) == ["c"]


@fake_host
def test_a_host_that_cannot_keep_it_is_left_as_it_is() -> None:
    own_disk()
    give_uplink()
    sh("mkdir -m 700 /var/lib/container_net; mount -t tmpfs -o size=4k,mode=700 tmpfs /var/lib/container_net")
    sh("head -c 4096 /dev/zero >/var/lib/container_net/full")
    before = take_snapshot()
    with pytest.raises(ContainerNetError, match=r"stored declaration of scope main: No space left on device"):
        converge(WEB, persist=True)
    assert_same(before)


@fake_host
def test_a_change_that_fails_leaves_what_was_kept() -> None:
    keep()
    before = take_snapshot()
    goal = replace(WEB, endpoints=[*two(), endpoint("c", "web")])
    with pytest.raises(ContainerNetError):
        converge(goal, persist=True, door=Door(fault=refuse_always(3, errno.ENOBUFS), messages_per_datagram=1))
    assert_same(before)


def prepare_disk() -> None:
    own_disk()
    give_uplink()


def touches_file(point: str) -> bool:
    return "/var/lib/" in point or point in ("write", "replace", "unlink", "rmdir")


BEFORE, PUBLISHED, PLAIN = (
    Declaration(prepare=prepare_disk),
    *(replace(WEB, endpoints=endpoints, prepare=prepare_disk, persist=True) for endpoints in (WEB.endpoints, two())),
)
KILLED = tuple(Killed(*run, least=8, deadly=touches_file, quick=3) for run in ((BEFORE, PUBLISHED), (PUBLISHED, PLAIN), (PLAIN, BEFORE)))
# Of a start of the host.
LEAST, KILLS = 40, 3


def test_killed_on_the_way() -> None:
    assert_survived(*KILLED)


def restore_watched(point: Optional[int] = None) -> List[str]:
    """Bring back what is kept, in this process, which dies right before a point; return the points."""
    points = Points(point)
    points.watch_system_calls()
    entry = Store("main").standing()
    assert entry is not None
    Restoring(entry, check_mode=False, engines=True, wait_timeout=0.0).run()
    return points.names


@fake_host(timeout=900.0)
def test_a_start_of_the_host_that_dies_on_the_way_is_completed() -> None:
    keep()
    before = take_snapshot()

    def play(point: Optional[int]) -> List[str]:
        give_uplink()
        child = Child(lambda: restore_watched(point))
        if point is None:
            names: List[str] = child.result(60)
            return names
        assert os.WTERMSIG(child.wait()) == signal.SIGKILL
        container_net("restore")
        return [left for left in [differences(before, take_snapshot())] if left]

    points = after_restart(lambda: play(None))
    assert len(points) >= LEAST, points
    for point in sample(range(len(points)), KILLS):
        left = after_restart(lambda point=point: play(point))
        assert not left, "killed before point %d (%s): %s" % (point, points[point], left)


@fake_host
def test_a_change_that_waits_when_the_host_restarts_counts_as_not_made() -> None:
    keep()
    goal = replace(WEB, endpoints=[endpoint("c", "web")])
    converge(goal, persist=True, confirm_timeout=30.0)
    assert container_net("show")[1].endswith("waits for its confirmation")

    assert after_restart(lambda: container_net("show")[1]).endswith("was not confirmed")
    assert after_restart(restore) == ["a", "b"]
    confirm(STATE_DIRECTORY, "main", "", check_mode=False)
    assert after_restart(restore) == ["c"]


@fake_host
def test_a_change_whose_guard_was_killed_is_kept_by_the_next_run() -> None:
    keep(confirm_timeout=30.0)
    for guard in guards():
        os.kill(guard, signal.SIGKILL)
    await_true(lambda: not guards(), 10, lambda: "the guard lives on")
    assert lines(converge(WEB, persist=True)) == ["~ stored declaration of scope main: declaration unconfirmed → %s" % digest()]
    assert after_restart(restore) == ["a", "b"]


@fake_host
def test_a_change_that_nobody_confirms_leaves_what_was_kept() -> None:
    keep()
    before = FILE.read_text(encoding="utf-8")
    converge(replace(WEB, endpoints=[endpoint("c", "web")]), persist=True, confirm_timeout=3.0)
    await_no_guard(20)
    assert FILE.read_text(encoding="utf-8") == before
    converge(WEB, confirm_timeout=3.0)
    await_no_guard(20)
    assert FILE.read_text(encoding="utf-8") == before


@fake_host
def test_what_waits_for_the_first_time_or_for_its_removal() -> None:
    keep(confirm_timeout=30.0)
    assert after_restart(lambda: container_net("restore", status=1)) == [
        "main: the declaration was not confirmed before the host restarted, and none was kept before it; apply it again"
    ]
    confirm(STATE_DIRECTORY, "main", "", check_mode=False)
    converge(WEB, confirm_timeout=30.0)
    assert after_restart(restore) == ["a", "b"]
    confirm(STATE_DIRECTORY, "main", "", check_mode=False)
    assert not FILE.exists()


@fake_host
def test_what_a_host_cannot_have_any_more_is_left_out_and_the_rest_stands() -> None:
    own_disk()
    give_uplink()
    card = network("lan", LAN4, driver="macvlan", parent="eth0")
    both = Declaration([network("web", V4), card], [endpoint("a", "web", "lan"), endpoint("b", "lan")])
    converge(both, persist=True)

    def restarted() -> None:
        left = container_net("restore", "--wait", "0", status=2)
        assert any(line.startswith("main: networks[lan] is left out: parent: ") and "no such interface" in line for line in left), left
        assert "main: + network web (bridge br-web, 10.20.0.0/24)" in left
        assert subprocess.run(["ip", "-n", "a", "link", "show", "eth0"], check=False).returncode == 0
        told = container_net("check", status=2)
        assert len([line for line in told if "networks[lan] is left out" in line]) == 3, told
        give_uplink()
        container_net("restore")
        assert container_net("check") == ["main: in order"]

    after_restart(restarted)


@fake_host
def test_what_stands_in_the_way_of_one_thing_is_no_reason_to_leave_out_others() -> None:
    db = network("db", {"subnet": "10.22.0.0/24"})
    keep(Declaration([network("web", V4), db], [endpoint("a", "web"), endpoint("b", "db")], prepare=give_uplink))

    def restarted() -> None:
        give_uplink()
        sh("ip link add br-web type dummy 2>/dev/null || ip link add br-web type veth peer name other")
        left = container_net("restore", "--wait", "0", status=2)
        assert any(line.startswith("main: networks[web] is left out: ") for line in left), left
        assert "main: + container b joins db as eth0, 10.22.0" in "\n".join(left)
        assert "br-web" not in sh("ip -br link show type bridge")

    after_restart(restarted)


@fake_host
def test_a_container_that_ends_between_two_looks_is_the_fault_of_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    own_disk()
    give_uplink()
    bind_space(BOX)
    box = {"name": "box", "container": {"path": BOX}, "networks": ["web"]}
    wire = {"name": "w", "ends": [{"endpoint": "a", "addresses": ["10.9.0.1/30"]}, {"endpoint": "b", "addresses": ["10.9.0.2/30"]}]}
    converge(replace(WEB, endpoints=[*two(), box], links=[wire]), persist=True)
    before = sh("ip -n a -br address; ip -n b -br address")
    looks: List[int] = []

    def look_and_lose(places: Iterable[str]) -> Any:
        found = find_missing(places)
        looks.append(len(found))
        if len(looks) == 1:
            sh("umount %s; rm %s" % (BOX, BOX))
        return found

    monkeypatch.setattr(restore_module, "find_missing", look_and_lose)
    entry = Store("main").standing()
    assert entry is not None
    restored = Restoring(entry, check_mode=False, engines=True, wait_timeout=0.0).run()
    assert looks[:2] == [0, 1]
    assert restored.faulty == {}
    assert [line.partition(":")[0] for line in restored.words] == ["endpoints[box] is left out"]
    assert sh("ip -n a -br address; ip -n b -br address") == before


@fake_host
def test_an_endpoint_with_a_fault_keeps_what_it_has() -> None:
    keep()
    sh("iptables -t nat -F; ip6tables -t nat -F")
    with socket.create_server(("0.0.0.0", 8080)):
        before = sh("ip -n a -br address; ip -br link show type veth")
        assert "endpoints[a]" in " ".join(container_net("restore", "--wait", "0", status=1))
        assert sh("ip -n a -br address; ip -br link show type veth") == before
    container_net("restore")
    assert container_net("check") == ["main: in order"]


@fake_host
def test_nothing_that_stands_goes_for_what_is_left_out() -> None:
    keep(lan("a", "b"))
    sh("ip link set eth0 down; ip link set eth0 name uplink0; ip link set uplink0 up")
    before = take_snapshot()
    container_net("restore", "--wait", "0", status=1)
    assert_same(before)


@fake_host
def test_others_have_what_they_had() -> None:
    keep()

    def restarted() -> None:
        give_uplink()
        add_foreign_things()
        before = take_snapshot()
        container_net("restore")
        converge(None)
        assert_same(tuple(line for line in before if "/var/lib/container_net" not in line))

    after_restart(restarted)


@fake_host
def test_processes_by_number_are_not_kept() -> None:
    own_disk()
    give_uplink()
    with subprocess.Popen(["unshare", "-n", "sleep", "100"]) as process:
        try:
            sh("until [ $(stat -Lc %%i /proc/%d/ns/net) != $(stat -Lc %%i /proc/self/ns/net) ]; do sleep 0.02; done" % process.pid)
            passing = {"name": "p", "container": {"pid": process.pid}, "networks": ["web"]}
            sidecar = {"name": "s", "network_mode": "container:p"}
            wire = {"name": "w", "ends": [{"endpoint": "p", "addresses": ["10.9.0.1/30"]}, {"endpoint": "a", "addresses": ["10.9.0.2/30"]}]}
            outcome = converge(replace(WEB, endpoints=[*two(), passing, sidecar], links=[wire]), persist=True)
        finally:
            process.kill()
    assert [line.partition(" ")[0] for line in outcome.warnings if "not kept" in line] == ["endpoints[p]", "endpoints[s]"]
    assert ([item["name"] for item in kept()["endpoints"]], kept()["links"]) == (["a", "b"], [])


@fake_host
def test_a_damaged_file_is_told_and_mended_by_the_next_run() -> None:
    keep()
    whole = FILE.read_text(encoding="utf-8")
    for damaged, why in ((whole[:100], "it is damaged"), ("[]", "it holds no declaration"), (whole.replace('"format": 1', '"format": 99'), "it has format 99")):
        FILE.write_text(damaged, encoding="utf-8")
        said = container_net("restore", status=1)
        assert why in said[0], said
        assert "apply the declaration of scope 'main' again" in said[0]
        assert container_net("show")[1].split() == ["main", "-", "-", "-", "unreadable"]
        assert lines(converge(WEB, persist=True)) == ["~ stored declaration of scope main: declaration unreadable → %s" % digest()]
        assert FILE.read_text(encoding="utf-8") == whole
    assert_settled(WEB, persist=True)


def digest() -> str:
    found = Store("main").observe()
    assert found is not None
    return found.declaration


@fake_host
def test_bad_words_are_refused_before_anything_is_done() -> None:
    own_disk()
    precious = Path("/var/lib/precious.json")
    precious.write_text("{}", encoding="ascii")
    for verb in ("restore", "check", "show", "forget", "follow"):
        (said, *more) = container_net(verb, "../precious", status=1)
        assert said == "container-net: 1 input error, nothing was changed:"
        assert more[0].startswith('- SCOPE: got string "../precious": ')
    assert "wait_timeout" in " ".join(container_net("restore", "--wait", "-1", status=1))
    assert "invalid choice: 'mend'" in container_net("mend", status=2)[-1]
    assert precious.exists()


@fake_host
def test_check_tells_people_and_programs_what_differs() -> None:
    keep()
    before = take_snapshot()
    assert container_net("check", "--textfile", "/run/found.prom") == ["main: in order"]
    assert 'container_net_in_order{scope="main"} 1' in Path("/run/found.prom").read_text(encoding="ascii")
    sh("ip link set br-web mtu 1300")
    assert container_net("check", "--textfile", "/run/found.prom", status=2)[-1] == "main: 1 difference"
    told = json.loads("\n".join(container_net("check", "--json", status=2)))["scopes"]["main"]
    assert (told["in_order"], told["summary"], told["left_out"]) == (False, "1 difference", [])
    assert told["rows"] == [{"item": "network web", "object": "bridge br-web", "attribute": "mtu", "declared": 1500, "found": 1300}]
    metrics = Path("/run/found.prom").read_text(encoding="ascii").splitlines()
    assert 'container_net_in_order{scope="main"} 0' in metrics
    assert 'container_net_differences{scope="main"} 1' in metrics
    container_net("restore")
    assert_same(before)
    assert container_net("forget", "main") == ["main: not kept any more; what stands of it stays"]
    assert container_net("check") == ["no declaration is kept in /var/lib/container_net"]
    assert container_net("forget", "main", status=1) == ["container-net: no declaration of scope 'main' is kept in /var/lib/container_net"]
