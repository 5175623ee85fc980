# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules between the objects of one host."""

from __future__ import annotations

from typing import List

from .._drivers.table import by_driver
from .._model.document import Document
from .._model.errors import Problem
from .check_addresses import check_addresses, check_subnets
from .check_attachments import check_attachments
from .check_modes import check_modes
from .check_names import check_names
from .check_parents import check_parents
from .check_routers import check_routers
from .check_vlans import check_vlans
from .parts import check_links, check_policies, check_ports, check_routes
from .scene import Scene
from .trouble import troubled_paths


def check_document(
    document: Document, *, path_networks: str = "networks", path_endpoints: str = "endpoints", path_links: str = "links", problems: List[Problem]
) -> None:
    """Report every conflict between networks, endpoints, links, addresses, names and ports."""
    scene = Scene(document=document, networks=path_networks, endpoints=path_endpoints, troubled=troubled_paths(problems), problems=problems, links=path_links)
    check_names(scene)
    check_modes(scene)
    check_subnets(scene)
    check_addresses(scene)
    check_parents(scene)
    check_vlans(scene)
    check_attachments(scene)
    for driver, networks in by_driver(document.networks):
        driver.check(networks, scene)
    check_ports(scene)
    check_links(scene)
    check_routers(scene)
    check_routes(scene)
    check_policies(scene)
