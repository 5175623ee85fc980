# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""How small and how large a number may be, as (least, largest)."""

from __future__ import annotations

MTU = (68, 65535)  # bytes
QUEUE = (0, 1000000)  # packets that wait for a link
RATE = (8 * 10**3, 32 * 10**9)  # bits per second; the kernel's field takes no more than 34 thousand million
BURST = (2**10, 2**28)  # bytes
DELAY = (1, 60 * 10**6)  # microseconds
LONGEST_BURST = 60  # seconds of its rate: the kernel counts a burst as a time
IPV6_LEAST_MTU = 1280  # the least with IPv6
SEGMENT_SIZE = (88, 65495)  # of TCP: what is below the kernel itself never asks for, and no packet holds more
PORTS = (1, 65535)
CHOSEN_PORTS = (49153, 65535)  # of the host, for publications that name none
BRIDGE_PRIORITY = (0, 65535)
FIRST_FREE_INDEX = 16  # of links we make in a fresh namespace: the kernel's own have lower numbers
