# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The same work on many things, on all processors of the controller. Ansible gives a task one."""

from __future__ import annotations

import os
import pickle
from typing import Any, Callable, List, Optional, Sequence, Tuple, TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")
Helper = Tuple[int, int]  # its process, and where to read what it found


def spread(work: Callable[[Thing], Result], things: Sequence[Thing], *, least: int) -> List[Result]:
    """Return the results in order. They are found in as many processes as there are processors and `least` things for each of these.

    A share whose process fails is done again here, so what is raised is raised where it can be seen.
    """
    count = max(1, min(os.cpu_count() or 1, len(things) // least))
    shares = [things[number * len(things) // count : (number + 1) * len(things) // count] for number in range(count)]
    helpers = [_start(work, share) for share in shares[1:]]
    try:
        found = [work(thing) for thing in shares[0]]
        for share in shares[1:]:
            theirs: Optional[List[Result]] = _finish(helpers.pop(0))
            found += theirs if theirs is not None else [work(thing) for thing in share]
    finally:
        for helper in helpers:
            _finish(helper)
    return found


def _start(work: Callable[[Thing], Result], share: Sequence[Thing]) -> Helper:
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    status = 1
    try:
        os.close(reading)
        with os.fdopen(writing, "wb") as file:
            pickle.dump([work(thing) for thing in share], file, pickle.HIGHEST_PROTOCOL)
        status = 0
    finally:
        # Whatever it came to: this process is a copy of the other, and must not go on as that.
        os._exit(status)


def _finish(helper: Helper) -> Any:
    process, reading = helper
    with os.fdopen(reading, "rb") as file:
        told = file.read()
    _process, status = os.waitpid(process, 0)
    return None if status else pickle.loads(told)
