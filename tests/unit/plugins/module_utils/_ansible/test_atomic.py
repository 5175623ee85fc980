# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the atomic modules: every fault is collected, every value canonical; and what a single task may remove."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Dict, List, Sequence

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.atomic import Options, absent, describe_link, present
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Outcome
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Conflict, InputError
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Snapshot
from object_rows import read_object
from toy_kernel import ToyKernel

Row = Dict[str, Any]
MODULE = SimpleNamespace(check_mode=True)


def options(**params: Any) -> Options:
    return Options({"scope": "tasks", "lock_timeout": 1.5, **params})


def problems(chosen: Options) -> List[str]:
    with pytest.raises(InputError) as caught:
        chosen.check()
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("method", "value", "expected"),
    [
        ("label", "a.b", "a.b"),
        ("label", None, None),
        ("interface", "eth0", "eth0"),
        ("interface", None, None),
        ("mac", "02:42:0A:00:00:05", "02:42:0a:00:00:05"),
        ("mac", None, None),
        ("macs", ["02:42:0A:00:00:05", "02:42:0a:00:00:04"], ("02:42:0a:00:00:04", "02:42:0a:00:00:05")),
        ("macs", None, ()),
        ("ip", "FD00:0::5", "fd00::5"),
        ("ip", None, None),
        ("ips", ["192.0.2.1", "FD00::0"], ("192.0.2.1", "fd00::")),
        ("ips", None, ()),
        ("interfaces", ["10.0.0.1/24", "FD00:0::5/64"], ("10.0.0.1/24", "fd00::5/64")),
        ("interfaces", None, ()),
        ("place", None, ""),
        ("place", "", ""),
        ("place", "api", "netns:api"),
        ("place", "/run/x", "path:/run/x"),
    ],
)
def test_good_values(method: str, value: Any, expected: Any) -> None:
    chosen = options(x=value)
    assert getattr(chosen, method)("x") == expected
    chosen.check()
    assert chosen["x"] is value


@pytest.mark.parametrize(
    ("method", "value", "expected"),
    [
        ("label", "a/b", 'x: got string "a/b": a path separator is not allowed in a name'),
        ("label", "", 'x: got string "": a name has 1 to 63 characters, this has 0'),
        ("interface", "eth0.5", "x: got string \"eth0.5\": a dot is not allowed: it becomes '/' in sysctl keys"),
        ("mac", "02-42", 'x: got string "02-42": must be six pairs of hex digits with colons; such as 02:42:0a:00:00:05'),
        (
            "mac",
            "41135085296",  # what an unquoted 52:54:00:12:34:56 is to YAML, and text to Ansible
            'x: got string "41135085296": must be six pairs of hex digits with colons; quote MAC addresses (was it 52:54:00:12:34:56?)',
        ),
        ("mac", "7", 'x: got string "7": must be six pairs of hex digits with colons; quote MAC addresses'),
        ("mac", "01:00:5e:00:00:01", 'x: got string "01:00:5e:00:00:01": must be a unicast address; make the second digit even'),
        ("mac", "00:00:00:00:00:00", 'x: got string "00:00:00:00:00:00": must be a unicast address; make the second digit even'),
        ("macs", ["02:42:0a:00:00:05", "02-42"], 'x[1]: got string "02-42": must be six pairs of hex digits with colons; such as 02:42:0a:00:00:05'),
        ("macs", ["02:0a:00:00:00:05", "02:0A:00:00:00:05"], 'x[1]: got string "02:0A:00:00:00:05": the same as entry 0 of this list; remove one'),
        ("ip", "10.0.0.1/24", 'x: got string "10.0.0.1/24": is not an IP address; such as 192.0.2.10'),
        ("ip", "fe80::1%eth0", 'x: got string "fe80::1%eth0": is not an IP address; such as 192.0.2.10'),
        ("ips", ["192.0.2.1", "web"], 'x[1]: got string "web": is not an IP address; such as 192.0.2.10'),
        ("interfaces", ["10.0.0.1"], 'x[0]: got string "10.0.0.1": must be an address with prefix length; such as 10.0.0.1/24'),
        ("interfaces", ["10.0.0.1/33"], 'x[0]: got string "10.0.0.1/33": must be an address with prefix length; such as 10.0.0.1/24'),
        ("interfaces", ["fe80::1%eth0/64"], 'x[0]: got string "fe80::1%eth0/64": must be an address with prefix length; such as 10.0.0.1/24'),
        ("place", "a:b", 'x: got string "a:b": character U+003A at position 2 is not allowed (allowed: A-Z a-z 0-9 _ . -, letter or digit first)'),
        ("place", "../x", 'x: got string "../x": a path separator is not allowed in a name'),
    ],
)
def test_bad_values(method: str, value: Any, expected: str) -> None:
    chosen = options(x=value)
    getattr(chosen, method)("x")
    assert problems(chosen) == [expected]


@pytest.mark.parametrize(("value", "fine"), [(67, False), (68, True), (65535, True), (65536, False), (-1, False), (None, True)])
def test_numbers(value: Any, fine: bool) -> None:
    chosen = options(mtu=value)
    assert chosen.number("mtu", 68, 65535) == value
    if fine:
        chosen.check()
    else:
        assert problems(chosen) == ['mtu: got integer "%d": must be from 68 to 65535' % value]


