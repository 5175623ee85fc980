# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible packs for a host is packed once in a run of the tests: it keeps the archives below the folder CONTAINER_NET_BYTECODE.

Ansible follows the imports of a module of ours, of which each name counts, for more than a second of a processor, and forgets the archive when the playbook
ends. Who really uses it packs once for all hosts of a play; the tests run some hundred plays on a few hosts each. The archives are told apart by the core
and by the time and size of each file they can be made of. Nothing is kept without the folder, nor for who may not write there.
"""

from __future__ import annotations

import os
import sys

from kept_bytecode import AfterImport

PACKER = "ansible.executor.module_common"


def state_of(paths):
    """Return a number that changes with any file of modules in these collections."""
    from hashlib import sha256

    found = sha256(sys.version.encode())
    for path in paths:
        root = os.path.join(path, "ansible_collections")
        names = [(one, other) for one in sorted(_listed(root)) for other in sorted(_listed(os.path.join(root, one)))]
        for one, other in names:
            plugins = os.path.realpath(os.path.join(root, one, other, "plugins"))
            for folder in ("modules", "module_utils"):
                for directory, folders, files in os.walk(os.path.join(plugins, folder)):
                    folders.sort()
                    for entry in (os.path.join(directory, file) for file in sorted(files) if file.endswith(".py")):
                        seen = os.stat(entry)
                        found.update(("%s %d %d\n" % (entry, seen.st_mtime_ns, seen.st_size)).encode())
    return found.hexdigest()[:16]


def _listed(folder):
    return os.listdir(folder) if os.path.isdir(folder) else ()


class Constants:
    """Ansible's constants as the packer sees them: the folder it keeps archives in outlives the playbook."""

    def __init__(self, real, kept):
        self._real = real
        self.DEFAULT_LOCAL_TMP = kept

    def __getattr__(self, name):
        return getattr(self._real, name)


def keep_archives(folder):
    """Tell the packer, when it is imported, where to keep what it packs, if this user may."""

    def use(packer):
        from ansible.release import __version__

        packer.C = Constants(packer.C, os.path.join(folder, "packed", __version__, state_of(packer.C.COLLECTIONS_PATHS)))

    if os.access(folder, os.W_OK | os.X_OK):
        sys.meta_path.insert(0, AfterImport(PACKER, use))


if os.environ.get("CONTAINER_NET_BYTECODE"):
    keep_archives(os.environ["CONTAINER_NET_BYTECODE"])
