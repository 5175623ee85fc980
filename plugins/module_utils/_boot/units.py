# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the program puts beside itself: units of systemd for a scope, its manual page, its completion, which come in its own file; and its bytecode."""

from __future__ import annotations

import os
import pkgutil
import subprocess
from typing import List, NamedTuple

from .._kernel.statefile import replace_file
from .._kernel.store import list_scopes
from .._model.errors import ContainerNetError
from .bytecode import keep_bytecode, remove_bytecode

UNITS = "/etc/systemd/system"
WANTED = UNITS + "/multi-user.target.wants"
RUNNING = "/run/systemd/system"
AT_START = ("container-net@.service", "container-net-engines@.service")
FOLLOWER = "container-net-follow@.service"
SHARED = {"container-net.8": "man/man8/container-net.8", "container-net.bash": "bash-completion/completions/container-net"}
PROGRAM = "@PROGRAM@"  # what the units have in setup of the program's path
NO_SYSTEMD = "there is no systemd here, so nothing runs at a start of the host: have it run '%s restore %s' once its network is up and its containers run"


class Setup(NamedTuple):
    """Where the program is, and what belongs to it goes."""

    program: str
    share: str
    compiled: str  # where the program looks for its bytecode
    check_mode: bool


def enable(scope: str, setup: Setup, *, follow: bool, restart: bool) -> List[str]:
    """Have a scope brought back at each start; return what was changed for that, or would be. `restart` says that the program is new."""
    units = {"%s/%s" % (UNITS, name): _text(name, setup) for name in (*AT_START, FOLLOWER)} if has_systemd() else {}
    shared = {os.path.join(setup.share, path): _text(name, setup) for name, path in SHARED.items()}
    done = [path for path, text in {**shared, **units}.items() if _write(path, text, setup)]
    if not setup.check_mode:
        keep_bytecode(setup.program, setup.compiled)  # nothing that anybody declared: it is not told as a change
    links = {_wanted(name, scope): "%s/%s" % (UNITS, name) for name in AT_START + ((FOLLOWER,) if follow else ()) if units}
    done += [path for path, target in links.items() if _link(path, target, setup)]
    follower = _wanted(FOLLOWER, scope)
    stops = not follow and _remove(follower, setup)
    done += [follower] if stops else []
    if units and done and not setup.check_mode:
        _systemctl("daemon-reload")
    if units and not setup.check_mode and (stops or (follow and (done or restart))):
        _systemctl("stop" if stops else "restart", os.path.basename(follower))
    return done


def disable(scope: str, setup: Setup) -> List[str]:
    """Have a scope brought back no longer; with the last one, what belongs to the program goes, and the program itself."""
    follower = _wanted(FOLLOWER, scope)
    follows = os.path.lexists(follower)
    done = [path for path in (*(_wanted(name, scope) for name in AT_START), follower) if _remove(path, setup)]
    left = [name for name in _names(WANTED) if name.startswith("container-net@") and os.path.join(WANTED, name) not in done]
    left += [other for other in list_scopes() if other != scope]  # all that tells of them where there is no systemd
    if not left:
        others = [os.path.join(setup.share, path) for path in SHARED.values()] + ["%s/%s" % (UNITS, name) for name in (*AT_START, FOLLOWER)]
        done += [path for path in (*others, setup.program) if _remove(path, setup)]
        _remove_empty(setup)
        if not setup.check_mode:
            remove_bytecode(os.path.dirname(setup.compiled))
    if has_systemd() and done and not setup.check_mode:
        if follows:
            _systemctl("stop", os.path.basename(follower))
        _systemctl("daemon-reload")
    return done


def has_systemd() -> bool:
    return os.path.isdir(RUNNING)


def _wanted(name: str, scope: str) -> str:
    return "%s/%s" % (WANTED, name.replace("@", "@" + scope))


def _names(directory: str) -> List[str]:
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []


def _text(name: str, setup: Setup) -> str:
    found = pkgutil.get_data(__name__.partition(".")[0], "files/" + name)
    if found is None:
        raise ContainerNetError("%s has no %s in it; install it again" % (setup.program, name))
    return found.decode("utf-8").replace(PROGRAM, setup.program)


def _write(path: str, text: str, setup: Setup) -> bool:
    """Write a file whole where it differs; tell whether it did."""
    try:
        with open(path, encoding="utf-8") as stream:
            if stream.read() == text:
                return False
    except FileNotFoundError:
        pass
    if not setup.check_mode:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        replace_file(path, text, 0o644)
    return True


def _link(path: str, target: str, setup: Setup) -> bool:
    if os.path.islink(path) and os.readlink(path) == target:
        return False
    if not setup.check_mode:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        _remove(path, setup)
        os.symlink(target, path)
    return True


def _remove(path: str, setup: Setup) -> bool:
    if not os.path.lexists(path):
        return False
    if not setup.check_mode:
        os.unlink(path)
    return True


def _remove_empty(setup: Setup) -> None:
    """Remove the directories that were made for what went, as far as nobody else uses them."""
    for path in map(os.path.dirname, SHARED.values()):
        while path and not setup.check_mode:
            try:
                os.rmdir(os.path.join(setup.share, path))
            except OSError:
                break
            path = os.path.dirname(path)


def _systemctl(*words: str) -> None:
    done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False, timeout=90)
    if done.returncode:
        raise ContainerNetError("systemctl %s: %s" % (" ".join(words), done.stderr.strip()))
