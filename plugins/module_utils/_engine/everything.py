# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""All of the engine, for a process that outlives the task it came with, or must not be slow when something happens."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Iterator


def load_everything() -> None:
    for _name in load_one_by_one():
        pass


def load_one_by_one() -> Iterator[str]:
    """Load a module at each step, and yield its name."""
    package = __name__.rpartition("._engine.")[0]
    for _finder, name, _is_package in pkgutil.walk_packages(sys.modules[package].__path__, package + "."):
        importlib.import_module(name)
        yield name
