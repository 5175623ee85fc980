# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The link of the host that containers' links stand on: a given one, a VLAN device made for them, or a dummy."""

from __future__ import annotations

from typing import NamedTuple, Tuple

from .._kinds.dummy import Dummy
from .._model import names
from .._model.errors import EnvironmentUnfit
from .._model.link import Link
from .._model.mark import Mark
from .._model.objects import KernelObject
from .._model.place import HOST
from .._model.snapshot import Facts
from .mtu import STANDARD_MTU
from .parent_network import ParentNetwork
from .settings import interface_sysctls
from .vlan import compile_vlan


class Parent(NamedTuple):
    """Where a network stands, the MTU it gives, and what is made for it."""

    name: str
    mtu: int
    made: Tuple[KernelObject, ...] = ()


def compile_parent(network: ParentNetwork, scope: str, facts: Facts) -> Parent:
    """Return a network's parent.

    A VLAN device that is missing is made. It carries the names of all scopes that use it and goes with the last one;
    one that was there before is used as it is.
    """
    if network.internal:
        return _compile_dummy(network, scope, facts)
    name = network.parent or ""
    existing, made = facts.links.get(name), compile_vlan(name, scope, facts)
    if made is not None:
        return Parent(name, network.mtu or made.mtu or STANDARD_MTU, (made,))
    if existing is None:
        raise EnvironmentUnfit("network %s: this host has no interface %s; nothing was changed" % (network.name, name or "with a default route"))
    return Parent(name, network.mtu or existing.mtu or STANDARD_MTU)


def _compile_dummy(network: ParentNetwork, scope: str, facts: Facts) -> Parent:
    name, mtu = names.dummy_name(network.name), network.mtu or STANDARD_MTU
    link = Link(
        HOST,
        name,
        kind=Dummy(),
        mtu=mtu,
        up=True,
        alias=str(Mark(scope, "network", network.name)),
        link_local=False if facts.ipv6 else None,
        sysctls=interface_sysctls((), ipv6=facts.ipv6),
    )
    return Parent(name, mtu, (link,))
