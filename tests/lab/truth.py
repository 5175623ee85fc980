# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`truth.py FOLDER`: what the scenarios' runs told, one file each, written by the callback `runs`.

Check mode sends nothing and tells the steps that the first run then takes; the run after that has nothing to do and sends nothing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List

# `verify` must have tried these on an example that it proves.
PROBED = {"4 tcp pass", "4 tcp refuse", "4 mtu pass", "6 tcp pass", "6 tcp refuse", "6 mtu pass"}
VERIFIED = ("fleet", "multi_homed")


def complaints(name: str, runs: List[Dict[str, Any]]) -> Iterator[str]:
    converged = [run for run in runs if run["playbook"] == "converge"]
    if [run["check"] for run in converged] != [True, False, False]:
        yield "%s: expected a check, a run and a second run, found %s" % (name, [run["check"] for run in converged])
        return
    looked, applied, again = converged
    if any(looked["sent"].values()):
        yield "%s: check mode sent changes: %s" % (name, looked["sent"])
    if _lasting(looked["steps"]) != _lasting(applied["steps"]):
        yield "%s: check mode told other steps than the run after it took:\n%s\n%s" % (name, looked["steps"], applied["steps"])
    if any(again["sent"].values()) or any(again["steps"].values()):
        yield "%s: the second run did something: %s %s" % (name, again["steps"], again["sent"])
    if not any(applied["sent"].values()) and name not in ("host_prepare", "ipvlan"):  # the one changes no network, the other may be refused
        yield "%s: the first run did nothing" % name
    if name in VERIFIED and not PROBED <= {kind for run in runs if run["playbook"] == "verify" for kind in run["probed"]}:
        yield "%s: verify left something out" % name


def _lasting(steps: Dict[str, List[str]]) -> Dict[str, List[str]]:
    """Leave out connections: one that nobody uses is forgotten by the kernel between two runs. tests/functional/test_flows.py compares them."""
    return {host: [step for step in told if not step.startswith("- flows ")] for host, told in steps.items()}


def main(folder: str) -> int:
    files = sorted(file for file in Path(folder).glob("*.jsonl") if file.stem != "default")
    found = [line for file in files for line in complaints(file.stem, [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()])]
    print("\n".join(found) or "%d scenarios: check mode told the truth, and second runs sent nothing" % len(files))
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
