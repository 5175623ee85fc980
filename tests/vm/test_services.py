# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A systemd service, and a machine of systemd-nspawn, in a namespace of ours; the service through its own restarts and a restart of the host."""

from __future__ import annotations

import time

from guests.fleet import Fleet
from guests.machine import Machine

UNIT = """\
[Service]
NetworkNamespacePath=/run/netns/shop
ExecStart=/usr/bin/python3 -u -m http.server 80 --directory /run
"""
MACHINE = "systemd-nspawn --quiet --register=no --keep-unit --directory=/ --volatile=yes --network-namespace-path=/run/netns/shop"
ASK = "exec 3<>/dev/tcp/198.51.100.11/8080 && printf 'HEAD / HTTP/1.0\\r\\n\\r\\n' >&3 && head -1 <&3"


def await_answer(machine: Machine) -> None:
    """Wait until the service answers on the published port."""
    deadline = time.monotonic() + 60
    while True:
        done = machine.ssh('timeout 10 bash -c "%s"' % ASK.replace("\\", "\\\\"))
        if " 200 " in done.stdout:
            return
        assert time.monotonic() < deadline, done.stdout + done.stderr
        time.sleep(0.5)


def test_a_service_keeps_its_network(fleet: Fleet) -> None:
    first, second = fleet.machines
    networks = [{"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}]
    shop = {"name": "shop", "container": {"netns": "shop"}, "networks": ["web"], "ports": ["8080:80/tcp"]}
    fleet.declare({"fleet_networks": networks}, {"fleet_endpoints": [shop]})
    fleet.play("site")
    first.run("cat >/etc/systemd/system/shop.service && systemctl daemon-reload && systemctl start shop", stdin=UNIT.encode())
    await_answer(second)
    first.run("systemctl restart shop")
    await_answer(second)
    assert " 10.20.0." in first.run("%s ip -br -4 address show eth0" % MACHINE)
    assert fleet.play("site").changed == {"vm1": 0, "vm2": 0}

    fleet.reboot(first)
    assert fleet.play("site").changed == {"vm1": 1, "vm2": 0}
    first.run("systemctl start shop")
    await_answer(second)
    first.run("systemctl stop shop; rm /etc/systemd/system/shop.service; systemctl daemon-reload")
