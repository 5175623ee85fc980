# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The one list of the drivers. Each is loaded when it is asked for: a run compiles only those that its declaration names."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, List, Tuple

from .._model.network import Network
from .base import Driver


def _load_bridge() -> Driver[Any]:
    from .bridge.driver import DRIVER

    return DRIVER


def _load_overlay() -> Driver[Any]:
    from .overlay.driver import DRIVER

    return DRIVER


def _load_macvlan() -> Driver[Any]:
    from .macvlan.driver import DRIVER

    return DRIVER


def _load_ipvlan() -> Driver[Any]:
    from .ipvlan.driver import DRIVER

    return DRIVER


def _load_routed() -> Driver[Any]:
    from .routed.driver import DRIVER

    return DRIVER


# The declaration's word -> what loads the driver.
DRIVERS: Dict[str, Callable[[], Driver[Any]]] = {
    "bridge": _load_bridge,
    "overlay": _load_overlay,
    "macvlan": _load_macvlan,
    "ipvlan": _load_ipvlan,
    "routed": _load_routed,
}
USUAL = "bridge"  # where a declaration names none


def find_driver(name: str) -> Driver[Any]:
    return DRIVERS[name]()


def driver_of(network: Network) -> Driver[Any]:
    return DRIVERS[network.driver]()


def by_driver(networks: Iterable[Network]) -> Iterator[Tuple[Driver[Any], Tuple[Any, ...]]]:
    """Yield each driver that the networks need, with its own of them."""
    found: List[Network] = list(networks)
    named = {network.driver for network in found}
    for name in DRIVERS:
        if name in named:
            driver = find_driver(name)
            yield driver, driver.own(found)
