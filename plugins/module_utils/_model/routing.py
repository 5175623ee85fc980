# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the kernel makes of default routes and metrics, by IP version."""

from __future__ import annotations

DEFAULT_ROUTE = {4: "0.0.0.0/0", 6: "::/0"}
# Where a route has the best metric there is, the two halves of everything go before it.
HALVES = {4: ("0.0.0.0/1", "128.0.0.0/1"), 6: ("::/1", "8000::/1")}
WAYS_OUT = frozenset((*DEFAULT_ROUTE.values(), *HALVES[4], *HALVES[6]))
# What a route has that names none.
USUAL_METRIC = {4: 0, 6: 1024}


def plain_metric(metric: int, version: int) -> int:
    """Return a metric as routes of the model have it: 0 is the usual one."""
    return 0 if metric == USUAL_METRIC[version] else metric
