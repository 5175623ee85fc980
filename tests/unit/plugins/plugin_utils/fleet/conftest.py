# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

# The tests are imported by path, so their helpers are given names here.
for _NAME in ("fleets", "probe_tables"):
    _HELPER = Path(__file__).with_name(_NAME + ".py")
    _SPEC = importlib.util.spec_from_file_location(_NAME, _HELPER)
    if _SPEC is None or _SPEC.loader is None:
        raise ImportError(str(_HELPER))
    sys.modules[_NAME] = importlib.util.module_from_spec(_SPEC)
    _SPEC.loader.exec_module(sys.modules[_NAME])
