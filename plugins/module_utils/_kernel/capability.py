# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What this process is allowed to do to networks."""

from __future__ import annotations

from typing import Tuple

CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21}


def lacking_capabilities() -> Tuple[str, ...]:
    """Return which capabilities this process lacks in its user namespace; none where the kernel does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as stream:
            held = next((int(line.split()[1], 16) for line in stream if line.startswith("CapEff:")), -1)
    except OSError:
        return ()
    return tuple(name for name, bit in CAPABILITIES.items() if not held >> bit & 1)
