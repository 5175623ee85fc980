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
from .._model.errors import ContainerNetError, KernelRace, VerifyError
from .kept import KeptFiles, remove_torn_files
from .parts import refuse_unconfirmed
from .request import Outcome, Request
from .run import ATTEMPTS, Run
from .waiting import await_host

if TYPE_CHECKING:
    from .commit_confirm import Guard


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
        outcome = _converge_locked(request.renew(request) if request.renew is not None else request, door)
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
                from .retreat import start_guard

                guard = start_guard(request, door, tried[-1], kept)
            run.apply(tried[-1])
            return _joined(tried, guard)
        except (KernelRace, VerifyError) as error:
            if attempt == ATTEMPTS:
                from .retreat import rolled_back

                raise rolled_back(request, door, tried, error, guard, kept) from error
            time.sleep(attempt * getattr(error, "pause", 0.0))
        except (ContainerNetError, OSError) as error:
            from .retreat import rolled_back

            raise rolled_back(request, door, tried, error, guard, kept) from error
        finally:
            run.close()
    raise KernelRace("no attempt was made")


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
