# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Debian guest under QEMU, entered by SSH. It writes to a copy of the image's disk that goes away with it."""

from __future__ import annotations

import shlex
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

from .cable import Cable
from .image import USER, Image

BOOT_TIMEOUT = 600.0
BROUGHT = "/opt/container_net"  # where a guest keeps what the tests need of the checkout
SPARE_PCI = "0000:00:12.0"
SSH_CONFIG = "ssh_config"  # in the folder of the fleet: `ssh -F ssh_config vm1`
CONNECTIONS = Path("/run/container_net_vm")  # that are kept open, in this namespace's own /run: a longer path does not fit a socket
# To agree upon keys takes an emulated processor a second: a connection is kept, and what costs most of it left out.
SSH_SETTINGS = """\
Host %(name)s
  HostName 127.0.0.1
  Port %(port)d
  User %(user)s
  IdentityFile %(key)s
  IdentitiesOnly yes
  UserKnownHostsFile %(known)s
  HostKeyAlias container-net-guest
  StrictHostKeyChecking yes
  BatchMode yes
  ConnectTimeout 10
  KexAlgorithms curve25519-sha256
  ControlMaster auto
  ControlPath %(connections)s/own-%(name)s
  ControlPersist 600
  ServerAliveInterval 10
  LogLevel ERROR
"""


def hang_up() -> None:
    """End the connections that are kept open: one that was cut takes its time to notice."""
    for path in CONNECTIONS.iterdir():
        subprocess.run(["ssh", "-o", "ControlPath=%s" % path, "-O", "exit", "nobody"], capture_output=True, timeout=10, check=False)


