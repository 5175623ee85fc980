# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Outside `_drivers` nobody asks of which driver a network is: he asks the network, or its driver."""

from __future__ import annotations

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.table import DRIVERS, find_driver
from asking import Asking

ASKING = Asking(
    home=("module_utils", "_drivers"),
    classes=frozenset(find_driver(name).network.__name__ for name in DRIVERS) | {"Network", "ParentNetwork", "Segment", "BridgedSegment"},
    holders=frozenset(("network", "segment")),
    word="driver",
    defines=lambda module: "_drivers" in module or module.split(".")[-1] == "network",
)
IMPORTS = "from .._drivers.bridge.network import BridgeNetwork\nfrom .._model.network import Network\n"


def test_no_file_asks_of_which_driver_a_network_is() -> None:
    assert ASKING.breaches() == {}


@pytest.mark.parametrize(
    "line",
    [
        "isinstance(network, BridgeNetwork)",
        "isinstance(network, (int, BridgeNetwork))",
        "isinstance(network, Network)",
        "LANS = (BridgeNetwork,)",
        "COMPILERS = {BridgeNetwork: 1}",
        "BridgeNetwork.driver",
        "type(network) is type(other)",
        "COMPILERS[type(segment.network)]",
        "COMPILERS[BridgeNetwork]",
        "network.__class__",
        'network.driver == "bridge"',
        'member.network.driver in ("bridge", "overlay")',
    ],
)
def test_a_breach_is_found(line: str) -> None:
    assert ASKING.faults(IMPORTS + line) == ["line 3"]


@pytest.mark.parametrize(
    "line",
    [
        "BridgeNetwork(name='web')",
        "def make(network: Network) -> BridgeNetwork: ...",
        "Carriers = Sequence[Tuple[str, BridgeNetwork]]",
        "N = TypeVar('N', bound=Network)",
        "network.driver != other.driver",
        "network.is_bridged",
    ],
)
def test_making_one_is_none(line: str) -> None:
    assert ASKING.faults(IMPORTS + line) == []
