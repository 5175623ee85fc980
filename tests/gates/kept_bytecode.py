# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible loads is compiled once in a run of the tests: loaded by the Pythons of the tests, it keeps bytecode in the folder CONTAINER_NET_BYTECODE.

A module comes to a host as an archive of sources, which Python compiles for each task anew: two fifths of what a small task asks of a processor. On the
controller, Ansible's loader of collections does the same for each playbook. Who really uses it has a task now and then; the tests load the same files some
thousand times. Without the folder nothing is kept, nor where it cannot be written.
"""

from __future__ import annotations

import builtins
import os
import sys

COLLECTION_LOADER = "ansible.utils.collection_loader._collection_finder"


def compile_once(folder, inside, source, compile_source):
    """Return the bytecode that was kept of a source under the name of its file; else compile it, and leave the bytecode there."""
    import _imp
    import marshal

    kept = "%s/%s.%x.%s" % (folder, inside.replace(os.sep, "."), int.from_bytes(_imp.source_hash(0, source), "little"), sys.implementation.cache_tag)
    try:
        with open(kept, "rb") as file:
            return marshal.load(file)
    except OSError:
        pass
    code = compile_source()
    try:
        with open("%s.%d" % (kept, os.getpid()), "xb") as file:
            file.write(marshal.dumps(code))
        os.rename(file.name, kept)
    except OSError:
        pass
    return code


def keep_of_archives(folder):
    """Let imports from archives take what was kept."""
    import zipimport

    compile_source = zipimport._compile_source

    def compile_from_archive(path, source, *module):
        return compile_once(folder, path.rpartition(".zip" + os.sep)[2], source, lambda: compile_source(path, source, *module))

    compile_from_archive.__wrapped__ = compile_source  # for tests that count what Python compiles
    zipimport._compile_source = compile_from_archive


class AfterImport:
    """Does something to a module of Ansible, once, when it has been imported."""

    def __init__(self, name, act):
        self._name, self._act = name, act

    def find_spec(self, name, path=None, target=None):
        if name != self._name:
            return None
        from importlib.machinery import PathFinder

        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path)
        execute = spec.loader.exec_module

        def execute_and_act(module):
            execute(module)
            self._act(module)

        spec.loader.exec_module = execute_and_act
        return spec


def keep_of_collections(folder):
    """Let imports from collections take what was kept, from when Ansible's loader of collections is there."""

    def compile_of_collection(source, filename, mode, flags, dont_inherit):
        def compile_source():
            return builtins.compile(source, filename, mode, flags, dont_inherit)

        if not isinstance(source, bytes):
            return compile_source()
        return compile_once(folder, "controller." + filename.rpartition("ansible_collections" + os.sep)[2], source, compile_source)

    def use(loader):
        loader.compile = compile_of_collection

    sys.meta_path.insert(0, AfterImport(COLLECTION_LOADER, use))


def keep_bytecode(folder):
    """Keep what Python compiles of what Ansible sends, and of collections."""
    keep_of_archives(folder)
    keep_of_collections(folder)


if os.environ.get("CONTAINER_NET_BYTECODE"):
    keep_bytecode(os.environ["CONTAINER_NET_BYTECODE"])
