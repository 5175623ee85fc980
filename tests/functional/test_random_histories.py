# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any history on the real kernel: wanted and unwanted, changed, damaged, killed, restarted, beside what others come and go with.

After each run nothing is left to do, what was said is what was done, and the host is as if it had never been another.
test_properties.py does the same to the toy kernel.
"""

from __future__ import annotations

import os
import random
import re
import time
from dataclasses import replace
from functools import partial
from typing import Dict, List

from harness.declarations import CASES
from harness.engine import Declaration, converge, foretell, give_uplink, lines, with_addresses
from harness.faults import die_at
from harness.foreign import add_foreign_things
from harness.host import on_fake_host, sh, share_out
from harness.kills import EVERY_POINT
from harness.snapshot import Snapshot, differences, take_snapshot

# Seeds that failed once are played for ever.
FAILED_ONCE: List[int] = []
SEEDS, STEPS = (200, 25) if os.environ.get(EVERY_POINT) else (4, 5)
NAMES = (
    "bridge-dual",
    "no-icc",
    "mtu",
    "ports",
    "sysctls",
    "two-networks",
    "routes",
    "overlay-v4",
    "options-of-an-attachment",
    "internal",
)


def prepare() -> None:
    give_uplink()
    add_foreign_things()


GOALS: Dict[str, Declaration] = {name: replace(with_addresses(CASES[name]), prepare=prepare) for name in NAMES}
GOALS["nothing"] = Declaration(prepare=prepare)
DAMAGES = (
    "ip -br link show type bridge | grep -o '^br-[a-z]*' | sort | head -1 | xargs -r -n1 ip link delete",
    "ip -br link show type veth | grep -o '^cn-[0-9a-f]*' | sort | head -1 | xargs -r -n1 ip link delete",
    "ip -br link show type bridge | grep -o '^br-[a-z]*' | sort | tail -1 | xargs -r -I@ ip link set @ down",
    "ip -br link show type veth | grep -o '^cn-[0-9a-f]*' | sort | tail -1 | xargs -r -I@ ip link set @ nomaster mtu 1300",
    "iptables -D FORWARD -j CNET-FORWARD || true",
    "ip6tables -F CNET-INPUT || true",
    "iptables -t nat -F CNET-POST || true",
    "ip -n a address flush scope global || true",
    "ip -n a route flush table all proto 76 || true; ip -n a rule flush protocol 76 || true",
    "ip netns delete b || true",
    "echo 0 > /proc/sys/net/ipv4/ip_forward",
)
# What nobody asks of a link of ours any more stays as it is, and goes with the link.
UNASKED = re.compile(r"(host \| sysctl net/ipv[46]/(conf|neigh)/(br|cn|vx)-|(?!host|outside|theirs)[a-z]+ \| sysctl net/ipv[46]/(conf|neigh)/)")


def asked(snapshot: Snapshot) -> Snapshot:
    return tuple(line for line in snapshot if not UNASKED.match(line))


def fresh(name: str) -> Snapshot:
    """Return what a host looks like that never had anything else."""

    def body() -> Snapshot:
        prepare()
        converge(GOALS[name])
        return asked(take_snapshot())

    return on_fake_host(body)


def play(seed: int, clean: Dict[str, Snapshot]) -> str:
    chance = random.Random(seed)
    told: List[str] = []
    prepare()
    before = take_snapshot()
    for _step in range(STEPS):
        name = chance.choice(list(GOALS))
        way = chance.choice(("apply", "apply", "damage", "kill"))
        told.append("%s %s" % (way, name))
        if way == "damage":
            script = chance.choice(DAMAGES)
            told[-1] += " after: " + script
            sh("{ %s; } >/dev/null 2>&1" % script)
            await_teardown()
        elif way == "kill":
            point = chance.randrange(60)
            told[-1] += " at %d" % point
            die_or_end(GOALS[name], point)
        planned = lines(foretell(GOALS[name]))
        done = lines(converge(GOALS[name]))
        again = lines(converge(GOALS[name]))
        if planned != done or again:
            return "seed %d: %s\nplanned %s\ndone %s\nagain %s" % (seed, "; ".join(told), planned, done, again)
        left = differences(clean[name], asked(take_snapshot()))
        if left:
            return "seed %d: %s\n%s" % (seed, "; ".join(told), left)
    converge(None)
    left = differences(before, take_snapshot())
    return "seed %d: %s: left behind\n%s" % (seed, "; ".join(told), left) if left else ""


def await_teardown() -> None:
    """The kernel takes a namespace apart after its name is gone."""
    time.sleep(0.2)


def die_or_end(goal: Declaration, point: int) -> None:
    try:
        die_at(replace(goal, prepare=lambda: None), point)
    except AssertionError:
        pass  # the run had fewer points


def test_any_history() -> None:
    clean = {name: fresh(name) for name in GOALS}
    seeds = [*FAILED_ONCE, *range(SEEDS)]
    assert len(seeds) >= 4
    complaints = share_out(lambda seed: on_fake_host(partial(play, seed, clean), timeout=900.0), seeds, timeout=7200.0)
    assert not complaints, "\n\n".join(complaints)
