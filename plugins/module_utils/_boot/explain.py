# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The verb explain: the way of a packet through the networks that are kept on this host, as they stand at this moment."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Sequence

from .._engine.topology import read_kept
from .._explain.fixes import with_fix
from .._explain.live import LiveWorld
from .._explain.sites import gather_sites
from .._explain.story import Story
from .._explain.trip import plan_trip, read_target
from .._explain.walk import walk
from .._explain.words import facts, tell
from .._firewall.table import AUTO, select_backend
from .._kernel.store import Store, list_scopes
from .._kernel.tables import list_tables
from .._model.document import Document
from .._model.errors import ContainerNetError
from .._model.names import STORE_DIRECTORY
from .._plan.step import Step
from .._report.sight import watch_everything
from .._runtime.tool import has_tool, run_system_tool
from .restore import Restoring


class Explained(NamedTuple):
    """What became of the question."""

    arrives: bool
    lines: List[str]
    facts: Dict[str, Any]


def explain(start: str, target: str, *, scope: str = "", size: int) -> Explained:
    """Say how a packet goes. It only reads, and sends nothing."""
    asked = read_target(target)
    documents = _read_documents()
    sites = gather_sites(documents.values())
    backend = select_backend(AUTO, has_tool, list_tables)
    with watch_everything(list(sites.places), backend, run_system_tool) as watch:
        world = LiveWorld(watch, run_system_tool, has_tool)
        trip = plan_trip(start, asked, scope, sites, watch.snapshot, size)
        story = walk(world, trip, sites)
    if story.cause is not None:
        story = Story(story.hops, with_fix(story.cause, trip, sites, documents, _find_differences(documents)), story.doubts, story.largest)
    return Explained(story.cause is None, list(tell(trip, story)), facts(trip, story))


def _read_documents() -> Mapping[str, Document]:
    found: Dict[str, Document] = {}
    for scope in list_scopes(STORE_DIRECTORY):
        entry = Store(scope, STORE_DIRECTORY).standing()
        if entry is not None:
            found[scope] = read_kept(entry.options)
    return found


def _find_differences(scopes: Iterable[str]) -> Mapping[str, Sequence[Step]]:
    """Return by scope what a run would do now; of one that cannot be compared, nothing is known."""
    found: Dict[str, Sequence[Step]] = {}
    for scope in scopes:
        entry = Store(scope, STORE_DIRECTORY).standing()
        if entry is not None:
            try:
                found[scope] = Restoring(entry, check_mode=True, engines=True, wait_timeout=0.0).run().outcome.steps
            except (ContainerNetError, OSError):
                continue
    return found
