# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the collection and the helpers beside this file importable, and keeps the tests off the machine's own network."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import List

import pytest

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]


def _collections_root() -> Path:
    if CHECKOUT.parts[-3:] == ("ansible_collections", "netloom", "container_net"):
        return CHECKOUT.parents[2]
    root = Path(tempfile.mkdtemp(prefix="container-net-collections-"))
    root.chmod(0o755)
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    link = root / "ansible_collections" / "netloom" / "container_net"
    link.parent.mkdir(parents=True)
    link.symlink_to(CHECKOUT)
    return root


COLLECTIONS = _collections_root()
sys.path[:0] = [str(COLLECTIONS), str(HERE)]
sys.path.append(str(CHECKOUT / "tests/unit/plugins/module_utils"))  # objects written as rows


def _is_throwaway(kind: str) -> bool:
    try:
        return os.stat("/proc/self/ns/%s" % kind).st_ino != os.stat("/proc/1/ns/%s" % kind).st_ino
    except PermissionError:  # process 1 is out of reach of a user namespace
        return True


def pytest_sessionstart() -> None:
    if os.geteuid() != 0 or not _is_throwaway("net") or not _is_throwaway("mnt"):
        pytest.exit("functional tests run in throw-away namespaces only: tests/gates/functional.sh makes them", returncode=4)


@pytest.fixture(scope="session")
def collections_path() -> Path:
    """The directory for ANSIBLE_COLLECTIONS_PATH."""
    return COLLECTIONS


def pytest_configure(config: pytest.Config) -> None:
    from harness import fake_hosts, threats

    config.pluginmanager.register(fake_hosts)
    config.pluginmanager.register(threats)
    if config.pluginmanager.hasplugin("xdist"):
        from harness import one_by_one

        config.pluginmanager.register(one_by_one)


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    """Long tests first: the last one decides when the floor is done."""
    items.sort(key=lambda item: not ("killed" in item.name or "drift" in item.name))


def pytest_collection_finish() -> None:
    """Most tests run in forked children: what their garbage collector leaves alone need not be copied for them."""
    gc.collect()
    gc.freeze()
