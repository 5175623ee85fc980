# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Networks on the host they are declared for, each asked by its driver."""

from __future__ import annotations

from dataclasses import replace

from .._drivers.base import HostView
from .._drivers.table import by_driver, driver_of
from .._model.document import Document
from .._model.snapshot import Facts
from .check_parents import parent_clashes


def settle_networks(document: Document, facts: Facts) -> Document:
    """Return the document with what its networks leave to the host."""
    return replace(document, networks=tuple(driver_of(network).settle(network, facts) for network in document.networks))


def check_host_networks(view: HostView) -> None:
    """Report what of the networks this host cannot or must not have. The document is settled."""
    # Parents that the declaration names were compared with it; what clashes now has to do with the default one.
    for network, (key, value, rule, fix) in parent_clashes(view.document.networks):
        view.report("networks[%s].%s" % (network.name, key), value, "%s (the default parent)" % rule, fix)
    for driver, networks in by_driver(view.document.networks):
        driver.check_host(networks, view)
