# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import os
import re
from typing import Iterator, Tuple

LINKS = "/sys/class/net"
_PCI = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\Z", re.ASCII)


def list_pci_addresses(root: str = LINKS) -> Tuple[Tuple[str, str], ...]:
    """Return (interface, PCI address) of the host's links; netlink tells it only on newer kernels. A virtual function's parent may stand in between."""
    return tuple(_find(root))


def _find(root: str) -> Iterator[Tuple[str, str]]:
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return
    for name in names:
        parts = os.path.realpath(os.path.join(root, name, "device")).split("/")
        address = next((part for part in reversed(parts) if _PCI.match(part)), None)
        if address is not None:
            yield name, address
