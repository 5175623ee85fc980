# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: netns
author:
  - The netloom.container_net authors (@netloom)
short_description: Run tasks in a network namespace or in a simulated host
version_added: 1.0.0
description:
  - Runs tasks on the controller, inside a network namespace, with C(nsenter).
  - With O(namespace) it enters one network namespace of the controller.
    Only the network is that of the namespace; files, users and processes stay those of the controller.
  - With O(holder) it enters a simulated host, made by the playbook C(netloom.container_net.lab.up) of this collection.
    Such a host also has its own mount and host name.
  - Tasks run as V(root) of the namespace.
    So a task with C(become) to V(root) needs nothing more, and C(become) to another user works where C(sudo) or C(su) works.
notes:
  - A plain network namespace can only be entered by V(root) of the controller. A simulated host can be entered by the user who raised it.
  - Files below C(/etc/netns) are not mounted over those in C(/etc), as C(ip netns exec) does, and C(/sys) still shows the controller's interfaces.
  - This plugin gives the tasks the controller's own rights. A namespace is no sandbox.
requirements:
  - nsenter (util-linux) on the controller
options:
  namespace:
    description:
      - Name of a named network namespace, or the absolute path of a namespace file.
      - Without this option and without O(holder), the C(ansible_host) of the inventory host is the name.
      - Together with O(holder), the name or path is looked up inside the simulated host.
    type: string
    vars:
      - name: ansible_netns_namespace
  holder:
    description:
      - Path of the file that describes the process which holds a simulated host.
      - The process is known by its id and its start time. If it has ended, the connection fails, even when its id belongs to another process now.
    type: path
    vars:
      - name: ansible_netns_holder
  directory:
    description: Directory of the named network namespaces.
    type: path
    default: /run/netns
    ini:
      - section: netns_connection
        key: directory
    env:
      - name: ANSIBLE_NETNS_DIRECTORY
    vars:
      - name: ansible_netns_directory
"""

EXAMPLES = r"""
# An inventory with one container's namespace and one simulated host
# all:
#   hosts:
#     api:
#       ansible_connection: netloom.container_net.netns
#     h1:
#       ansible_connection: netloom.container_net.netns
#       ansible_netns_holder: /home/me/.cache/container_net/lab/holders/h1.json

- name: Look at a container's network from inside
  hosts: api
  gather_facts: false
  tasks:
    - name: List its addresses
      ansible.builtin.command:
        argv: [ip, -brief, address]
      changed_when: false
