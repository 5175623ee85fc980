# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others describe, made on a real engine: its own networks and containers in their place, and the links of a containerlab topology."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.filter.from_containerlab import from_containerlab
from ansible_collections.netloom.container_net.plugins.filter.from_inspect import from_inspect
from engines import Folders, answers, running
from harness.engine import Declaration, give_uplink, settle
from harness.host import sh

SUBNETS = ("172.31.5.0/24", "fd00:31::/64")


def addresses(entry: Dict[str, Any]) -> List[str]:
    return [item[key] for item in entry["networks"] for key in ("ipv4_address", "ipv6_address")]


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ["docker", "podman"])
def test_what_an_engine_made_is_made_in_its_place(folders: Folders, kind: str) -> None:
    give_uplink()
    with running(folders, kind) as engine:
        engine.add_network("shop", *SUBNETS)
        engine.run("api", "shop", **({"ports": {8080: [8080]}} if kind == "docker" else {}))
        engine.run("alone")
        found = from_inspect(engine.inspect_all())
        inside = sh("nsenter -t %d -n ip -br address show eth0" % engine.pid("api"))
        engine.remove("api")
        engine.run("api")
        (network,) = found["networks"]
        assert [entry["subnet"] for entry in network["ipam_config"]] == list(SUBNETS)
        by_name = {entry["name"]: entry for entry in found["endpoints"]}
        assert by_name["alone"] == {"name": "alone", "container": {kind: "alone"}, "network_mode": "none"}
        assert by_name["api"].get("ports", []) == ([{"target": "8080", "published": "8080"}] if kind == "docker" else [])
        assert len(addresses(by_name["api"])) == 2
        assert [address for address in addresses(by_name["api"]) if address + "/" not in inside] == []
        engine.remove_network("shop")
        settle(Declaration(found["networks"], found["endpoints"]))
        answers([("", "tcp", address, 80) for address in addresses(by_name["api"])], "api")


LAB = """
name: two
topology:
  nodes: {r1: {kind: linux, image: box}, r2: {kind: linux, image: box}}
  links:
    - endpoints: ["r1:eth1", "r2:eth1"]
"""


@pytest.mark.fake_host
def test_nodes_of_a_topology_are_wired(folders: Folders) -> None:
    found = from_containerlab(LAB)
    with running(folders, "docker") as engine:
        for entry in found["endpoints"]:
            engine.run(entry["container"]["docker"])
        settle(Declaration(found["networks"], found["endpoints"], links=found["links"]))
        for number in (1, 2):
            sh("nsenter -t %d -n ip address add 192.0.2.%d/24 dev eth1" % (engine.pid("clab-two-r%d" % number), number))
        sh("nsenter -t %d -n ping -c1 -W2 192.0.2.2" % engine.pid("clab-two-r1"))
