# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real kernel for a test, without privilege: a child process in user, network and mount namespaces of its own."""

from __future__ import annotations

import ctypes
import os
import pickle
import traceback
from pathlib import Path
from typing import Any, Callable

import pytest

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
KEPT = Path("/var/lib/container_net")  # what this machine itself may have there is none of a test's business
MS_REC, MS_PRIVATE = 0x4000, 0x40000
_libc = ctypes.CDLL(None, use_errno=True)


class NoNamespaces(Exception):
    """This machine lets nobody make user namespaces."""


def in_fresh_network(work: Callable[[], Any]) -> Any:
    """Run a function where there is nothing but a `lo` that is down, a private /run and nobody else; return what it returns."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            _enter()
            answer = ("value", work())
        except NoNamespaces as error:
            answer = ("skip", str(error))
        except BaseException:
            answer = ("failure", traceback.format_exc())
        with os.fdopen(writer, "wb") as stream:
            pickle.dump(answer, stream)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        data = stream.read()
    os.waitpid(child, 0)
    if not data:
        pytest.fail("the child died", pytrace=False)
    outcome, value = pickle.loads(data)
    if outcome == "skip":
        pytest.skip(value)
    if outcome == "failure":
        pytest.fail(value, pytrace=False)
    return value


def _enter() -> None:
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS):
        raise NoNamespaces("this machine does not allow user namespaces: %s" % os.strerror(ctypes.get_errno()))
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text("0 %d 1" % user, encoding="ascii")
    Path("/proc/self/gid_map").write_text("0 %d 1" % group, encoding="ascii")
    if _libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None) or _libc.mount(b"tmpfs", b"/run", b"tmpfs", ctypes.c_ulong(0), None):
        raise NoNamespaces("no private /run: %s" % os.strerror(ctypes.get_errno()))
    if KEPT.is_dir() and _libc.mount(b"tmpfs", str(KEPT).encode(), b"tmpfs", ctypes.c_ulong(0), b"mode=700"):
        raise NoNamespaces("no private %s: %s" % (KEPT, os.strerror(ctypes.get_errno())))
    links = Path("/proc/self/net/dev").read_text(encoding="ascii").splitlines()[2:]
    if [line.split(":")[0].strip() for line in links if not line.strip().startswith(("sit", "tunl", "gre", "ip6", "ip_vti", "erspan"))] != ["lo"]:
        raise RuntimeError("this is no fresh network namespace")
