# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Tools of the system, each with a time limit: whoever calls one holds the host's lock."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import Optional, Sequence, Tuple

from .._model.errors import ToolFailed

TIME_LIMIT = 10.0
DIRECTORIES = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin")  # of such tools, which the path of a user may leave out


def find_tool(name: str) -> Optional[str]:
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *DIRECTORIES)))


def has_tool(name: str) -> bool:
    return find_tool(name) is not None


def run_system_tool(argv: Sequence[str], data: Optional[str] = None) -> Tuple[int, str, str]:
    return run_tool([find_tool(argv[0]) or argv[0], *argv[1:]], data)


def run_tool(command: Sequence[str], data: Optional[str] = None, *, limit: float = TIME_LIMIT) -> Tuple[int, str, str]:
    """Return a tool's exit code, output and complaints; ToolFailed where it does not start, does not end in time, or dies of a signal."""
    environment = dict(os.environ, LANG="C", LC_ALL="C")
    name = os.path.basename(command[0])
    try:
        # A process group of its own, because tools start helpers that keep their pipes open; Ansible's run_command has no time limit.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function,consider-using-with
            command,
            env=environment,
            stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ToolFailed("%s cannot be started: %s" % (name, error.strerror)) from error
    with process:
        try:
            output, said = process.communicate(data, timeout=limit)
        except BaseException as error:
            _kill_group(process.pid)
            if isinstance(error, subprocess.TimeoutExpired):
                raise ToolFailed("%s gave no answer within %g seconds; find out what it waits for, then run again" % (name, limit)) from None
            raise
    if process.returncode < 0:
        died = "%s was killed by signal %s" % (name, _signal_name(-process.returncode))
        raise ToolFailed("%s; see the system's log (memory may have run out), then run again" % died)
    return process.returncode, output, said


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it ended at this very moment


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
