# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers chosen by their labels or names, and the events that concern them."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._document.container import read_container
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNotRunning, NamespaceMissing, Problem
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import Place
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.choice import BY_LABELS, BY_NAME, choose_container, has_labels
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.engine_event import EngineEvent

LABELS = {"app": "web", "tier": "front", "empty": ""}


@pytest.mark.parametrize("wanted", ["app=web", "app", "app=web,tier=front", "empty", "empty=", "tier,app=web"])
def test_all_labels_are_there(wanted: str) -> None:
    assert has_labels(wanted, LABELS)


@pytest.mark.parametrize("wanted", ["app=we", "app=", "web", "app=web,tier=back", "empty=x", "app=web,zone", "App=web"])
def test_one_label_is_not_there(wanted: str) -> None:
    assert not has_labels(wanted, LABELS)


def listed(*names: str) -> List[Dict[str, Any]]:
    return [{"Id": "id-" + name, "Names": ["/" + name], "Labels": {"app": "web"}} for name in names]


def test_exactly_one_container_is_chosen() -> None:
    others: List[Dict[str, Any]] = [{"Id": "x", "Names": None, "Labels": None}, {"Id": "y", "Labels": {"app": "db"}}]
    assert choose_container("docker", BY_LABELS, "app=web", [*others, *listed("one")]) == "id-one"
    none = choose_container("docker", BY_LABELS, "app=web", others)
    assert isinstance(none, ContainerNotRunning)
    many = choose_container("docker", BY_LABELS, "app=web", listed(*"gfedcba"))
    assert isinstance(many, NamespaceMissing)
    assert not isinstance(many, ContainerNotRunning)
    assert str(many) == "7 docker containers that run have the labels app=web: a, b, c, d, e, ...; write labels that one of them has"


def test_exactly_one_name_fits() -> None:
    assert choose_container("podman", BY_NAME, "w?b-*", listed("web-1", "web", "shop-1")) == "id-web-1"
    none = choose_container("podman", BY_NAME, "web-*", listed("web", "Web-1", "a-web-1"))
    assert isinstance(none, ContainerNotRunning)
    assert str(none) == "no podman container that runs has a name like web-*; start it, then run again"
    many = choose_container("podman", BY_NAME, "web*", listed("web-2", "web-1", "db"))
    assert isinstance(many, NamespaceMissing)
    assert not isinstance(many, ContainerNotRunning)
    assert str(many) == "2 podman containers that run have a name like web*: web-1, web-2; write a pattern that one of them has"


@pytest.mark.parametrize(
    ("event", "place", "concerned"),
    [
        (EngineEvent("docker", "web", {"app": "web"}), "docker:web", True),
        (EngineEvent("docker", "web", {"app": "web"}), "docker_label:app=web", True),
        (EngineEvent("docker", "web", {"app": "web"}), "docker_label:app=db", False),
        (EngineEvent("docker", "web", {"app": "web"}), "podman:web", False),
        (EngineEvent("docker", "web", {"app": "web"}), "podman_label:app=web", False),
        (EngineEvent("docker", "app=web", {}), "docker_label:app=web", False),
        (EngineEvent("docker", "db", {}), "docker:web", False),
        (EngineEvent("docker", "web-7", {}), "docker_name:web-*", True),
        (EngineEvent("docker", "db-7", {}), "docker_name:web-*", False),
        (EngineEvent("docker", "web-7", {}), "podman_name:web-*", False),
        (EngineEvent("podman"), "podman_name:web-*", True),
        (EngineEvent("machine", "web"), "machine:web", True),
        (EngineEvent("machine", "web"), "machine:db", False),
        (EngineEvent("machine", "web"), "docker:web", False),
        (EngineEvent("podman"), "podman:web", True),
        (EngineEvent("podman"), "podman_label:app=web", True),
        (EngineEvent("podman"), "docker:web", False),
        (EngineEvent("docker"), "netns:web", False),
    ],
)
def test_whom_an_event_concerns(event: EngineEvent, place: str, concerned: bool) -> None:
    assert event.concerns(Place(place)) is concerned


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("app=web,", "not labels"),
        ("=web", "not labels"),
        ("app = web", "not labels"),
        ("app=a b", "not labels"),
        ("app=web\n", "control character"),
        ("", "empty text"),
        ("app=" + "x" * 1024, "at most 1024"),
        ({"app": "web"}, "labels of a container"),
        (5, "labels of a container"),
    ],
)
def test_what_are_no_labels(value: object, rule: str) -> None:
    problems: List[Problem] = []
    assert read_container({"docker_label": value}, "endpoints[web].container", problems) is None
    (problem,) = problems
    assert problem.path == "endpoints[web].container.docker_label"
    assert rule in str(problem)


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("web *", "not a pattern"),
        ("web[12]", "not a pattern"),
        ("web/*", "not a pattern"),
        ("", "empty text"),
        ("x" * 129, "at most 128"),
        (["web-*"], "a pattern of names"),
    ],
)
def test_what_is_no_pattern(value: object, rule: str) -> None:
    problems: List[Problem] = []
    assert read_container({"podman_name": value}, "endpoints[web].container", problems) is None
    (problem,) = problems
    assert problem.path == "endpoints[web].container.podman_name"
    assert rule in str(problem)


def test_the_order_of_labels_makes_no_other_container() -> None:
    problems: List[Problem] = []
    places = [read_container({"podman_label": text}, "c", problems) for text in ("b=2,a=1", "a=1,b=2", "a=1,b=2,a=1")]
    assert set(places) == {Place("podman_label:a=1,b=2")}
    assert not problems
