# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the program needs of the host to change its networks."""

from __future__ import annotations

import sys

from .._kernel.capability import lacking_capabilities
from .._kernel.netlink import PYROUTE2_ERROR, PYROUTE2_FLOOR, pyroute2_version
from .._model.errors import ContainerNetError


def require_means() -> None:
    floor = ".".join(map(str, PYROUTE2_FLOOR))
    found = pyroute2_version()
    if PYROUTE2_ERROR is not None or (found is not None and found < PYROUTE2_FLOOR):
        raise ContainerNetError("it needs pyroute2 >= %s for %s; install the package python3-pyroute2" % (floor, sys.executable))
    lacking = lacking_capabilities()
    if lacking:
        raise ContainerNetError("it needs root, and lacks %s" % " and ".join(lacking))
