# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan a generated fleet with fleet_plan and print what the whole ansible-playbook process took.

Every host has a variable file in YAML, as inventories have, with endpoints on a bridge network and on one overlay of both families. The first run
of a size writes the lock file, the second reads it. Memory is the sum over all processes of the run, sampled, shared pages counted in each.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, Tuple

from goals import fleet_goals

CHECKOUT = Path(__file__).resolve().parents[1]
GOAL_HOSTS, GOAL_ENDPOINTS = 1000, 20
SAMPLE_EVERY = 0.2

GROUP = """\
fleet_networks:
  - name: web
    driver: bridge
    ipam_config: [{subnet: 10.20.0.0/24}]
  - name: mesh
    driver: overlay
    ipam_config: [{subnet: 10.48.0.0/12}, {subnet: "fd00:60::/64"}]
"""
ENDPOINT = """\
  - name: e%(host)d-%(number)d
    container: {netns: e%(host)d-%(number)d}
    networks: [web, mesh]
    ports: ["%(port)d:80/tcp"]
"""
PLAYBOOK = """\
- name: Plan the fleet
  hosts: container_hosts
  gather_facts: false
  tasks:
    - name: Plan
      netloom.container_net.fleet_plan:
        lock_file: "{{ inventory_dir }}/fleet.lock.yml"
      register: plan
      run_once: true
    - name: Use a part of the plan
      ansible.builtin.assert:
        that:
          - plan.hosts | length == %(hosts)d
          - plan.overlays.mesh.peers | length == %(hosts)d
          - plan.overlays.mesh.endpoints | length == %(endpoints)d
      run_once: true
"""


def write_inventory(root: Path, hosts: int, endpoints: int) -> None:
    """Write an inventory with one variable file per host."""
    names = ["host%05d" % number for number in range(hosts)]
    lines = ["container_hosts:", "  vars: {ansible_connection: local}", "  hosts:"] + ["    %s:" % name for name in names]
    (root / "hosts.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for folder in ("group_vars", "host_vars"):
        (root / folder).mkdir()
    (root / "group_vars" / "container_hosts.yml").write_text(GROUP, encoding="utf-8")
    for host, name in enumerate(names):
        text = "fleet_vtep_address: 172.16.%d.%d\nfleet_endpoints:\n" % (host // 250, host % 250 + 1)
        text += "".join(ENDPOINT % {"host": host, "number": number, "port": 8000 + number} for number in range(endpoints))
        (root / "host_vars" / (name + ".yml")).write_text(text, encoding="utf-8")
    (root / "plan.yml").write_text(PLAYBOOK % {"hosts": hosts, "endpoints": hosts * endpoints}, encoding="utf-8")


def link_collection(root: Path) -> Path:
    """Return a folder for ANSIBLE_COLLECTIONS_PATH that holds this checkout."""
    link = root / "collections" / "ansible_collections" / "netloom" / "container_net"
    link.parent.mkdir(parents=True)
    link.symlink_to(CHECKOUT)
    return root / "collections"


def tree_memory(root: int) -> int:
    """Return the resident memory of a process and its descendants in KiB."""
    parents: Dict[int, int] = {}
    pages: Dict[int, int] = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path("/proc", entry, "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        parents[int(entry)], pages[int(entry)] = int(fields[1]), int(fields[21])
    total = 0
    for process in parents:
        ancestor = process
        while ancestor != root and ancestor in parents:
            ancestor = parents[ancestor]
        total += pages[process] if ancestor == root else 0
    return total * os.sysconf("SC_PAGE_SIZE") // 1024


def cpu_seconds() -> float:
    """Return the processor time of all ended children: what a busy machine does not stretch."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_playbook(root: Path, collections: Path) -> Tuple[float, float, float]:
    """Return wall-clock seconds, processor seconds and peak memory in MiB of one run."""
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(root / "hosts.yml"), str(root / "plan.yml")]
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(collections))
    with open(root / "output", "w+", encoding="utf-8") as output:
        started, used = time.monotonic(), cpu_seconds()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=root)
        peak = 0
        while process.poll() is None:
            peak = max(peak, tree_memory(process.pid))
            time.sleep(SAMPLE_EVERY)
        seconds = time.monotonic() - started
        if process.returncode != 0:
            output.seek(0)
            raise SystemExit("ansible-playbook failed:\n%s" % output.read()[-4000:])
    return seconds, cpu_seconds() - used, peak / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--hosts", default="250,1000", help="sizes, separated by commas")
    parser.add_argument("--endpoints", type=int, default=20, help="endpoints of each host")
    arguments = parser.parse_args()
    worst: Dict[int, Tuple[float, float]] = {}
    print("%6s  %10s  %-16s  %8s  %8s  %10s" % ("hosts", "endpoints", "lock file", "seconds", "CPU s", "peak MiB"))
    for hosts in [int(size) for size in arguments.hosts.split(",")]:
        root = Path(tempfile.mkdtemp(prefix="container-net-fleet-"))
        try:
            write_inventory(root, hosts, arguments.endpoints)
            collections = link_collection(root)
            for lock in ("written", "read, unchanged"):
                seconds, processor, mebibytes = run_playbook(root, collections)
                slowest, largest = worst.get(hosts, (0.0, 0.0))
                worst[hosts] = max(slowest, seconds), max(largest, mebibytes)
                shown = (hosts, hosts * arguments.endpoints, lock, seconds, processor, mebibytes)
                print("%6d  %10d  %-16s  %8.1f  %8.1f  %10.0f" % shown, flush=True)
        finally:
            shutil.rmtree(root)
    for goal in fleet_goals(GOAL_HOSTS, GOAL_ENDPOINTS, worst if arguments.endpoints == GOAL_ENDPOINTS else {}):
        print(goal.line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
