# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What many published ports cost, and what passes through them, beside others.

Each contender puts two endpoints on a bridge and publishes ports of the first. Of this collection: the transactions of the firewall's tool that all ports
take, and what one more takes. Of everybody: how long a connection takes to the first and to the last of the ports, and what passes through a published port
and from endpoint to endpoint. All stages stand at the same time and take turns, and the best of each counts: who works beside them takes away and gives
nothing. Tools that write rule by rule publish fewer ports: their time grows with the square of the number, and 5,000 would take them hours.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from typing import Any, Callable, Dict, Iterable, List, Sequence, Tuple

import scene
import traffic
from goals import Cost, ports_goals

MANY, FEW = 5000, 50
BY_RULES = 100
ROUNDS = 7
BACKENDS = ("iptables", "nftables")
DOCKER = "peers.docker"
# Contender -> how many ports it publishes.
CONTENDERS = {**{"ours:%s" % backend: MANY for backend in BACKENDS}, "peers.flat": MANY, **dict.fromkeys(("peers.netavark", "peers.cni", DOCKER), BY_RULES)}
# What is measured -> its unit, how it is written, and which is the best.
MEASURES: Dict[str, Tuple[str, str, Callable[[Iterable[float]], float]]] = {
    "first port": ("us", "%.1f", min),
    "last port": ("us", "%.1f", min),
    "published throughput": ("Gbit/s", "%.2f", max),
    "published latency": ("us", "%.1f", min),
    "published rate": ("conn/s", "%.0f", max),
    "bridge throughput": ("Gbit/s", "%.2f", max),
    "bridge latency": ("us", "%.1f", min),
    "bridge rate": ("conn/s", "%.0f", max),
}
Figures = Dict[str, float]


def play(contender: str) -> None:
    """In a process and namespaces of its own: publish, tell the version, then measure once for each line that comes in."""
    name, _colon, backend = contender.partition(":")
    module, count = importlib.import_module(name), CONTENDERS[contender]
    version = module.version()
    scene.raise_stage()
    with module.publish(count, *([backend] if backend else ())) as pair, traffic.answering(pair.first, scene.TARGET_PORT):
        print(json.dumps(version), flush=True)
        for _line in sys.stdin:
            print(json.dumps(_measure(pair.second, count)), flush=True)


def _measure(second: str, count: int) -> Figures:
    client = "/run/netns/%s" % scene.CLIENT
    ends = [(scene.HOST_ADDRESS, scene.published_port(index)) for index in (0, count - 1)]
    figures = dict(zip(("first port", "last port"), traffic.ask(client, "connect", ends)))
    for way, space, end in (("published", client, ends[0]), ("bridge", second, (scene.address(0), scene.TARGET_PORT))):
        for what in ("throughput", "latency", "rate"):
            (figures["%s %s" % (way, what)],) = traffic.ask(space, what, [end])
    return figures


def play_costs(backend: str, count: int) -> None:
    """In namespaces of its own: measure what ports cost this collection, and print it."""
    import ours

    scene.raise_stage()
    print(json.dumps(ours.measure_ports(count, backend)))


class Stage:
    """A contender that has published, in a process of its own."""

    def __init__(self, contender: str, folder: str) -> None:
        environment = {**scene.with_bytecode(folder), "TMPDIR": folder}
        command = [*scene.unshare("--pid", "--fork", "--mount-proc"), sys.executable, os.path.abspath(__file__), "--play", contender]
        self._errors = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, env=environment)
        self.version = str(self._read())

    def measure(self) -> Figures:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        figures: Figures = self._read()
        return figures

    def end(self) -> None:
        self._process.communicate()
        self._errors.close()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self._process.wait()
        self._errors.seek(0)
        raise RuntimeError(" ".join(self._errors.read().split())[-400:])


def measure(contenders: Sequence[str], rounds: int) -> Dict[str, Figures]:
    """Return the best of each contender, and say of the others why there is none."""
    found: Dict[str, List[Figures]] = {}
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        stages: Dict[str, Stage] = {}
        try:
            for contender in contenders:
                try:
                    importlib.import_module(contender.partition(":")[0]).version()
                    stages[contender] = Stage(contender, folder)
                    print("%-16s %5d ports: %s" % (contender, CONTENDERS[contender], stages[contender].version), flush=True)
                except scene.Missing as reason:
                    print("%-16s missing: %s" % (contender, reason))
                except RuntimeError as error:
                    print("%-16s FAILED: ...%s" % (contender, error))
            for _round in range(rounds):
                for contender, stage in stages.items():
                    found.setdefault(contender, []).append(stage.measure())
        finally:
            for stage in stages.values():
                stage.end()
    return {
        contender: {name: best(figures[name] for figures in each) for name, (_unit, _written, best) in MEASURES.items()} for contender, each in found.items()
    }


def measure_costs(backend: str, count: int) -> Cost:
    told = scene.run([*scene.unshare(), sys.executable, os.path.abspath(__file__), "--costs", backend, "--ports", str(count)])
    return Cost(*json.loads(told.splitlines()[-1]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each contender is measured")
    parser.add_argument("--play", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--costs", choices=BACKENDS, help=argparse.SUPPRESS)
    parser.add_argument("--ports", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.play:
        play(arguments.play)
        return 0
    if arguments.costs:
        play_costs(arguments.costs, arguments.ports)
        return 0
    if os.geteuid():
        print("published ports: not measured: in an ordinary user's namespaces a transaction holds some 800 rules; run it as root")
        return 0
    costs = {backend: {count: measure_costs(backend, count) for count in (FEW, MANY)} for backend in BACKENDS}
    print("%-10s  %6s  %12s  %10s  %10s" % ("backend", "ports", "transactions", "second run", "one more") + "  (of the processor)")
    for backend, by_count in costs.items():
        for count, cost in by_count.items():
            print("%-10s  %6d  %12d  %8.2f s  %8.2f s" % (backend, count, cost.transactions, cost.silent, cost.more))
    found = measure(tuple(CONTENDERS), arguments.rounds)
    print("%-28s  %s" % ("", "  ".join("%14s" % name.rpartition(".")[2] for name in found)))
    for name, (unit, written, _best) in MEASURES.items():
        print("%-28s  %s" % ("%s, %s" % (name, unit), "  ".join("%14s" % (written % figures[name]) for figures in found.values())))
    for goal in ports_goals(costs, found, DOCKER, FEW, MANY):
        print(goal.line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
