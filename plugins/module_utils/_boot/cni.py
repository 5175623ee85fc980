# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The CNI plugin: a runtime puts a container on a declared network, and takes it away again."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Mapping, Optional, TextIO

from .._document.leave_out import NETWORKS
from .._engine.guests import choose_living, identify_guest
from .._kernel.guests import GuestBook
from .._model.errors import ContainerNetError, InputError
from .._model.guest import Guest
from .._model.place import PATH, Place
from .._report.concern import concerns
from . import cni_call as cni
from .cni_call import Call, CniError
from .cni_result import describe_added, find_missing
from .joining import BUSY, find_attachment, find_slots, join, leave, part, require_kept, require_network, run
from .means import require_means

GENERATIONS = 1  # up to the runtime


def serve(environment: Mapping[str, str], text: str, output: TextIO) -> int:
    """Answer one call; return the exit status."""
    version = cni.NEWEST
    try:
        config = {} if environment.get("CNI_COMMAND") == cni.VERSION and not text.strip() else cni.read_configuration(text)
        version = cni.answered_version(config)
        call = cni.read_call(environment, config)
        answer = _ACTS[call.command](call)
    except (ContainerNetError, OSError) as error:
        found = error if isinstance(error, CniError) else _translate(error)
        json.dump({"cniVersion": version, "code": found.code, "msg": found.msg, "details": found.details}, output)
        return 1
    if answer is not None:
        json.dump(answer, output)
    return 0


def _translate(error: Exception) -> CniError:
    if isinstance(error, BUSY):
        return CniError(cni.TRY_AGAIN, "the host is busy", str(error))
    if isinstance(error, InputError):
        return CniError(cni.INVALID, "the network cannot have it", str(error))
    return CniError(cni.NO_INPUT if isinstance(error, OSError) else cni.FAILED, "the network could not be made so", str(error))


def _add(call: Call) -> Mapping[str, Any]:
    return describe_added(call, join(call, GENERATIONS))


def _check(call: Call) -> None:
    require_means()
    entry = require_kept(call.scope)
    guest = next((one for one in GuestBook().read(call.scope) if (one.container, one.interface) == (call.container, call.interface)), None)
    if guest is None:
        raise CniError(cni.UNKNOWN_CONTAINER, "it was never added", "scope %s has no container %s with %s" % (call.scope, call.container, call.interface))
    if guest not in choose_living([guest]) or identify_guest(call.path) != guest.inode:
        raise CniError(cni.UNKNOWN_CONTAINER, "its namespace is gone", "%s does not stand for the namespace that was added" % call.path)
    wrong = find_missing(call.previous or {}, guest)
    restored = run(entry, choose_living, check_mode=True)
    if find_attachment(restored, guest) is None:
        wrong += [*restored.words, *restored.outcome.warnings] or ["%s is in use in the container" % guest.interface]
    others = {endpoint.name for endpoint in restored.declared.document.endpoints} | {one.endpoint for one in restored.outcome.snapshot.of(Guest)}
    others -= {guest.endpoint}
    wrong += [step.line for step in restored.outcome.steps if concerns(step, Place.of(PATH, guest.path), others)]
    if wrong:
        raise CniError(cni.DIFFERS, "it differs from what was added", "\n".join(wrong))


def _collect(call: Call) -> None:
    require_means()
    part(call.scope, lambda guest: guest.configuration == call.configuration and (guest.container, guest.interface) not in call.valid)


def _tell_status(call: Call) -> None:
    try:
        require_means()
        entry = require_kept(call.scope)
        network = require_network(call.scope, call.network, entry)
        find_slots(call, network, entry)
        faulty = run(entry, choose_living, check_mode=True).faulty
    except (ContainerNetError, OSError) as error:
        raise CniError(cni.UNAVAILABLE, "containers cannot be added", str(error)) from error
    if (NETWORKS, network.name) in faulty:
        there = any(guest.network == network.name for guest in GuestBook().read(call.scope))
        raise CniError(cni.LIMITED if there else cni.UNAVAILABLE, "containers cannot be added", faulty[NETWORKS, network.name])


def _tell_versions(call: Call) -> Mapping[str, Any]:
    return {"cniVersion": call.version, "supportedVersions": list(cni.VERSIONS)}


_ACTS: Dict[str, Callable[[Call], Optional[Mapping[str, Any]]]] = {
    cni.ADD: _add,
    cni.DEL: leave,
    cni.CHECK: _check,
    cni.GC: _collect,
    cni.STATUS: _tell_status,
    cni.VERSION: _tell_versions,
}
