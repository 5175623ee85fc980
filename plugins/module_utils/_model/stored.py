# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A scope's declaration as it is kept on the host, which brings its networks back without a controller."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional

from .objects import KernelObject

DIGEST_SHOWN = 12  # hexadecimal digits


@dataclass(frozen=True)
class Stored(KernelObject):
    """What is kept of one scope. Two are the same where their digests are."""

    IDENTITY = ("place", "scope")
    DESCRIPTIVE = frozenset(("options",))
    RANK = 11

    scope: str = ""
    declaration: str = ""  # the digest
    options: Mapping[str, Any] = field(default_factory=dict)  # of the module topology

    @property
    def label(self) -> str:
        return "stored declaration of scope %s" % self.scope

    @property
    def owner(self) -> Optional[str]:
        return self.scope


def stored(place: str, scope: str, options: Mapping[str, Any]) -> Stored:
    text = json.dumps(options, sort_keys=True, separators=(",", ":"))
    return Stored(place, scope, hashlib.sha256(text.encode("utf-8")).hexdigest()[:DIGEST_SHOWN], options)
