# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nft is told of a table of frames, and what is understood of its answer; that both are the same is seen on the kernel."""

from __future__ import annotations

import json
from typing import Any, List, Optional, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.frames.guard import guard_table
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.frames.table import list_scopes, read_frames, why_no_frames, write_frames
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import FirewallError
from ansible_collections.netloom.container_net.plugins.module_utils._model.guard import GuardedPort

PORT = GuardedPort("p-a", ("02:00:00:00:00:05",), ("10.20.0.5", "fd00:20::5"), (4, 6))
WHOLE = guard_table("main", [PORT])


class Tool:
    """Answers as nft, and remembers what it was told."""

    def __init__(self, answer: str = "", code: int = 0, said: str = "") -> None:
        self.answer = (code, answer, said)
        self.told: List[str] = []

    def run(self, argv: Sequence[str], data: Optional[str] = None) -> Tuple[int, str, str]:
        self.told.extend((data or " ".join(argv)).splitlines())
        return self.answer


def told(desired: Any, current: Any) -> List[str]:
    tool = Tool()
    write_frames(tool.run, desired, current)
    return tool.told


def test_a_table_is_made_whole() -> None:
    lines = told(WHOLE, None)
    assert lines[:3] == ["add table bridge container_net.main", "delete table bridge container_net.main", "add table bridge container_net.main"]
    assert "add set bridge container_net.main subnets4 { typeof iifname . ip saddr; flags interval; }" in lines
    assert 'add element bridge container_net.main addresses4 { "p-a" . 10.20.0.5 }' in lines
    assert "add chain bridge container_net.main from-ports { type filter hook prerouting priority -250; policy accept; }" in lines
    assert told(None, WHOLE) == ["add table bridge container_net.main", "delete table bridge container_net.main"]


def test_only_entries_are_sent_where_the_rules_stand() -> None:
    other = guard_table("main", [PORT._replace(subnets=("10.20.0.6", "fd00:20::5"))])
    assert told(other, WHOLE) == [
        'delete element bridge container_net.main addresses4 { "p-a" . 10.20.0.5 }',
        'add element bridge container_net.main addresses4 { "p-a" . 10.20.0.6 }',
    ]


def test_many_entries_are_told_in_parts_and_the_rules_last() -> None:
    many = guard_table("main", [PORT._replace(name="p%d" % number) for number in range(400)])
    texts: List[str] = []

    def run(_argv: Sequence[str], data: Optional[str] = None) -> Tuple[int, str, str]:
        texts.append(data or "")
        return 0, "", ""

    write_frames(run, many, None)
    assert len(many.entries or ()) > 2000
    assert [("add table" in text, "add rule" in text) for text in texts] == [(True, False), (False, False), (False, True)]
    assert sum(text.count('"') for text in texts) == 2 * len(many.entries or ())


def test_what_lies_in_another_subnet_is_no_entry_of_its_own() -> None:
    ranges = ("10.30.0.0/24", "10.30.0.128/25", "fd00::/64", "fd00:0:0:1::/64", "10.40.0.0/16", "10.20.0.9/32", "fd00:9::1/128")
    entries = guard_table("main", [PORT._replace(subnets=ranges)]).entries or ()
    assert [value for name, value in entries if name == "subnets4"] == ['"p-a" . 10.30.0.0/24', '"p-a" . 10.40.0.0/16']
    assert [value for name, value in entries if name == "subnets6"] == ['"p-a" . fd00::/63']
    assert [value for name, value in entries if name == "target-ranges"] == ['"p-a" . 0x%x-0x%x' % (0xFD << 120, (0xFD << 120) + (1 << 65) - 1)]
    assert [value for name, value in entries if name.startswith("addresses")] == ['"p-a" . 10.20.0.9', '"p-a" . fd00:9::1']


def test_a_name_that_could_end_a_line_is_refused() -> None:
    with pytest.raises(FirewallError, match="refused to write"):
        guard_table("main", [PORT._replace(name='a" } ; flush ruleset')])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("10.20.0.5", "10.20.0.5"),
        ({"prefix": {"addr": "10.30.0.0", "len": 24}}, "10.30.0.0/24"),
        ({"range": ["10.30.0.0", "10.30.0.255"]}, "10.30.0.0/24"),
        ({"range": ["10.30.0.1", "10.30.0.255"]}, "10.30.0.1-10.30.0.255"),
        ({"range": ["0xfd000000000000000000000000000000", "0xfd00000000000000000000000000ffff"]}, "0xfd" + "0" * 30 + "-0xfd" + "0" * 26 + "ffff"),
        ({"range": [1, 15]}, "0x1-0xf"),
        (2199023255557, "0x20000000005"),
        ("0x0a", "0xa"),
    ],
)
def test_entries_are_read(value: Any, text: str) -> None:
    listed = [{"metainfo": {}}, {"table": {}}, {"set": {"name": "s", "elem": [{"concat": ["p-a", value]}]}}, {"set": {"name": "t", "elem": ["p-a"]}}]
    found = read_frames(Tool(json.dumps({"nftables": listed})).run, "", "main")
    assert found is not None
    assert found.entries == (("s", '"p-a" . ' + text), ("t", '"p-a"'))


@pytest.mark.parametrize("number", [0x0806, 0x0608])
def test_protocols_are_read_in_either_order_of_octets(number: int) -> None:
    match = {"match": {"op": "==", "left": {"meta": {"key": "protocol"}}, "right": number}}
    chain = {"chain": {"name": "c", "type": "filter", "hook": "prerouting", "prio": -250, "policy": "accept"}}
    listed = [chain, {"rule": {"chain": "c", "expr": [match, {"goto": {"target": "d"}}]}}, {"rule": {"chain": "c", "expr": [{"log": None}]}}]
    found = read_frames(Tool(json.dumps({"nftables": listed})).run, "", "main")
    assert found is not None
    assert found.chains == (("c", ("meta protocol arp goto d", '{"log": null}'), "prerouting", -250),)


def test_what_is_not_there_or_not_understood() -> None:
    assert read_frames(Tool(code=1, said="No such file or directory").run, "", "main") is None
    with pytest.raises(FirewallError, match="nft told nothing that can be read of table bridge"):
        read_frames(Tool("{").run, "", "main")
    with pytest.raises(FirewallError, match="nft failed with exit code 1: no"):
        write_frames(Tool(code=1, said="no").run, WHOLE, None)
    assert (why_no_frames(Tool(code=1, said="no").run, WHOLE), why_no_frames(Tool().run, WHOLE)) == ("no", "")


def test_scopes_are_found_by_their_tables() -> None:
    names = ["container_net", "container_net.main", "container_net.a.b", "mine"]
    tool = Tool(json.dumps({"nftables": [{"metainfo": {}}, *({"table": {"family": "bridge", "name": name}} for name in names)]}))
    assert list_scopes(tool.run) == ["main", "a.b"]
    assert list_scopes(Tool(code=1).run) == []
