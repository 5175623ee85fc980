# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass

from .._model.kind import LinkKind


@dataclass(frozen=True)
class Dummy(LinkKind):
    """A link without a wire."""

    kind = "dummy"
    module = "dummy"
