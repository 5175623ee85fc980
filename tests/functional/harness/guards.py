# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guards of unconfirmed changes, found without their help."""

from __future__ import annotations

import os
import time
import traceback
from typing import Any, Iterator, List, Set

from ansible_collections.netloom.container_net.plugins.module_utils._engine import commit_confirm
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.statefile import STATE_DIRECTORY, UNCONFIRMED_FILE

SHORT = 2.5  # seconds to confirm in: a run on a busy machine ends before, and its test need not wait for long
LOG = "/run/guard.log"
NOTE = os.path.join(STATE_DIRECTORY, UNCONFIRMED_FILE)


def keep_log() -> None:
    """Let the guards of this process write into a file what failed."""
    plain = commit_confirm.Guard.__init__

    def start(self: commit_confirm.Guard, *arguments: Any) -> None:
        *rest, put_back = arguments

        def put_back_aloud() -> int:
            try:
                return int(put_back())
            except BaseException:
                with open(LOG, "a", encoding="utf-8") as stream:
                    traceback.print_exc(file=stream)
                raise

        plain(self, *rest, put_back_aloud)

    commit_confirm.Guard.__init__ = start  # type: ignore[method-assign]


def processes() -> Set[int]:
    """Return the processes of this host: those in its mount namespace that are no zombies."""
    here = os.readlink("/proc/self/ns/mnt")
    found = set()
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink("/proc/%s/ns/mnt" % name) == here:
                found.add(int(name))
        except OSError:
            pass  # it ended meanwhile, or it is not ours
    return found


def guards() -> List[int]:
    """Return the processes that hold the note's file open; it was made without a name, and the kernel still shows that."""
    return sorted(pid for pid in processes() if any(target.startswith(STATE_DIRECTORY + "/#") for target in _held(pid)))


def _held(pid: int) -> Iterator[str]:
    try:
        for number in os.listdir("/proc/%d/fd" % pid):
            yield os.readlink("/proc/%d/fd/%s" % (pid, number))
    except OSError:
        pass  # it ended meanwhile


def _read_log() -> str:
    try:
        with open(LOG, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""


def await_no_guard(timeout: float) -> float:
    """Wait until no guard is left; return how long that took."""
    started = time.monotonic()
    while guards():
        assert time.monotonic() - started < timeout, "a guard is still there after %g s: %s\n%s" % (timeout, guards(), _read_log())
        time.sleep(0.02)
    assert not os.path.lexists(NOTE)
    return time.monotonic() - started
