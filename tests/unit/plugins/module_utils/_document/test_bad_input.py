# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every line of cases_bad.yml: one wrong value, one line that says where, what, why and how to mend it."""

from __future__ import annotations

from typing import Any, Dict, Tuple

import pytest
import yaml
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError, Problem, printable
from bad_documents import CASES, document_of


def problems_of(document: Any) -> Tuple[Problem, ...]:
    with pytest.raises(InputError) as raised:
        read_document(document)
    return raised.value.problems


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_one_fault_gives_one_line_with_all_four_parts(case: Dict[str, Any]) -> None:
    lines = [str(problem) for problem in problems_of(document_of(case))]
    assert len(lines) == 1, lines
    line = lines[0]
    assert line.startswith("%s: got %s" % (case["path"], printable(case["got"]))), line
    _before, rule, fix = line[len(case["path"]) :].partition(case["rule"])
    assert rule, line
    assert case["fix"] in fix, line
    assert len(line) < 200 or "; known: " in line
    assert all(32 <= ord(character) < 127 for character in line)


def test_the_catalogue_is_large_and_its_ids_are_unique() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES) >= 100


def test_all_problems_come_at_once_and_follow_ups_are_left_out() -> None:
    document = yaml.safe_load(
        """
        networks:
          - {name: web, mtu: 66, ipam_config: [{subnet: 10.20.0.1/24}]}
          - {name: mesh, driver: overlay, vni: 0}
          - {name: on}
        endpoints:
          - {name: api, container: {netns: api}, networks: [{name: web, ipv4_address: 10.20.0.5}], ports: [22:22, '8080:80']}
          - {name: db, container: {docker: d}, networks: [nowhere], ports: ['8080:80']}
        """
    )
    paths = [problem.path for problem in problems_of(document)]
    assert sorted(paths) == [
        "endpoints[api].ports[0]",
        "endpoints[db].container.docker",
        "endpoints[db].networks[nowhere]",
        "endpoints[db].ports[0]",
        "networks[2].name",
        "networks[mesh]",
        "networks[mesh].vni",
        "networks[web].ipam_config[0].subnet",
        "networks[web].mtu",
    ]


def test_the_message_shows_twenty_lines_and_counts_the_rest() -> None:
    with pytest.raises(InputError) as raised:
        read_document({"networks": [{"name": "web%d" % number, "mtu": 0} for number in range(33)]})
    lines = str(raised.value).splitlines()
    assert lines[0] == "33 input errors, nothing was changed:"
    assert len(lines) == 22
    assert lines[-1] == "- ... and 13 more"


