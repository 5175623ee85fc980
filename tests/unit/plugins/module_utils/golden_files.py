# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Golden cases: a folder of YAML files, or one file of several cases; adding a test is adding a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Collection, Dict, List

import pytest
import yaml


def read_cases(folder: Path, known: Collection[str]) -> List[Any]:
    """Return a parameter for each file; a word that no runner reads is a mistake, not a comment."""
    found = []
    for path in sorted(folder.glob("*.yml")):
        case: Dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        unknown = set(case) - set(known)
        if unknown:
            raise ValueError("%s: unknown: %s" % (path, ", ".join(sorted(unknown))))
        found.append(pytest.param(case, id=path.stem))
    if not found:
        raise ValueError("no cases in %s" % folder)
    return found
