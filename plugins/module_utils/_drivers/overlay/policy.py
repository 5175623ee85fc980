# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from functools import partial
from typing import Iterator

from ..._model.rule import FORWARD_CHAIN, INPUT_CHAIN, INSIDE_CHAIN, Rule
from .network import OverlayNetwork


def list_overlay_rules(network: OverlayNetwork, family: int, scope: str) -> Iterator[Rule]:
    """An overlay is a segment of its own: nothing is routed into it, out of it, or to the host."""
    bridge, others = network.bridge_name, "!" + network.bridge_name
    forward = partial(Rule, family, "filter", FORWARD_CHAIN, scope=scope, owner=network.name)
    yield Rule(family, "filter", INSIDE_CHAIN, 10, "DROP", scope, network.name, in_interface=bridge)
    yield forward(9, "DROP", in_interface=bridge, out_interface=others)
    yield forward(9, "DROP", in_interface=others, out_interface=bridge)
    yield forward(11, "ACCEPT", in_interface=bridge, out_interface=bridge)
    yield Rule(family, "filter", INPUT_CHAIN, 40, "DROP", scope, network.name, in_interface=bridge)
