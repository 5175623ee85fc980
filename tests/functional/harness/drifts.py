# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody changes by hand: check names exactly that, apply repairs exactly that, many drifts in one run where none touches another's things."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, Sequence, Set, Tuple, Union

from harness.engine import Declaration, apply_as_told, assert_settled
from harness.host import Space, sh
from harness.snapshot import differences, take_snapshot

# What is done, as a script or a function, and every step that must follow, in any order. A `*` stands for anything.
Drift = Tuple[Union[str, Callable[[], None]], Sequence[str]]
# Of what, which value of it (none where it is there as a whole), and what was done to it: "delete", "change" or "duplicate".
Mutation = Tuple[str, str, str]
_DONE = {"+": "delete", "-": "duplicate"}


def mutations_of(drift: Drift) -> Iterator[Mutation]:
    """Yield what was done, which the steps that mend it tell: a deletion is made good, what is there twice goes."""
    for step in drift[1]:
        label, _colon, changes = step[2:].partition(": ")
        thing = _name_thing(label)
        if step[0] != "~":
            yield thing, "", _DONE[step[0]]
        for change in changes.split(", ") if changes else ():
            yield thing, change.split()[0].rstrip("*"), "delete" if " none →" in change else "change"


def _name_thing(label: str) -> str:
    """Return what a label is of: a kind of link or entry, a setting by its path, a chain or jump by its name, of whichever family."""
    words = label.split()
    if words[0] == "sysctl":
        return "sysctl " + words[1]
    if words[0] in ("iptables", "ip6tables"):
        return " ".join(words[1:3]) + (" " + words[-3 if words[-2] == "in" else -1] if words[1] == "jump" else "")
    return words[1] if words[1:2] == ["limit"] else words[0]


def matches(line: str, pattern: str) -> bool:
    head, star, tail = pattern.partition("*")
    return line == pattern if not star else line.startswith(head) and line.endswith(tail) and len(line) >= len(head) + len(tail)


def unexpected(planned: Sequence[str], patterns: Sequence[str]) -> List[str]:
    """Return what was expected and is missing, and what is there and was not."""
    left = list(planned)
    found = []
    for pattern in patterns:
        hit = next((line for line in left if matches(line, pattern)), None)
        if hit is None:
            found.append("missing: " + pattern)
        else:
            left.remove(hit)
    return found + ["unexpected: " + line for line in left]


def assert_mended(declaration: Declaration, drifts: Dict[str, Drift], *, space: Space = "", clean: str = "true") -> None:
    """Let drifts happen where the declaration stands; each repair must lead back to the same snapshot, once `clean` has taken away what is not ours."""
    base = take_snapshot()
    for names in _groups(drifts):
        for name in names:
            what = drifts[name][0]
            if isinstance(what, str):
                sh(what, space)
            else:
                what()
        complaints = unexpected(apply_as_told(declaration), [pattern for name in names for pattern in drifts[name][1]])
        assert not complaints, "%s:\n%s" % (", ".join(names), "\n".join(complaints))
        sh(clean, space)
        left = differences(base, take_snapshot())
        assert left == "", "%s: left behind:\n%s" % (", ".join(names), left)
    assert_settled(declaration)  # what any of them had left would be a step that the next ones did not expect


def _groups(drifts: Dict[str, Drift]) -> List[List[str]]:
    """Put drifts together as long as none needs a step on what another one needs a step on."""
    groups: List[Tuple[List[str], Set[str]]] = []
    for name, (_what, patterns) in drifts.items():
        things = {pattern[2:].partition(": ")[0] for pattern in patterns}
        group = next((group for group in groups if not group[1] & things), None)
        if group is None:
            group = ([], set())
            groups.append(group)
        group[0].append(name)
        group[1].update(things)
    return [names for names, _things in groups]
