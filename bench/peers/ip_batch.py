# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iproute2 in batches and one iptables-restore: what a careful administrator can do with the tools of every host.

One batch makes all namespaces and all veth pairs, each with its peer made in its namespace, which is much faster than moving it there. A batch
cannot change namespaces, so the inside of each takes one `ip -n NAME -batch` process; a shell starts them, since its forks cost less than Python's.
All texts are written before the clock starts.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import scene

NAME = "ip -batch + iptables-restore"


def version() -> str:
    for tool in ("ip", "iptables-restore"):
        if not shutil.which(tool):
            raise scene.Missing("%s is not installed" % tool)
    iproute2 = scene.run(["ip", "-V"]).split("iproute2-")[1].split(",")[0].strip()
    iptables = scene.run(["iptables-restore", "-V"]).split("v", 1)[1].strip()
    return "%s, %s" % (iproute2, iptables)


def measure(count: int) -> scene.Measurement:
    host = ["link add %s type bridge" % scene.BRIDGE, "address add %s/%d dev %s" % (scene.GATEWAY, scene.PREFIX, scene.BRIDGE), "link set %s up" % scene.BRIDGE]
    nat = [
        "*nat",
        ":BENCH - [0:0]",
        "-A PREROUTING -m addrtype --dst-type LOCAL -j BENCH",
        "-A POSTROUTING -s %s ! -o %s -j MASQUERADE" % (scene.SUBNET, scene.BRIDGE),
    ]
    with tempfile.TemporaryDirectory() as folder:
        inside = []
        for index in range(count):
            name = scene.endpoint(index)
            host.append("netns add %s" % name)
            host.append("link add ve%d master %s up type veth peer name eth0 netns %s" % (index, scene.BRIDGE, name))
            (Path(folder) / name).write_text(
                "link set lo up\nlink set eth0 up\naddress add %s/%d dev eth0\nroute add default via %s\n" % (scene.address(index), scene.PREFIX, scene.GATEWAY)
            )
            inside.append("ip -n %s -batch %s/%s\n" % (name, folder, name))
            nat.append(
                "-A BENCH -p tcp -m tcp --dport %d -j DNAT --to-destination %s:%d" % (scene.published_port(index), scene.address(index), scene.TARGET_PORT)
            )
        (Path(folder) / "host").write_text("\n".join(host) + "\n")
        (Path(folder) / "nat").write_text("\n".join([*nat, "COMMIT", ""]))
        (Path(folder) / "all.sh").write_text("set -e\nip -batch %s/host\n%siptables-restore --noflush %s/nat\n" % (folder, "".join(inside), folder))
        started = time.monotonic()
        scene.run(["sh", folder + "/all.sh"])
        return scene.Measurement(time.monotonic() - started)
