# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processes that hold a lab.

    up ──▶ outer ─┬─▶ switch    network namespace with the bridge
                  ├─▶ h1, h2 …  network, mount and UTS namespace each
                  └─▶ outside   the same; a client beside the fleet

`outer` stands in a network namespace without uplink. When it ends, for whatever reason, the kernel ends the others.
Until `up` has written down what runs, `outer` ends with `up` in the same way. At last each of them becomes a sleeping process.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pathlib
import socket
import struct
import subprocess
import time
from typing import Callable, Dict, List, NoReturn, Tuple

from lab_files import furnish
from lab_plan import OUTER, OUTSIDE, SWITCH, all_forwarding, host_lines, host_names, switch_lines, wire_lines
from lab_process import (
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    MS_PRIVATE,
    MS_REC,
    Record,
    end_with_parent,
    mount,
    outlive_parent,
    record,
    unshare,
)

READY, GO = b"+", b"g"
LINK_WAIT = 10  # seconds
SIOCGIFFLAGS, IFF_RUNNING = 0x8913, 0x40


class LabError(Exception):
    """The lab cannot do what was asked; the text says why."""


def start_holders(count: int, mtu: int, write_down: Callable[[List[Record]], None]) -> None:
    """Start `outer`, have its report written down, and let it go."""
    parent, (ours, theirs) = os.getpid(), socket.socketpair()
    if os.fork() == 0:
        ours.close()
        _run_child(theirs, lambda: _hold_outer(count, mtu, parent, theirs))
    theirs.close()
    with ours:
        report = _receive_report(ours)
        write_down(json.loads(report))
        ours.sendall(GO)
        ours.recv(1)


def _receive_report(channel: socket.socket) -> str:
    """Return what a child has to say; LabError with its words when it failed."""
    report = b""
    while not report.endswith(b"\n"):
        part = channel.recv(65536)
        if not part:
            raise LabError(report.decode(errors="replace").strip() or "a holder ended before it was ready")
        report += part
    return report.decode()


def _run_child(channel: socket.socket, work: Callable[[], None]) -> NoReturn:
    """Do a forked child's work: it becomes a sleeping process, or reports its error and ends."""
    try:
        work()
        os.chdir("/")
        os.execvp("sleep", ["sleep", "infinity"])
    except BaseException as error:  # a child must never run on in its parent's code
        with contextlib.suppress(OSError):
            channel.sendall(str(error).encode())
    os._exit(1)


def _hold_outer(count: int, mtu: int, parent: int, channel: socket.socket) -> None:
    _leave_session(channel)
    kinds = _enter_outer()
    end_with_parent(parent)
    names = [*host_names(count), OUTSIDE]
    channels: Dict[str, socket.socket] = {}
    holders = [record(OUTER, os.getpid(), kinds)]
    for name in [SWITCH, *names]:
        pid, channels[name] = _fork_holder(name, names, mtu, "user" in kinds)
        holders.append(record(name, pid, [kind for kind in kinds if name != SWITCH or kind in ("user", "net")]))
    for name in channels:
        if channels[name].recv(1) != READY:
            raise LabError("%s: %s" % (name, channels[name].recv(65536).decode(errors="replace")))
    run_ip(wire_lines(names, {holder["name"]: holder["pid"] for holder in holders}, mtu))
    for name in channels:
        channels[name].sendall(GO)
    for name in channels:
        # The channel closes when the child becomes a sleeping process; anything it says is an error.
        words = channels[name].recv(65536).decode(errors="replace")
        if words:
            raise LabError("%s: %s" % (name, words))
    channel.sendall(json.dumps(holders).encode() + b"\n")
    channel.recv(1)
    outlive_parent()


def _leave_session(channel: socket.socket) -> None:
    """Keep nothing of the starter: its terminal, its pipes (a reader would wait for ever), its lock."""
    os.setsid()
    os.umask(0o022)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != channel.fileno():
            with contextlib.suppress(OSError):
                os.close(int(name))


def _enter_outer() -> Tuple[str, ...]:
    """Go into the outer namespaces; return the kinds that a visitor has to enter."""
    if os.geteuid() == 0:
        unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS)
        return "net", "mnt", "uts"
    user, group = os.geteuid(), os.getegid()
    try:
        unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS)
        for file, text in (("setgroups", "deny"), ("uid_map", "0 %d 1" % user), ("gid_map", "0 %d 1" % group)):
            pathlib.Path("/proc/self", file).write_text(text, encoding="ascii")
        mount("none", "/", "none", MS_REC | MS_PRIVATE)
    except OSError as error:
        reason = "this machine does not let ordinary users make namespaces (%s)" % error
        raise LabError(reason + "; allow it (on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0) or run as root") from error
    return "user", "net", "mnt", "uts"


def _fork_holder(name: str, names: List[str], mtu: int, in_user_namespace: bool) -> Tuple[int, socket.socket]:
    parent, (ours, theirs) = os.getpid(), socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _run_child(theirs, lambda: _hold(name, names, mtu, in_user_namespace, parent, theirs))
    theirs.close()
    return pid, ours


def _hold(name: str, names: List[str], mtu: int, in_user_namespace: bool, parent: int, channel: socket.socket) -> None:
    end_with_parent(parent)
    if name == SWITCH:
        unshare(CLONE_NEWNET)
    else:
        unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS)
        socket.sethostname(name)
        furnish(in_user_namespace)
    channel.sendall(READY)
    if channel.recv(1) != GO:
        raise LabError("outer has ended")
    if name == SWITCH:
        run_ip(switch_lines(names, mtu))
        _wait_for("the ports of the switch", lambda: all_forwarding(run_ip("link show master br0\n", "-details", "-json"), len(names)))
        return
    # The kernel copies the machine's own IPv4 settings into a new namespace; a fresh host does not forward.
    _write_sysctl("net/ipv4/ip_forward", "0")
    _write_sysctl("net/ipv6/conf/eth0/accept_dad", "0")
    run_ip(host_lines(name))
    _wait_for("eth0 of %s" % name, _is_running)


def _wait_for(what: str, ready: Callable[[], bool]) -> None:
    """The kernel starts a link some time after it was set up; packets sent before are lost."""
    end = time.monotonic() + LINK_WAIT
    while not ready():
        if time.monotonic() > end:
            raise LabError("%s did not come up in %d s" % (what, LINK_WAIT))
        time.sleep(0.02)


def _is_running() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as query:
        answer = fcntl.ioctl(query, SIOCGIFFLAGS, struct.pack("16sH22x", b"eth0", 0))
    return bool(struct.unpack("16sH22x", answer)[1] & IFF_RUNNING)


def _write_sysctl(path: str, value: str) -> None:
    file = pathlib.Path("/proc/sys", path)
    if file.read_text(encoding="ascii").strip() != value:
        file.write_text(value, encoding="ascii")


def run_ip(lines: str, *options: str) -> str:
    result = subprocess.run(["ip", *options, "-batch", "-"], input=lines, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise LabError("ip -batch: %s" % result.stderr.strip())
    return result.stdout
