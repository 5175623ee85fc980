# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real Docker Engine and a real Podman, each with files of its own, on a fake host."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Type, Union

from harness.traffic import Question, ask
from tree import BUSYBOX, make_tree, pack_tree

IMAGE = "box"
CGROUP = "/container-net-test"
START_LIMIT = 20.0
Labels = Sequence[Tuple[str, str]]
Ports = Mapping[int, Sequence[int]]  # of the container -> of the host
NO_PORTS: Ports = MappingProxyType({})
# What answers on port 80 with a name, from inside the container.
SERVE = ("/bin/nc", "-ll", "-p", "80", "-e", "/bin/echo")


class _Socket(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(self._path)


class Docker:
    """dockerd below a folder of the test; its socket is where everybody looks for it, in the private /run."""

    kind = "docker"
    path = "/run/docker.sock"

    def __init__(self, folder: Path, tree: Path) -> None:
        self._folder = folder
        self._tree = tree
        self._log = folder / "dockerd.log"
        self.settings: Dict[str, Any] = {}  # of daemon.json
        self._process: Optional[subprocess.Popen[bytes]] = None

    def __enter__(self) -> Docker:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "daemon.json").write_text(json.dumps(self.settings))
        self.start_engine()
        if not self._ask("GET", "/images/json")[1]:
            self._must("POST", "/images/create?fromSrc=-&repo=%s" % IMAGE, pack_tree(self._tree), "application/x-tar")
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        try:
            for found in self._ask("GET", "/containers/json?all=1")[1]:
                self._ask("DELETE", "/containers/%s?force=1" % found["Id"])
            self._ask("POST", "/networks/prune")
        finally:
            self.stop_engine()

    def start_engine(self) -> None:
        command = ["dockerd", "--config-file", str(self._folder / "daemon.json"), "--data-root", str(self._folder / "data")]
        command += ["--exec-root", "/run/docker-exec", "--pidfile", "/run/docker.pid", "--host", "unix://" + self.path, "--storage-driver", "vfs"]
        command += ["--cgroup-parent", CGROUP, "--exec-opt", "native.cgroupdriver=cgroupfs", "--iptables=true", "--live-restore"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_LIMIT
        while True:
            try:
                if self._ask("GET", "/_ping")[0] == 200:
                    return
            except OSError:
                pass
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("dockerd does not start: %s" % " ".join(self._log.read_text(errors="replace").splitlines()[-1:]))
            time.sleep(0.05)

    def stop_engine(self) -> None:
        """Stop the engine; with --live-restore its containers go on."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Tuple[int, Any]:
        connection = _Socket(self.path)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": kind} if data is not None else {})
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text.decode(errors="replace")

    def _must(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        status, answer = self._ask(method, path, body, kind)
        assert status < 400, "%s %s: %s %s" % (method, path, status, answer)
        return answer

    def create(self, name: str, network: str = "none", command: Sequence[str] = (), ports: Ports = NO_PORTS, labels: Labels = ()) -> str:
        host: Dict[str, Any] = {"NetworkMode": network, "Init": False}
        if ports:
            host["PortBindings"] = {"%d/tcp" % port: [{"HostPort": str(chosen)} for chosen in of_host] for port, of_host in ports.items()}
        exposed: Dict[str, Any] = {"%d/tcp" % port: {} for port in ports}
        made = {
            "Image": IMAGE,
            "Cmd": list(command or (*SERVE, name)),
            "HostConfig": host,
            "ExposedPorts": exposed,
            "StopSignal": "SIGKILL",
            "Labels": dict(labels),
        }
        return str(self._must("POST", "/containers/create?name=" + name, made)["Id"])

    def run(self, name: str, network: str = "none", command: Sequence[str] = (), ports: Ports = NO_PORTS, labels: Labels = ()) -> str:
        identity = self.create(name, network, command, ports, labels)
        self.start(name)
        return identity

    def add_network(self, name: str, *subnets: str) -> None:
        """Make a bridge network of Docker's own."""
        wanted = {"Name": name, "Driver": "bridge", "EnableIPv6": any(":" in subnet for subnet in subnets)}
        self._must("POST", "/networks/create", {**wanted, "IPAM": {"Config": [{"Subnet": subnet} for subnet in subnets]}})

    def remove_network(self, name: str) -> None:
        self._must("DELETE", "/networks/" + name)

    def inspect_all(self) -> List[Any]:
        """What `docker network inspect` and `docker inspect` print of all there is."""
        networks, containers = self._must("GET", "/networks"), self._must("GET", "/containers/json?all=1")
        paths = ["/networks/%s" % item["Id"] for item in networks] + ["/containers/%s/json" % item["Id"] for item in containers]
        return [self._must("GET", path) for path in paths]

    def start(self, name: str) -> None:
        self._must("POST", "/containers/%s/start" % name)

    def restart(self, name: str) -> None:
        self._must("POST", "/containers/%s/restart?t=0" % name)

    def stop(self, name: str) -> None:
        self._must("POST", "/containers/%s/stop?t=0" % name)

    def remove(self, name: str) -> None:
        self._must("DELETE", "/containers/%s?force=1" % name)

    def pause(self, name: str, paused: bool = True) -> None:
        self._must("POST", "/containers/%s/%s" % (name, "pause" if paused else "unpause"))

    def inspect(self, name: str) -> Any:
        return self._must("GET", "/containers/%s/json" % name)

    def pid(self, name: str) -> int:
        return int(self.inspect(name)["State"]["Pid"])


class Podman:
    """Podman with storage of its own, found by its environment as any call of `podman` would."""

    kind = "podman"

    def __init__(self, folder: Path, tree: Path, command: Sequence[str] = ("podman",)) -> None:
        self._command = command
        self._folder = folder
        self._tree = tree

    def __enter__(self) -> Podman:
        self._folder.mkdir(parents=True, exist_ok=True)
        runtime = shutil.which("runc") or shutil.which("crun")
        (self._folder / "storage.conf").write_text(
            '[storage]\ndriver = "vfs"\ngraphroot = "%s"\nrunroot = "/run/containers/storage"\n' % (self._folder / "root")
        )
        (self._folder / "containers.conf").write_text(
            '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\ncgroupns = "host"\n'
            '[engine]\nruntime = "%s"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nlock_type = "file"\ntmp_dir = "/run/libpod"\n'
            'static_dir = "%s"\nvolume_path = "%s"\n' % (Path(str(runtime)).name, self._folder / "libpod", self._folder / "volumes")
        )
        os.environ["CONTAINERS_CONF"] = str(self._folder / "containers.conf")
        os.environ["CONTAINERS_STORAGE_CONF"] = str(self._folder / "storage.conf")
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        for _attempt in range(3):  # those that share another's namespace go first, and Podman takes no order
            try:
                self.call("rm", "--all", "--force", "--time", "0")
                self.call("pod", "rm", "--all", "--force", "--time", "0")
                return
            except AssertionError:
                pass

    def call(self, *arguments: str) -> str:
        done = subprocess.run([*self._command, *arguments], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, "podman %s: %s%s" % (" ".join(arguments), done.stdout, done.stderr)
        return done.stdout

    def create(self, name: str, network: str = "none", command: Sequence[str] = ()) -> str:
        return self._make("create", name, network, command)

    def run(self, name: str, network: str = "none", command: Sequence[str] = (), labels: Labels = ()) -> str:
        return self._make("run", name, network, command, "--detach", *("--label=%s=%s" % label for label in labels))

    def _make(self, verb: str, name: str, network: str, command: Sequence[str], *more: str) -> str:
        options: List[str] = [*more, "--name", name, "--network", network, "--cgroup-parent", CGROUP, "--stop-signal", "SIGKILL"]
        return self.call(verb, *options, "--rootfs", str(self._tree), *(command or (*SERVE, name))).split()[-1]

    def add_pod(self, name: str) -> None:
        """Make a pod; its infra container is called after it. There is no registry to take an image for it from."""
        if not self.call("images", "--quiet"):
            (self._folder / "tree.tar").write_bytes(pack_tree(self._tree))
            self.call("import", str(self._folder / "tree.tar"), IMAGE)
        infra = ["--infra-image", IMAGE, "--infra-command", "/bin/sleep 100000", "--infra-name", name + "-infra"]
        self.call("pod", "create", "--name", name, *infra, "--network", "none", "--share", "net", "--cgroup-parent", CGROUP)
        self.call("pod", "start", name)

    def run_in_pod(self, name: str, pod: str) -> None:
        options = ["--detach", "--pod", pod, "--name", name, "--stop-signal", "SIGKILL"]
        self.call("run", *options, "--rootfs", str(self._tree), *SERVE, name)

    def start(self, name: str) -> None:
        self.call("start", name)

    def restart(self, name: str) -> None:
        self.call("restart", "--time", "0", name)

    def stop(self, name: str) -> None:
        self.call("stop", "--time", "0", name)

    def remove(self, name: str) -> None:
        self.call("rm", "--force", "--time", "0", name)

    def add_network(self, name: str, *subnets: str) -> None:
        """Make a bridge network of Podman's own."""
        self.call("network", "create", *(word for subnet in subnets for word in ("--subnet", subnet)), name)

    def remove_network(self, name: str) -> None:
        self.call("network", "rm", name)

    def inspect(self, name: str) -> Any:
        return json.loads(self.call("container", "inspect", name))[0]

    def inspect_all(self) -> List[Any]:
        """What `podman network inspect` and `podman inspect` print of all there is."""
        found: List[Any] = []
        for kind, listed in (("network", ("network", "ls")), ("container", ("ps", "--all"))):
            names = self.call(*listed, "--quiet").split()
            found += json.loads(self.call(kind, "inspect", *names)) if names else []
        return found

    def pid(self, name: str) -> int:
        return int(self.inspect(name)["State"]["Pid"])


Engine = Union[Docker, Podman]
Folders = Dict[str, Path]  # of each engine, and "tree", the root of the containers


def running(folders: Folders, kind: str) -> Engine:
    """Return an engine to be started by `with`."""
    return (Docker if kind == "docker" else Podman)(folders[kind], folders["tree"])


def answers(questions: Sequence[Question], *names: str) -> None:
    """Make sure that every question is answered by the container of its name; one name stands for all."""
    wanted = list(names) * (len(questions) if len(names) == 1 else 1)
    deadline = time.monotonic() + 10
    while True:
        found = [(answer or "").strip() for answer in ask(questions)]
        if found == wanted:
            return
        assert time.monotonic() < deadline, list(zip(questions, found))
        time.sleep(0.2)


def await_host_ends(count: int) -> None:
    """Wait until the kernel has torn down the namespaces of ended containers, and with them all but so many pairs of ours."""
    deadline = time.monotonic() + 10
    while True:
        left = [name for _number, name in socket.if_nameindex() if name.startswith("cn-")]
        if len(left) == count:
            return
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def fault(folder: Path) -> Optional[str]:
    """Try both engines with a container each; return why one does not work here."""
    for program in ("dockerd", "podman", "runc"):
        if shutil.which(program) is None:
            return "%s is not installed" % program
    if not os.path.exists(BUSYBOX):
        return "busybox is not installed"
    tree = make_tree(folder / "tree")
    for engine in (Docker(folder / "docker", tree), Podman(folder / "podman", tree)):
        try:
            with engine as running:
                running.run("trial")
                running.pid("trial")
        except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            return "%s cannot run a container here: %s" % (engine.kind, " ".join(str(error).split())[-300:])
    return None


def kill_and_await(pid: int) -> None:
    """Kill a process and wait until its number is free."""
    assert pid > 1
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while os.path.exists("/proc/%d" % pid):
        assert time.monotonic() < deadline, "process %d stays" % pid
        time.sleep(0.001)
