# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Which parts of the input already have a problem, so that no second one is reported that only follows from the first."""

from __future__ import annotations

from typing import FrozenSet, Iterable, Set

from .._model.errors import Problem


def _prefixes(path: str) -> Iterable[str]:
    inside = False
    for position, character in enumerate(path):
        if character == "[":
            inside = True
            yield path[:position]
        elif character == "]":
            inside = False
        elif character == "." and not inside:
            yield path[:position]
    yield path


def troubled_paths(problems: Iterable[Problem]) -> FrozenSet[str]:
    """Return the path of every problem and of everything that contains it."""
    paths: Set[str] = set()
    for problem in problems:
        paths.update(_prefixes(problem.path))
        if problem.meant:
            paths.update(_prefixes(problem.meant))
    return frozenset(paths)


def troubled_names(problems: Iterable[Problem]) -> FrozenSet[str]:
    """Return the names of the top-level entries that have a problem."""
    found = list(problems)
    names = {problem.path.partition("[")[2].partition("]")[0] for problem in found}
    # An entry whose name stands under a mistyped key has that name all the same.
    return frozenset(names | {str(problem.value) for problem in found if problem.meant.endswith("].name") and isinstance(problem.value, str)})
