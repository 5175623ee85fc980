# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m guests.image`: build the disk of a Debian guest, unless it is there, and print its folder. Needs root, debootstrap, a Debian mirror."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .debian import CANNOT, CannotBuild, bootstrap, find_mirror, require_debian

CHECKOUT = Path(__file__).resolve().parents[3]
KEPT_BYTECODE = CHECKOUT / "tests" / "gates" / "kept_bytecode.py"
DESCRIPTION = (Path(__file__), Path(__file__).with_name("debian.py"), KEPT_BYTECODE)
USER = "deploy"
PYTHON_PATH = "usr/lib/python3/dist-packages"
PACKAGES = (
    # the machine
    *("linux-image-cloud-amd64", "initramfs-tools", "systemd", "systemd-sysv", "udev", "kmod", "procps", "openssh-server", "sudo"),
    # what host_prepare would install: there is no mirror behind a guest
    *("python3", "python3-apt", "python3-pyroute2", "iproute2", "iptables", "nftables"),
    # for the tests: snapshots, packets, a container of systemd
    *("python3-pytest", "iputils-ping", "dbus", "systemd-container"),
    # engines, for their containers over a restart; netavark, for debootstrap finds nothing that several packages provide
    *("busybox-static", "docker.io", "podman", "crun", "netavark"),
)
ENGINE_UNITS = ("docker.service", "docker.socket", "containerd.service", "podman.service", "podman.socket", "podman-restart.service")
# Written before the packages come, so that they are unpacked and configured faster.
EARLY_FILES = {
    "etc/dpkg/dpkg.cfg.d/fast": "force-unsafe-io\n" + "".join("path-exclude /usr/share/%s/*\n" % name for name in ("doc", "man", "locale", "info")),
    "etc/initramfs-tools/conf.d/modules": "MODULES=list\n",
}
# That of Debian does more than a guest needs, and takes an emulated processor ten seconds at every boot.
INITRAMFS = """\
mkdir -p /boot/first/dev /boot/first/disk
cd /boot/first
cp /bin/busybox .
modprobe --all --set-version "$(ls /lib/modules)" --show-depends virtio_pci virtio_blk ext4 | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >needed
while read -r module; do
  cp "$module" .
  echo "/busybox insmod /${module##*/}"
done <needed >modules
cat >init <<'END'
#!/busybox sh
/busybox mount -t devtmpfs devtmpfs /dev
. /modules
until [ -b /dev/vda ]; do /busybox sleep 0.1; done
/busybox mount -t ext4 /dev/vda /disk
exec /busybox switch_root /disk /sbin/init
END
chmod 755 init
find . | cpio --quiet -o -H newc >/boot/first.img
"""
FILES = {
    "etc/fstab": "/dev/vda / ext4 defaults 0 0\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 vm1 vm2\n",
    "etc/sudoers.d/deploy": "%s ALL=(ALL) NOPASSWD: ALL\n" % USER,
    PYTHON_PATH + "/kept_bytecode.py": KEPT_BYTECODE.read_text(encoding="utf-8"),
    PYTHON_PATH + "/kept_bytecode.pth": "import kept_bytecode; kept_bytecode.keep_bytecode('/var/cache/kept_bytecode')\n",
    "var/cache/kept_bytecode/README": "See kept_bytecode.py.\n",
    "etc/systemd/network/10-management.network": "[Match]\nName=eth0\n\n[Network]\nAddress=10.0.2.15/24\nIPv6AcceptRA=no\n",
}
UNDERLAY = """\
[Match]
Name=eth1
Host=vm%(number)d

[Network]
Address=198.51.100.1%(number)d/24
Gateway=198.51.100.1
Address=2001:db8:51::1%(number)d/64
IPv6AcceptRA=no
"""


@dataclass(frozen=True)
class Image:
    """A built image: one disk for every guest, booted with its kernel, entered with its key."""

    folder: Path

    @property
    def disk(self) -> Path:
        return self.folder / "disk.img"

    @property
    def kernel(self) -> Path:
        return self.folder / "vmlinuz"

    @property
    def initrd(self) -> Path:
        return self.folder / "initrd.img"

    @property
    def key(self) -> Path:
        return self.folder / "key"

    @property
    def host_key(self) -> str:
        """The public host key that every guest shows."""
        return " ".join((self.folder / "host_key.pub").read_text(encoding="ascii").split()[:2])


