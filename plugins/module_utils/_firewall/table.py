# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The one list of the firewall backends. Each is loaded when it is asked for."""

from __future__ import annotations

from typing import Callable, Dict, List

from .base import Backend, HasTool


def _load_iptables(has_tool: HasTool) -> Backend:
    from .iptables.backend import find_iptables

    return find_iptables(has_tool)


def _load_nftables(has_tool: HasTool) -> Backend:
    from .nftables.backend import find_nftables

    return find_nftables(has_tool)


def _load_none(_has_tool: HasTool) -> Backend:
    from .none import NoFirewall

    return NoFirewall()


# The option's word -> what loads the backend; it raises EnvironmentUnfit where this host lacks its tools.
BACKENDS: Dict[str, Callable[[HasTool], Backend]] = {"iptables": _load_iptables, "nftables": _load_nftables, "none": _load_none}
AUTO, USUAL = "auto", "iptables"


def list_choices() -> List[str]:
    """Return what the option firewall_backend may be."""
    return [AUTO, *BACKENDS]


def select_backend(name: str, has_tool: HasTool) -> Backend:
    """Return the backend of that name, or the usual one for `auto`."""
    return BACKENDS[USUAL if name == AUTO else name](has_tool)
