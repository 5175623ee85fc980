# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
import yaml


def load() -> ModuleType:
    path = Path(__file__).resolve().parents[4] / "playbooks" / "lab" / "files" / "lab_plan.py"
    spec = importlib.util.spec_from_file_location("lab_plan", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lab_plan = load()


def test_addresses_of_a_whole_lab_differ() -> None:
    names = [*lab_plan.host_names(lab_plan.HOSTS_LIMIT), lab_plan.OUTSIDE]
    assert len({address for name in names for address in lab_plan.addresses(name)}) == 2 * len(names)
    assert lab_plan.addresses("h1") == ("192.0.2.11", "2001:db8::11")
    assert lab_plan.addresses("h200") == ("192.0.2.210", "2001:db8::210")


def test_the_inventory_is_what_ansible_needs() -> None:
    state = Path('/home/o\'neil "x": #/lab')
    document = yaml.safe_load(lab_plan.inventory(state, 2, "/usr/bin/python3"))
    shared, groups = document["all"]["vars"], document["all"]["children"]
    assert shared["ansible_connection"] == "netloom.container_net.netns"
    assert shared["ansible_python_interpreter"] == "/usr/bin/python3"
    assert groups == {
        "container_hosts": {
            "hosts": {
                name: {
                    "ansible_netns_holder": "%s/holders/%s.json" % (state, name),
                    "fleet_vtep_address": "192.0.2.1%d" % number,
                    "lab_ipv6": "2001:db8::1%d" % number,
                }
                for number, name in ((1, "h1"), (2, "h2"))
            }
        },
        "lab_outside": {
            "hosts": {"outside": {"ansible_netns_holder": "%s/holders/outside.json" % state, "lab_ipv4": "192.0.2.250", "lab_ipv6": "2001:db8::250"}}
        },
    }


def test_only_hosts_get_a_default_route() -> None:
    assert "route add default via 192.0.2.250" in lab_plan.host_lines("h1")
    assert "route" not in lab_plan.host_lines("outside")


def port(state: str) -> dict[str, object]:
    return {"linkinfo": {"info_slave_data": {"state": state}}}


@pytest.mark.parametrize(
    ("links", "ready"),
    [
        ([port("forwarding"), port("forwarding")], True),
        ([port("forwarding")], False),
        ([port("forwarding"), port("disabled")], False),
        ([port("forwarding"), {}], False),
        ([], False),
    ],
)
def test_the_switch_is_ready_when_all_ports_forward(links: list[dict[str, object]], ready: bool) -> None:
    assert lab_plan.all_forwarding(json.dumps(links), 2) is ready


def test_an_empty_answer_is_not_ready() -> None:
    assert lab_plan.all_forwarding("", 1) is False