def built_image() -> Image:
    """The image these files describe, there or not: another description has another folder."""
    cache = Path(os.environ.get("CONTAINER_NET_VM_CACHE") or CHECKOUT / "build" / "vm")
    return Image(cache / hashlib.sha256(b"".join(path.read_bytes() for path in DESCRIPTION)).hexdigest()[:12])


def ensure_image() -> Image:
    """Build the image if it is not there."""
    image = built_image()
    image.folder.parent.mkdir(parents=True, exist_ok=True)
    with open(image.folder.parent / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for unfinished in image.folder.parent.glob("part-*"):
            shutil.rmtree(unfinished)
        if not image.folder.exists():
            _build(image.folder)
    return image


def _build(folder: Path) -> None:
    mirror = find_mirror()
    _require(mirror)
    print("building a Debian guest with debootstrap", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="part-", dir=folder.parent) as made:
        part, root = Path(made) / "image", Path(made) / "root"
        part.mkdir()
        _write(root, EARLY_FILES)
        bootstrap(root, PACKAGES, mirror, folder.parent / "debootstrap.log")
        _configure(root, part)
        _must("mke2fs", "-q", "-t", "ext4", "-d", str(root), str(part / "disk.img"), "2G")
        part.rename(folder)


def _require(mirror: str) -> None:
    for tool in ("mke2fs", "ssh-keygen"):
        if not shutil.which(tool):
            raise CannotBuild("there is no %s" % tool)
    require_debian(mirror)


def _configure(root: Path, part: Path) -> None:
    _write(root, FILES)
    _write(root, {"etc/systemd/network/20-underlay-vm%d.network" % number: UNDERLAY % {"number": number} for number in (1, 2)})
    _inside(root, "useradd", "--create-home", "--shell", "/bin/bash", USER)
    _inside(root, "systemctl", "enable", "systemd-networkd.service")
    # Who tests them starts them.
    _inside(root, "systemctl", "disable", *ENGINE_UNITS, "podman-auto-update.timer", "podman-auto-update.service")
    # Nothing of it is tested, and each costs seconds of an emulated processor at every boot.
    _inside(root, "systemctl", "mask", "systemd-networkd-wait-online.service", "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer")
    _inside(root, "systemctl", "mask", "e2scrub_all.timer", "e2scrub_reap.service", "getty-static.service", "getty@tty1.service", "dev-hugepages.mount")
    _inside(root, "systemctl", "mask", "dbus.socket", "dbus.service", "machines.target", "systemd-logind.service")
    _inside(root, "systemctl", "mask", "systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount", "kmod-static-nodes.service", "dev-mqueue.mount")
    _inside(root, "systemctl", "mask", "systemd-update-utmp.service", "systemd-update-utmp-runlevel.service", "systemd-network-generator.service")
    _inside(root, "systemctl", "mask", "systemd-sysusers.service", "systemd-journal-flush.service", "serial-getty@ttyS0.service")
    _inside(root, "systemctl", "mask", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-kernel-config.mount", "modprobe@configfs.service")
    _inside(root, "systemctl", "mask", "modprobe@dm_mod.service", "modprobe@loop.service", "modprobe@fuse.service", "modprobe@efi_pstore.service")
    _must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "the tests of netloom.container_net", "-f", str(part / "key"))
    authorized = root / "home" / USER / ".ssh" / "authorized_keys"
    _write(root, {str(authorized.relative_to(root)): (part / "key.pub").read_text(encoding="ascii")})
    _inside(root, "chown", "-R", "%s:%s" % (USER, USER), "/home/%s/.ssh" % USER)
    shutil.copy(root / "etc/ssh/ssh_host_ed25519_key.pub", part / "host_key.pub")
    (kernel,) = (root / "boot").glob("vmlinuz-*")
    shutil.copy(kernel, part / "vmlinuz")
    _inside(root, "sh", "-euc", INITRAMFS)
    shutil.copy(root / "boot/first.img", part / "initrd.img")
    for useless in (root / "var/cache/apt/archives").glob("*.deb"):
        useless.unlink()


def _write(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def _inside(root: Path, *command: str) -> None:
    _must("chroot", str(root), "/usr/bin/env", "LC_ALL=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *command)


def _must(*command: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    if done.returncode:
        sys.exit("%s:\n%s" % (" ".join(command), done.stdout))


if __name__ == "__main__":
    try:
        print(ensure_image().folder)
    except CannotBuild as reason:
        print(reason)
        sys.exit(CANNOT)