def test_one_shortage_is_one_problem_however_many_endpoints_it_meets() -> None:
    endpoints = [{"name": "e%d" % number, "container": {"netns": "e%d" % number}, "networks": ["web"]} for number in range(5000)]
    problems = problems_of({"networks": [{"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}], "endpoints": endpoints})
    assert [str(problem) for problem in problems] == [
        'networks[web].ipam_config: got string "10.20.0.0/24": needs 5000 free IPv4 addresses, has 253; use a larger subnet or ip_range'
    ]


MONSTERS = {
    "long text": "x" * 1_000_000,
    "escapes": "\x1b[2J" * 1000,
    "integer that Python will not print": 1 << 20000,
    "set of such": {1 << 20000},
    "lone surrogate": "\ud800",
    "list": [[]],
    "class": object,
}


@pytest.mark.parametrize("key", ["name", "driver", "mtu", "bridge_name", "ipam_config", "internal", "snat_address", "labels", "state"])
@pytest.mark.parametrize("monster", MONSTERS)
def test_monstrous_values_give_one_short_printable_line(key: str, monster: str) -> None:
    for problem in problems_of({"networks": [{"name": "web", key: MONSTERS[monster]}]}):
        line = str(problem)
        assert len(line) < 200
        assert all(32 <= ord(character) < 127 for character in line)


def test_monstrous_keys_are_cut() -> None:
    (problem,) = problems_of({"networks": [{"name": "web", "k" * 100_000: 1}]})
    assert str(problem).startswith("networks[web].kkkkk")
    assert "unknown key" in str(problem)
    assert len(str(problem).partition("; known: ")[0]) <= 100


NETWORK = "networks: [{name: web, ipam_config: [{subnet: 10.20.0.0/24}]}]\n"
JOINED = "endpoints: [{name: a, container: {netns: a}, networks: [{name: %s, ipv4_address: 10.20.0.5}], ports: ['80:80']}]"
MISTYPED = {
    "ipam_confg": "networks: [{name: web, ipam_confg: [{subnet: 10.20.0.0/24}]}]\n" + JOINED % "web",
    "subnt": "networks: [{name: web, ipam_config: [{subnt: 10.20.0.0/24, gateway: 10.20.0.1}]}]\n" + JOINED % "web",
    "drvier": "networks: [{name: m, drvier: overlay, vni: 5, vtep_address: 192.0.2.1, ipam_config: [{subnet: 10.20.0.0/24}]}]",
    "nmae": "networks: [{nmae: web, ipam_config: [{subnet: 10.20.0.0/24}]}]\n" + JOINED % "web",
    "vnii": "networks: [{name: m, driver: overlay, vnii: 5, vtep_address: 192.0.2.1}]\nendpoints: [{name: a, container: {netns: a}, networks: [m]}]",
    "contaner": NETWORK + "endpoints: [{name: a, contaner: {netns: a}, networks: [web]}, {name: s, network_mode: 'container:a'}]",
    "netwroks": NETWORK + "endpoints: [{name: a, container: {netns: a}, netwroks: [web], ports: ['80:80']}]",
    "publshed": NETWORK + "endpoints: [{name: a, container: {netns: a}, networks: [web], ports: [{publshed: 80, target: 80}]}]",
    "driver": "networks: [{name: web, driver: vxlan, ipam_config: [{subnet: 10.20.0.0/24}]}]\n" + JOINED % "web",
    "ipam": "networks: [{name: web, ipam: {config: [{subnet: 10.20.0.0/24}]}}]\n" + JOINED % "web",
}


@pytest.mark.parametrize("key", MISTYPED)
def test_one_wrong_key_is_one_error(key: str) -> None:
    """What only follows from it is not told."""
    assert [problem.path.rpartition(".")[2] for problem in problems_of(yaml.safe_load(MISTYPED[key]))] == [key]


def test_the_list_of_known_keys_is_whole() -> None:
    (problem,) = problems_of({"endpoints": [{"name": "a", "container": {"netns": "a"}, "zzzz": 1}]})
    assert problem.fix.startswith("known: container, devices, ")
    assert problem.fix.endswith("state, sysctls")


def test_a_route_of_an_attachment_does_not_lead_to_a_key_that_is_refused_there() -> None:
    route = {"destination": "10.9.0.0/16", "gateway": "10.20.0.9", "interfase": "eth0"}
    networks = [{"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}]
    endpoint = {"name": "a", "container": {"netns": "a"}, "networks": [{"name": "web", "routes": [route]}]}
    (problem,) = problems_of({"networks": networks, "endpoints": [endpoint]})
    assert problem.rule == "unknown key"
    assert "interface" not in problem.fix
    (problem,) = problems_of({"networks": networks, "endpoints": [{**endpoint, "networks": ["web"], "routes": [route]}]})
    assert problem.fix == "did you mean interface"


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("addresses", "networks or devices"),
        ("interface_name", "networks or devices"),
        ("pci_address", "devices"),
        ("ipam", "networks"),
        ("destination", "routes"),
    ],
)
def test_a_key_of_an_entry_leads_to_every_list_that_has_it(key: str, place: str) -> None:
    (problem,) = problems_of({"endpoints": [{"name": "a", "container": {"netns": "a"}, key: "x"}]})
    assert problem.rule == "this key belongs to an entry of " + place
