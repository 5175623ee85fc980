# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What few runs come to, each loaded when a run does: Python compiles every file of a task anew, which takes most of the time of a small one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Collection, ContextManager, Dict, FrozenSet, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from .._firewall.base import RunCommand
from .._kernel.statefile import GUESTS_FILE, UNCONFIRMED_FILE, declaration_path
from .._model.errors import Conflict
from .._model.frames import FrameTable
from .._model.link import Link
from .._model.objects import KernelObject, Limit, Sysctl
from .._model.place import HOST
from .._plan.parts import has_tunnel
from .._plan.planner import plan
from .._plan.step import CREATE, DELETE, Step

if TYPE_CHECKING:
    from .._kernel.door import Door
    from .._kernel.feature_probe import Setting
    from .._kernel.namespace import NamespaceHandles
    from .._kernel.observe import Observer
    from .._model.document import Document
    from .._model.link import LinkKey
    from .._model.snapshot import Key, Snapshot
    from .._plan.clash import Known
    from .request import Request
    from .undo import Undo


def refuse_unconfirmed(directory: str) -> str:
    """Ask with the host's lock held, under which such a note is made."""
    if not os.path.lexists(os.path.join(directory, UNCONFIRMED_FILE)):
        return ""
    from .._kernel import unconfirmed

    return unconfirmed.refuse_unconfirmed(directory)


def observe_stored(snapshot: Snapshot, request: Request, *, again: bool) -> None:
    """Add the declaration of a scope that is kept for a restart."""
    directory, scope = request.store_directory, request.scope
    if directory and os.path.lexists(declaration_path(directory, scope)):
        from .._kernel.store import Store

        found = Store(scope, directory).observe(waits=again and bool(request.confirm_timeout))
        if found is not None:
            snapshot.add(found, mine=True)


def observe_guests(snapshot: Snapshot, request: Request) -> None:
    """Add those who are noted as guests of the scope."""
    if os.path.lexists(os.path.join(request.state_directory, GUESTS_FILE)):
        from .._kernel.guests import GuestBook

        for guest in GuestBook(request.state_directory).read(request.scope):
            snapshot.add(guest, mine=True)


def observe_frames(snapshot: Snapshot, request: Request) -> None:
    """Add the scope's table of frames, where there may be one."""
    if not request.frames:
        return
    from .._firewall.frames import table
    from .._runtime.tool import has_tool

    found = table.read_frames(request.run, HOST, request.scope) if has_tool(table.TOOL) else None
    if found is not None:
        snapshot.add(found, mine=True)


def refuse_unguarded(steps: Sequence[Step], run: RunCommand) -> None:
    """Stop before anything is changed where this host cannot have the table that is to be made."""
    for step in steps:
        if isinstance(step.desired, FrameTable) and step.action == CREATE:
            from . import guarding

            guarding.refuse_unguarded(step.desired, run)


def find_guard(document: Document, run: RunCommand, notes: Optional[List[str]]) -> Optional[FrameTable]:
    if not any(network.is_bridged for network in document.networks):
        return None
    from . import guarding

    return guarding.find_guard(document, run, notes)


def keep_declaration(request: Request, options: Optional[Mapping[str, Any]]) -> None:
    from .._kernel.store import Store

    Store(request.scope, request.store_directory).keep(options, waits=bool(request.confirm_timeout))


def observe_tunnels(snapshot: Snapshot, desired: Sequence[KernelObject], door: Door, handles: NamespaceHandles) -> None:
    if has_tunnel(desired):
        from .._kernel import tunnels
        from .._runtime.namespace import open_namespace
        from .._runtime.spaces import list_namespaces

        tunnels.observe_tunnels(snapshot, desired, door, handles, list_namespaces, open_namespace)


def namespace_path(place: str) -> str:
    from .._runtime import namespace

    return namespace.namespace_path(place)


def read_placeholder(place: str) -> Optional[str]:
    from .._runtime import namespace

    return namespace.read_placeholder(place)


def list_named_namespaces() -> Sequence[str]:
    from .._runtime import namespace

    return namespace.list_named_namespaces()


def scope_keys(snapshot: Snapshot, scope: str) -> Set[Key]:
    from . import scope as owned

    return owned.scope_keys(snapshot, scope)


