# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The pipeline: observe, compile, plan, apply, verify. Every module is this with another declaration."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, List, Optional, Sequence

from .._kernel.door import Door
from .._kernel.hostlock import host_lock
from .._model.collector import collector_paused
from .._model.errors import ContainerNetError, FirewallError, KernelRace, ToolFailed, VerifyError
from .._model.firewall import FirewallObject
from .._plan.step import Step
from .kept import KeptFiles, remove_torn_files
from .parts import note_undo, refuse_unconfirmed, way_back
from .request import Outcome, Request
from .run import Run
from .waiting import await_host

if TYPE_CHECKING:
    from .commit_confirm import Guard
    from .undo import Undo

ATTEMPTS = 3


def converge(request: Request, *, door: Optional[Door] = None) -> Outcome:
    """Bring the host to what the request declares, or in check mode say what that would take."""
    started = time.monotonic()
    door = door or Door()
    run = _check if request.check_mode else _change
    with collector_paused():
        outcome = await_host(lambda: run(request, door), request.wait_timeout)
    outcome.netlink_changes = len(door.changes)
    outcome.seconds = time.monotonic() - started
    return outcome


def _check(request: Request, door: Door) -> Outcome:
    run = Run(request, door)
    try:
        return run.plan()
    finally:
        run.close()


def _change(request: Request, door: Door) -> Outcome:
    with host_lock(request.state_directory, timeout=request.lock_timeout):
        killed = refuse_unconfirmed(request.state_directory)
        remove_torn_files(request.state_directory)
        outcome = _converge_locked(request, door)
        outcome.warnings.extend([killed] if killed else [])
        return outcome


def _converge_locked(request: Request, door: Door) -> Outcome:
    """Plan again when something else changes the same objects meanwhile; after a failure put back what stood before."""
    tried: List[Outcome] = []
    guard: Optional[Guard] = None
    kept = KeptFiles(request.state_directory)
    for attempt in range(1, ATTEMPTS + 1):
        run = Run(request, door)
        try:
            tried.append(run.plan())
            if request.confirm_timeout and tried[-1].steps and guard is None:
                guard = _start_guard(request, door, tried[-1], kept)
            run.apply(tried[-1])
            return _joined(tried, guard)
        except (KernelRace, VerifyError) as error:
            if attempt == ATTEMPTS:
                raise _rolled_back(request, door, tried, error, guard, kept) from error
            time.sleep(attempt * getattr(error, "pause", 0.0))
        except (ContainerNetError, OSError) as error:
            raise _rolled_back(request, door, tried, error, guard, kept) from error
        finally:
            run.close()
    raise KernelRace("no attempt was made")


def _start_guard(request: Request, door: Door, planned: Outcome, kept: KeptFiles) -> Guard:
    from .commit_confirm import Guard

    def put_back() -> int:
        remove_torn_files(request.state_directory)
        walls = [step for step in planned.steps if isinstance(step.subject, FirewallObject)]
        return _put_back(request, kept, door.timeout, note_undo(planned.snapshot, walls), planned.steps)

    return Guard(request.state_directory, request.scope, request.confirm_timeout, request.connection, put_back)


def _joined(tried: Sequence[Outcome], guard: Optional[Guard]) -> Outcome:
    """Return the last outcome with the steps and warnings of all attempts, each told once."""
    steps = tried[0].steps
    if tried[1:]:
        steps = tuple({(step.line, step.subject.key): step for outcome in tried for step in outcome.steps}.values())
    words = dict.fromkeys(line for outcome in tried for line in outcome.words)
    warnings = list(dict.fromkeys(warning for outcome in tried for warning in outcome.warnings))
    confirm_before = None
    if guard is not None:
        confirm_before = guard.confirm_before
        if not guard.leave():
            warnings.append("the guard of this change was killed meanwhile, so nobody takes the change back: it stands, and there is nothing to confirm")
            confirm_before = None
    return replace(tried[-1], steps=steps, words=tuple(words), warnings=warnings, confirm_before=confirm_before)


def _rolled_back(request: Request, door: Door, tried: Sequence[Outcome], cause: Exception, guard: Optional[Guard], kept: KeptFiles) -> Exception:
    """Undo by planning the way back to what the scope owned before; report the cause either way."""
    if not tried:
        return cause  # nothing was changed yet
    word = "what stood before was put back"
    try:
        undo = note_undo(tried[0].snapshot, [step for outcome in tried for step in outcome.firewall_done])
        _put_back(request, kept, door.timeout, undo, [step for outcome in tried for step in outcome.steps])
    except (ContainerNetError, OSError) as error:
        word = "putting back what stood before failed too (%s); correct the cause and run again" % error
        if guard is not None:
            guard.abandon()
    else:
        if guard is not None:
            guard.dismiss()
    failure = cause if isinstance(cause, ContainerNetError) else ContainerNetError(str(cause))
    failure.args = ("%s; %s" % (failure, word),)
    return failure


def _put_back(request: Request, kept: KeptFiles, timeout: float, undo: Undo, steps: Sequence[Step]) -> int:
    """Bring the scope back to what it owned before the steps; return how many that took. A firewall that cannot be changed holds up nothing else."""
    try:
        return _go_back(request, kept, timeout, undo, steps)
    except (FirewallError, ToolFailed):
        from .._firewall.none import NoFirewall

        _go_back(request._replace(backend=NoFirewall()), kept, timeout, undo, steps)
        raise


def _go_back(request: Request, kept: KeptFiles, timeout: float, undo: Undo, steps: Sequence[Step]) -> int:
    kept.recall_settings()
    back = way_back(request, undo.before, steps)
    for attempt in range(1, ATTEMPTS + 1):
        run = Run(back, Door(timeout=timeout), undo=undo)
        try:
            outcome = run.plan()
            run.apply(outcome)
            kept.write()
            return len(outcome.steps)
        except KernelRace as error:
            if attempt == ATTEMPTS:
                raise
            time.sleep(attempt * error.pause)
        finally:
            run.close()
    raise KernelRace("no attempt was made")
