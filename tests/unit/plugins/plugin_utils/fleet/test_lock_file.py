# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock import LockFileError
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock_file import read_lock_text, require_writable, write_lock_text


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert read_lock_text(str(tmp_path / "none")) is None


def test_write_then_read(tmp_path: Path) -> None:
    path = tmp_path / "fleet.lock"
    old = os.umask(0o077)
    try:
        write_lock_text(str(path), "one\n")
        write_lock_text(str(path), "two\n")
    finally:
        os.umask(old)
    assert read_lock_text(str(path)) == "two\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["fleet.lock"]


def test_a_reader_keeps_the_old_text_while_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "fleet.lock"
    path.write_text("old")
    with open(path, encoding="utf-8") as stream:
        write_lock_text(str(path), "new")
        assert stream.read() == "old"


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real/fleet.lock")
    write_lock_text(str(tmp_path / "link"), "x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "fleet.lock").read_text() == "x"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "fleet.lock"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_lock_text(str(path), "\ud800")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["fleet.lock"]


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"version: \xff")
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("binary", "not UTF-8 text: byte 9"), ("pipe", "not a plain file"), ("", "not a plain file")):
        with pytest.raises(LockFileError, match=words):
            read_lock_text(str(tmp_path / name))


def test_a_missing_folder_is_found_before_planning(tmp_path: Path) -> None:
    require_writable(str(tmp_path / "fleet.lock"))
    with pytest.raises(LockFileError, match="does not exist; create it first"):
        require_writable(str(tmp_path / "none" / "fleet.lock"))
    with pytest.raises(LockFileError, match="cannot be written"):
        write_lock_text(str(tmp_path / "none" / "fleet.lock"), "x")
