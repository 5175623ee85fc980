# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Raise and end a lab: simulated hosts around a switch, in a network namespace without uplink."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import stat
import sys
from typing import Any, Dict, Iterator, List, NoReturn

from lab_holder import LabError, start_holders
from lab_plan import HOSTS_LIMIT, host_names, inventory
from lab_process import Record, is_alive, kill, lab_namespaces, processes_inside

MARKER = "lab.json"
PROGRAMS = ("ip", "nsenter", "sleep")
FLAGS = {"user": "--user", "net": "--net", "mnt": "--mount", "uts": "--uts"}
SWEEPS = 20


def up(state: pathlib.Path, hosts: int, mtu: int, python: str) -> Dict[str, Any]:
    """Raise the lab, or leave a healthy one as it is."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise LabError("missing programs: %s (Debian packages iproute2, util-linux, coreutils)" % ", ".join(missing))
    shape = {"hosts": hosts, "mtu": mtu}
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(state):
        lab = _read_lab(state)
        healthy = bool(lab) and all(is_alive(holder) for holder in lab["holders"])
        if healthy and lab["shape"] != shape:
            raise LabError("a lab of another shape (%s) is up in %s; take it down first" % (json.dumps(lab["shape"]), state))
        if not healthy:
            _end_processes(lab.get("holders", []))
            start_holders(hosts, mtu, lambda holders: _write_lab(state, shape, holders))
        rewritten = _write(state / "inventory.yml", inventory(state, hosts, python))
    return {"changed": rewritten or not healthy, "inventory": str(state / "inventory.yml"), "hosts": host_names(hosts)}


def down(state: pathlib.Path) -> Dict[str, Any]:
    """End the lab's processes and remove its state."""
    if not os.path.lexists(state):
        return {"changed": False, "ended": 0}
    with _locked(state):
        lab = _read_lab(state)
        ended = _end_processes(lab.get("holders", []))
        shutil.rmtree(state)
    return {"changed": True, "ended": ended}


def execute(state: pathlib.Path, host: str, command: List[str]) -> NoReturn:
    """Become a command inside a host (or `switch`, or `outer`)."""
    holders = {holder["name"]: holder for holder in _read_lab(state).get("holders", [])}
    if host not in holders:
        raise LabError("no host %s in %s; there are: %s" % (host, state, ", ".join(holders) or "none, the lab is down"))
    holder = holders[host]
    own = os.stat("/proc/self/ns/user").st_ino
    if not is_alive(holder):
        raise LabError("the holder of %s has ended; raise the lab again" % host)
    kinds = [kind for kind in holder["namespaces"] if kind != "user" or os.stat("/proc/%d/ns/user" % holder["pid"]).st_ino != own]
    flags = ["%s=/proc/%d/ns/%s" % (FLAGS[kind], holder["pid"], kind) for kind in kinds]
    os.execvp("nsenter", ["nsenter", *(["--preserve-credentials"] if "user" in kinds else []), *flags, "--", *command])


def _end_processes(holders: List[Record]) -> int:
    """Kill what runs inside the lab, then its holders; what it is inside of stays known as long as the holders live."""
    ended = 0
    known = {holder["pid"] for holder in holders}
    with lab_namespaces(holders) as namespaces:
        for _sweep in range(SWEEPS):
            visitors = [process for process in processes_inside(namespaces) if process["pid"] not in known]
            if not visitors:
                break
            ended += sum(kill(process) for process in visitors)
    return ended + sum(kill(holder) for holder in reversed(holders))


@contextlib.contextmanager
def _locked(state: pathlib.Path) -> Iterator[None]:
    """Hold the lab's directory, after making sure that it is a lab's and nobody else's."""
    try:
        handle = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise LabError("%s is not a directory one can use: %s" % (state, error.strerror)) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        status = os.fstat(handle)
        if status.st_nlink == 0:
            raise LabError("%s was removed meanwhile by another run; try again" % state)
        if status.st_uid != os.geteuid():
            raise LabError("%s belongs to another user" % state)
        names = os.listdir(handle)
        # A crash while the first record was written leaves only its unfinished copy.
        if names and MARKER not in names and names != [MARKER + ".new"]:
            raise LabError("%s is not empty and not a lab's; choose another directory" % state)
        if stat.S_IMODE(status.st_mode) != 0o700:
            os.fchmod(handle, 0o700)
        yield
    finally:
        os.close(handle)


def _read_lab(state: pathlib.Path) -> Dict[str, Any]:
    try:
        return dict(json.loads((state / MARKER).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (TypeError, ValueError) as error:
        raise LabError("%s is damaged: %s" % (state / MARKER, error)) from error


def _write_lab(state: pathlib.Path, shape: Dict[str, int], holders: List[Record]) -> None:
    _write(state / MARKER, json.dumps({"shape": shape, "holders": holders}, indent=1))
    (state / "holders").mkdir(exist_ok=True)
    for holder in holders:
        _write(state / "holders" / (holder["name"] + ".json"), json.dumps(holder))


def _write(file: pathlib.Path, text: str) -> bool:
    """Replace a file in one step where its text differs."""
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return False
    new = file.with_name(file.name + ".new")
    new.write_text(text, encoding="utf-8")
    new.replace(file)
    return True


def _count(text: str) -> int:
    if not 1 <= int(text) <= HOSTS_LIMIT:
        raise argparse.ArgumentTypeError("1 to %d hosts" % HOSTS_LIMIT)
    return int(text)


def _mtu(text: str) -> int:
    if not 1280 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("1280 (the least for IPv6) to 65535")
    return int(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    raise_lab = verbs.add_parser("up", help="raise the lab; prints JSON with changed, inventory, hosts")
    raise_lab.add_argument("--hosts", type=_count, default=3)
    raise_lab.add_argument("--mtu", type=_mtu, default=1500, help="of the underlay")
    raise_lab.add_argument("--python", default=sys.executable, help="interpreter of the hosts' modules")
    end_lab = verbs.add_parser("down", help="end the lab; prints JSON with changed, ended")
    enter = verbs.add_parser("exec", help="run a command in a host")
    for verb in (raise_lab, end_lab, enter):
        verb.add_argument("--state", type=pathlib.Path, required=True, help="directory of the lab")
    enter.add_argument("host", help="h1, h2, ..., outside, switch or outer")
    enter.add_argument("command", nargs="+")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    state = pathlib.Path(os.path.abspath(arguments.state.expanduser()))
    try:
        if arguments.verb == "exec":
            execute(state, arguments.host, arguments.command)
        result = down(state) if arguments.verb == "down" else up(state, arguments.hosts, arguments.mtu, arguments.python)
    except (LabError, OSError) as error:
        print("lab: %s" % error, file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
