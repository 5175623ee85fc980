# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts the engines for the tests; where they cannot run, the floor ends with a reason."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Dict, Optional

import pytest

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
SKIPPED = 77
NATIVE = ("lo", "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0")


def _collections_root(folder: Path) -> Path:
    if CHECKOUT.parts[-3:] == ("ansible_collections", "netloom", "container_net"):
        return CHECKOUT.parents[2]
    link = folder / "collections" / "ansible_collections" / "netloom" / "container_net"
    link.parent.mkdir(parents=True)
    link.symlink_to(CHECKOUT)
    return folder / "collections"


FOLDER = Path(tempfile.mkdtemp(prefix="container-net-engines-"))
FOLDER.chmod(0o755)
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
COLLECTIONS = _collections_root(FOLDER)
sys.path[:0] = [str(COLLECTIONS), str(HERE), str(HERE.parent / "functional")]


def pytest_sessionstart() -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # the process that started this one has looked
    if os.geteuid() != 0 or os.getpid() > 20 or any(name not in NATIVE for _number, name in socket.if_nameindex()):
        pytest.exit("engine tests run in throw-away namespaces only: tests/gates/engines.sh makes them", returncode=4)
    from engines import fault
    from harness.host import Child, enter_fake_host

    def attempt() -> Optional[str]:
        enter_fake_host()
        return fault(FOLDER)

    reason = Child(attempt, group=True).result(120)
    if reason:
        if "ENGINES_SKIP_REASON" in os.environ:
            Path(os.environ["ENGINES_SKIP_REASON"]).write_text(reason + "\n", encoding="utf-8")
        pytest.exit(reason, returncode=SKIPPED)


@pytest.fixture
def folders() -> Dict[str, Path]:
    """The folders of the engines, and the root of the containers."""
    from tree import make_tree

    if not (FOLDER / "tree").exists():
        make_tree(FOLDER / "tree")
    return {name: FOLDER / name for name in ("docker", "podman", "tree")}


@pytest.fixture(scope="session")
def collections_path() -> Path:
    """The directory for ANSIBLE_COLLECTIONS_PATH."""
    return COLLECTIONS


def pytest_configure(config: pytest.Config) -> None:
    from harness import fake_hosts

    config.pluginmanager.register(fake_hosts)
