# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What fits into the frames of links, and of the tunnels in them."""

from __future__ import annotations

STANDARD_MTU = 1500
# Outer Ethernet is not counted; outer IP + UDP + VXLAN + inner Ethernet.
VXLAN_OVERHEAD = {4: 20 + 8 + 8 + 14, 6: 40 + 8 + 8 + 14}
OUTER_TTL = 64
