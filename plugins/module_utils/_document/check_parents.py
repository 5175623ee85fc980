# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Parents of networks: two that cannot be on one, and parents that are made here themselves."""

from __future__ import annotations

from typing import Dict, Iterator, List, Sequence, Tuple

from .._model import names
from .._model.network import Fault, Network
from .scene import Scene


def parent_clashes(networks: Sequence[Network]) -> Iterator[Tuple[Network, Fault]]:
    """Yield what two networks on one parent cannot have together. One without a parent is compared once the host's default is known."""
    held: Dict[str, List[Network]] = {}
    for network in networks:
        if network.parent is None:
            continue
        for other in held.setdefault(network.parent, []):
            fault = network.find_clash(other)
            if fault:
                yield network, fault
                break
        held[network.parent].append(network)


def _check_loops(scene: Scene) -> None:
    made = {link.name: 'network "%s"' % network.name for network in scene.document.networks for link in network.made_links}
    for network in scene.document.networks:
        parent = network.parent or ""
        owner = made.get((names.split_vlan(parent) or (parent, 0))[0])
        if parent and owner is not None:
            own = owner == 'network "%s"' % network.name
            rule = "this link is made for %s, a parent is one of the host's own" % ("this network itself" if own else owner)
            scene.report(scene.network(network) + ".parent", network.parent, rule, "name another parent")


def check_parents(scene: Scene) -> None:
    for network, (key, value, rule, fix) in parent_clashes(scene.document.networks):
        scene.report("%s.%s" % (scene.network(network), key), value, rule, fix)
    _check_loops(scene)
