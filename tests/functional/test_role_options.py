# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles pass on: the time to wait, and the permission to touch the connection."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Dict, List

from harness.engine import give_uplink
from harness.host import on_fake_host, sh
from lab_helpers import Ansible

COLLECTION = "netloom.container_net."
SSH = "203.0.113.5 50000 192.0.2.1 22"
WEB = {
    "networks": [{"name": "web", "ipam_config": [{"subnet": "10.24.0.0/24"}]}],
    "endpoints": [{"name": "a", "container": {"netns": "a"}, "networks": ["web"], "ports": ["22:22"]}],
}
MESH = {"networks": [{"name": "mesh", "driver": "overlay", "vni": 10, "on_every_host": True, "ipam_config": [{"subnet": "203.0.113.0/24"}]}]}
ROLES: Dict[str, Dict[str, Any]] = {"bridge_network": WEB, "macvlan_network": WEB, "overlay_network": MESH}
Task = Dict[str, Any]
Results = Dict[str, Dict[str, Dict[str, Any]]]


def apply(role: str, label: str, **options: Any) -> Task:
    """A task that applies a role and keeps its error, if there is one."""
    label = "%s %s" % (role, label)
    include = {"name": label, "ansible.builtin.include_role": {"name": COLLECTION + role}, "vars": {"%s_%s" % (role, key): options[key] for key in options}}
    keep = {"name": "kept " + label, "ansible.builtin.set_fact": {"kept": "{{ ansible_failed_result.msg }}"}}
    return {"name": "try " + label, "block": [include], "rescue": [keep]}


def told(done: Results, label: str) -> str:
    """Return the error of a role, or nothing."""
    return str(done["kept " + label]["here"]["ansible_facts"]["kept"]) if "kept " + label in done else ""


def test_roles_pass_on_the_time_to_wait_and_the_permission(collections_path: Path, tmp_path: Path) -> None:
    tasks: List[Task] = []
    for role in ROLES:
        tasks += [apply(role, "refused"), apply(role, "nonsense", wait_timeout=-1)]
        tasks += [apply(role, "allowed", allow_management=True), apply(role, "end", state="absent")]

    def body() -> Results:
        give_uplink()
        ansible = Ansible(collections_path, tmp_path)
        host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_remote_tmp": str(tmp_path / "remote")}
        host.update({"overlay_network_group": "all", "overlay_network_vtep_address": "192.0.2.1"})
        declared = {"%s_%s" % (role, key): value for role, declared in ROLES.items() for key, value in declared.items()}
        (tmp_path / "inventory.json").write_text(json.dumps({"all": {"hosts": {"here": {**host, **declared}}}}))
        done = ansible.play(tmp_path / "inventory.json", tasks, hosts="here", SSH_CONNECTION=SSH)
        assert "container-net" not in sh("ip -details link; iptables-save")
        return done

    done = on_fake_host(body)
    for role in ROLES:
        assert "set allow_management: true" in told(done, role + " refused")
        assert "wait_timeout: got float" in told(done, role + " nonsense")
        assert told(done, role + " allowed") == ""
