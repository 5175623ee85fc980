# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from typing import Iterator

from ..._model.rule import RAW_CHAIN, Rule
from .network import MacvlanNetwork


def list_shim_rules(network: MacvlanNetwork, family: int, scope: str) -> Iterator[Rule]:
    """Only the containers' own addresses lead to the host's link beside them, so nobody speaks with another there."""
    if network.host_access:
        yield Rule(family, "raw", RAW_CHAIN, 8, "DROP", scope, network.name, in_interface=network.shim_name, off_path=True)