def test_all_faults_at_once_the_scope_too() -> None:
    chosen = Options({"scope": "a:b", "name": "x" * 16, "mtu": 5})
    chosen.interface("name")
    chosen.number("mtu", 68, 65535)
    chosen.refuse("name", "no", "yes")
    assert [line.split(":")[0] for line in problems(chosen)] == ["scope", "name", "mtu", "name"]


def test_faults_stop_a_request_before_anything_happens() -> None:
    chosen = options(x="a/b")
    chosen.label("x")
    for make in (lambda: present(MODULE, chosen, [], []), lambda: absent(MODULE, chosen, [])):
        with pytest.raises(InputError):
            make()


def snapshot(*rows: Row) -> Snapshot:
    return ToyKernel.of_rows(rows).snapshot()


def removed(request: Any, found: Snapshot) -> List[str]:
    return [found.objects[key].label for key in request.removes(found)]


def test_a_task_removes_what_it_no_longer_lists_on_its_own_links_only() -> None:
    found = snapshot(
        {"bridge": "a", "mark": "tasks:object"},
        {"bridge": "b", "mark": "tasks:object"},
        {"address": "10.0.0.1/24", "dev": "a", "ours": True},
        {"address": "10.0.0.2/24", "dev": "a", "ours": True},
        {"address": "10.0.0.3/24", "dev": "a"},
        {"route": "10.9.0.0/16", "via": "10.0.0.9", "dev": "a", "ours": True},
        {"address": "10.0.1.1/24", "dev": "b", "ours": True},
    )
    kept = [read_object(row) for row in ({"bridge": "a"}, {"address": "10.0.0.1/24", "dev": "a"})]
    request = present(MODULE, options(), kept, [("", "a")])
    assert removed(request, found) == ["address 10.0.0.2/24 on a"]
    assert request.adopt is True
    assert request.check_mode is True
    assert (request.scope, request.lock_timeout, request.prune) == ("tasks", 1.5, False)


REMOVALS: List[Any] = [
    ([{"bridge": "a", "mark": "tasks:object"}], ["bridge a"]),
    ([{"bridge": "a", "alias": "container-net::unfinished"}], ["bridge a"]),
    ([], []),
    ([{"bridge": "a"}], "bridge a exists and was not made by this collection; remove it with the tool that made it"),
    ([{"bridge": "a", "mark": "main:network:web"}], "bridge a belongs to scope 'main', this task has scope 'tasks'"),
]


@pytest.mark.parametrize(("rows", "expected"), REMOVALS, ids=["ours", "unfinished", "nothing", "foreign", "another scope"])
def test_removing_a_link(rows: Sequence[Row], expected: Any) -> None:
    request = absent(MODULE, options(), [read_object({"bridge": "a"})])
    check_removal(request, snapshot(*rows), expected)


SPACE: Row = {"namespace": "x", "mark": "tasks:namespace"}
SPACES: List[Any] = [
    ([SPACE], ["namespace x"]),
    ([SPACE, {"bridge": "b", "in": "x", "mark": "tasks:object"}, {"link": "tunl0", "in": "x"}], ["namespace x"]),
    ([SPACE, {"link": "wg0", "in": "x"}, {"bridge": "b", "in": "x"}], "namespace x holds interfaces that scope 'tasks' did not make: wg0, b"),
    ([{"namespace": "x"}], "namespace x exists and was not made by this collection; remove it with the tool that made it"),
    ([{"namespace": "x", "mark": "main:namespace"}], "namespace x belongs to scope 'main', this task has scope 'tasks'"),
]


@pytest.mark.parametrize(("rows", "expected"), SPACES, ids=["ours", "with our links", "with strangers", "foreign", "another scope"])
def test_removing_a_namespace(rows: Sequence[Row], expected: Any) -> None:
    request = absent(MODULE, options(), [read_object({"namespace": "x"})])
    assert request.places == ("netns:x",)
    check_removal(request, snapshot(*rows), expected)


def check_removal(request: Any, found: Snapshot, expected: Any) -> None:
    if isinstance(expected, str):
        with pytest.raises(Conflict) as caught:
            removed(request, found)
        assert str(caught.value).splitlines()[1] == "- " + expected
    else:
        assert removed(request, found) == expected


def test_a_link_is_told_as_found_and_as_asked() -> None:
    found = snapshot({"bridge": "a", "mtu": 1500, "mac": "02:00:00:00:00:01", "mark": "tasks:object"})
    rows: List[Row] = [
        {"bridge": "a", "mtu": 1400},
        {"address": "10.0.0.9/24", "dev": "a"},
        {"address": "10.0.0.1/24", "dev": "a"},
        {"address": "10.0.0.5/24", "dev": "b"},
    ]
    told = describe_link("", "a", "bridge")(Outcome(snapshot=found, desired=tuple(read_object(row) for row in rows)))["bridge"]
    assert (told["name"], told["namespace"], told["exists"], told["mtu"], told["mac"]) == ("a", None, True, 1400, "02:00:00:00:00:01")
    assert told["addresses"] == ["10.0.0.1/24", "10.0.0.9/24"]


def test_a_removed_link_is_told_as_gone() -> None:
    told = describe_link("netns:x", "a", "bridge")(Outcome(snapshot=snapshot({"bridge": "a", "in": "x"})))
    assert told == {"bridge": {"name": "a", "namespace": "x", "exists": False}}
