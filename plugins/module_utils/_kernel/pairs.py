# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Which two ends of pairs belong together. An end only says the number of its peer, and numbers repeat between namespaces."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from .._model.mark import UNFINISHED
from .parse import RawLink

End = Tuple[str, str]  # place, link name
IsBeyond = Callable[[str, int, str], bool]  # (place, number, other place): does the place know the other by this number?


def find_peers(raw: Mapping[str, Sequence[RawLink]], is_beyond: IsBeyond) -> Iterator[Tuple[End, Optional[End]]]:
    """Yield each end with its peer, or with None where the peer's place was not read."""
    ends: Dict[Tuple[int, int], List[RawLink]] = {}
    for links in raw.values():
        for found in links:
            if found.link.nature.is_end:
                ends.setdefault((found.number, found.peer_index), []).append(found)
    for numbers, group in ends.items():
        mirrored = ends.get(numbers[::-1], ())
        for end in group:
            peer = _find_peer(end, [other for other in mirrored if _is_possible(end, other)], is_beyond)
            yield (end.link.place, end.link.name), (peer.link.place, peer.link.name) if peer else None


def _is_possible(end: RawLink, other: RawLink) -> bool:
    if end.elsewhere is None or other.elsewhere is None:
        return end.elsewhere is other.elsewhere and end.link.place == other.link.place and end is not other
    return end.link.place != other.link.place


def _find_peer(end: RawLink, candidates: Sequence[RawLink], is_beyond: IsBeyond) -> Optional[RawLink]:
    """Both ends of a pair of ours carry the same mark, which saves asking the kernel."""
    marked = [other for other in candidates if end.link.alias and other.link.alias == end.link.alias != UNFINISHED]
    if len(marked) == 1:
        return marked[0]
    for other in candidates:
        if end.elsewhere is None or is_beyond(end.link.place, end.elsewhere, other.link.place):
            return other
    return None
