# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The verb export: what stands of a scope on this host, as a declaration."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple

from .._engine.pipeline import converge
from .._engine.topology import read_kept, topology_request
from .._firewall.table import AUTO, select_backend
from .._kernel.statefile import STATE_DIRECTORY
from .._kernel.store import Store
from .._kernel.sysctl import read_sysctl
from .._kernel.tables import list_tables
from .._kernel.visits import Visits
from .._model.errors import ContainerNetError
from .._model.names import STORE_DIRECTORY
from .._model.place import Place
from .._report.export import NOT_TOLD, export_declaration
from .._report.sight import observe_everything
from .._runtime.tool import has_tool, run_system_tool

BRIDGED = "net/bridge/bridge-nf-call-iptables"


class Exported(NamedTuple):
    """A declaration, and what of the scope it does not tell."""

    declaration: Dict[str, Any]
    lacking: List[str]


def export(scope: str) -> Exported:
    """Read what stands, and compare it with what is told of it: what differs could not be told."""
    sight = observe_everything(_find_places(scope), select_backend(AUTO, has_tool, list_tables), run_system_tool)
    told = export_declaration(sight.snapshot, scope, bridges_filter=read_sysctl(BRIDGED) == "1")
    if not told["networks"] and not told["endpoints"]:
        raise ContainerNetError("nothing of scope '%s' stands on this host" % scope)
    lacking = ["%s: %s" % item for item in sight.asked.items() if not isinstance(item[1], str)]
    options = {**told, "allow_empty": True, "allow_management": True}
    try:
        request, _declared = topology_request(options, run=run_system_tool, check_mode=True, store_directory="")
        lacking += [step.line for step in converge(request).steps]
    except ContainerNetError as error:
        lacking += str(error).splitlines()
    return Exported(told, [NOT_TOLD, *lacking])


def _find_places(scope: str) -> List[str]:
    """Return the namespaces without a name that the scope is in, as its notes and what is kept of it say."""
    places: List[str] = list(Visits(STATE_DIRECTORY, scope).read())
    entry = Store(scope, STORE_DIRECTORY).standing()
    if entry is not None:
        places += [endpoint.place for endpoint in read_kept(entry.options).endpoints if endpoint.place]
    return list(dict.fromkeys(place for place in places if place and not Place(place).is_named))
