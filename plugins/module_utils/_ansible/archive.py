# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The archive in which Ansible sends a module with its files, as something to import from."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from zipimport import zipimporter


class Archive(zipimporter):
    """Python's own importer compiles each file twice, the first time only to say where it stands."""

    def get_filename(self, fullname: str) -> str:
        end = os.sep + "__init__.py" if self.is_package(fullname) else ".py"
        return os.path.join(self.archive, self.prefix + fullname.rpartition(".")[2] + end)


if isinstance(__spec__.loader, zipimporter):
    sys.path_hooks.insert(0, Archive)
    # What is loaded stays, and a run pauses the collector anyway; at its end Python would look through all of it twice.
    gc.disable()
    atexit.register(gc.freeze)
