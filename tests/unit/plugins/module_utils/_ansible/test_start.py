# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files a task loads: only those of what it is about. Python compiles each of them anew at every task, which is most of what a small task takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterable, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils import _model
from fresh_network import in_fresh_network

COLLECTION = "ansible_collections.netloom.container_net.plugins."
RUN = """\
import contextlib, importlib, io, json, sys
from ansible.module_utils import basic
root, module, options = sys.argv[1:]
sys.path.insert(0, root)
basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": json.loads(options)}).encode()
basic._ANSIBLE_PROFILE = "legacy"
answer = io.StringIO()
with contextlib.redirect_stdout(answer), contextlib.suppress(SystemExit):
    importlib.import_module(module).main()
print(json.dumps([json.loads(answer.getvalue()), sorted(sys.modules)]))
"""
KINDS = frozenset("_kinds." + name for name in ("bridge", "dummy", "ipvlan", "macvlan", "veth", "vlan", "vrf", "vxlan"))
DRIVERS = frozenset("_drivers." + name for name in ("bridge", "ipvlan", "macvlan", "overlay", "routed"))
# What neither of the tasks below has to do with: published ports, routes of its own, wires, tunnels, cards, containers of a runtime, waiting for a
# confirmation, ways back, what a kernel lacks, guesses what was meant, rows, VLANs, limits, announcements, entries of others, an interface that
# moves into a bridge.
ELSEWHERE = frozenset(
    (
        "_compile.device",
        "_compile.limits",
        "_compile.published",
        "_compile.source_routing",
        "_compile.vxlan_firewall",
        "_compile.wire",
        "_document.amounts",
        "_document.check_links",
        "_document.check_ports",
        "_document.check_routes",
        "_document.devices",
        "_document.free_ports",
        "_document.guests",
        "_document.hints",
        "_document.host_devices",
        "_document.host_taken",
        "_actuators.storing",
        "_document.leave_out",
        "_document.settled",
        "_kernel.store",
        "_document.links",
        "_document.nat",
        "_document.ports",
        "_document.routes",
        "_document.rules",
        "_document.sysctls",
        "_drivers.bridge.host_ports",
        "_drivers.bridge.host_vrf",
        "_drivers.bridge.vrf",
        "_drivers.vlan",
        "_engine.borrowed",
        "_engine.commit_confirm",
        "_engine.left_out",
        "_engine.owners",
        "_engine.retreat",
        "_engine.rollback",
        "_engine.undo",
        "_firewall.foreign",
        "_kernel.address_conflict",
        "_kernel.announce",
        "_kernel.bridge_vlan",
        "_kernel.feature_probe",
        "_kernel.frames",
        "_kernel.limit",
        "_kernel.neighbour",
        "_kernel.nic",
        "_kernel.pci",
        "_kernel.sockets",
        "_kernel.tunnels",
        "_kernel.unconfirmed",
        "_model.checksum",
        "_model.devices",
        "_model.live",
        "_plan.clash",
        "_plan.homecoming",
        "_plan.hops",
        "_plan.nics",
        "_plan.tunnels",
        "_probe",
        "_report.drift",
        "_report.sight",
        "_runtime.container",
        "_runtime.docker",
        "_runtime.opening",
        "_runtime.podman",
        "_runtime.process",
        "difflib",
        "http.client",
        "importlib.metadata",
    )
)
NO_FIREWALL = frozenset(
    ("_actuators.flows", "_firewall.holders", "_firewall.iptables", "_firewall.standing", "_firewall.verdict", "_kernel.flow", "_kernel.route")
)
NO_DECLARATION = frozenset(
    (
        "_compile",
        "_document",
        "_engine.scope",
        "_engine.settings",
        "_engine.topology",
        "_model.document",
        "_model.network",
        "_plan.clash",
        "_report",
        "_runtime.namespace",
        "_runtime.tool",
        "_schema",
    )
)
BRIDGE = {"name": "br-start", "addresses": ["10.20.0.1/24"]}
NETWORK = {
    "networks": [{"name": "start", "ipam_config": [{"subnet": "10.20.0.0/24"}]}],
    "endpoints": [{"name": "one", "container": {"netns": "one"}, "networks": [{"name": "start"}]}],
}
# A task -> what it must not load.
TASKS: Dict[str, Any] = {
    "bridge": (BRIDGE, ELSEWHERE | NO_FIREWALL | NO_DECLARATION | DRIVERS | (KINDS - {"_kinds.bridge"})),
    "topology": (
        NETWORK,
        ELSEWHERE | (DRIVERS - {"_drivers.bridge"}) | (KINDS - {"_kinds.bridge", "_kinds.veth"}) | {"_kinds.nic"},
    ),
}


def loaded(module: str, options: Dict[str, Any], *, check: bool, again: bool = False) -> List[str]:
    """Run a task in a process of its own, or once more in another; return what was imported for it, ours without the name of the collection."""
    root = Path(_model.__path__[0]).parents[len(_model.__name__.split(".")) - 1]

    def play() -> List[Any]:
        command = [sys.executable, "-c", RUN, str(root), COLLECTION + "modules." + module, json.dumps({**options, "_ansible_check_mode": check})]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        found: List[Any] = json.loads(done.stdout)
        return found

    def work() -> List[Any]:
        first = play()
        return play() if again else first

    result, modules = in_fresh_network(work)
    assert result.get("changed") is not again, result
    ours = COLLECTION + "module_utils."
    return [name[len(ours) :] if name.startswith(ours) else name for name in modules]


def within(modules: Iterable[str], refused: FrozenSet[str]) -> List[str]:
    return [name for name in modules if any(name == item or name.startswith(item + ".") for item in refused)]


@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
@pytest.mark.parametrize("module", TASKS)
def test_a_task_loads_what_it_is_about(module: str, check: bool) -> None:
    options, refused = TASKS[module]
    found = within(loaded(module, {**options, "firewall_backend": "none"} if module == "topology" else options, check=check), refused)
    assert not found, " ".join(found)


def test_what_is_asked_for_is_loaded() -> None:
    modules = loaded("topology", {**NETWORK, "firewall_backend": "none", "skip_unsupported": True}, check=True)
    assert within(modules, ELSEWHERE) == ["_document.leave_out", "_engine.left_out"]
    assert within(modules, KINDS | DRIVERS | NO_DECLARATION)


def test_a_task_that_changes_nothing_has_nothing_to_tell() -> None:
    modules = loaded("topology", {**NETWORK, "firewall_backend": "none"}, check=False, again=True)
    assert within(modules, NO_DECLARATION), "the declaration was not read"
    assert not within(modules, frozenset(("_plan.detail", "_report.info", "_report.inside", "_report.words")))
