# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

# The tests are imported by path, so their helper is given a name here.
_HELPER = Path(__file__).with_name("fleets.py")
_SPEC = importlib.util.spec_from_file_location("fleets", _HELPER)
if _SPEC is None or _SPEC.loader is None:
    raise ImportError(str(_HELPER))
sys.modules["fleets"] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(sys.modules["fleets"])
