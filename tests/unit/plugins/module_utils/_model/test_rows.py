# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables of rows stand for the same objects as the rows alone, and name each that differs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import FLOOD_MAC, FdbEntry, KernelObject, Neighbour, Route
from ansible_collections.netloom.container_net.plugins.module_utils._model.renaming import Names
from ansible_collections.netloom.container_net.plugins.module_utils._model.rows import Rows, unfolded
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Snapshot

A, B, C = ("02:00:00:00:00:0%d" % number for number in (1, 2, 3))
ONE, TWO = "192.0.2.1", "192.0.2.2"
ROWS = Rows(
    "",
    "vx",
    flood={(ONE, ""): None, (TWO, "eth1"): None},
    far={A: (ONE, ""), B: (TWO, "eth1")},
    ports={A: None, C: None},
    neighbours={"10.0.0.1": A, "fd00::1": B},
)
OBJECTS: List[KernelObject] = [
    FdbEntry("", "vx", FLOOD_MAC, ONE),
    FdbEntry("", "vx", FLOOD_MAC, TWO, "eth1"),
    FdbEntry("", "vx", A, ONE),
    FdbEntry("", "vx", A),
    FdbEntry("", "vx", B, TWO, "eth1"),
    FdbEntry("", "vx", C),
    Neighbour("", "vx", "10.0.0.1", A),
    Neighbour("", "vx", "fd00::1", B),
]


def test_each_row_is_an_object() -> None:
    route = Route("", "10.0.0.0/8", device="vx")
    assert list(unfolded([route, ROWS, Rows("", "other")])) == [route, *OBJECTS]
    assert ROWS.label == "rows on vx"


def test_the_same_rows_differ_in_none() -> None:
    assert list(ROWS.unlike(ROWS)) == []
    assert list(ROWS.unlike(replace(ROWS, flood=dict(reversed(ROWS.flood.items())), far=dict(reversed(ROWS.far.items()))))) == []


@pytest.mark.parametrize("number", range(len(OBJECTS)))
def test_each_row_that_is_missing_is_found(number: int) -> None:
    tables: Dict[str, Any] = {name: dict(getattr(ROWS, name)) for name in ("flood", "far", "ports", "neighbours")}
    item = OBJECTS[number]
    if isinstance(item, Neighbour):
        del tables["neighbours"][item.address]
    else:
        assert isinstance(item, FdbEntry)
        if not item.remote:
            del tables["ports"][item.mac]
        elif item.mac == FLOOD_MAC:
            del tables["flood"][item.remote, item.through]
        else:
            del tables["far"][item.mac]
    other = Rows("", "vx", **tables)
    assert list(ROWS.unlike(other)) == [item]
    assert list(other.unlike(ROWS)) == []


def test_each_row_that_is_wrong_is_found_on_both_sides() -> None:
    moved, other_way = replace(ROWS, far={**ROWS.far, A: (TWO, "")}), replace(ROWS, far={**ROWS.far, B: (TWO, "")})
    answered = replace(ROWS, neighbours={**ROWS.neighbours, "fd00::1": A})
    for other, mine, theirs in (
        (moved, FdbEntry("", "vx", A, ONE), FdbEntry("", "vx", A, TWO)),
        (other_way, FdbEntry("", "vx", B, TWO, "eth1"), FdbEntry("", "vx", B, TWO)),
        (answered, Neighbour("", "vx", "fd00::1", B), Neighbour("", "vx", "fd00::1", A)),
    ):
        assert list(ROWS.unlike(other)) == [mine]
        assert list(other.unlike(ROWS)) == [theirs]


def test_rows_follow_the_names_of_their_device_and_of_the_link_below() -> None:
    names = Names({("", "vx"): "vx9", ("", "eth1"): "up0"})
    assert list(unfolded([names.follow(ROWS)])) == [names.follow(item) for item in OBJECTS]


def test_a_snapshot_unfolds_with_whose_rows_are() -> None:
    snapshot, foreign = Snapshot(), Neighbour("", "vx", "10.0.0.9", C)
    snapshot.add(ROWS, mine=True)
    snapshot.add(foreign)
    found = snapshot.unfolded()
    assert list(found.objects.values()) == [*OBJECTS, foreign]
    assert found.mine == {item.key for item in OBJECTS}
