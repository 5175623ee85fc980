# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible sends is compiled once in a run of the tests: loaded by the Pythons of the tests, it keeps bytecode in the folder CONTAINER_NET_BYTECODE.

A module comes as an archive of sources, which Python compiles for each task anew: two fifths of what a small task asks of a processor. A host in real use
has a task now and then; the tests send the same files some thousand times. Without the folder nothing is kept, nor where it cannot be written.
"""

from __future__ import annotations

import os
import sys


def keep_bytecode(folder: str) -> None:
    """Let imports from archives take the bytecode of sources that were compiled before, and leave there what they compile."""
    import _imp
    import marshal
    import zipimport

    compile_source = zipimport._compile_source

    def compile_once(path, source, *module):
        inside = path.rpartition(".zip" + os.sep)[2].replace(os.sep, ".")
        kept = "%s/%s.%x.%s" % (folder, inside, int.from_bytes(_imp.source_hash(0, source), "little"), sys.implementation.cache_tag)
        try:
            with open(kept, "rb") as file:
                return marshal.load(file)
        except OSError:
            pass
        code = compile_source(path, source, *module)
        try:
            with open("%s.%d" % (kept, os.getpid()), "xb") as file:
                file.write(marshal.dumps(code))
            os.rename(file.name, kept)
        except OSError:
            pass
        return code

    compile_once.__wrapped__ = compile_source  # for tests that count what Python compiles
    zipimport._compile_source = compile_once


if os.environ.get("CONTAINER_NET_BYTECODE"):
    keep_bytecode(os.environ["CONTAINER_NET_BYTECODE"])
