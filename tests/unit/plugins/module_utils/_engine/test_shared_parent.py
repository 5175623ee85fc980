# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VLAN device that two scopes use: made by the first, kept for the second, gone with the last."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._compile.document import compile_document
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._engine.scope import kept_parents, scope_keys
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Conflict
from ansible_collections.netloom.container_net.plugins.module_utils._model.mark import Mark, leave_mark, read_mark, share_mark
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import KernelObject
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import host_facts
from ansible_collections.netloom.container_net.plugins.module_utils._plan.planner import plan
from toy_kernel import ToyKernel

Row = Dict[str, Any]
WIRE: Row = {"link": "eth1", "mtu": 1500, "mac": "02:00:00:00:01:01", "up": True}


def document(scope: str, *endpoints: str) -> Dict[str, Any]:
    name = "lan-%s" % scope
    there = [{"name": item, "container": {"netns": item}, "networks": [{"name": name, "ipam": "none"}]} for item in endpoints]
    return {"scope": scope, "networks": [{"name": name, "driver": "macvlan", "parent": "eth1.30"}], "endpoints": there}


def run(kernel: ToyKernel, scope: str, raw: Dict[str, Any]) -> List[str]:
    """Apply a declaration with pruning as the engine does, and return the lines."""
    snapshot = kernel.snapshot()
    desired: Tuple[KernelObject, ...] = compile_document(read_document(raw), host_facts(snapshot))
    desired += kept_parents(snapshot, scope, desired)
    steps = plan(desired, snapshot, prunable=scope_keys(snapshot, scope))
    kernel.apply(steps)
    return [step.line for step in steps]


def nothing(scope: str) -> Dict[str, Any]:
    return {"scope": scope}


def mark_of(kernel: ToyKernel) -> str:
    link = kernel.snapshot().link("", "eth1.30")
    return link.alias or "" if link is not None else "gone"


@pytest.mark.parametrize("leaving", [("main", "other"), ("other", "main")])
def test_made_by_the_first_and_gone_with_the_last(leaving: Sequence[str]) -> None:
    kernel = ToyKernel.of_rows([WIRE])
    assert "+ vlan eth1.30" in run(kernel, "main", document("main", "a"))
    assert mark_of(kernel) == "container-net:main:parent"
    assert run(kernel, "main", document("main", "a")) == []
    joined = run(kernel, "other", document("other", "b"))
    assert [line for line in joined if "vlan eth1.30" in line and "macvlan" not in line] == [
        "~ vlan eth1.30: alias container-net:main:parent → container-net:main,other:parent"
    ]
    assert run(kernel, "main", document("main", "a")) == run(kernel, "other", document("other", "b")) == []
    first, last = leaving
    assert "- vlan eth1.30" not in run(kernel, first, nothing(first))
    assert mark_of(kernel) == "container-net:%s:parent" % last
    assert run(kernel, last, document(last, "a" if last == "main" else "b")) == []
    assert "- vlan eth1.30" in run(kernel, last, nothing(last))
    assert mark_of(kernel) == "gone"


def test_somebody_elses_vlan_is_used_and_stays() -> None:
    kernel = ToyKernel.of_rows(
        [WIRE, {"vlan": "eth1.30", "vlan_id": 30, "protocol": "802.1q", "lower": "eth1", "mtu": 1500, "mac": "02:00:00:00:01:01", "up": True}]
    )
    before = mark_of(kernel)
    assert not [line for line in run(kernel, "main", document("main", "a")) if " vlan " in line]
    assert not [line for line in run(kernel, "main", nothing("main")) if " vlan " in line]
    assert mark_of(kernel) == before


def test_a_foreign_link_on_it_keeps_it() -> None:
    kernel = ToyKernel.of_rows([WIRE])
    run(kernel, "main", document("main"))
    theirs = ToyKernel.of_rows([{"macvlan": "mac0", "lower": "eth1.30", "mode": "bridge", "mtu": 1500, "mac": "02:00:00:00:09:09", "up": True}])
    kernel.objects.update(theirs.objects)
    with pytest.raises(Conflict, match=r"vlan eth1\.30 has macvlan mac0 on it that was not made by this collection; take it away first"):
        run(kernel, "main", nothing("main"))


def test_marks_of_several_scopes() -> None:
    assert share_mark("main") == "container-net:main:parent"
    assert share_mark("a", "container-net:b,c:parent") == "container-net:a,b,c:parent"
    assert share_mark("b", "container-net:b,c:parent") == "container-net:b,c:parent"
    assert share_mark("main", "container-net::unfinished") == "container-net:main:parent"
    for foreign in ("", "uplink of rack 4", "container-net:main:network:web", "container-net:tasks:object"):
        assert share_mark("main", foreign) is None
    mark = read_mark("container-net:a,b:parent")
    assert mark is not None
    assert leave_mark(mark, "a") == "container-net:b:parent"
    assert leave_mark(Mark("a", "parent"), "a") is None
