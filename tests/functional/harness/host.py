# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fake host: network, mount and host-name namespaces of its own, with a private /run and nothing behind its cables."""

from __future__ import annotations

import ctypes
import fcntl
import os
import pickle
import select
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, TypeVar, Union

Result = TypeVar("Result")
Item = TypeVar("Item")
# A space is a network namespace: "" the host's own, a name below /run/netns, the path of its file, or an open descriptor.
Space = Union[str, int]

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWNET = 0x20000, 0x4000000, 0x40000000
SIOCGIFFLAGS, IFF_RUNNING = 0x8913, 0x40
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG = 1
NETNS = "/run/netns"
# Further namespaces of this host that a snapshot must look into: label -> file.
watched_spaces: Dict[str, str] = {}

libc = ctypes.CDLL(None, use_errno=True)
# The pipe ends this process answers on; its own children must not keep them open.
_answering: List[int] = []


def must(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))


def enter_fake_host() -> None:
    """Make this process a host of its own."""
    must(libc.unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS), "unshare")
    must(libc.mount(None, b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None), "mount /")
    must(libc.mount(b"tmpfs", b"/run", b"tmpfs", ctypes.c_ulong(0), b"mode=755"), "mount /run")
    os.environ.pop("SSH_CONNECTION", None)
    watched_spaces.clear()
    sh("ip link set lo up")
    filter_bridged_frames(False)
    from harness import backends  # which asks this module to run its commands

    backends.prefer_tools()


def filter_bridged_frames(wanted: bool) -> bool:
    """Set br_netfilter's switches, which some machines have on and some not at all; return whether they are there."""
    switches = ["/proc/sys/net/bridge/bridge-nf-call-%s" % tool for tool in ("iptables", "ip6tables")]
    for switch in switches:
        if not os.path.exists(switch):
            return False
        with open(switch, "w", encoding="ascii") as stream:
            stream.write("%d" % wanted)
    return True


def await_true(state: Callable[[], bool], seconds: float, explain: Callable[[], str]) -> None:
    """Wait until something has become so, and say what is there where it has not in time."""
    deadline = time.monotonic() + seconds
    while not state():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.02)


def is_running(device: str, space: Space = "") -> bool:
    """Tell whether the kernel sends on a device: some time after it is up, until when it drops what it should send."""
    with entered(space), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        (flags,) = struct.unpack_from("H", fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack("16s16x", device.encode())), 16)
    return bool(flags & IFF_RUNNING)


def sh(script: str, space: Space = "") -> str:
    """Run a shell script inside a space; it must succeed."""
    with entered(space):
        done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, "%s\n%s%s" % (script, done.stdout, done.stderr)
    return done.stdout


def open_space(space: Space) -> int:
    if isinstance(space, int):
        return os.dup(space)
    return os.open(space if space.startswith("/") else "%s/%s" % (NETNS, space), os.O_RDONLY | os.O_CLOEXEC)


@contextmanager
def entered(space: Space) -> Iterator[None]:
    """Run the block inside another network namespace; this process has one thread."""
    if space == "":
        yield
        return
    home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = open_space(space)
    try:
        must(libc.setns(there, CLONE_NEWNET), "setns %s" % space)
        try:
            yield
        finally:
            must(libc.setns(home, CLONE_NEWNET), "setns back")
    finally:
        os.close(there)
        os.close(home)


