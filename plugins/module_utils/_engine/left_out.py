# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a host cannot have, left out of a declaration where the user asks for that."""

from __future__ import annotations

from types import MappingProxyType
from typing import Collection, Dict, FrozenSet, List, Mapping, Sequence

from .._document.leave_out import LINKS, NETWORKS, Item, leave_out, needed_features
from .._kinds.table import name_feature
from .._model.document import Document
from .._model.errors import EnvironmentUnfit
from .._model.features import features_of
from .._model.link import Link
from .._model.mark import LINK_ROLE, read_mark
from .._model.snapshot import Facts
from .._plan.step import DELETE, Step
from .parts import find_lacking
from .support import describe_link


class LeftOut:
    """The part of a declaration that a host cannot have, for one run: what this kernel lacks, and what there are other `reasons` for."""

    def __init__(self, reasons: Mapping[Item, str] = MappingProxyType({}), unknown: Collection[str] = ()) -> None:
        """`unknown` are endpoints that may well run: what stands of them stays."""
        self.warnings: List[str] = []
        self._reasons = reasons
        self._unknown = unknown
        self.left: Mapping[Item, str] = {}  # with the reason for each
        self._known: Dict[str, bool] = {}

    def reduce(self, document: Document, facts: Facts, timeout: float = 10.0) -> Document:
        """Return the declaration without what there is a reason for, and the networks and links that need what this kernel lacks."""
        needs = needed_features(document, facts)
        lacking = self._find_lacking(frozenset().union(*needs.values()) - features_of(facts.links.values()), timeout)
        faults = {item: sorted(features & lacking) for item, features in needs.items() if features & lacking}
        reasons = {item: "this kernel has no %s" % " and no ".join(map(name_feature, features)) for item, features in faults.items()}
        self.left = {**reasons, **self._reasons}
        rest, taken = leave_out(document, self.left.keys())
        self.warnings = ["%s[%s] is left out: %s" % (*item, reason) for item, reason in self.left.items()]
        self.warnings += ["%s is left out with what it needs" % path for path in taken]
        return rest

    def _find_lacking(self, features: FrozenSet[str], timeout: float) -> FrozenSet[str]:
        unknown = features - self._known.keys()
        if unknown:
            lacking = find_lacking(unknown, timeout)
            self._known.update({feature: feature in lacking for feature in unknown})
        return frozenset(feature for feature in features if self._known[feature])

    def refuse_losses(self, steps: Sequence[Step]) -> None:
        """Stop where leaving a network out would take away what stands of it."""
        for step in steps if self.left else ():
            if step.action != DELETE or not isinstance(step.current, Link):
                continue
            mark = read_mark(step.current.alias)
            if mark is None:
                continue
            if mark.endpoint in self._unknown or (LINKS if mark.role == LINK_ROLE else NETWORKS, mark.network) in self.left:
                words = "nothing was changed: %s stands and would go with what is left out; take that out of the declaration:\n%s"
                raise EnvironmentUnfit(words % (describe_link(step.current), "\n".join("- " + line for line in self.warnings)))
