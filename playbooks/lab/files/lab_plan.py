# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a lab looks like: names, addresses, lines for `ip -batch`, the inventory. No effects."""

from __future__ import annotations

import json
import pathlib
from typing import Dict, List, Tuple

HOSTS_LIMIT = 200
OUTSIDE, SWITCH, OUTER = "outside", "switch", "outer"


def host_names(count: int) -> List[str]:
    return ["h%d" % number for number in range(1, count + 1)]


def addresses(name: str) -> Tuple[str, str]:
    """Return the underlay addresses of a host: h1 has 192.0.2.11 and 2001:db8::11."""
    number = 250 if name == OUTSIDE else 10 + int(name[1:])
    return "192.0.2.%d" % number, "2001:db8::%d" % number


def wire_lines(names: List[str], pids: Dict[str, int], mtu: int) -> str:
    """Return the lines that plug each host's eth0 into a port of the switch."""
    line = "link add %s netns %d mtu %d type veth peer name eth0 netns %d mtu %d\n"
    return "".join(line % (name, pids[SWITCH], mtu, pids[name], mtu) for name in names)


def switch_lines(names: List[str], mtu: int) -> str:
    lines = ["link add br0 mtu %d type bridge stp_state 0 forward_delay 0 mcast_snooping 0" % mtu]
    lines += ["link set %s master br0 up" % name for name in names]
    return "\n".join([*lines, "link set br0 up", ""])


def all_forwarding(links: str, count: int) -> bool:
    """Tell from `ip -details -json link` whether every port of the switch forwards."""
    states = [link.get("linkinfo", {}).get("info_slave_data", {}).get("state") for link in json.loads(links or "[]")]
    return states == ["forwarding"] * count


def host_lines(name: str) -> str:
    """Return the lines that give a host its addresses. The outside client stands for the way out."""
    ipv4, ipv6 = addresses(name)
    lines = ["link set lo up", "link set eth0 up", "address add %s/24 dev eth0" % ipv4, "address add %s/64 dev eth0 nodad" % ipv6]
    if name != OUTSIDE:
        lines += ["route add default via %s" % gateway for gateway in addresses(OUTSIDE)]
    return "\n".join([*lines, ""])


def inventory(state: pathlib.Path, count: int, python: str) -> str:
    """Return the Ansible inventory as YAML; a JSON string is a YAML string."""

    def host(name: str) -> List[str]:
        ipv4, ipv6 = addresses(name)
        values = {
            "ansible_netns_holder": str(state / "holders" / (name + ".json")),
            "lab_ipv4" if name == OUTSIDE else "fleet_vtep_address": ipv4,
            "lab_ipv6": ipv6,
        }
        return ["        %s:" % name, *("          %s: %s" % (key, json.dumps(value)) for key, value in values.items())]

    shared = {
        "ansible_connection": "netloom.container_net.netns",
        "ansible_python_interpreter": python,
        "ansible_remote_tmp": "/run/ansible",
        "ansible_async_dir": "/run/ansible/async",
        "host_prepare_install": False,
        # What a simulated host shares with the machine is not to be written.
        "boot_program": "/var/lib/container_net/container-net",
        "boot_share": "/var/lib/container_net/share",
        "lab_state_dir": str(state),
    }
    lines = ["all:", "  vars:", *("    %s: %s" % (key, json.dumps(value)) for key, value in shared.items())]
    lines += ["  children:", "    container_hosts:", "      hosts:"]
    for name in host_names(count):
        lines += host(name)
    return "\n".join([*lines, "    lab_outside:", "      hosts:", *host(OUTSIDE), ""])
