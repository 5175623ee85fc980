# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What every interface of ours gets before it is raised."""

from __future__ import annotations

from typing import Iterable, Tuple

from .._model.addresses import ip_version

Settings = Tuple[Tuple[str, str], ...]
# Whether packets of the loopback network pass a bridge of ours, which is for what is published there only.
LOCALNET = {True: ("ipv4/route_localnet", "1"), False: ("ipv4/route_localnet", "0")}


def interface_sysctls(addresses: Iterable[str], *, ipv6: bool) -> Settings:
    """Return the settings of an interface with these addresses or subnets.

    No advertisement of a container may configure it (CVE-2020-10749), replacing the first address of a subnet keeps the others,
    and raising it tells the neighbours where its addresses now live.
    """
    versions = {ip_version(address) for address in addresses}
    settings: Settings = ()
    if 4 in versions:
        settings += (("ipv4/promote_secondaries", "1"), ("ipv4/arp_notify", "1"))
    if ipv6:
        settings += (("ipv6/accept_ra", "0"),)
        if 6 in versions:
            # Docker switches IPv6 off in the namespaces it makes.
            settings += (("ipv6/ndisc_notify", "1"), ("ipv6/disable_ipv6", "0"))
    return settings