def kept_parents(snapshot: Snapshot, scope: str, desired: Sequence[KernelObject]) -> Tuple[KernelObject, ...]:
    from . import scope as owned

    return owned.kept_parents(snapshot, scope, desired)


def refuse_emptying(snapshot: Snapshot, scope: str, keys: Set[Key]) -> None:
    from . import scope as owned

    owned.refuse_emptying(snapshot, scope, keys)


def restored_sysctls(snapshot: Snapshot, place: str, scope: str, desired: Sequence[KernelObject], recorded: Mapping[str, str]) -> Tuple[KernelObject, ...]:
    from . import scope as owned

    return owned.restored_sysctls(snapshot, place, scope, desired, recorded)


def list_namespaces() -> Iterator[Tuple[int, str]]:
    from .._runtime import spaces

    return spaces.list_namespaces()


def listening_sockets() -> List[Tuple[str, str, int]]:
    from .._kernel import sockets

    return sockets.listening_sockets()


def name_process(protocol: str, address: str, port: int) -> str:
    from .._kernel import sockets

    return sockets.name_process(protocol, address, port)


def held_ports(composed: Sequence[KernelObject], scope: str) -> List[str]:
    if not composed:
        return []
    from .._firewall import holders

    return list(holders.held_ports(composed, scope))


def know_again(desired: Sequence[KernelObject], snapshot: Snapshot, is_known: Known) -> None:
    if any(isinstance(item, Link) and item.nature.known_by_mac for item in desired):
        from .._plan import clash

        clash.know_again(desired, snapshot, is_known)


def plan_around(
    desired: Sequence[KernelObject], snapshot: Snapshot, prunable: Collection[Key], is_known: Known
) -> Tuple[Tuple[Step, ...], Tuple[KernelObject, ...], List[str], FrozenSet[LinkKey]]:
    """Return the steps, the objects they lead to, and of what was left out what is to be said and the links."""
    try:
        return plan(desired, snapshot, prunable=prunable), tuple(desired), [], frozenset()
    except Conflict:
        from .._plan import clash

        steps, left, told = clash.plan_around(desired, snapshot, prunable, is_known)
        return steps, left, told, clash.left_links(desired, left)


def refuse_settings(steps: Sequence[Step], snapshot: Snapshot, handles: NamespaceHandles) -> None:
    if any(isinstance(step.desired, Sysctl) or (isinstance(step.desired, Link) and step.desired.sysctls) for step in steps):
        from . import settings

        settings.refuse_settings(steps, snapshot, handles)


def find_lacking(features: Collection[str], timeout: float) -> FrozenSet[str]:
    from .._kernel import feature_probe

    return feature_probe.find_lacking(features, timeout)


def lacks_limit(sample: Limit, timeout: float) -> bool:
    from .._kernel import feature_probe

    return feature_probe.lacks_limit(sample, timeout)


def find_unwritable(paths: Collection[str]) -> Dict[str, int]:
    from .._kernel import feature_probe

    return feature_probe.find_unwritable(paths)


def find_refused(settings: Sequence[Setting], around: Mapping[str, str]) -> Dict[Setting, str]:
    from .._kernel import feature_probe

    return feature_probe.find_refused(settings, around)


def renames_only_lowered(timeout: float) -> bool:
    from .._kernel import feature_probe

    return feature_probe.renames_only_lowered(timeout)


def apart() -> ContextManager[bool]:
    from .._kernel import feature_probe

    return feature_probe.apart()


def find_owners(device: str, addresses: Iterable[str], vlan: int) -> Dict[str, str]:
    from .._kernel import address_conflict

    return address_conflict.find_owners(device, addresses, vlan)


def read_what_goes(observer: Observer, steps: Sequence[Step]) -> None:
    if any(step.action == DELETE for step in steps):
        from . import rollback

        rollback.read_what_goes(observer, steps)


def tell_plan(scope: str, snapshot: Snapshot, desired: Iterable[KernelObject], steps: Sequence[Step], *, by_name: bool = True) -> Tuple[str, ...]:
    if not steps:
        return ()
    from .._report import words

    return words.tell_plan(scope, snapshot, desired, steps, by_name=by_name)


def note_undo(before: Snapshot, walls: Sequence[Step]) -> Undo:
    from .undo import Undo

    return Undo(before, tuple(walls))


def way_back(request: Request, before: Snapshot, steps: Sequence[Step]) -> Request:
    from . import rollback

    return rollback.way_back(request, before, steps)
