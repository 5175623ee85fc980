# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Only the table knows the backends, and it loads the one that is asked for."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.none import NoFirewall
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.table import AUTO, BACKENDS, USUAL, select_backend

ROOT = Path(__file__).resolve().parents[5]
UTILS = ROOT / "plugins" / "module_utils"

RUN = """
import json, sys
base = "ansible_collections.netloom.container_net.plugins.module_utils."
sys.path[:0] = json.loads(sys.argv[1])
from importlib import import_module
import_module(base + "_engine.topology").topology_request({"firewall_backend": sys.argv[2], "allow_empty": True}, run=None, check_mode=True)
home = base + "_firewall."
print(json.dumps(sorted({name[len(home) :].split(".")[0] for name in sys.modules if name.startswith(home)} & {"iptables", "none"})))
"""


def test_auto_is_one_of_them() -> None:
    assert USUAL in BACKENDS
    assert AUTO not in BACKENDS
    assert isinstance(select_backend("none", lambda _tool: False, list), NoFirewall)


@pytest.mark.parametrize(("name", "expected"), [("none", ["none"]), ("iptables", ["iptables"])])
def test_only_what_is_asked_for_is_loaded(name: str, expected: List[str]) -> None:
    done = subprocess.run([sys.executable, "-c", RUN, json.dumps(sys.path), name], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected


def strangers(root: Path) -> List[str]:
    """Return who else names a backend's folder: what it imports, and where."""
    found = []
    for path in sorted(root.rglob("*.py")):
        shown = path.relative_to(root).as_posix()
        if shown.startswith("_firewall/iptables/") or shown in ("_firewall/table.py", "_firewall/foreign.py"):
            continue
        modules = [node.module or "" for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)]
        found += [shown for module in modules if "iptables" in module.split(".")]
    return found


def test_nobody_else_knows_one(tmp_path: Path) -> None:
    assert strangers(UTILS) == []
    (tmp_path / "_engine").mkdir()
    (tmp_path / "_engine" / "a.py").write_text("def late():\n    from .._firewall.iptables.objects import Chain\n")
    assert strangers(tmp_path) == ["_engine/a.py"]
