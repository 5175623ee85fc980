# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One chain with a rule for each published port, written by iptables-restore at once."""

from __future__ import annotations

import contextlib
from typing import Iterator

import scene
from peers import ip_batch

NAME = "one flat chain"
version = ip_batch.version


@contextlib.contextmanager
def publish(count: int) -> Iterator[scene.Pair]:
    scene.batch(
        [
            "link add %s type bridge" % scene.BRIDGE,
            "address add %s/%d dev %s" % (scene.GATEWAY, scene.PREFIX, scene.BRIDGE),
            "link set %s up" % scene.BRIDGE,
        ]
    )
    scene.make_namespaces(2)
    for index in (0, 1):
        scene.batch(["link add ve%d master %s up type veth peer name eth0 netns %s" % (index, scene.BRIDGE, scene.endpoint(index))])
        inside = "link set lo up\nlink set eth0 up\naddress add %s/%d dev eth0\nroute add default via %s\n"
        scene.run(["ip", "-n", scene.endpoint(index), "-batch", "-"], text=inside % (scene.address(index), scene.PREFIX, scene.GATEWAY))
    target = "%s:%d" % (scene.address(0), scene.TARGET_PORT)
    rules = ["-A BENCH -p tcp -m tcp --dport %d -j DNAT --to-destination %s" % (scene.published_port(index), target) for index in range(count)]
    first = ["*nat", ":BENCH - [0:0]", "-A PREROUTING -m addrtype --dst-type LOCAL -j BENCH"]
    last = ["-A POSTROUTING -s %s ! -o %s -j MASQUERADE" % (scene.SUBNET, scene.BRIDGE), "COMMIT", ""]
    scene.run(["iptables-restore", "--noflush"], text="\n".join([*first, *rules, *last]))
    yield scene.named_pair()
