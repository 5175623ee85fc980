# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Mapping, Optional, Tuple

from .._model.addresses import ip_version, text_of_ip
from .._model.kind import Attributes, LinkKind
from .payload import flag, network_number, number

# IPv6 without checksum, remote checksum offload, group policy, metadata, generic protocol, VNI filter: where they differ the kernel shares no socket.
OTHER_HEADERS = (20, 22, 23, 25, 27, 30)


@dataclass(frozen=True)
class Vxlan(LinkKind):
    """A VXLAN device. The kernel fixes vni and port at creation."""

    kind = "vxlan"
    module = "vxlan"
    order = 2
    CREATE_ONLY = frozenset(("vni", "port", "group", "proxy", "lower_place"))
    stands = True
    lower_in_data = True
    changes_alone = True  # without an MTU beside it
    has_neighbours = True
    shows = (4, "overlay")

    vni: Optional[int] = None
    port: Optional[int] = None
    local: Optional[str] = None
    device: Optional[str] = None
    group: Optional[str] = None
    ttl: Optional[int] = None
    learning: Optional[bool] = None
    proxy: Optional[bool] = None
    lower_place: Optional[str] = None  # whose underlay it uses; None is the place it lives in
    remote: Optional[str] = None  # the one peer of a point-to-point tunnel
    apart: Optional[bool] = None  # as observed: it reads other headers, so no plain device can share its socket

    @property
    def families(self) -> Tuple[int, ...]:
        """Return the versions of IP that its socket is for; one that reads other headers and names nobody takes both."""
        named = self.local or self.remote or self.group
        return (6 if ":" in named else 4,) if named else (4, 6) if self.apart else (4,)

    @property
    def lower(self) -> Optional[str]:
        return self.device

    @property
    def tunnel(self) -> Vxlan:
        return self

    def standing_on(self, lower: Optional[str], place: Optional[str]) -> Vxlan:
        return replace(self, device=lower, lower_place=place)

    def fixes(self, field: str, before: object, after: object) -> bool:
        """Its ends stay in one family."""
        return field in ("local", "remote") and ip_version(str(before)) != ip_version(str(after))

    def encode_creation(self, lower: int) -> Attributes:
        data: Attributes = []
        for name, value in (("ID", self.vni), ("PORT", self.port), ("TTL", self.ttl)):
            if value is not None:
                data.append(("IFLA_VXLAN_" + name, value))
        for name, switch in (("LEARNING", self.learning), ("PROXY", self.proxy)):
            if switch is not None:
                data.append(("IFLA_VXLAN_" + name, int(switch)))
        if self.local:
            data.append(("IFLA_VXLAN_LOCAL6" if ":" in self.local else "IFLA_VXLAN_LOCAL", self.local))
        far = self.group or self.remote
        if far:
            data.append(("IFLA_VXLAN_GROUP6" if ":" in far else "IFLA_VXLAN_GROUP", far))
        if lower:
            data.append(("IFLA_VXLAN_LINK", lower))
        return data

    def encode_change(self, lower: int) -> List[Attributes]:
        """The kernel keeps the way to a far end with the source address it had, unless that end is another one meanwhile."""
        target = replace(self, vni=None, port=None, group=None, proxy=None)
        detour = [replace(target, remote="::1" if ":" in self.remote else "127.0.0.1")] if self.remote and self.local else []
        return [each.encode_creation(lower) for each in (*detour, target)]

    @classmethod
    def parse(cls, data: Mapping[int, bytes]) -> Vxlan:
        local = data.get(4) or data.get(17)
        far = data.get(2) or data.get(16)
        group = text_of_ip(far) if far and any(far) else None
        many = group is not None and (group.startswith("ff") if ":" in group else 224 <= int(group.split(".")[0]) < 240)
        return cls(
            vni=number(data.get(1)) or 0,
            port=network_number(data.get(15)),
            local=text_of_ip(local) if local and any(local) else None,
            group=group if many else None,
            remote=None if many else group,
            ttl=number(data.get(5)),
            learning=flag(data.get(7)),
            proxy=flag(data.get(11)),
            apart=any(data.get(each, b"\0") != b"\0" for each in OTHER_HEADERS) or None,
        )

    @classmethod
    def find_lower(cls, data: Mapping[int, bytes], _below: int) -> int:
        return number(data.get(3)) or 0

    @classmethod
    def sample(cls, _lower: str) -> Vxlan:
        return cls(vni=1, port=4789)
