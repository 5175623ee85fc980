# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Whose an entry is on a link that nobody marked: the metric of a scope tells."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, Sequence

from .._model.mark import read_mark
from .._model.names import SCOPE_METRICS, scope_metric
from .._model.objects import Address, AddressDetails, KernelObject, Route, is_foreign
from .._model.place import HOST
from .._model.snapshot import Snapshot


def is_of_another(item: KernelObject, scope: str) -> bool:
    """Tell whether an entry on a link that nobody marked was made by another scope: it carries that scope's metric."""
    if isinstance(item, Address):
        return item.details.metric >= SCOPE_METRICS and item.details.metric != scope_metric(scope)
    return isinstance(item, Route) and item.place == HOST and item.metric != scope_metric(scope)


def sign_addresses(desired: Sequence[KernelObject], snapshot: Snapshot, scope: str) -> Iterator[KernelObject]:
    """Yield all objects; addresses on links that stand without a mark get the scope's metric."""
    for item in desired:
        if isinstance(item, Address) and not is_foreign(item):
            link = snapshot.link(item.place, item.device)
            if link is not None and read_mark(link.alias) is None:
                item = replace(item, details=AddressDetails(metric=scope_metric(scope)))
        yield item
