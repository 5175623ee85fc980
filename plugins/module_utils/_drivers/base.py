# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What there is to ask of a driver, and what is true of one that says nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Dict, FrozenSet, Generic, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Type, TypeVar

from .._document.entry import Entry
from .._document.scene import Scene
from .._model.connection import UNKNOWN, Connection
from .._model.document import Document
from .._model.errors import Problem
from .._model.network import Network, Subnet
from .._model.objects import KernelObject
from .._model.rule import Rule
from .._model.snapshot import Facts
from .._model.translation import NameProcess, nobody
from .._schema.schema import Schema
from .segment import Segment

N = TypeVar("N", bound=Network)
Way = Tuple[Optional[str], Optional[str]]  # in, out
Side = Tuple[Optional[str], Optional[str]]  # link, subnet


class Common(NamedTuple):
    """What was read of a network of any driver."""

    name: str
    subnets: Tuple[Subnet, ...]
    mtu: Optional[int]
    labels: Mapping[str, str]

    def fields(self) -> Dict[str, Any]:
        return {"name": self.name, "subnets": self.subnets, "mtu": self.mtu, "labels": self.labels}


class HostView(NamedTuple):
    """The input of a check of a declaration against its host; it appends to `problems`."""

    document: Document
    facts: Facts
    problems: List[Problem]
    connection: Connection = UNKNOWN
    allow_management: bool = False  # lifts what keeps the way of whoever manages the host, and the rules about routes
    name_process: NameProcess = nobody
    given: FrozenSet[Tuple[str, str]] = frozenset()  # endpoints and published ports that a runtime has given them

    def report(self, path: str, value: object, rule: str, fix: str = "", may_pass: bool = False, stands: bool = False) -> None:
        self.problems.append(Problem(path, value, rule, fix, may_pass, stands=stands))


class Driver(ABC, Generic[N]):
    """Base of every driver: how its networks are read, checked, made, closed and found again."""

    network: Type[N]
    schema: Schema  # of its own keys in a declaration, beside those that every network has

    def own(self, networks: Iterable[Network]) -> Tuple[N, ...]:
        """Return those of the networks that are this driver's."""
        return tuple(network for network in networks if isinstance(network, self.network))

    def has_usual_gateway(self, _raw: Mapping[str, object]) -> bool:
        """Tell whether the first address of a subnet is its gateway where none is named."""
        return False

    @abstractmethod
    def read(self, entry: Entry, common: Common) -> N:
        """Return a network with its valid parts; faulty values are reported and left at their default."""

    def refuse_on_host(self, _network: N, _path: str, _problems: List[Problem]) -> None:
        """Report what only a fleet's plan can make a network of."""

    def merge(self, raw: Mapping[str, Any], _shared: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a declared network with what the fleet's plan lists once for all hosts."""
        return raw

    def check(self, _networks: Sequence[N], _scene: Scene) -> None:
        """Report what is wrong with the networks of a declaration."""

    def settle(self, network: N, _facts: Facts) -> N:
        """Return a network with what it leaves to the host."""
        return network

    def check_host(self, _networks: Sequence[N], _view: HostView) -> None:
        """Report what of the networks this host cannot or must not have. They are settled."""

    @abstractmethod
    def compile(self, network: N, scope: str, facts: Facts) -> Tuple[Segment, Tuple[KernelObject, ...]]:
        """Return the segment that endpoints join, and what it needs on the host."""

    def list_rules(self, _network: N, _family: int, _document: Document) -> Iterable[Rule]:
        """Return the rules of one network in a family."""
        return ()

    def list_shared_rules(self, _networks: Sequence[N], _family: int, _document: Document) -> Iterable[Rule]:
        """Return the rules that a scope needs once, however many networks it has."""
        return ()

    def list_sealed_ways(self, _network: N, _document: Document) -> Sequence[Way]:
        """Return by which links packets come into a network that is closed, or leave one that lets nothing out."""
        return ()

    def list_sides(self, _network: N, _family: int, _document: Document) -> Sequence[Side]:
        """Return how the host knows what comes from its part of a network, and goes there, when it takes it further."""
        return ()
