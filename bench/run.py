# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Provide N endpoints with each contender, in one run on one machine, and print one table.

An endpoint is a network namespace with an address and a default route on a bridge with NAT, and one published TCP port. Each measurement stands
alone in new network and mount namespaces without an uplink; after it, the first and the last endpoint are reached through their published ports
by a client, or the measurement does not count. The two whose ratio is a goal are measured three times, and the medians count. Ratios within one run
mean something; absolute times are as good as the machine is quiet.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import subprocess
import sys
from typing import List, Optional, Tuple

import scene
from chart import Curve, draw
from goals import run_goals

OURS = "ours"
BATCH, NETAVARK = "peers.ip_batch", "peers.netavark"
CONTENDERS = (OURS, BATCH, NETAVARK, "peers.cni")
TIMES = 3  # that the two are measured whose ratio is a goal
INSIDE = "CONTAINER_NET_BENCH_INSIDE"

Row = Tuple[str, str, int, Optional[scene.Measurement], str]


def _version(contender: str) -> Tuple[str, str]:
    """Return a contender's name and version, or raise Missing."""
    try:
        module = importlib.import_module(contender)
    except ModuleNotFoundError as error:
        if error.name != contender:
            raise RuntimeError("cannot be loaded: %s" % error) from error
        raise scene.Missing("bench/%s.py does not exist" % contender.replace(".", "/")) from error
    return module.NAME, module.version()


def play(contender: str, count: int) -> None:
    """In a process and namespaces of its own: measure one contender once and print the result."""
    module = importlib.import_module(contender)
    scene.raise_stage()
    measured = module.measure(count)
    for index in sorted({0, count - 1}):
        scene.prove(index)
    scene.tell(measured)
    scene.clear_stage()


def _measure(contender: str, count: int) -> scene.Measurement:
    times = TIMES if contender in (OURS, BATCH) else 1
    measured = scene.measure_apart(sys.executable, os.path.abspath(__file__), "--play", contender, "--sizes", str(count), times=times)
    scene.settle()
    return measured


def _render(rows: List[Row]) -> str:
    lines = ["%6s  %-30s  %-26s  %12s  %12s  %8s" % ("N", "contender", "version", "ms/endpoint", "second run", "ratio")]
    for count in sorted({row[2] for row in rows}):
        group = [row for row in rows if row[2] == count]
        measured = {row[0]: row[3].seconds for row in group if row[3]}
        base = measured.get(OURS) or next(iter(measured.values()), None)
        for contender, version, _count, result, note in group:
            name = contender if contender == OURS else contender.split(".")[-1].replace("_", "-")
            if result is None:
                lines.append("%6d  %-30s  %s" % (count, name, note))
                continue
            again = "%.2f" % (result.again / count * 1000) if result.again is not None else "-"
            lines.append(
                "%6d  %-30s  %-26s  %12.2f  %12s  %7.2fx"
                % (count, note, version, result.seconds / count * 1000, again, result.seconds / (base or result.seconds))
            )
    base_name = "ours" if any(row[0] == OURS and row[3] for row in rows) else "the first contender measured"
    lines.append("ratio: to %s at the same N. Linux %s, Python %s, %d cores." % (base_name, platform.release(), platform.python_version(), os.cpu_count() or 0))
    return "\n".join(lines)


def _curves(rows: List[Row]) -> List[Curve]:
    """Return our first and second runs, and the tools that they are compared with; others take so long that these would lie on the floor."""
    ours, batch = ([(row[4], row[2], row[3]) for row in rows if row[0] == contender and row[3] is not None] for contender in (OURS, BATCH))
    first = [Curve("%s, first run" % name, [(n, found.seconds) for _name, n, found in ours]) for name, _count, _found in ours[:1]]
    again = [Curve("second run", [(n, found.again or 0.0) for _name, n, found in ours])]
    return first + again + [Curve(name, [(n, found.seconds) for _name, n, found in batch]) for name, _count, _found in batch[:1]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="100,400,1000", help="numbers of endpoints, separated by commas")
    parser.add_argument("--play", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    if options.play:
        play(options.play, sizes[0])
        return 0
    if not os.environ.get(INSIDE):
        os.environ[INSIDE] = "1"
        command = [*scene.unshare(), sys.executable, *sys.argv]
        return subprocess.run(command, check=False).returncode

    rows: List[Row] = []
    failed = False
    for count in sizes:
        for contender in CONTENDERS:
            try:
                name, version = _version(contender)
                rows.append((contender, version, count, _measure(contender, count), name))
            except scene.Missing as reason:
                rows.append((contender, "", count, None, "missing: %s" % reason))
            except RuntimeError as error:
                failed = True
                rows.append((contender, "", count, None, "FAILED: ..." + " ".join(str(error).split())[-400:]))
            print("%s, %d endpoints: done" % (contender, count), file=sys.stderr)
    print(_render(rows))
    seconds = {(row[0], row[2]): (row[3].seconds, row[3].again) for row in rows if row[3]}
    for goal in run_goals(seconds, OURS, BATCH, NETAVARK):
        print(goal.line)
    print("growth: %s" % draw("endpoints", "Time for endpoints on one host", "endpoints", _curves(rows)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
