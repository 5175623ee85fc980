# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guests among the endpoints of a declaration: one endpoint for each container, that of its slot if it fills one."""

from __future__ import annotations

from typing import Any

from ansible_collections.netloom.container_net.plugins.module_utils._document.guests import add_guests, gather
from ansible_collections.netloom.container_net.plugins.module_utils._model.guest import Guest
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import HOST

DECLARED: Any = [{"name": "shop", "container": {"cni": "shop"}, "networks": ["mesh"], "ports": ["81:81"]}, {"name": "store", "container": {"cni": "store"}}]


def guest(container: str, network: str, **more: Any) -> Guest:
    return Guest(HOST, scope="main", container=container, interface="on-" + network, network=network, path="/run/" + container, **more)


def test_a_container_is_one_endpoint_with_all_its_interfaces() -> None:
    found = gather([guest("one", "web", ports=("8080:80/tcp",)), guest("two", "web"), guest("one", "db")])
    assert [one.within for one in found] == ["", "", ""]
    first, second = add_guests([], found)
    assert [item["name"] for item in first["networks"]] == ["web", "db"]
    assert (first["container"], first["ports"], second["container"]) == ({"path": "/run/one"}, ["8080:80/tcp"], {"path": "/run/two"})


def test_one_that_fills_a_slot_is_the_endpoint_of_the_slot() -> None:
    found = gather([guest("one", "web", ports=("8080:80/tcp",)), guest("one", "mesh", slot="shop"), guest("two", "web")])
    assert [one.endpoint for one in found][:2] == ["shop", "shop"]
    filled, empty, other = add_guests(DECLARED, found)
    assert [(item["name"], item["interface_name"]) for item in filled["networks"]] == [("mesh", "on-mesh"), ("web", "on-web")]
    assert (filled["name"], filled["container"], filled["ports"]) == ("shop", {"path": "/run/one"}, ["81:81", "8080:80/tcp"])
    assert (empty, other["container"]) == (DECLARED[1], {"path": "/run/two"})


def test_who_stays_when_the_slot_is_left_is_an_endpoint_of_his_own_again() -> None:
    stayed, _left = gather([guest("one", "web"), guest("one", "mesh", slot="shop")])
    (alone,) = gather([stayed])
    assert (stayed.within, alone.within) == ("shop", "")
    assert alone.endpoint.startswith("cni-")
