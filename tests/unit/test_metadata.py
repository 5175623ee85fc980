# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts written down in more than one place must be the same in all of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, Dict, List, Set

import yaml
from ansible_collections.netloom.container_net.plugins.doc_fragments import atomic, attributes, pyroute2
from ansible_collections.netloom.container_net.plugins.module_utils._boot import main, netavark
from ansible_collections.netloom.container_net.plugins.module_utils._firewall import table
from ansible_collections.netloom.container_net.plugins.module_utils._kernel import netlink
from jinja2.nativetypes import NativeEnvironment
from named_tests import find_missing, find_named

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
GROUP = "netloom.container_net.container_net"
BACKEND = "firewall_backend"
FRAGMENT = "netloom.container_net.attributes.actiongroup"


def _documentation(module: str) -> Dict[str, Any]:
    tree = ast.parse((ROOT / "plugins" / "modules" / (module + ".py")).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            documentation: Dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))
            return documentation
    raise AssertionError("%s has no DOCUMENTATION" % module)


def _options(module: str) -> Set[str]:
    documentation = _documentation(module)
    found = set(documentation.get("options", {}))
    if "netloom.container_net.atomic" in documentation["extends_documentation_fragment"]:
        found |= set(yaml.safe_load(atomic.ModuleDocFragment.DOCUMENTATION)["options"])
    return found


def _action_group() -> List[str]:
    members: List[str] = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]["container_net"]
    return members


def test_action_group_holds_every_module_with_the_shared_options() -> None:
    assert sorted(_action_group()) == [module for module in MODULES if {"scope", "lock_timeout"} <= _options(module)]
    assert yaml.safe_load(attributes.ModuleDocFragment.ACTIONGROUP)["attributes"]["action_group"]["membership"] == [GROUP]


def test_members_of_the_group_say_so() -> None:
    said = [module for module in MODULES if FRAGMENT in _documentation(module).get("extends_documentation_fragment", [])]
    assert said == sorted(_action_group())


def test_floor_of_pyroute2_is_one_number() -> None:
    floor = ".".join(map(str, netlink.PYROUTE2_FLOOR))
    assert "pyroute2>=%s\n" % floor in (ROOT / "requirements.txt").read_text()
    assert "pyroute2 >= %s on the host" % floor in pyroute2.ModuleDocFragment.DOCUMENTATION


def test_the_plugin_of_netavark_says_the_version_of_the_collection() -> None:
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"] == netavark.VERSION
    assert main.NETAVARK == netavark.VERBS


def test_floor_of_python_is_one_number() -> None:
    declared = yaml.safe_load((ROOT / "tests" / "config.yml").read_text())["modules"]["python_requires"]
    assert declared == ">=3.9"
    project = (ROOT / "pyproject.toml").read_text()
    assert re.findall(r'^python_version = "(.*)"', project, re.MULTILINE) == ["3.9"]
    assert re.findall(r'^target-version = "(.*)"', project, re.MULTILINE) == ["py39"]
    assert "Python >= 3.9 on the host" in pyroute2.ModuleDocFragment.DOCUMENTATION


def test_the_tables_of_faults_name_tests_that_are_there() -> None:
    rows = [line for line in (ROOT / "tests" / "README.md").read_text(encoding="utf-8").splitlines() if re.match(r"\| [SF]?\d", line)]
    assert rows
    for row in rows:
        assert list(find_named(row)), row
        assert find_missing(row) == [], row
    made = [re.match(r"\| F(\d+) ", row) for row in rows]
    assert {int(found[1]) for found in made if found} == set(range(1, 25))


def test_every_place_offers_the_firewall_backends_that_there_are() -> None:
    found = {module: _documentation(module).get("options", {}).get(BACKEND) for module in MODULES}
    for path in sorted((ROOT / "roles").glob("*/meta/argument_specs.yml")):
        for specs in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values():
            found.update({name: option for name, option in specs.get("options", {}).items() if name.endswith("_" + BACKEND)})
    offered = {name: (option["choices"], option["default"]) for name, option in found.items() if option is not None}
    assert {"topology", "topology_info", "nat", "fleet_" + BACKEND} <= offered.keys()
    assert offered == dict.fromkeys(offered, (table.list_choices(), table.AUTO))


def test_host_prepare_installs_the_tools_of_each_backend() -> None:
    defaults = yaml.safe_load((ROOT / "roles" / "host_prepare" / "defaults" / "main.yml").read_text(encoding="utf-8"))
    packages = NativeEnvironment().from_string(defaults["host_prepare_packages"])
    chosen = NativeEnvironment().from_string(defaults["host_prepare_" + BACKEND])
    found = {name: packages.render({"host_prepare_" + BACKEND: chosen.render(fleet_firewall_backend=name)}) for name in table.list_choices()}
    tools = {"auto": ["iptables", "nftables"], "iptables": ["iptables", "nftables"], "nftables": ["nftables"], "none": []}
    assert found == {name: ["python3-pyroute2", *more] for name, more in tools.items()}
    assert chosen.render() == table.AUTO
