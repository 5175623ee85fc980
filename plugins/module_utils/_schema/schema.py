# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The maps of a declaration and their keys: what is read, documented and offered by editors comes from here."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Callable, FrozenSet, Generic, Iterable, Mapping, Tuple, TypeVar, Union

from .reading import Read

V_co = TypeVar("V_co", covariant=True)
Elsewhere = Mapping[str, Tuple[str, str]]  # key: rule, fix


@dataclass(frozen=True, eq=False)
class Field(Generic[V_co]):
    """One key of a map."""

    key: str
    read: Read[V_co]
    default: V_co  # of the reader, where the key is missing or faulty
    words: str  # one or two sentences for the user, in Ansible's markup
    default_words: str = ""  # where what counts then is found out later
    unit: str = ""
    example: str = ""  # YAML
    required: bool = False
    provided: bool = False  # a host needs it, and a fleet's plan provides it
    fleet_only: bool = False  # only a fleet's plan reads it


@dataclass(frozen=True, eq=False)
class Schema:
    """One map: what it is called, its keys, and what is said of keys that are not its own."""

    name: str
    fields: Tuple[Field[Any], ...]
    strange: Union[Elsewhere, Callable[[], Elsewhere]] = field(default_factory=dict)  # a function where files have to be loaded for it
    one_of: Tuple[str, ...] = ()  # exactly one of these keys must be there
    absent: Tuple[str, ...] = ()  # the keys that may stand beside state: absent; the first of them has to

    @cached_property
    def keys(self) -> FrozenSet[str]:
        return frozenset(item.key for item in self.fields)

    @cached_property
    def elsewhere(self) -> Elsewhere:
        """What to say of keys that are not its own."""
        return self.strange() if callable(self.strange) else self.strange

    @cached_property
    def required(self) -> Tuple[str, ...]:
        return tuple(item.key for item in self.fields if item.required)

    @cached_property
    def provided(self) -> Tuple[str, ...]:
        return tuple(item.key for item in self.fields if item.provided)

    @cached_property
    def fleet_only(self) -> FrozenSet[str]:
        return frozenset(item.key for item in self.fields if item.fleet_only)


def belongs(keys: Iterable[str], where: str) -> Elsewhere:
    """Return what to say of keys that are known one level deeper."""
    return dict.fromkeys(keys, ("this key belongs to %s" % where, "move it there"))
