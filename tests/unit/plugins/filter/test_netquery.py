# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.netloom.container_net.plugins.filter import netquery as subject
from ansible_collections.netloom.container_net.plugins.filter.netquery import FilterModule, netquery

STATE = {"links": [{"name": "eth0", "mtu": 1450}, {"name": "br-web", "mtu": 1500}], "scope": "main"}


class Text(str):
    """Stands for Ansible's own subclass of text."""

    def __str__(self) -> str:
        return str.__str__(self)


class Number(int):
    """Stands for Ansible's own subclass of integer."""


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("links[?mtu < `1500`].name", ["eth0"]),
        ("links[].{n: name}", [{"n": "eth0"}, {"n": "br-web"}]),
        ("length(links)", 2),
        ("nothing.here", None),
    ],
)
def test_queries(expression: str, result: Any) -> None:
    assert netquery(STATE, expression) == result


def test_functions_accept_the_types_of_ansible() -> None:
    data = {Text("links"): ({"name": Text("eth0"), "mtu": Number(1450)},)}
    assert netquery(data, Text("links[?contains(name, 'eth')].to_string(mtu)")) == ["1450"]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("links[", "netquery: cannot apply 'links\\['"),
        ("nosuch(links)", "nosuch"),
        ("abs(scope)", "netquery: cannot apply"),
        (5, "expected a JMESPath expression as text, got int"),
    ],
)
def test_mistakes_are_named(expression: Any, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        netquery(STATE, expression)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "jmespath", None)
    with pytest.raises(AnsibleFilterError, match="netquery needs the Python library jmespath on the controller"):
        netquery(STATE, "scope")


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"netquery": netquery}
