# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Boots two guests once for all tests, and lets no test leave anything on them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
pytest.register_assert_rewrite("guests")

if TYPE_CHECKING:
    from guests.fleet import Fleet


def pytest_sessionstart() -> None:
    from guests.image import built_image

    routes = Path("/proc/self/net/route").read_text(encoding="ascii").splitlines()[1:]
    if not all(route.startswith("lo\t") for route in routes):
        pytest.exit("guests run in a network namespace that leads nowhere: tests/gates/vm.sh makes it", returncode=4)
    if not built_image().folder.exists():
        pytest.exit("there is no image of a guest: tests/gates/vm.sh builds it", returncode=4)


@pytest.fixture(scope="session")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The guests, as the test before left them; in `vm.sh shell`, those that are up already."""
    from guests.fleet import Fleet

    standing = os.environ.get("CONTAINER_NET_VM_FLEET")
    if standing:
        yield Fleet(Path(standing))
        return
    fleet = Fleet(tmp_path_factory.mktemp("fleet"))
    try:
        fleet.start()
        yield fleet
    finally:
        fleet.stop()
