# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes `ansible_collections.netloom.container_net` importable from any checkout."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def _collections_root() -> Path:
    if CHECKOUT.parts[-3:] == ("ansible_collections", "netloom", "container_net"):
        return CHECKOUT.parents[2]
    root = Path(tempfile.mkdtemp(prefix="container-net-collections-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    link = root / "ansible_collections" / "netloom" / "container_net"
    link.parent.mkdir(parents=True)
    link.symlink_to(CHECKOUT)
    return root


sys.path.insert(0, str(_collections_root()))
sys.path.append(str(CHECKOUT / "tests" / "unit"))
