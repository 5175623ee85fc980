# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Docker and Podman on a guest, each with a container that starts with the host and answers on port 80 with its name."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import Iterator

from .machine import Machine

CACHE, QUEUE = "cache", "queue"
DAEMON = {"bridge": "none", "iptables": False, "ip-forward": False, "exec-opts": ["native.cgroupdriver=cgroupfs"]}
CONTAINERS_CONF = '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
TREE = "/root/tree"
OPTIONS = "--detach --restart always --network none --stop-signal SIGKILL --name"
# Docker has a policy of AppArmor for containers, and a guest no program to load it.
START = """\
mkdir -p {tree}/bin {tree}/dev {tree}/etc {tree}/proc {tree}/run {tree}/sys {tree}/tmp
cp /bin/busybox {tree}/bin
ln -s busybox {tree}/bin/nc
ln -s busybox {tree}/bin/echo
systemctl enable --now docker podman-restart
tar -C {tree} -c . | docker import - box
docker run {options} {cache} --security-opt apparmor=unconfined box /bin/nc -ll -p 80 -e /bin/echo {cache}
podman run {options} {queue} --rootfs {tree} /bin/nc -ll -p 80 -e /bin/echo {queue}
"""
STOP = """\
docker rm --force {cache}
podman rm --force {queue}
systemctl disable docker podman-restart
systemctl stop docker.socket docker containerd podman-restart
rm -r /etc/docker /etc/containers/containers.conf /var/lib/docker /var/lib/containerd {tree}
"""
NAMES = {"tree": TREE, "options": OPTIONS, "cache": CACHE, "queue": QUEUE}


@contextmanager
def engines(machine: Machine) -> Iterator[None]:
    """Have both engines while the block runs, and nothing of them after it."""
    machine.run("mkdir -p /etc/docker /etc/containers; cat >/etc/docker/daemon.json", stdin=json.dumps(DAEMON).encode())
    machine.run("cat >/etc/containers/containers.conf", stdin=CONTAINERS_CONF.encode())
    machine.run(START.format(**NAMES), timeout=180)
    yield
    machine.run(STOP.format(**NAMES), timeout=180)
