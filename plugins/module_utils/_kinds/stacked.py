# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What those kinds have in common that cannot be without a lower link."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Optional, TypeVar

from .._model.kind import LinkKind

Kind = TypeVar("Kind", bound="Stacked")


@dataclass(frozen=True)
class Stacked(LinkKind):
    """A link on a lower one, which may live in another place than itself. Each has the fields `lower` and `lower_place`."""

    order = 5
    stands = True

    def standing_on(self: Kind, lower: Optional[str], place: Optional[str]) -> Kind:
        below: Dict[str, Any] = {"lower": lower, "lower_place": place}
        return replace(self, **below)
