# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel import netlink

LOOK = """\
import importlib, sys
sys.path.insert(0, sys.argv[1])
netlink = importlib.import_module(sys.argv[2])
print(netlink.PYROUTE2_ERROR, netlink.rtmsg.__module__, hasattr(sys.modules.get("pyroute2"), "IPRoute"))
import pyroute2
print(hasattr(pyroute2, "IPRoute"))
"""
# A release whose messages are found only once their package was imported.
WHOLE = "__path__ = [%r]\nIPRoute = 1\n"
RELEASES = {"": "None pyroute2.netlink.rtnl.rtmsg False\nTrue\n", WHOLE: "None pyroute2.netlink.rtnl.rtmsg True\nTrue\n"}


@pytest.mark.parametrize("release", RELEASES, ids=["as it is", "needed whole"])
def test_messages_are_imported_alone_where_they_can_be(release: str, tmp_path: Path) -> None:
    if release:
        (installed,) = find_spec("pyroute2").submodule_search_locations or ()
        (tmp_path / "pyroute2").mkdir()
        (tmp_path / "pyroute2" / "__init__.py").write_text(release % installed, encoding="utf-8")
    root = Path(netlink.__file__).parents[len(netlink.__name__.split(".")) - 1]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", LOOK, str(root), netlink.__name__], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == RELEASES[release], done.stderr
