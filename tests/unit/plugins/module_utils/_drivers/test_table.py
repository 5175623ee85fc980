# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run loads the drivers that its declaration names, and no other."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.table import DRIVERS, USUAL, find_driver

RUN = """
import json, sys
base = "ansible_collections.netloom.container_net.plugins.module_utils."
sys.path[:0] = json.loads(sys.argv[1])
from importlib import import_module
topology = import_module(base + "_engine.topology")
declared = topology.read_declaration("main", json.loads(sys.argv[2]), None, None)
facts = import_module(base + "_model.snapshot").Facts()
settled = import_module(base + "_document.on_host").settle_networks(declared, facts)
topology.compile_firewall(settled, forwarding_off=frozenset())
topology.compile_document(settled, facts)
home = base + "_drivers."
print(json.dumps(sorted({name[len(home) : -len(".driver")] for name in sys.modules if name.startswith(home) and name.endswith(".driver")})))
"""


def loaded(*networks: Dict[str, Any]) -> List[str]:
    done = subprocess.run([sys.executable, "-c", RUN, json.dumps(sys.path), json.dumps(networks)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found: List[str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        ([], []),
        ([{"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}], ["bridge"]),
        ([{"name": "far", "driver": "routed", "ipam_config": [{"subnet": "10.62.1.0/24"}]}], ["routed"]),
        ([{"name": "lan", "driver": "ipvlan", "internal": True}, {"name": "other", "driver": "macvlan", "internal": True}], ["ipvlan", "macvlan"]),
    ],
)
def test_only_what_is_named_is_loaded(networks: List[Dict[str, Any]], expected: List[str]) -> None:
    assert loaded(*networks) == expected


def test_each_stands_under_its_own_word() -> None:
    assert {find_driver(name).network.driver: name for name in DRIVERS} == {name: name for name in DRIVERS}
    assert USUAL in DRIVERS