def new_space() -> int:
    """Make a network namespace that no name leads to, and return its descriptor."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        must(libc.unshare(CLONE_NEWNET), "unshare")
        made = os.open("/proc/self/ns/net", os.O_RDONLY)
        sh("ip link set lo up")
    finally:
        must(libc.setns(home, CLONE_NEWNET), "setns back")
        os.close(home)
    os.set_inheritable(made, True)
    return made


def bind_space(path: str) -> None:
    """Make a namespace that the file `path` stands for, as a container runtime does, and let snapshots look into it."""
    made = new_space()
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "x", encoding="ascii"):
        pass
    source = b"/proc/self/fd/%d" % made
    must(libc.mount(source, path.encode(), None, ctypes.c_ulong(MS_BIND), None), "mount %s" % path)
    os.close(made)
    watched_spaces[os.path.basename(path)] = path


class Child:
    """A forked child that calls one function; it dies with its parent, and its whole process group with it."""

    def __init__(self, function: Callable[[], Any], space: Space = "", group: bool = False) -> None:
        self._reader, writer = os.pipe()
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        self._group = group
        if self.pid:
            os.close(writer)
            return
        code = 1
        try:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
            if group:
                os.setpgid(0, 0)
            os.close(self._reader)
            for inherited in _answering:
                os.close(inherited)
            _answering[:] = [writer]
            if space != "":
                there = open_space(space)
                must(libc.setns(there, CLONE_NEWNET), "setns")
            answer = _attempt(function)
            _answering.clear()
            with os.fdopen(writer, "wb") as stream:
                pickle.dump(answer, stream)
            sys.stdout.flush()
            sys.stderr.flush()
            code = 0
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)

    def result(self, timeout: float) -> Any:
        """Return what the function returned, or raise what went wrong there."""
        import pytest  # not needed, and slow, where only a snapshot is taken

        kind, value = self._answer(timeout)
        if kind == "skip":
            pytest.skip(value)
        if kind != "value":
            pytest.fail(value, pytrace=False)
        return value

    def _answer(self, timeout: float) -> Tuple[str, Any]:
        data = b""
        deadline = time.monotonic() + timeout
        try:
            while True:
                ready, _w, _x = select.select([self._reader], [], [], max(0.0, deadline - time.monotonic()))
                if not ready:
                    return "fail", "no answer within %g s" % timeout
                part = os.read(self._reader, 65536)
                if not part:
                    break
                data += part
        finally:
            status = self.kill()
        return pickle.loads(data) if data else ("fail", "the child died without an answer, %s" % _describe_end(status))

    def wait(self, timeout: float = 60.0) -> int:
        """Wait for the end and return the wait status."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                os.close(self._reader)
                return status
            time.sleep(0.002)
        self.kill()
        raise AssertionError("a child did not end within %g s" % timeout)

    def kill(self) -> int:
        """End the child, if it has not, and return its wait status."""
        if not self.pid:
            return 0
        for target in [-self.pid, self.pid] if self._group else [self.pid]:
            try:
                os.kill(target, signal.SIGKILL)
            except ProcessLookupError:
                pass
        _pid, status = os.waitpid(self.pid, 0)
        self.pid = 0
        os.close(self._reader)
        return status


def _describe_end(status: int) -> str:
    return "killed by %s" % signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else "with exit status %d" % os.WEXITSTATUS(status)


def _attempt(function: Callable[[], Any]) -> Tuple[str, Any]:
    import pytest

    try:
        return "value", function()
    except pytest.skip.Exception as skipped:
        return "skip", str(skipped)
    except BaseException:
        return "fail", traceback.format_exc()


def on_fake_host(function: Callable[[], Result], timeout: float = 170.0) -> Result:
    """Call a function in a child that is a fresh host; nothing of that host outlives the call."""

    def body() -> Result:
        enter_fake_host()
        return function()

    result: Result = Child(body, group=True).result(timeout)
    return result


def inside(space: Space, function: Callable[[], Result], timeout: float = 30.0) -> Result:
    """Call a function in a child inside a space and return its result."""
    result: Result = Child(function, space).result(timeout)
    return result


def share_out(function: Callable[[Item], Optional[str]], items: Sequence[Item], workers: int = 2, timeout: float = 170.0) -> List[str]:
    """Call a function for every item in several processes; return what it complained about."""

    def work(number: int) -> List[str]:
        return [complaint for item in items[number::workers] for complaint in [function(item)] if complaint]

    children = [Child(lambda number=number: work(number)) for number in range(workers)]
    return [complaint for child in children for complaint in child.result(timeout)]
