# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The one list of the firewall backends. Each is loaded when it is asked for."""

from __future__ import annotations

from functools import partial
from typing import Callable, Dict, List, Tuple

from .base import Backend, HasTool, ListTables, RunCommand


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
AUTO, USUAL, NEXT = "auto", "iptables", "nftables"


def _show_iptables(_list_tables: ListTables, run: RunCommand) -> bool:
    return any("CNET-" in run([tool], None)[1] for tool in ("iptables-save", "ip6tables-save"))


def _show_nftables(list_tables: ListTables, _run: RunCommand) -> bool:
    return "inet container_net" in list_tables()


# Of those that take over from each other: the tool of each, and what tells whether it holds anything of ours, without it.
TRACES: Dict[str, Tuple[str, Callable[[ListTables, RunCommand], bool]]] = {
    "iptables": ("iptables-save", _show_iptables),
    "nftables": ("nft", _show_nftables),
}


EMPTIED = "firewalld empties iptables whenever it is reloaded, and the rules of this scope with it, until the next run; set firewall_backend: nftables"


def _find_dangers(list_tables: ListTables, name: str) -> Tuple[str, ...]:
    return (EMPTIED,) if name == "iptables" and "inet firewalld" in list_tables() else ()


def list_choices() -> List[str]:
    """Return what the option firewall_backend may be."""
    return [AUTO, *BACKENDS]


def select_backend(name: str, has_tool: HasTool, list_tables: ListTables) -> Backend:
    """Return the backend of that name; for `auto` the one that has the scope's rules already, else the usual one, else the one whose tools are there."""
    chosen = name if name != AUTO else NEXT if _is_there(NEXT, has_tool) and not _is_there(USUAL, has_tool) else USUAL
    backend = BACKENDS[chosen](has_tool)
    beside = [other for other in TRACES if other != chosen and _is_there(other, has_tool)] if chosen in TRACES else ()
    if not beside:
        return backend
    from .switch import Other, Switch

    others = {other: Other(partial(TRACES[other][1], list_tables), partial(BACKENDS[other], has_tool)) for other in beside}
    return Switch(chosen, backend, others, fixed=name != AUTO, dangers=partial(_find_dangers, list_tables))


def _is_there(name: str, has_tool: HasTool) -> bool:
    return has_tool(TRACES[name][0])
