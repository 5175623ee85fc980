# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What there is to ask of a kind of link. The kinds themselves stand in `_kinds`, one a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, FrozenSet, Iterable, List, Mapping, Optional, Protocol, Tuple

from .evolve import field_names

Attributes = List[Tuple[str, Any]]  # of a message to the kernel, by the names it has for them


class Tunnel(Protocol):
    """What is known of a link that sends frames in UDP."""

    @property
    def vni(self) -> Optional[int]: ...
    @property
    def port(self) -> Optional[int]: ...
    @property
    def local(self) -> Optional[str]: ...
    @property
    def remote(self) -> Optional[str]: ...
    @property
    def group(self) -> Optional[str]: ...
    @property
    def apart(self) -> Optional[bool]: ...
    @property
    def families(self) -> Tuple[int, ...]: ...


class Lent(Protocol):
    """What is known of a link of the host that is handed to somebody: what it was like at home."""

    @property
    def home_name(self) -> Optional[str]: ...
    @property
    def home_mtu(self) -> Optional[int]: ...
    @property
    def home_up(self) -> Optional[bool]: ...
    @property
    def home_mac(self) -> Optional[str]: ...


@dataclass(frozen=True)
class LinkKind:
    """Base of every kind, and what is true of a link of which no kind is known. Fields of a kind need defaults; None is not asked for."""

    kind: ClassVar[str] = "link"  # as the kernel calls it
    module: ClassVar[str] = ""  # the kernel's; none where the kernel makes no such links

    CREATE_ONLY: ClassVar[FrozenSet[str]] = frozenset()  # what the kernel fixes at creation
    UNCOMPARED: ClassVar[FrozenSet[str]] = frozenset()  # how it is made, not what it is
    TOLD_AT_TIMES: ClassVar[FrozenSet[str]] = frozenset()  # as long as the kernel does not tell it, nothing is known to differ
    LAYOUT: ClassVar[Tuple[Tuple[int, str, str], ...]] = ()  # number, name and type of its attributes, where the library does not know them all
    PEER_ATTRIBUTE: ClassVar[str] = ""  # holds the other end in the message that makes a pair

    stands: ClassVar[bool] = False  # on a lower link, if one is named
    lower_in_data: ClassVar[bool] = False  # its own attributes name the lower link, not those that all kinds have
    changes_alone: ClassVar[bool] = False  # the kernel takes no other change in the same message
    has_ports: ClassVar[bool] = False  # frames pass between the links whose master it is, and its MTU follows theirs
    is_domain: ClassVar[bool] = False  # links whose master it is use its routing table
    is_end: ClassVar[bool] = False  # of a pair, without carrier until the other end is up
    is_bound: ClassVar[bool] = False  # to the namespace it was made in
    takes_all: ClassVar[bool] = False  # that its lower link receives; whoever does has a mode, and stands for an attachment to that link's segment
    known_by_mac: ClassVar[bool] = False  # the kernel gives no two on one lower link the same
    leads_outside: ClassVar[bool] = False  # as a port: whom others reach, too, is behind it
    has_neighbours: ClassVar[bool] = False  # of ours, written down

    @property
    def shows(self) -> Tuple[int, str]:
        """The driver of the network that a link of ours belongs to, and how sure that is beside links that another driver left there."""
        return (3 if self.known_by_mac else 2, self.kind) if self.takes_all else (0, "")

    @property
    def order(self) -> int:
        """Its place among others when they are made: a master comes before its ports."""
        return 1

    @property
    def lower(self) -> Optional[str]:
        """The name of the link it stands on."""
        return None

    @property
    def lower_place(self) -> Optional[str]:
        """Where that link lives, or, of a tunnel, the underlay; None is the place it lives in itself."""
        return None

    @property
    def peer_place(self) -> Optional[str]:
        return None

    @property
    def peer_name(self) -> Optional[str]:
        return None

    @property
    def leads(self) -> bool:
        """Whether making this end of a pair makes both."""
        return False

    @property
    def is_brought(self) -> bool:
        """Whether the other end of its pair brings it along."""
        return False

    @property
    def table(self) -> Optional[int]:
        """The number of its routing table."""
        return None

    @property
    def vlan_id(self) -> Optional[int]:
        """Which VLAN of its lower link it is."""
        return None

    @property
    def vlan_filtering(self) -> Optional[bool]:
        """Whether it tells the VLANs of its ports apart."""
        return None

    @property
    def mode(self) -> Optional[str]:
        return None

    @property
    def tunnel(self) -> Optional[Tunnel]:
        return None

    @property
    def lent(self) -> Optional[Lent]:
        return None

    @property
    def feature(self) -> Optional[str]:
        """What it needs of the kernel that not every kernel has."""
        return self.kind if self.module else None

    @property
    def feature_words(self) -> str:
        return "links of kind %s (module %s)" % (self.kind, self.module)

    @property
    def options(self) -> Tuple[str, ...]:
        """The names of its fields."""
        return field_names(type(self))

    def matches(self, other: Optional[LinkKind]) -> bool:
        """Tell whether another one is of the same kind, whatever its fields."""
        return other is not None and self.kind == other.kind

    def only(self, names: Iterable[str]) -> LinkKind:
        """Return one of the same kind that says nothing but these fields."""
        return type(self)(**{name: getattr(self, name) for name in names})

    def standing_on(self, _lower: Optional[str], _place: Optional[str]) -> LinkKind:
        """Return it on another lower link, if it stands on one."""
        return self

    def joined_to(self, _place: Optional[str], _name: Optional[str]) -> LinkKind:
        """Return it with another far end, if it is one end of a pair."""
        return self

    def leading(self) -> LinkKind:
        """Return the end of a pair as the one that makes both."""
        return self

    def fixes(self, _field: str, _before: object, _after: object) -> bool:
        """Tell whether a value that changes into most others does not change into this one."""
        return False

    def clash(self, _other: LinkKind) -> Optional[str]:
        """Return why it cannot share its lower link with another one of its kind."""
        return None

    def encode_creation(self, _lower: int) -> Attributes:
        """Return the attributes it is made with; `lower` is the number of its lower link, where these name it."""
        return []

    def encode_change(self, _lower: int) -> List[Attributes]:
        """Return the attributes of each message that changes it while it stands."""
        return [[]]

    @classmethod
    def parse(cls, _data: Mapping[int, bytes]) -> LinkKind:
        """Return what the kernel's attributes say, but for the lower link and the other end."""
        return cls()

    @classmethod
    def find_lower(cls, _data: Mapping[int, bytes], below: int) -> int:
        """Return the number of the lower link; `below` is what the kernel says of links of all kinds."""
        return below if cls.stands else 0

    @classmethod
    def sample(cls, lower: str) -> LinkKind:
        """Return one to try whether the kernel has its feature."""
        return cls().standing_on(lower, None)


PLAIN = LinkKind()
