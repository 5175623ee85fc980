# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""`network_mode` of an endpoint, in Compose's words."""

from __future__ import annotations

from typing import Optional, Tuple

from .._model.errors import Problem
from .._model.names import label_fault
from .._model.place import Place
from .._schema.reading import Problems, Shape, reader
from .entry import Entry
from .scalars import closest, read_label, read_text

NONE, HOST, SHARED = "none", "host", "container:"
# What an endpoint of no networks has no use for, and what one without a namespace of its own cannot have.
_OF_NETWORKS = ("networks", "ports", "devices", "routes", "rules", "forwarding", "masquerade", "source_routing")
_OF_NAMESPACE = ("sysctls",)
_COMPOSE_ONLY = {"bridge": "list the networks instead", "default": "list the networks instead", "service:": "write container: and the endpoint's name"}


def is_apart(mode: Optional[str]) -> bool:
    """Tell whether an endpoint of this mode has a namespace of its own."""
    return mode is None or mode == NONE


def shared_endpoint(mode: Optional[str]) -> Optional[str]:
    """Return the endpoint whose namespace is used."""
    return mode[len(SHARED) :] if mode is not None and mode.startswith(SHARED) else None


@reader(Shape("str", what="a network mode", pattern="%s|%s|%s%s" % (NONE, HOST, SHARED, read_label.shape.pattern)))
def read_mode(value: object, path: str, problems: Problems) -> Optional[str]:
    text = read_text(value, path, problems, "a network mode")
    if text is None or text in (NONE, HOST):
        return text
    other = shared_endpoint(text)
    if other is None:
        meant = closest(text, (NONE, HOST))
        advice = 'did you mean "%s"' % meant if meant else "write one of the choices"
        fix = next((known for word, known in _COMPOSE_ONLY.items() if text.startswith(word)), advice)
        problems.append(Problem(path, value, "choices: none, host, container:ENDPOINT", fix))
        return None
    fault = label_fault(other)
    if fault:
        problems.append(Problem(path, value, "container: takes the name of a declared endpoint; %s" % fault, "write its name behind the colon"))
        return None
    return text


def required_keys(raw: object) -> Tuple[str, ...]:
    """Return what an endpoint must have: one that uses another's namespace needs no container."""
    mode = raw.get("network_mode") if isinstance(raw, dict) else None
    return ("name",) if isinstance(mode, str) and (mode == HOST or shared_endpoint(mode) is not None) else ("name", "container")


def check_mode(entry: Entry, mode: Optional[str], place: Optional[Place]) -> None:
    """Report the keys that a mode leaves no room for."""
    if mode is None:
        return
    for key in _OF_NETWORKS:
        if key in entry.raw:
            entry.report(key, "an endpoint with network_mode %s has none of its own" % mode, "remove %s or network_mode" % key)
    if is_apart(mode):
        return
    for key in _OF_NAMESPACE:
        if key in entry.raw:
            entry.report(key, "with network_mode %s the namespace is another's" % mode, "remove it, or set it where the namespace is declared")
    if place is not None and place.is_named:
        whose = "that of the host" if mode == HOST else "that of endpoint %s" % shared_endpoint(mode)
        entry.report("container", "netns names a namespace of its own, but with network_mode %s it is %s" % (mode, whose), "remove container")
