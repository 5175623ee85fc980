# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a check found, for the textfile collector of Prometheus' node exporter."""

from __future__ import annotations

import time
from typing import Any, Callable, Iterator, Mapping, Tuple

from .._kernel.statefile import replace_file

Facts = Mapping[str, Mapping[str, Any]]  # by scope


def write_metrics(path: str, facts: Facts) -> None:
    """Replace the file whole: the exporter may read at any time."""
    replace_file(path, "".join(line + "\n" for line in _lines(facts)), 0o644)


def _lines(facts: Facts) -> Iterator[str]:
    gauges: Tuple[Tuple[str, str, Callable[[Mapping[str, Any]], int]], ...] = (
        ("container_net_in_order", "Whether the host is as the scope declares (1) or not (0).", lambda found: int(found["in_order"])),
        ("container_net_check_failed", "Whether the scope could not be compared (1).", lambda found: int("error" in found)),
        ("container_net_differences", "Things that differ from the declaration.", lambda found: len(found.get("differences", ()))),
        ("container_net_left_out", "Things that are left out, for this host cannot have them now.", lambda found: len(found.get("left_out", ()))),
    )
    for name, words, measure in gauges:
        yield "# HELP %s %s" % (name, words)
        yield "# TYPE %s gauge" % name
        for scope, found in facts.items():
            yield '%s{scope="%s"} %d' % (name, scope, measure(found))
    yield "# HELP container_net_check_timestamp_seconds When the check ended, in seconds since 1970."
    yield "# TYPE container_net_check_timestamp_seconds gauge"
    yield "container_net_check_timestamp_seconds %d" % time.time()
