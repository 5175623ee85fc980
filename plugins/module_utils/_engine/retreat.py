# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The retreat of a run that failed, or that nobody confirmed: the scope is brought back to what it owned before."""

from __future__ import annotations

import time
from typing import Optional, Sequence

from .._firewall.none import NoFirewall
from .._kernel.door import Door
from .._model.errors import ContainerNetError, FirewallError, KernelRace, ToolFailed
from .._model.firewall import FirewallObject
from .._plan.step import Step
from .commit_confirm import Guard
from .kept import KeptFiles, remove_torn_files
from .parts import note_undo, way_back
from .request import Outcome, Request
from .run import ATTEMPTS, Run
from .undo import Undo


def start_guard(request: Request, door: Door, planned: Outcome, kept: KeptFiles) -> Guard:
    def put_back() -> int:
        remove_torn_files(request.state_directory)
        walls = [step for step in planned.steps if isinstance(step.subject, FirewallObject)]
        return _put_back(request, kept, door.timeout, note_undo(planned.snapshot, walls), planned.steps)

    return Guard(request.state_directory, request.scope, request.confirm_timeout, request.connection, put_back)


def rolled_back(request: Request, door: Door, tried: Sequence[Outcome], cause: Exception, guard: Optional[Guard], kept: KeptFiles) -> Exception:
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
        _go_back(request._replace(backend=NoFirewall(), frames=False), kept, timeout, undo, steps)
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
