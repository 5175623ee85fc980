# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import subprocess
import sys

PLUGINS = "ansible_collections.netloom.container_net.plugins."
# Ansible loads all of them in each process that meets one, and keeps no bytecode of a collection.
LOAD = """
import importlib, json, pkgutil, sys
package = importlib.import_module(%r)
for found in pkgutil.iter_modules(package.__path__):
    importlib.import_module(package.__name__ + "." + found.name).FilterModule().filters()
json.dump([name for name in sys.modules if name.startswith(%r)], sys.stdout)
"""


def test_a_process_that_meets_one_filter_loads_no_engine() -> None:
    script = LOAD % (PLUGINS + "filter", PLUGINS)
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, stdout=subprocess.PIPE, timeout=60, check=True
    )
    loaded = {name[len(PLUGINS) :] for name in json.loads(done.stdout)}
    filters = {name for name in loaded if name.startswith("filter")}
    assert len(filters) > 5
    assert loaded - filters == {"plugin_utils", "plugin_utils.plain"}