class Machine:
    """The guest number 1 or 2: eth0 leads to this process by SSH, eth1 and eth2 to cables."""

    def __init__(self, number: int, image: Image, folder: Path, underlay: Cable, spare: Cable) -> None:
        self.number = number
        self.name = "vm%d" % number
        self.port = 2200 + number
        self.underlay_address = "198.51.100.1%d" % number
        self.spare_mac = "52:54:00:00:02:0%d" % number
        self._image = image
        self._folder = folder
        self._cables = (underlay, spare)
        self._process: Optional[subprocess.Popen[bytes]] = None
        self.console = folder / ("%s.console" % self.name)

    def start(self) -> None:
        """Switch the guest on; `wait` waits for it."""
        known = self._folder / "known_hosts"
        known.write_text("container-net-guest %s\n" % self._image.host_key, encoding="ascii")
        CONNECTIONS.mkdir(mode=0o700, exist_ok=True)
        settings = {"name": self.name, "port": self.port, "user": USER, "key": self._image.key, "known": known, "connections": CONNECTIONS}
        with open(self._folder / SSH_CONFIG, "a", encoding="ascii") as config:
            config.write(SSH_SETTINGS % settings)
        with open(self._folder / ("%s.qemu" % self.name), "wb") as output:
            # It ends with this process, whatever ends this process.
            command = ["setpriv", "--pdeathsig", "KILL", *self._command()]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=self._folder)

    def wait(self) -> None:
        """Wait until the guest is booted."""
        deadline = time.monotonic() + BOOT_TIMEOUT
        while True:
            if self._process is not None and self._process.poll() is not None:
                raise AssertionError("%s is off: %s" % (self.name, (self._folder / ("%s.qemu" % self.name)).read_text(encoding="utf-8")))
            try:
                state = self.ssh("sudo systemctl is-system-running --wait", timeout=30.0, anew=True)
                if state.returncode != 255:
                    assert state.stdout.strip() == "running", "%s: %s" % (state.stdout, self.ssh("sudo systemctl --failed").stdout)
                    return
            except subprocess.TimeoutExpired:
                state = None
            if time.monotonic() > deadline:
                raise AssertionError("%s does not answer: %s\n%s" % (self.name, state and state.stderr, self.console.read_text(errors="replace")[-2000:]))
            time.sleep(0.5)

    def stop(self) -> None:
        """Switch the guest off."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def reboot(self) -> None:
        """Boot the guest anew, and wait for it."""
        before = self.run("cat /proc/sys/kernel/random/boot_id")
        self.ssh("sudo systemctl --no-block reboot", anew=True)
        hang_up()
        deadline = time.monotonic() + BOOT_TIMEOUT
        while time.monotonic() < deadline:
            try:
                now = self.ssh("cat /proc/sys/kernel/random/boot_id", timeout=10, anew=True)
            except subprocess.TimeoutExpired:
                continue
            if now.returncode == 0 and now.stdout != before:
                self.wait()
                return
            time.sleep(1)
        raise AssertionError("%s did not come back" % self.name)

    def await_ssh(self, timeout: float) -> None:
        """Wait until a new connection is possible."""
        deadline = time.monotonic() + timeout
        while self.ssh("true", anew=True).returncode:
            assert time.monotonic() < deadline, "%s does not answer" % self.name
            time.sleep(1)

    def run(self, script: str, *, stdin: Optional[bytes] = None, timeout: float = 60.0) -> str:
        """Run a shell script as root; it must succeed."""
        done = self.ssh("sudo sh -euc %s" % shlex.quote(script), stdin=stdin, timeout=timeout)
        assert done.returncode == 0, "%s: %s\n%s%s" % (self.name, script, done.stdout, done.stderr)
        return done.stdout

    def pings(self, space: str, *addresses: str) -> bool:
        """Tell whether a named namespace gets an answer from each of the addresses."""
        return self.answering(space, *addresses) == set(addresses)

    def answering(self, space: str, *addresses: str) -> set[str]:
        """Return those of the addresses that a named namespace gets answers from, asked at the same time."""
        asked = " ".join("(ping -q -c 3 -i 0.3 -W 3 %s >/dev/null && echo %s) &" % (address, address) for address in addresses)
        return set(self.run("ip netns exec %s sh -c %s" % (space, shlex.quote(asked + " wait"))).split())

    @contextmanager
    def streaming(self, client: str, server: str, address: str) -> Iterator[None]:
        """Keep one TCP connection between two named namespaces busy while the block runs; it must not break."""
        script = (
            "import sys; sys.path.insert(0, '%s/tests/functional'); from harness.traffic import Stream; "
            "stream = Stream(*sys.argv[1:]); print('up', flush=True); sys.stdin.read(); print(*stream.finish())" % BROUGHT
        )
        command = "sudo python3 -c %s %s" % (shlex.quote(script), shlex.join((client, server, address)))
        words = ["ssh", "-F", str(self._folder / SSH_CONFIG), self.name, command]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            assert first == "up\n", first + process.stdout.read()
            yield
            said = process.communicate("", timeout=60)[0]
        assert process.returncode == 0, said
        beats, longest = said.split()
        assert int(beats) > 20, said
        print("%s beats, the longest took %s s" % (beats, longest))

    def ssh(self, command: str, *, stdin: Optional[bytes] = None, timeout: float = 60.0, anew: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command as the ordinary user, over a connection of its own if it is to be made anew."""
        words = ["ssh", "-F", str(self._folder / SSH_CONFIG), *(("-o", "ControlPath=none") if anew else ()), self.name, command]
        done = subprocess.run(words, input=stdin if stdin is not None else b"", capture_output=True, timeout=timeout, check=False)
        return subprocess.CompletedProcess(words, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def _command(self) -> list[str]:
        # The emulator keeps what it translated by address: with those of every process drawn anew, it translates every program again (norandmaps).
        quick = "norandmaps mitigations=off init_on_alloc=0"
        parameters = "root=/dev/vda rw console=ttyS0 loglevel=4 net.ifnames=0 systemd.hostname=%s systemd.machine_id=%032d " + quick
        # Emulated, for it is the same everywhere: where this machine is a guest itself, a guest of its /dev/kvm may never boot.
        return [
            *("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-accel", "tcg", "-smp", "1", "-m", "768"),
            *("-kernel", str(self._image.kernel), "-initrd", str(self._image.initrd), "-append", parameters % (self.name, self.number)),
            *("-drive", "file=%s,format=raw,if=virtio,snapshot=on" % self._image.disk),
            *("-device", "virtio-rng-pci", "-serial", "file:%s" % self.console),
            # Nothing leaves by this one: an SSH connection comes in, and that is all.
            *("-netdev", "user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:%d-:22" % self.port),
            *self._nic(0, "0x10"),
            *("-netdev", self._cables[0].netdev("n1", self.number)),
            *self._nic(1, "0x11"),
            *("-netdev", self._cables[1].netdev("n2", self.number)),
            *self._nic(2, SPARE_PCI[8:10]),
        ]

    def _nic(self, index: int, slot: str) -> list[str]:
        mac = "52:54:00:00:%02x:%02x" % (index, self.number)
        return ["-device", "virtio-net-pci,netdev=n%d,mac=%s,addr=0x%x" % (index, mac, int(slot, 16))]
