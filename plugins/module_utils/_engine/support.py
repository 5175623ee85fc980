# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What this kernel lacks is refused before anything is changed."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from .._kinds.table import name_feature
from .._model.amount import Duration, Rate, Size
from .._model.errors import EnvironmentUnfit
from .._model.features import features_of
from .._model.link import Link
from .._model.mark import LINK_ROLE, read_mark
from .._model.objects import KernelObject, Limit, Netem
from .._model.snapshot import Snapshot
from .._plan.step import Step
from .parts import find_lacking, lacks_limit

FIX = "load it, install the package that has it (linux-modules-extra-RELEASE on Ubuntu, kernel-modules-extra on Fedora and RHEL), or use another kernel"
SHOWN = 3
# What a limit consists of -> the field that says whether it does, and the least of it.
DISCIPLINES = {
    "token buckets (CONFIG_NET_SCH_TBF, module sch_tbf)": ("rate", Limit("", "lo", Rate(10**6), Size(2**16), Size(2**16))),
    "netem (CONFIG_NET_SCH_NETEM, module sch_netem)": ("netem", Limit("", "lo", Rate(0), netem=Netem(delay=Duration(1000), waiting=1))),
}


def refuse_unsupported(steps: Sequence[Step], snapshot: Snapshot, timeout: float) -> None:
    """Stop before anything is changed where a link would be made that this kernel has no idea of."""
    needed: Dict[str, List[Link]] = {}
    for step in steps:
        feature = step.desired.nature.feature if isinstance(step.desired, Link) else None
        if feature is not None and isinstance(step.desired, Link):
            needed.setdefault(feature, []).append(step.desired)
    asked = needed.keys() - features_of(snapshot.links()) if needed else ()
    lacking = find_lacking(asked, timeout) if asked else frozenset()
    lines = ["this kernel has no %s, needed for %s; %s" % (name_feature(feature), _list(needed[feature]), FIX) for feature in sorted(lacking)]
    lines += _lacking_disciplines([(step.desired, step.current) for step in steps if isinstance(step.desired, Limit)], timeout)
    if lines:
        raise EnvironmentUnfit("nothing was changed:\n%s" % "\n".join("- " + line for line in lines))


def _lacking_disciplines(limits: Sequence[Tuple[Limit, Optional[KernelObject]]], timeout: float) -> Iterator[str]:
    for name, (field, sample) in DISCIPLINES.items() if limits else ():
        new = [limit.label for limit, current in limits if getattr(limit, field) and not getattr(current, field, None)]
        if new and lacks_limit(sample, timeout):
            yield "this kernel has no %s, needed for %s; %s" % (name, _shorten(new), FIX)


def _list(links: Sequence[Link]) -> str:
    return _shorten([describe_link(link) for link in links])


def _shorten(words: Sequence[str]) -> str:
    more = len(words) - SHOWN
    return "%s%s" % (", ".join(words[:SHOWN]), " and %d more" % more if more > 0 else "")


def describe_link(link: Link) -> str:
    """Return the words for a link and what of the declaration needs it."""
    mark = read_mark(link.alias)
    if mark is None or not mark.network:
        return link.label
    return '%s (%s "%s")' % (link.label, "link" if mark.role == LINK_ROLE else "network", mark.network)