"""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
from typing import IO, Any, Dict, Iterator, List, Optional, Tuple

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display

display = Display()

NS_GET_NSTYPE = 0xB703
CLONE_NEWNET = 0x40000000
BLOCK = "bs=65536"
# nsenter's word for each namespace a holder may offer; it enters the user namespace first by itself.
FLAGS = {"user": "--user", "net": "--net", "mnt": "--mount", "uts": "--uts"}


class Connection(ConnectionBase):
    """Enter namespaces on the controller."""

    transport = "netloom.container_net.netns"
    has_pipelining = True
    default_user = "root"

    def _connect(self) -> Connection:
        if not self._connected:
            display.vvv("ENTER NAMESPACE %s" % self._subject(), host=self._play_context.remote_addr)
            # What nsenter cannot enter must be an unreachable host, not a failed task.
            code, _output, error = self._run(["true"])
            if code != 0:
                reason = to_text(error).strip() or "nsenter ended with code %d" % code
                hint = "; entering it needs root or the user who made it" if "not permitted" in reason else ""
                raise AnsibleConnectionFailure("cannot enter %s: %s%s" % (self._subject(), reason, hint))
            self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: Optional[bytes] = None, sudoable: bool = True) -> Tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        display.vvv("EXEC %s" % to_text(cmd), host=self._play_context.remote_addr)
        return self._run(["/bin/sh", "-c", cmd], in_data=in_data)

    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        display.vvv("PUT %s TO %s" % (in_path, out_path), host=self._play_context.remote_addr)
        if not os.path.exists(to_bytes(in_path, errors="surrogate_or_strict")):
            raise AnsibleFileNotFound("file or module does not exist: %s" % in_path)
        with open(to_bytes(in_path, errors="surrogate_or_strict"), "rb") as source:
            code, _output, error = self._run(["dd", "of=" + out_path, BLOCK], stdin=source)
        if code != 0:
            raise AnsibleError("cannot write %s in %s: %s" % (out_path, self._subject(), to_text(error).strip()))

    def fetch_file(self, in_path: str, out_path: str) -> None:
        super().fetch_file(in_path, out_path)
        display.vvv("FETCH %s TO %s" % (in_path, out_path), host=self._play_context.remote_addr)
        with open(to_bytes(out_path, errors="surrogate_or_strict"), "wb") as target:
            code, _output, error = self._run(["dd", "if=" + in_path, BLOCK], stdout=target)
        if code != 0:
            raise AnsibleError("cannot read %s in %s: %s" % (in_path, self._subject(), to_text(error).strip()))

    def reset(self) -> None:
        self.close()

    def close(self) -> None:
        self._connected = False

    def _subject(self) -> str:
        namespace, holder = self.get_option("namespace"), self.get_option("holder")
        if holder:
            return "the simulated host of %s" % holder + (", namespace %s" % namespace if namespace else "")
        return "namespace %s" % (namespace or self._play_context.remote_addr)

    def _run(
        self, command: List[str], in_data: Optional[bytes] = None, stdin: Optional[IO[bytes]] = None, stdout: Optional[IO[bytes]] = None
    ) -> Tuple[int, bytes, bytes]:
        """Run a command inside; return its code, output and errors."""
        program = shutil.which("nsenter")
        if program is None:
            raise AnsibleConnectionFailure("the program nsenter (package util-linux) is not on the controller")
        with self._open_namespaces() as flags:
            process = subprocess.Popen(
                [to_bytes(word, errors="surrogate_or_strict") for word in [program, *flags, "--", *command]],
                cwd="/",
                # How the controller's user reached the controller says nothing about the host inside.
                env={name: value for name, value in os.environ.items() if name != "SSH_CONNECTION"},
                stdin=stdin or subprocess.PIPE,
                stdout=stdout or subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            output, error = process.communicate(in_data)
        return process.returncode, output or b"", error

    @contextlib.contextmanager
    def _open_namespaces(self) -> Iterator[List[str]]:
        """Hold the namespaces open and give nsenter's flags for them.

        nsenter opens them through this process's descriptors, so what was checked is what is entered,
        and the command inside inherits no descriptor of a namespace.
        """
        with contextlib.ExitStack() as stack:
            holder = self.get_option("holder")
            opened = self._open_holder(holder, stack) if holder else {}
            namespace = self.get_option("namespace") or ("" if holder else self._play_context.remote_addr)
            if namespace:
                root = "/proc/%d/root" % read_holder(holder)["pid"] if holder else ""
                opened["net"] = open_network(self._namespace_path(namespace), stack, root)
            if holder:
                verify_holder(holder)
            flags = ["%s=/proc/%d/fd/%d" % (FLAGS[kind], os.getpid(), fd) for kind, fd in opened.items()]
            yield (["--preserve-credentials"] if "user" in opened else []) + flags

    def _namespace_path(self, namespace: str) -> str:
        if namespace.startswith("/"):
            # /var/run is a symbolic link to /run, which inside another root would lead back to ours.
            return namespace[4:] if namespace.startswith("/var/run/") else namespace
        if "/" in namespace or namespace in (".", ".."):
            raise AnsibleConnectionFailure('namespace: got "%s": a namespace is a name without "/" or an absolute path' % namespace)
        return os.path.join(self.get_option("directory"), namespace)

    def _open_holder(self, path: str, stack: contextlib.ExitStack) -> Dict[str, int]:
        holder = read_holder(path)
        opened = {}
        for kind in FLAGS:
            if kind not in holder["namespaces"]:
                continue
            source = "/proc/%d/ns/%s" % (holder["pid"], kind)
            try:
                fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
            except PermissionError:
                raise AnsibleConnectionFailure("holder %s: no permission to enter process %d; it belongs to another user" % (path, holder["pid"])) from None
            except OSError:
                raise AnsibleConnectionFailure("holder %s: process %d has ended; raise the lab again" % (path, holder["pid"])) from None
            stack.callback(os.close, fd)
            # The kernel refuses to enter the user namespace one is in already.
            if kind != "user" or os.fstat(fd).st_ino != os.stat("/proc/self/ns/user").st_ino:
                opened[kind] = fd
        return opened


def open_network(path: str, stack: contextlib.ExitStack, root: str = "") -> int:
    """Open a network namespace file and make sure that it is one."""
    try:
        fd = os.open(root + path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise AnsibleConnectionFailure("namespace %s does not exist" % path) from None
    except OSError as error:
        raise AnsibleConnectionFailure("namespace %s cannot be opened: %s" % (path, error.strerror)) from None
    stack.callback(os.close, fd)
    try:
        is_network = os.fstat(fd).st_dev == os.stat("/proc/self/ns/net").st_dev and fcntl.ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET
    except OSError:
        is_network = False
    if not is_network:
        raise AnsibleConnectionFailure("%s is not a network namespace (a plain file may be left of one that is gone)" % path)
    return fd


def read_holder(path: str) -> Dict[str, Any]:
    """Read the record of a holder: process id, start time, boot, namespaces."""
    try:
        with open(path, encoding="utf-8") as file:
            holder = json.load(file)
        good = isinstance(holder["pid"], int) and isinstance(holder["start_time"], int) and isinstance(holder["boot_id"], str)
        good = good and isinstance(holder["namespaces"], list) and bool(holder["namespaces"]) and set(holder["namespaces"]) <= set(FLAGS)
    except FileNotFoundError:
        raise AnsibleConnectionFailure("holder %s does not exist; raise the lab first" % path) from None
    except OSError as error:
        raise AnsibleConnectionFailure("holder %s cannot be read: %s" % (path, error.strerror)) from None
    except (ValueError, KeyError, TypeError):
        good = False
    if not good:
        raise AnsibleConnectionFailure("holder %s is not a holder record (JSON with pid, start_time, boot_id and namespaces)" % path)
    return holder


def verify_holder(path: str) -> None:
    """Fail unless the recorded process is still the one that runs under its id."""
    holder = read_holder(path)
    try:
        with open("/proc/%d/stat" % holder["pid"], encoding="ascii", errors="replace") as file:
            # The command name may hold spaces and brackets; field 22 counts from behind it.
            start_time = int(file.read().rpartition(")")[2].split()[19])
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
    except OSError:
        start_time, boot = -1, ""
    if (start_time, boot) != (holder["start_time"], holder["boot_id"]):
        raise AnsibleConnectionFailure("holder %s: process %d has ended; raise the lab again" % (path, holder["pid"]))
