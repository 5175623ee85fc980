# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of runtimes, good and bad, without a runtime."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNotRunning, NamespaceMissing
from ansible_collections.netloom.container_net.plugins.module_utils._runtime import containers, docker, podman
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.container import Container, read_container, read_time
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.process import Process, open_process_namespace

ID = "0123456789abcdef" * 4


def answer(**state: Any) -> Dict[str, Any]:
    started = {"Running": True, "Pid": 4711, "Status": "running", "StartedAt": "2026-05-04T10:11:12.123456789Z", **state}
    return {"Id": ID, "Name": "/web", "State": started, "HostConfig": {"NetworkMode": "none"}, "NetworkSettings": {"SandboxKey": "/run/x"}}


@pytest.mark.parametrize("reference", ["web", ID])
def test_a_container_by_name_and_by_id(reference: str) -> None:
    found = read_container("docker", reference, answer())
    assert (found.id, found.name, found.pid, found.network_mode, found.sandbox) == (ID, "web", 4711, "none", "/run/x")
    assert found.absence() is None


@pytest.mark.parametrize("reference", [ID[:12], ID[:63], "we", "WEB", "/web"])
def test_anything_else_the_runtime_answers_to_is_refused(reference: str) -> None:
    with pytest.raises(NamespaceMissing, match="no container of exactly the name or id"):
        read_container("docker", reference, answer())


@pytest.mark.parametrize(
    "state", [{"Running": False, "Status": "exited"}, {"Running": True, "Pid": 0, "Status": "restarting"}, {"Running": None, "Status": "dead"}, {"Pid": "7"}]
)
def test_no_process_no_container(state: Dict[str, Any]) -> None:
    error = read_container("docker", "web", answer(**state)).absence()
    assert isinstance(error, ContainerNotRunning)
    assert "is %s, not running" % state.get("Status", "running") in str(error)


@pytest.mark.parametrize("part", ["State", "HostConfig", "NetworkSettings"])
@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_an_odd_answer_is_no_container(part: str, value: object) -> None:
    found = read_container("podman", "web", {**answer(), part: value})
    assert part != "State" or isinstance(found.absence(), ContainerNotRunning)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:10Z", 10.0),
        ("1970-01-01T00:00:10.5Z", 10.5),
        ("1970-01-01T02:00:10.123456789+02:00", 10.123456),
        ("1970-01-01T00:00:10", None),
        ("0001-01-01T00:00:00", None),
        ("", None),
    ],
)
def test_times(text: str, seconds: float) -> None:
    assert read_time(text) == seconds


def test_a_process_is_held_by_its_folder() -> None:
    with Process(os.getpid()) as process:
        descriptor = process.open_network()
        assert os.path.samestat(os.fstat(descriptor), os.stat("/proc/self/ns/net"))
        os.close(descriptor)
        assert str(process.started())
    child = os.fork()
    if child == 0:
        os._exit(0)
    with Process(child) as process:
        os.waitpid(child, 0)
        with pytest.raises(ContainerNotRunning, match="there is no process %d" % child):
            process.open_network()
        with pytest.raises(ContainerNotRunning):
            process.control_groups()
    with pytest.raises(ContainerNotRunning):
        open_process_namespace(child)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dict[str, bytes]]:
    """A socket that answers every request with the bytes in the map."""
    path = str(tmp_path / "docker.sock")
    monkeypatch.setenv("DOCKER_HOST", "unix://" + path)
    monkeypatch.setattr(docker, "TIME_LIMIT", 0.3)
    said = {"answer": b""}
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()

    def serve() -> None:
        while True:
            try:
                client, _address = server.accept()
            except OSError:
                return
            with client:
                client.recv(65536)
                client.sendall(said["answer"])
                if said["answer"] == b"":
                    client.recv(1)

    threading.Thread(target=serve, daemon=True).start()
    yield said
    server.close()


def http(status: str, body: object) -> bytes:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status.encode(), len(text), text)


def test_docker_answers(engine: Dict[str, bytes]) -> None:
    engine["answer"] = http("200 OK", answer())
    found = docker.inspect_docker(["web"])["web"]
    assert isinstance(found, Container)
    assert found.pid == 4711
    engine["answer"] = http("404 Not Found", {"message": "No such container: web"})
    missing = docker.inspect_docker(["web"])["web"]
    assert isinstance(missing, ContainerNotRunning)
    assert "No such container: web" in str(missing)
    engine["answer"] = http("400 Bad Request", {"message": "multiple IDs found with provided prefix: 01"})
    twice = docker.inspect_docker(["01"])["01"]
    assert not isinstance(twice, (Container, ContainerNotRunning))
    assert "multiple IDs found" in str(twice)


@pytest.mark.parametrize("said", [b"", b"nonsense\n\n", http("200 OK", b"<html>"), http("200 OK", []), b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"])
def test_docker_that_does_not_answer_well(engine: Dict[str, bytes], said: bytes) -> None:
    engine["answer"] = said
    with pytest.raises(ContainerNotRunning, match="cannot ask Docker at"):
        docker.inspect_docker(["web"])


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:2375", "ssh://root@h", "unix://relative", "/run/docker.sock", "npipe:////./pipe/x"])
def test_only_an_engine_on_this_host(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    with pytest.raises(NamespaceMissing, match="only containers of this host"):
        docker.socket_path({"DOCKER_HOST": host})


def fake_podman(place: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = place / "podman"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", "%s:%s" % (place, os.environ["PATH"]))


def test_podman_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = tmp_path / "said"
    said.write_text(json.dumps([{**answer(), "Name": "web"}, {**answer(), "Name": "other", "Id": "f" * 64}]))
    fake_podman(tmp_path, monkeypatch, 'cat "%s"\necho "Error: no such container lost" >&2\nexit 125' % said)
    found = podman.inspect_podman(["web", "lost", "ffff"])
    assert isinstance(found["web"], Container)
    assert "podman container 'lost': no such container lost" in str(found["lost"])
    assert "whose id begins so" in str(found["ffff"])


def test_podman_that_fails_or_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_podman(tmp_path, monkeypatch, "echo 'Error: storage is broken' >&2; exit 1")
    with pytest.raises(NamespaceMissing, match="storage is broken"):
        podman.inspect_podman(["web"])
    monkeypatch.setattr(podman, "TIME_LIMIT", 0.2)
    fake_podman(tmp_path, monkeypatch, "sleep 60 & sleep 60")
    with pytest.raises(ContainerNotRunning, match=r"no answer within 0\.2 seconds"):
        podman.inspect_podman(["web"])


def test_all_faults_come_together(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(references: Any) -> Any:
        return {reference: ContainerNotRunning("no %s" % reference) for reference in references}

    monkeypatch.setattr(containers, "RUNTIMES", {"docker": lost, "podman": lost})
    with pytest.raises(ContainerNotRunning, match=r"(?s)3 containers cannot be used:\n- no aa\n- no bb\n- no cc"), containers.Containers() as found:
        found.prepare(["docker:aa", "docker:bb", "netns:nosuch", "podman:cc", "docker:aa"])
    assert containers.is_there("docker:aa") is False
