# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from typing import Dict, Iterable, Mapping

from ...module_utils._model.names import derive_seed

# Small numbers are what people choose by hand.
FIRST_VNI = 4096
LAST_VNI = 16777215


def allocate_vnis(names: Iterable[str], *, scope: str, explicit: Mapping[str, int], recorded: Mapping[str, int]) -> Dict[str, int]:
    """Return a VNI for every network name: explicit, else recorded where still free, else from a hash of (scope, name)."""
    chosen = dict(explicit)
    taken = set(explicit.values())
    waiting = []
    for name in sorted(set(names) - set(explicit)):
        if name in recorded and recorded[name] not in taken:
            chosen[name] = recorded[name]
            taken.add(recorded[name])
        else:
            waiting.append(name)
    span = LAST_VNI - FIRST_VNI + 1
    for name in waiting:
        offset = derive_seed(scope, name) % span
        while FIRST_VNI + offset in taken:
            offset = (offset + 1) % span
        chosen[name] = FIRST_VNI + offset
        taken.add(FIRST_VNI + offset)
    return chosen
