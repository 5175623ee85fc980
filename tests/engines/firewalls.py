# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Firewalls of distributions on a host of its own: firewalld with its bus, and ufw, out of packages that nobody installed."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path
from typing import List

import pytest
from harness.host import Child, await_true, libc, must, sh

# Laid out by tests/gates/firewalls.sh.
UNPACKED = Path(os.environ.get("CONTAINER_NET_FIREWALLS", "/nonexistent"))
MS_RDONLY = 1
# What docs/docsite/rst/firewall.rst says.
PERMIT = """
firewall-cmd --permanent --new-policy container-net
firewall-cmd --permanent --policy container-net --add-ingress-zone trusted
firewall-cmd --permanent --policy container-net --add-egress-zone ANY
firewall-cmd --permanent --policy container-net --set-target ACCEPT
"""


def give_packages() -> None:
    """Have the packages where they belong, with an /etc and a /var/lib of this host alone."""
    if not (UNPACKED / "complete").exists():
        pytest.skip("firewalld and ufw could not be fetched, see what the gate printed")
    must(libc.mount(b"overlay", b"/usr", b"overlay", ctypes.c_ulong(MS_RDONLY), ("lowerdir=%s/usr:/usr" % UNPACKED).encode()), "mount /usr")
    sh("mkdir /run/own; cp -a /etc /run/own; cp -a %s/etc/. /run/own/etc; mount --bind /run/own/etc /etc; mount -t tmpfs tmpfs /var/lib" % UNPACKED)


class Firewalld:
    """The daemon and its bus; they end with this host."""

    def __init__(self) -> None:
        # Whom the installation of dbus would have made.
        for file, entry in (("passwd", "messagebus:x:981:981::/:/usr/sbin/nologin"), ("group", "messagebus:x:981:")):
            sh("grep -q '^messagebus:' /etc/%s || echo '%s' >>/etc/%s" % (file, entry, file))
        sh("mkdir -p /run/dbus; dbus-daemon --system --fork --nopidfile")
        self.start()

    def start(self) -> None:
        self._child = Child(lambda: os.execv("/usr/bin/python3", ["/usr/bin/python3", "/usr/sbin/firewalld", "--nofork", "--nopid"]))
        await_true(self.runs, 60, lambda: "firewalld does not start")

    def stop(self) -> None:
        """As systemd does it: it may clean up."""
        os.kill(self._child.pid, 15)
        self._child.wait()

    @staticmethod
    def runs() -> bool:
        return subprocess.run(["firewall-cmd", "--state"], capture_output=True, check=False).returncode == 0

    @staticmethod
    def permit(*bridges: str) -> None:
        interfaces = " ".join("--add-interface=%s" % bridge for bridge in bridges)
        for command in [*PERMIT.strip().splitlines(), "firewall-cmd --permanent --zone trusted %s" % interfaces, "firewall-cmd --reload"]:
            sh(command)  # each takes a second, more on a busy machine

    @staticmethod
    def rules() -> List[str]:
        return sh("nft --stateless list table inet firewalld").splitlines()
