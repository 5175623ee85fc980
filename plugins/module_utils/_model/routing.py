# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the kernel makes of default routes and metrics, and where it is told to forward, by IP version."""

from __future__ import annotations

DEFAULT_ROUTE = {4: "0.0.0.0/0", 6: "::/0"}
# Where a route has the best metric there is, the two halves of everything go before it.
HALVES = {4: ("0.0.0.0/1", "128.0.0.0/1"), 6: ("::/1", "8000::/1")}
WAYS_OUT = frozenset((*DEFAULT_ROUTE.values(), *HALVES[4], *HALVES[6]))
# What a route has that names none.
USUAL_METRIC = {4: 0, 6: 1024}
# Settings below /proc/sys.
FORWARDING = {4: "net/ipv4/ip_forward", 6: "net/ipv6/conf/all/forwarding"}


def accept_ra_path(device: str) -> str:
    return "net/ipv6/conf/%s/accept_ra" % device


def plain_metric(metric: int, version: int) -> int:
    """Return a metric as routes of the model have it: 0 is the usual one."""
    return 0 if metric == USUAL_METRIC[version] else metric
