# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program is compiled once for the Python of a host, not at each of its starts."""

from __future__ import annotations

import os
import subprocess
from typing import List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.names import STORE_DIRECTORY
from harness.restarts import PROGRAM, container_net, own_disk

pytestmark = pytest.mark.fake_host()

SHARE = ("--share", "/run/share")


def kept() -> List[str]:
    return sorted(os.listdir(STORE_DIRECTORY)) if os.path.isdir(STORE_DIRECTORY) else []


def loaded_from() -> str:
    """Return the archive that the program takes its modules from."""
    done = subprocess.run([PROGRAM, "show"], env={**os.environ, "PYTHONVERBOSE": "1"}, capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("import 'container_net._boot.main' # ")]
    return line.split('"')[1].partition(".zip")[0].partition("/container_net/_boot")[0]


def test_it_comes_with_the_first_scope_and_goes_with_the_last() -> None:
    own_disk()
    assert loaded_from() == PROGRAM
    container_net("enable", "main", *SHARE, "--check")
    assert kept() == []
    container_net("enable", "main", *SHARE)
    (name,) = kept()
    assert loaded_from() + ".zip" == os.path.join(STORE_DIRECTORY, name)
    before = os.stat(os.path.join(STORE_DIRECTORY, name))
    assert before.st_mode & 0o777 == 0o600
    other = os.path.join(STORE_DIRECTORY, "other.json")
    with open(other, "w", encoding="ascii") as stream:
        stream.write("{}")
    container_net("disable", "main", *SHARE)
    assert os.stat(os.path.join(STORE_DIRECTORY, name)) == before
    os.unlink(other)
    container_net("disable", "other", *SHARE)
    assert not os.path.exists(STORE_DIRECTORY)
    assert not os.path.exists(PROGRAM)


def test_another_version_has_its_own() -> None:
    own_disk()
    container_net("enable", "main", *SHARE)
    (name,) = kept()
    older = os.path.join(STORE_DIRECTORY, name.replace(name.split("-")[1], "0" * 16))
    os.rename(os.path.join(STORE_DIRECTORY, name), older)
    assert loaded_from() == PROGRAM
    container_net("enable", "main", *SHARE)
    assert kept() == [name]


def test_what_is_no_archive_is_left_aside() -> None:
    own_disk()
    container_net("enable", "main", *SHARE)
    (name,) = kept()
    with open(os.path.join(STORE_DIRECTORY, name), "wb") as stream:
        stream.write(b"torn")
    assert loaded_from() == PROGRAM
