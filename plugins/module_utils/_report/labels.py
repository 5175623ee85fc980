# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What its author calls a thing, beside what stands: the kernel keeps no labels, so only a declaration tells them."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Sequence, Union

from .._model.document import Endpoint
from .._model.network import Network


def add_labels(rows: Iterable[Dict[str, Any]], declared: Sequence[Union[Network, Endpoint]], scope: str) -> None:
    """Give each row of a scope its labels, none to what is not declared."""
    labels = {item.name: dict(item.labels) for item in declared}
    for row in rows:
        if row["scope"] == scope:
            row["labels"] = labels.get(row["name"], {})
