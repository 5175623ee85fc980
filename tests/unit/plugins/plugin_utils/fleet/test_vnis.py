# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.vnis import FIRST_VNI, LAST_VNI, allocate_vnis


def test_order_of_choice() -> None:
    chosen = allocate_vnis(["a", "b", "c", "d"], scope="main", explicit={"a": 7}, recorded={"a": 8, "b": 9, "c": 7})
    assert (chosen["a"], chosen["b"]) == (7, 9)
    assert chosen["c"] != 7
    assert all(FIRST_VNI <= chosen[name] <= LAST_VNI for name in "cd")


def test_derived_from_scope_and_name_only() -> None:
    alone = allocate_vnis(["mesh"], scope="main", explicit={}, recorded={})
    assert allocate_vnis(["x", "mesh", "y"], scope="main", explicit={}, recorded={})["mesh"] == alone["mesh"]
    assert allocate_vnis(["mesh"], scope="other", explicit={}, recorded={}) != alone


def test_a_taken_number_is_stepped_over() -> None:
    wanted = allocate_vnis(["mesh"], scope="main", explicit={}, recorded={})["mesh"]
    chosen = allocate_vnis(["mesh", "x", "y"], scope="main", explicit={"x": wanted}, recorded={"y": wanted + 1})
    assert chosen["mesh"] == wanted + 2


def test_two_records_of_one_number_give_it_to_the_first_name() -> None:
    chosen = allocate_vnis(["b", "a"], scope="main", explicit={}, recorded={"a": 5000, "b": 5000})
    assert chosen["a"] == 5000
    assert chosen["b"] != 5000
