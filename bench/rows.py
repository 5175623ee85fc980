# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load what one host of a large overlay has to know of all others, and find it unchanged, beside `bridge -batch` and `ip -batch`.

For each other host that is a row of the flood list, and for each endpoint there two forwarding entries and two neighbours. Both make the bridge and the
tunnel for them, we also the firewall and an endpoint. Each measurement stands alone in new network and mount namespaces without an uplink, and does not
count unless the kernel then has all rows.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any, Dict, Iterator, List, Optional, Tuple

import ours
import scene
from chart import Curve, draw
from goals import rows_goals

ENDPOINTS = 20
BRIDGE, TUNNEL = "br-mesh", "vx-mesh"
CONTENDERS = ("ours", "batch")
TIMES = 3  # that each is measured; the medians count
BATCH = "bridge -batch + ip -batch"


def vtep(host: int) -> str:
    return "198.18.%d.%d" % divmod(host + 4, 250)


def far_endpoints(hosts: int) -> Iterator[Dict[str, Any]]:
    """Yield the endpoints on the other hosts, as fleet_plan lists them."""
    for number in range((hosts - 1) * ENDPOINTS):
        host = number // ENDPOINTS + 1
        mac = "02:42:00:%02x:%02x:%02x" % (number >> 16, number >> 8 & 255, number & 255)
        block, last = divmod(number + 300, 250)
        high, low = divmod(number + 300, 1 << 16)
        addresses = ["10.%d.%d.%d" % (96 + block // 250, block % 250, last), "fd00:60::%s%x" % ("%x:" % high if high else "", low)]
        yield {"name": "e%d" % number, "mac": mac, "vtep": vtep(host), "addresses": addresses}


def declaration(hosts: int) -> Dict[str, Any]:
    """What fleet_plan makes of such a fleet for its first host, which has one endpoint."""
    subnets = [{"subnet": "10.96.0.0/12"}, {"subnet": "fd00:60::/64"}]
    peers = [{"host": "h%d" % host, "vtep": vtep(host)} for host in range(1, hosts)]
    return {
        "networks": [{"name": "mesh", "driver": "overlay", "vni": 4200, "vtep_address": scene.HOST_ADDRESS, "ipam_config": subnets}],
        "endpoints": [{"name": "ep0", "container": {"netns": "ep0"}, "networks": [{"name": "mesh", "ipv4_address": "10.96.0.10"}]}],
        "overlays": {"mesh": {"peers": peers, "endpoints": list(far_endpoints(hosts))}},
    }


def batches(hosts: int) -> Tuple[str, str]:
    """Return the same for `bridge -batch` and for `ip -batch`."""
    forwarding = ["fdb append 00:00:00:00:00:00 dev %s dst %s self permanent" % (TUNNEL, vtep(host)) for host in range(1, hosts)]
    neighbours: List[str] = []
    for far in far_endpoints(hosts):
        mac = far["mac"]
        forwarding += ["fdb add %s dev %s dst %s self permanent" % (mac, TUNNEL, far["vtep"]), "fdb add %s dev %s master static sticky" % (mac, TUNNEL)]
        neighbours += ["neighbour add %s lladdr %s dev %s nud permanent" % (address, mac, TUNNEL) for address in far["addresses"]]
    return "\n".join(forwarding) + "\n", "\n".join(neighbours) + "\n"


def measure_batch(hosts: int) -> scene.Measurement:
    forwarding, neighbours = batches(hosts)
    started = time.monotonic()
    scene.batch(
        [
            "link add %s type bridge" % BRIDGE,
            "link add %s type vxlan id 4200 dstport 4789 local %s nolearning" % (TUNNEL, scene.HOST_ADDRESS),
            "link set %s master %s up" % (TUNNEL, BRIDGE),
            "link set %s up" % BRIDGE,
        ]
    )
    scene.run(["bridge", "-batch", "-"], text=forwarding)
    scene.run(["ip", "-batch", "-"], text=neighbours)
    return scene.Measurement(time.monotonic() - started)


def prove(hosts: int) -> None:
    """Make sure that the kernel has every row."""
    far = (hosts - 1) * ENDPOINTS
    rows = scene.run(["bridge", "fdb", "show", "dev", TUNNEL]).splitlines()
    found = sum(" dst " in row for row in rows), sum("sticky" in row for row in rows)
    known = sum(len(scene.run(["ip", "-%d" % family, "neighbour", "show", "nud", "permanent"]).splitlines()) for family in (4, 6))
    if (*found, known) != (hosts - 1 + far, far, 2 * far):
        raise RuntimeError("the kernel has %d rows of the tunnel, %d of the bridge and %d neighbours" % (*found, known))


def play(contender: str, hosts: int) -> None:
    """In a process and namespaces of its own: measure one contender once and print the result."""
    scene.raise_stage()
    measured = ours.measure_declaration(declaration(hosts)) if contender == "ours" else measure_batch(hosts)
    prove(hosts)
    scene.tell(measured)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--hosts", default="100,300,1000", help="sizes, separated by commas")
    parser.add_argument("--play", choices=CONTENDERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.hosts.split(",")]
    if arguments.play:
        play(arguments.play, sizes[0])
        return 0
    try:
        versions = ours.version()
    except scene.Missing as reason:
        parser.exit(1, "missing: %s\n" % reason)
    print("%s %s" % (ours.NAME, versions))
    seconds: Dict[Tuple[str, int], Tuple[float, Optional[float]]] = {}
    curves: Dict[str, List[Tuple[float, float]]] = {"%s, first run" % ours.NAME: [], "%s, second run" % ours.NAME: [], BATCH: []}
    print("%6s  %8s  %-26s  %8s  %10s  %8s" % ("hosts", "rows", "contender", "seconds", "second run", "ratio"))
    for hosts in sizes:
        for contender in CONTENDERS:
            measured = scene.measure_apart(sys.executable, os.path.abspath(__file__), "--play", contender, "--hosts", str(hosts), times=TIMES)
            seconds[contender, hosts] = measured.seconds, measured.again
        base = seconds["batch", hosts][0]
        rows = (hosts - 1) * (1 + 4 * ENDPOINTS)
        figures = (*seconds["ours", hosts], base)
        for curve, figure in zip(curves.values(), figures):
            curve.append((rows, figure or 0.0))
        for contender, name in zip(CONTENDERS, (ours.NAME, BATCH)):
            first, again = seconds[contender, hosts]
            shown = "%.2f" % again if again is not None else "-"
            print("%6d  %8d  %-26s  %8.2f  %10s  %7.2fx" % (hosts, rows, name, first, shown, first / base), flush=True)
    for goal in rows_goals(seconds, sizes):
        print(goal.line)
    title = "Time for what a host has to know of an overlay, by rows"
    print("growth: %s" % draw("rows", title, "rows", [Curve(name, points) for name, points in curves.items()]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
