# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Readers that know what they read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Generic, List, Optional, Tuple, TypeVar

from .._model.errors import Problem

if TYPE_CHECKING:
    from .schema import Schema

T = TypeVar("T")
V_co = TypeVar("V_co", covariant=True)
Problems = List[Problem]


@dataclass(frozen=True, eq=False)
class Shape:
    """What values look like. A reader may refuse more than this says, but never takes what this does not cover."""

    type: str  # Ansible's word: str, int, bool, list, dict, or raw where there are several
    choices: Tuple[str, ...] = ()
    low: Optional[int] = None
    high: Optional[int] = None
    what: str = ""  # for people, of text: "an IP address"
    pattern: str = ""  # of the whole text, as both Python and ECMAScript read it
    elements: Optional[Shape] = None  # of a list
    values: Optional[Shape] = None  # of a map with keys of the user's own
    names: str = ""  # the pattern of such keys
    schema: Optional[Schema] = None  # of a map with known keys
    either: Tuple[Shape, ...] = ()


BOOLEAN = Shape("bool")


def either(*shapes: Shape) -> Shape:
    return Shape("raw", either=shapes)


@dataclass(frozen=True, eq=False)
class Read(Generic[V_co]):
    """A reader of one value: it takes (value, path, problems), and returns None where it reported a problem."""

    read: Callable[[object, str, Problems], Optional[V_co]]
    shape: Shape

    def __call__(self, value: object, path: str, problems: Problems) -> Optional[V_co]:
        return self.read(value, path, problems)


class Later(Read[V_co]):
    """A reader whose file is loaded once it reads, or is asked for its shape."""

    def __init__(self, find: Callable[[], Read[V_co]]) -> None:
        object.__setattr__(self, "find", find)

    def __getattr__(self, name: str) -> Any:
        """Called for what is not there yet: both parts come at once."""
        if name not in ("read", "shape"):
            raise AttributeError(name)
        found: Read[V_co] = self.__dict__["find"]()
        self.__dict__.update(read=found.read, shape=found.shape)
        return self.__dict__[name]


def reader(shape: Shape) -> Callable[[Callable[[object, str, Problems], Optional[T]]], Read[T]]:
    """Make a reader of the function that follows."""

    def make(read: Callable[[object, str, Problems], Optional[T]]) -> Read[T]:
        return Read(read, shape)

    return make
