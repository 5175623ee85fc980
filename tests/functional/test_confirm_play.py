# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Confirmations as plays make them: module archives that are gone by the time a guard acts, a controller that dies, the roles."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

from harness.engine import give_uplink
from harness.guards import NOTE, await_no_guard
from harness.host import on_fake_host, sh
from harness.snapshot import assert_same, take_snapshot
from lab_helpers import Ansible

COLLECTION = "netloom.container_net."
WEB = {
    "networks": [{"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}],
    "endpoints": [{"name": "a", "container": {"netns": "a"}, "networks": ["web"]}],
}
SHORT, LONG = 5, 60
ONE_TASK = 10  # within it another task starts, on a busy machine too
SLACK = 8.0
Task = Dict[str, Any]


def prepare(home: Path, collections: Path, **variables: Any) -> Ansible:
    give_uplink()
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_remote_tmp": str(home / "remote"), **variables}
    (home / "inventory.json").write_text(json.dumps({"all": {"hosts": {"here": host}}}))
    return Ansible(collections, home)


def note_is_there() -> bool:
    return os.path.lexists(NOTE)


def change(timeout: int) -> Task:
    return {"name": "change", COLLECTION + "topology": {**WEB, "confirm_timeout": timeout}, "register": "change"}


def test_a_play_confirms_and_a_later_one_comes_too_late(collections_path: Path, tmp_path: Path) -> None:
    tasks: List[Task] = [
        change(LONG),
        {"name": "drop", "ansible.builtin.meta": "reset_connection"},
        {"name": "confirm", COLLECTION + "confirm": {}, "when": "change.confirm_before is truthy"},
        {"name": "again", COLLECTION + "topology": {**WEB, "confirm_timeout": LONG}},
        {"name": "look", COLLECTION + "topology": {"state": "absent", "confirm_timeout": LONG}, "check_mode": True},
        {"name": "remove", COLLECTION + "topology": {"state": "absent", "confirm_timeout": ONE_TASK}},
        {"name": "meanwhile", COLLECTION + "topology": {"scope": "other", "state": "absent"}, "ignore_errors": True},
        {"name": "wait", "ansible.builtin.wait_for": {"path": NOTE, "state": "absent", "timeout": ONE_TASK + 10, "sleep": 1}},
        {"name": "late", COLLECTION + "confirm": {}, "ignore_errors": True},
        {"name": "settled", COLLECTION + "topology": WEB},
        {"name": "nonsense", COLLECTION + "topology": {**WEB, "confirm_timeout": 3}, "ignore_errors": True},
    ]

    def body() -> Dict[str, Dict[str, Any]]:
        ansible = prepare(tmp_path, collections_path)
        done = ansible.play(tmp_path / "inventory.json", tasks, hosts="here")
        await_no_guard(SLACK)
        return {name: hosts["here"] for name, hosts in done.items()}

    results = on_fake_host(body)
    assert results["change"]["confirm_before"].endswith("Z")
    assert results["change"]["statistics"]["seconds"] < SHORT
    assert results["confirm"]["changed"]
    assert LONG / 2 < results["confirm"]["seconds_left"] <= LONG
    assert not results["again"]["changed"]
    assert results["again"]["confirm_before"] is None
    assert results["look"]["changed"]
    assert results["look"]["confirm_before"] is None
    assert results["remove"]["confirm_before"]
    assert "a change of scope 'main' waits for its confirmation" in results["meanwhile"]["msg"]
    assert results["late"]["failed"]
    assert "it was taken back because none came in time" in results["late"]["msg"]
    assert not results["settled"]["changed"], "the removal was taken back: %s" % results["settled"]["actions"]
    assert "must be 0 (off) or from 5 to 3600 seconds" in results["nonsense"]["msg"]


def test_a_controller_that_dies_before_it_confirms(collections_path: Path, tmp_path: Path) -> None:
    def body() -> None:
        ansible = prepare(tmp_path, collections_path)
        before = take_snapshot()
        play = tmp_path / "play.yml"
        tasks = [change(SHORT), {"name": "think", "ansible.builtin.command": "sleep 12"}, {"name": "confirm", COLLECTION + "confirm": {}}]
        play.write_text(json.dumps([{"hosts": "here", "gather_facts": False, "tasks": tasks}]))
        command = [sys.executable, "-m", "ansible.cli.playbook", "-i", str(tmp_path / "inventory.json"), str(play)]
        # A process group of its own, and all of it dies: Ansible, its workers and whatever they started.
        controller = subprocess.Popen(command, env={**os.environ, **ansible.settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0)
        end = time.monotonic() + 60
        while not note_is_there():
            assert time.monotonic() < end
            time.sleep(0.02)
        time.sleep(1.0)
        os.killpg(controller.pid, signal.SIGKILL)
        controller.wait()
        assert sh("ip -o link show br-web")
        await_no_guard(SHORT + SLACK)
        sh("rm -rf /run/container_net/lock; rmdir /run/container_net 2>/dev/null || true")
        assert_same(before)

    on_fake_host(body)


def test_roles_confirm_their_changes(collections_path: Path, tmp_path: Path) -> None:
    def role(name: str, **variables: Any) -> Task:
        return {"name": name, "ansible.builtin.include_role": {"name": COLLECTION + name}, "vars": variables}

    tasks = [
        role("fleet", fleet_group="all", fleet_confirm_timeout=LONG),
        role("bridge_network", bridge_network_networks=[{"name": "db", "ipam_config": [{"subnet": "10.22.0.0/24"}]}], bridge_network_confirm_timeout=LONG),
        role("fleet", fleet_group="all", fleet_state="absent", fleet_confirm_timeout=LONG),
        role("bridge_network", bridge_network_state="absent"),
    ]

    def body() -> Dict[str, Dict[str, Any]]:
        ansible = prepare(tmp_path, collections_path, fleet_networks=WEB["networks"], fleet_endpoints=WEB["endpoints"])
        before = take_snapshot(sysctls=False)
        done = ansible.play(tmp_path / "inventory.json", tasks, hosts="here")
        assert not note_is_there()
        await_no_guard(0.1)
        assert take_snapshot(sysctls=False) == before
        return done

    done = {name: hosts["here"] for name, hosts in on_fake_host(body).items()}
    assert "- bridge br-db" in done["netloom.container_net.bridge_network : Bring the host to its bridge networks"]["actions"]
    confirmed = done["netloom.container_net.fleet : Keep the change"]
    assert confirmed["changed"]
    assert confirmed["seconds_left"] > LONG / 2
