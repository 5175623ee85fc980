# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a simulated host sees of the machine's files: all of them, but it can write only on layers of its own.

The machine's files are mounted read-only, because whoever is root in a simulated host is root on the machine. Only /tmp is shared.
Package managers would have to write on the machine; each of them is replaced by a program that says so and fails.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
from typing import Iterator

from lab_process import MS_BIND, MS_NOATIME, MS_NODEV, MS_NODIRATIME, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC, MS_RELATIME, MS_REMOUNT, mount

CONFINED = MS_NOSUID | MS_NODEV
# Kernel file systems, each host's own /run, and what every program may write to.
STAY_WRITABLE = ("/dev", "/proc", "/run", "/sys", "/tmp")
KEPT_FLAGS = (
    (os.ST_NOSUID, MS_NOSUID),
    (os.ST_NODEV, MS_NODEV),
    (os.ST_NOEXEC, MS_NOEXEC),
    (os.ST_NOATIME, MS_NOATIME),
    (os.ST_NODIRATIME, MS_NODIRATIME),
    (os.ST_RELATIME, MS_RELATIME),
)
PROGRAM_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
PACKAGE_MANAGERS = (
    *("apt", "apt-get", "aptitude", "dpkg", "dnf", "dnf5", "microdnf", "yum", "tdnf", "rpm", "zypper", "transactional-update", "rpm-ostree"),
    *("pacman", "apk", "emerge", "xbps-install", "swupd", "opkg", "snap", "flatpak", "pip", "pip3", "pipx", "npm", "gem"),
)
REFUSAL = """#!/bin/sh
echo "${0##*/}: refused, this is a simulated host: it shares the files of the machine and cannot install anything there. \
Install on the machine itself, and set host_prepare_install to false" >&2
exit 1
"""


def furnish(in_user_namespace: bool) -> None:
    """Give a host its own /run, /etc, /var/lib, a /sys that shows its own network, and a read-only view of all else."""
    home_is_closed = os.path.isdir("/root") and not os.access("/root", os.W_OK | os.X_OK)
    mount("none", "/", "none", MS_REC | MS_PRIVATE)
    _protect_machine()
    mount("tmpfs", "/run", "tmpfs", CONFINED, "mode=0755")
    for directory, mode in (("netns", 0o755), ("lock", 0o755), ("ansible", 0o700), ("lab", 0o700)):
        os.mkdir("/run/" + directory, mode)
    for directory in ("/etc", "/var/lib"):
        _cover(directory, "/run/lab" + directory, in_user_namespace)
        own = directory + "/container_net"
        os.makedirs(own, 0o700, exist_ok=True)
        mount("tmpfs", own, "tmpfs", CONFINED, "mode=0700")
    _refuse_package_managers()
    if home_is_closed:
        mount("tmpfs", "/root", "tmpfs", CONFINED, "mode=0700")
    # A container may be refused a /sys of its own; nothing but other tools' facts depends on it.
    with contextlib.suppress(OSError):
        os.mkdir("/run/lab/cgroup")
        mount("/sys/fs/cgroup", "/run/lab/cgroup", "none", MS_BIND | MS_REC)
        mount("sysfs", "/sys", "sysfs", CONFINED)
        mount("/run/lab/cgroup", "/sys/fs/cgroup", "none", MS_BIND | MS_REC)


def _cover(directory: str, store: str, in_user_namespace: bool) -> None:
    """Lay a private writable layer over a directory, so that nothing is written on the machine itself."""
    upper, work = store + "/upper", store + "/work"
    os.makedirs(upper)
    os.makedirs(work)
    options = "lowerdir=%s,upperdir=%s,workdir=%s%s" % (directory, upper, work, ",userxattr" if in_user_namespace else "")
    try:
        mount("overlay", directory, "overlay", CONFINED, options)
    except OSError:
        _cover_with_links(directory, store + "/machine")


def _cover_with_links(directory: str, original: str) -> None:
    """Do without overlayfs, which a kernel may lack or refuse: a fresh directory of links into a read-only view."""
    os.makedirs(original)
    mount(directory, original, "none", MS_BIND | MS_REC)
    with contextlib.suppress(PermissionError):  # locked flags; then an ordinary user cannot write there anyway
        mount("none", original, "none", MS_REMOUNT | MS_BIND | MS_RDONLY)
    mount("tmpfs", directory, "tmpfs", CONFINED, "mode=0755")
    for entry in os.scandir(original):
        target = os.readlink(entry.path) if entry.is_symlink() else entry.path
        if entry.name != "container_net":
            os.symlink(target, os.path.join(directory, entry.name))


def _protect_machine() -> None:
    """Make every mount read-only that a program could change the machine by."""
    mount("/tmp", "/tmp", "none", MS_BIND | MS_REC)  # a mount of its own, so that it stays as it is
    points = [line.split(" ")[4] for line in pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()]
    for point in dict.fromkeys(points):
        path = point.encode().decode("unicode_escape").encode("latin-1").decode()  # mountinfo writes a space as \040
        if not any(path == folder or path.startswith(folder + "/") for folder in STAY_WRITABLE):
            _make_read_only(path)


def _make_read_only(path: str) -> None:
    try:
        flags = os.statvfs(path).f_flag
    except (FileNotFoundError, PermissionError):
        return  # behind another mount, or closed: nobody writes there
    if not flags & os.ST_RDONLY:
        kept = sum(flag for seen, flag in KEPT_FLAGS if flags & seen)
        mount("none", path, "none", MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def _refuse_package_managers() -> None:
    refusal = "/run/lab/refuse"
    pathlib.Path(refusal).write_text(REFUSAL, encoding="ascii")
    os.chmod(refusal, 0o755)
    for program in _package_managers():
        mount(refusal, program, "none", MS_BIND)


def _package_managers() -> Iterator[str]:
    """Find the files of the package managers, each once: /bin may be /usr/bin, and one program may have several names."""
    folders = dict.fromkeys((*os.environ.get("PATH", "").split(os.pathsep), *PROGRAM_FOLDERS))
    found = (os.path.join(folder, name) for folder in folders if os.path.isabs(folder) for name in PACKAGE_MANAGERS)
    return iter(dict.fromkeys(os.path.realpath(file) for file in found if os.path.isfile(file)))
