# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.netloom.container_net.plugins.filter import netquery as subject
from ansible_collections.netloom.container_net.plugins.filter.netquery import FilterModule, netquery

# A part of what topology_info returns; tests/functional/test_info.py puts the documented queries to the module itself.
STATE = {
    "networks": [
        {
            "name": "web",
            "scope": "main",
            "driver": "bridge",
            "mtu": 1500,
            "endpoints": [{"name": "api", "interface": "eth0", "mtu": 1500, "addresses": ["10.20.0.10/24"]}],
        },
        {
            "name": "mesh",
            "scope": "main",
            "driver": "overlay",
            "mtu": 1450,
            "endpoints": [{"name": "api", "interface": "eth1", "mtu": 1450, "addresses": ["10.60.0.10/16", "fd00:60::10/64"]}],
        },
    ],
    "ports": [],
}


class Text(str):
    """Stands for Ansible's own subclass of text."""

    def __str__(self) -> str:
        return str.__str__(self)


class Number(int):
    """Stands for Ansible's own subclass of integer."""


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("networks[?mtu < `1500`].name", ["mesh"]),
        ("networks[].{n: name}", [{"n": "web"}, {"n": "mesh"}]),
        ("networks[?name=='mesh'].endpoints[].addresses[]", ["10.60.0.10/16", "fd00:60::10/64"]),
        ("length(networks)", 2),
        ("ports", []),
        ("nothing.here", None),
    ],
)
def test_queries(expression: str, result: Any) -> None:
    assert netquery(STATE, expression) == result


def test_functions_accept_the_types_of_ansible() -> None:
    data = {Text("networks"): ({"name": Text("mesh"), "mtu": Number(1450)},)}
    assert netquery(data, Text("networks[?contains(name, 'mes')].to_string(mtu)")) == ["1450"]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("ports[", "netquery: cannot apply 'ports\\['"),
        ("nosuch(ports)", "nosuch"),
        ("abs(ports)", "netquery: cannot apply"),
        (5, "expected a JMESPath expression as text, got int"),
    ],
)
def test_mistakes_are_named(expression: Any, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        netquery(STATE, expression)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "jmespath", None)
    with pytest.raises(AnsibleFilterError, match="netquery needs the Python library jmespath on the controller"):
        netquery(STATE, "ports")


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"netquery": netquery}
