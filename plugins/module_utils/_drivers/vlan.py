# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""VLAN devices that a network needs on a link of the host."""

from __future__ import annotations

from typing import Optional

from .._kinds.vlan import Vlan
from .._model import names
from .._model.link import Link
from .._model.mark import share_mark
from .._model.place import HOST
from .._model.snapshot import Facts
from .mtu import STANDARD_MTU
from .settings import interface_sysctls

VLAN_PROTOCOL = "802.1q"


def compile_vlan(name: str, scope: str, facts: Facts, *, master: Optional[str] = None) -> Optional[Link]:
    """Return the VLAN device that a name like `eth1.30` asks for, or None where that is not ours to make: it stands already, or nothing is below it."""
    existing, vlan = facts.links.get(name), names.split_vlan(name)
    below = facts.links.get(vlan[0]) if vlan else None
    alias = share_mark(scope, existing.alias or "") if existing else share_mark(scope)
    if vlan is None or alias is None or below is None:
        return None
    return Link(
        HOST,
        name,
        kind=Vlan(vlan_id=vlan[1], protocol=VLAN_PROTOCOL, lower=vlan[0]),
        mtu=below.mtu or STANDARD_MTU,
        up=True,
        master=master,
        alias=alias,
        # The host itself has no address there, and takes none.
        link_local=False if facts.ipv6 else None,
        sysctls=interface_sysctls((), ipv6=facts.ipv6),
    )
