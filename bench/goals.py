# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the figures should be, and one line for each goal that says whether they are. A missed goal fails nothing: machines differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Mapping, NamedTuple, Optional, Sequence, Tuple

# (contender, number of endpoints) -> seconds of the first run, and of the second where there was one.
Seconds = Mapping[Tuple[str, int], Tuple[float, Optional[float]]]
COMPARED_AT = 400
FEW, MANY = 100, 1000
AS_GOOD = 0.95  # what two measurements of the same differ by


@dataclass(frozen=True)
class Goal:
    """A bound on one figure; `found` is None where it was not measured."""

    words: str
    found: Optional[float]
    limit: float
    unit: str = ""
    is_floor: bool = False

    @property
    def line(self) -> str:
        bound = "%s %g%s" % ("at least" if self.is_floor else "at most", self.limit, self.unit)
        if self.found is None:
            return "goal: %s, %s: not measured" % (self.words, bound)
        is_met = self.found >= self.limit if self.is_floor else self.found <= self.limit
        return "goal: %s, %s: %s (%.2f%s)" % (self.words, bound, "met" if is_met else "NOT MET", self.found, self.unit)


def run_goals(seconds: Seconds, ours: str, batch: str, netavark: str) -> List[Goal]:
    """Return the goals of a run on one host."""

    def first(contender: str, count: int) -> Optional[float]:
        return seconds[contender, count][0] if (contender, count) in seconds else None

    few, many = first(ours, FEW), first(ours, MANY)
    # Of few endpoints, what a run costs by itself is the greater part.
    most = max((count for contender, count in seconds if contender == ours and count >= FEW), default=MANY)
    again = seconds[ours, most][1] if (ours, most) in seconds else None
    mine = first(ours, COMPARED_AT)
    return [
        Goal("time to that of ip -batch and iptables-restore, %d endpoints" % COMPARED_AT, _ratio(mine, first(batch, COMPARED_AT)), 0.55, " x"),
        Goal("times faster than netavark, %d endpoints" % COMPARED_AT, _ratio(first(netavark, COMPARED_AT), mine), 15.0, " x", is_floor=True),
        Goal("second run for an endpoint, %d endpoints" % most, again / most * 1000 if again is not None else None, 0.6, " ms"),
        Goal("time for an endpoint among %d to that among %d" % (MANY, FEW), _ratio(_ratio(many, MANY), _ratio(few, FEW)), 2.0, " x"),
    ]


def rows_goals(seconds: Seconds, sizes: Sequence[int]) -> List[Goal]:
    """Return the goals of the rows that a host has of a large overlay, by number of hosts."""
    goals: List[Goal] = []
    for hosts in sizes:
        (mine, again), (batch, _none) = seconds["ours", hosts], seconds["batch", hosts]
        words = "time%s to that of bridge -batch and ip -batch, rows of " + "%d hosts" % hosts
        goals.append(Goal(words % "", mine / batch, 2.5, " x"))
        goals.append(Goal(words % " of the second run", again / batch if again is not None else None, 1.5, " x"))
    few, many = min(sizes), max(sizes)
    if few < many:
        growth = seconds["ours", many][0] / many / (seconds["ours", few][0] / few)
        goals.append(Goal("time for a row among those of %d hosts to that among %d" % (many, few), growth, 1.5, " x"))
    return goals


def fleet_goals(hosts: int, endpoints: int, runs: Mapping[int, Tuple[float, float]]) -> List[Goal]:
    """Return the goals of a fleet's plan; `runs` has the most seconds and MiB by number of hosts."""
    seconds, mebibytes = runs.get(hosts, (None, None))
    words = "fleet_plan of %d hosts with %d endpoints each, whole process" % (hosts, endpoints)
    return [Goal(words, seconds, 7.0, " s"), Goal(words, mebibytes, 1024.0, " MiB")]


def start_goals(atomic: float, topology: float) -> List[Goal]:
    """Return the goals of a small task, whole process, in seconds of a processor."""
    return [
        Goal("processor for a task of one bridge", atomic, 0.22, " s"),
        Goal("processor for a topology of one bridge network", topology, 0.3, " s"),
    ]


def limits_goals(shares: Sequence[float]) -> List[Goal]:
    """Return the goals of limits, from what passed of each."""
    return [
        Goal("most that passes of a limit", max(shares) * 100, 105.0, " %"),
        Goal("least that passes of a limit", min(shares) * 100, 95.0, " %", is_floor=True),
    ]


class Cost(NamedTuple):
    """What runs that change nothing and that add a port ask of the processor, in seconds, and the transactions of the run that made all ports."""

    silent: float
    more: float
    transactions: int


TRANSACTIONS = {"iptables": 2, "nftables": 1}  # the tools of iptables are for one family each


def ports_goals(costs: Mapping[str, Mapping[int, Cost]], figures: Mapping[str, Mapping[str, float]], docker: str, few: int, many: int) -> List[Goal]:
    """Return the goals of many published ports by backend, and those of what passes, beside Docker's."""
    goals: List[Goal] = []
    for backend, by_count in costs.items():
        added = {count: cost.more - cost.silent for count, cost in by_count.items()}
        found = figures.get("ours:" + backend, {})
        theirs = figures.get(docker, {})
        goals.append(Goal("transactions for %d ports, %s" % (many, backend), float(by_count[many].transactions), float(TRANSACTIONS[backend])))
        goals.append(Goal("what one port more adds to a run among %d, to that among %d, %s" % (many, few, backend), _ratio(added[many], added[few]), 2.0, " x"))
        words = "connection to the last of %d ports to that to the first, %s" % (many, backend)
        goals.append(Goal(words, _ratio(found.get("last port"), found.get("first port")), 1.3, " x"))
        for way in ("published", "bridge"):
            for what in ("throughput", "rate", "latency"):
                name = "%s %s" % (way, what)
                mine, their = found.get(name), theirs.get(name)
                share = _ratio(their, mine) if what == "latency" else _ratio(mine, their)
                goals.append(Goal("%s as good as Docker's, %s" % (name, backend), share, AS_GOOD, " x", is_floor=True))
    return goals


def _ratio(one: Optional[float], other: Optional[float]) -> Optional[float]:
    return one / other if one is not None and other else None
