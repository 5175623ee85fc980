# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The bridge that bridge and overlay networks have on the host."""

from __future__ import annotations

from .._document.scalars import read_boolean, read_interface_name
from .._schema.schema import Field

BRIDGE_NAME = Field(
    "bridge_name",
    read_interface_name,
    None,
    "Name of the bridge on the host. One that stands and is not ours is used, and never deleted.",
    default_words="C(br-) and the network's name",
)
ANTI_SPOOFING = Field(
    "anti_spoofing",
    read_boolean,
    True,
    "Whether endpoints send from their own MAC and addresses only, claim no others in ARP and neighbour discovery, and are neither routers nor DHCP servers"
    " unless they are declared to forward. It needs nft, whichever firewall is used; with V(firewall_backend=none) it does nothing.",
)
