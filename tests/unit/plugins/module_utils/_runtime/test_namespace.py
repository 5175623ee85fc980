# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import NamespaceMissing
from ansible_collections.netloom.container_net.plugins.module_utils._runtime import libc, namespace
from fresh_network import in_fresh_network

MARK = b"container-net:main:namespace"


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(namespace, "NETNS_DIRECTORY", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("place", "expected"), [("", "/proc/self/ns/net"), ("path:/run/x", "/run/x"), ("path:/run/a:b", "/run/a:b")])
def test_paths(place: str, expected: str) -> None:
    assert namespace.namespace_path(place) == expected


def test_a_name_stays_in_its_directory(directory: Path) -> None:
    assert namespace.namespace_path("netns:api") == str(directory / "api")
    for name in ("../../etc/passwd", "..", "", "a/b", "a\n"):
        with pytest.raises(NamespaceMissing, match="is not a namespace reference"):
            namespace.namespace_path("netns:" + name)
    with pytest.raises(NamespaceMissing):
        namespace.namespace_path("docker:api")


def test_the_hosts_own_namespace_is_one() -> None:
    descriptor = namespace.open_namespace("")
    assert descriptor is not None
    try:
        assert namespace.is_network_namespace(descriptor)
        assert os.fstat(descriptor).st_ino == os.stat("/proc/self/ns/net").st_ino
        assert os.get_inheritable(descriptor) is False
    finally:
        os.close(descriptor)


def test_a_path_to_a_namespace() -> None:
    def work() -> bool:
        other = os.open("/proc/self/ns/net", os.O_RDONLY)
        libc.unshare(libc.CLONE_NEWNET)
        found = namespace.open_namespace("path:/proc/self/fd/%d" % other)
        return found is not None and os.fstat(found).st_ino == os.fstat(other).st_ino

    assert in_fresh_network(work)


def test_a_path_to_the_hosts_own_namespace_is_refused() -> None:
    with pytest.raises(NamespaceMissing, match="is the host's own network namespace"):
        namespace.open_namespace("path:/proc/%d/ns/net" % os.getpid())


@pytest.mark.parametrize("kind", ["mnt", "uts", "user"])
def test_another_kind_of_namespace_is_refused(kind: str) -> None:
    with pytest.raises(NamespaceMissing, match="is not a network namespace"):
        namespace.open_namespace("path:/proc/self/ns/" + kind)


def test_a_name_that_does_not_exist_is_none() -> None:
    assert namespace.open_namespace("netns:api") is None
    assert namespace.read_placeholder("netns:api") is None


def test_a_path_that_does_not_exist_is_a_stopped_container() -> None:
    with pytest.raises(NamespaceMissing, match="is the container running"):
        namespace.open_namespace("path:/proc/1/ns/nosuch")


def test_a_placeholder_of_ours_counts_as_not_there(directory: Path) -> None:
    (directory / "api").write_bytes(MARK)
    assert namespace.open_namespace("netns:api") is None
    assert namespace.read_placeholder("netns:api") == MARK.decode()


@pytest.mark.parametrize("content", [b"", b"container-net", b"something else", b"container-net:\xff", b"\0" * 300])
def test_a_leftover_of_another_tool_is_refused_and_named(directory: Path, content: bytes) -> None:
    (directory / "api").write_bytes(content)
    with pytest.raises(NamespaceMissing, match=r"exists but is not a network namespace.*remove it"):
        namespace.open_namespace("netns:api")
    assert namespace.read_placeholder("netns:api") is None


def test_odd_files_hang_and_follow_nothing(directory: Path) -> None:
    os.mkfifo(directory / "fifo")
    (directory / "folder").mkdir()
    (directory / "real").write_bytes(MARK)
    (directory / "link").symlink_to("real")
    for name in ("fifo", "folder"):
        with pytest.raises(NamespaceMissing):
            namespace.open_namespace("netns:" + name)
    for name in ("fifo", "folder", "link"):
        assert namespace.read_placeholder("netns:" + name) is None


def test_a_placeholder_is_only_looked_for_by_name(directory: Path) -> None:
    (directory / "api").write_bytes(MARK)
    with pytest.raises(NamespaceMissing):
        namespace.open_namespace("path:%s" % (directory / "api"))


def test_no_descriptor_is_lost(directory: Path) -> None:
    (directory / "ours").write_bytes(MARK)
    (directory / "theirs").write_bytes(b"x")
    before = len(os.listdir("/proc/self/fd"))
    for place in ("netns:ours", "netns:theirs", "netns:gone", "path:/proc/self/ns/mnt", "path:/nosuch"):
        try:
            assert namespace.open_namespace(place) is None
        except NamespaceMissing:
            pass
        namespace.read_placeholder("netns:ours")
    assert len(os.listdir("/proc/self/fd")) == before


def test_names_are_listed_in_order(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b", "a", "with space", "-odd"):
        (directory / name).touch()
    assert namespace.list_named_namespaces() == ["netns:a", "netns:b"]
    monkeypatch.setattr(namespace, "NETNS_DIRECTORY", str(directory / "nosuch"))
    assert namespace.list_named_namespaces() == []
