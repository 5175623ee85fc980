# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).parent
TOYS = HERE.parents[1] / "toys"
HELPERS = ("asking", "golden_files", "object_rows", "toy_kernel", "fresh_network", "kernel_engine", "rule_lines", "bad_documents")
# The tests are imported by path, so their helpers are given names here, in the order in which they need each other.
for path in (*(HERE / (name + ".py") for name in HELPERS), *sorted(TOYS.glob("*.py"))):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(path.stem)
    sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[path.stem])
