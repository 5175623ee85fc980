# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How near what passes comes to a declared limit: rates from 1 Mbit to 1 Gbit, to an endpoint and from it, by TCP and by UDP.

What is counted are frames as the limit counts them, with their Ethernet headers. On a machine that is busy with something else, less passes.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Dict, List

import ours
import scene
from goals import limits_goals

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "functional"))
load = importlib.import_module("harness.load")

RATES = (1, 10, 100, 1000)  # Mbit
SECONDS = 6.0
WARM_UP = 4.0
WAYS = {"egress": ("a", "b", "10.123.0.11"), "ingress": ("b", "a", "10.123.0.10")}


def declare(rate: int) -> None:
    limits = {"%s_rate" % way: "%dmbit" % rate for way in WAYS}
    networks = [{"name": "bench", "ipam_config": [{"subnet": scene.SUBNET, "gateway": scene.GATEWAY}]}]
    # Who sends to the limited one sends more than comes, and not all that the machine can: else there is none of it left to receive.
    attachments = {"a": {"ipv4_address": "10.123.0.10", **limits}, "b": {"ipv4_address": "10.123.0.11", "egress_rate": "%dkbit" % (1250 * rate)}}
    endpoints = [{"name": name, "container": {"netns": name}, "networks": [{"name": "bench", **options}]} for name, options in attachments.items()]
    ours.measure_declaration({"networks": networks, "endpoints": endpoints})


def play() -> None:
    """In namespaces of its own: measure all and print one line of JSON."""
    scene.raise_stage()
    found: Dict[str, List[float]] = {}
    for rate in RATES:
        declare(rate)
        for way, (sender, receiver, address) in WAYS.items():
            for protocol in ("tcp", "udp"):
                with load.Load(sender, receiver, address, protocol) as running:
                    measured = running.measure_frames(SECONDS, warm_up=WARM_UP) / (rate * 10**6)
                found.setdefault("%s, %s" % (way, protocol), []).append(measured)
    print(json.dumps(found))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--play", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args().play:
        play()
        return 0
    found: Dict[str, List[float]] = json.loads(scene.run([*scene.unshare(), sys.executable, os.path.abspath(__file__), "--play"]).splitlines()[-1])
    print("%-13s  %s" % ("limit", "  ".join("%9s" % ("%d mbit" % rate) for rate in RATES)))
    for way, shares in found.items():
        print("%-13s  %s" % (way, "  ".join("%8.2f%%" % (share * 100) for share in shares)))
    for goal in limits_goals([share for shares in found.values() for share in shares]):
        print(goal.line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
