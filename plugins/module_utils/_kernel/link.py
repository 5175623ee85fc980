# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Links to messages. A link is made in two messages: the first creates it, the second configures and raises it."""

from __future__ import annotations

from functools import lru_cache
from typing import Callable, List, Optional, Sequence, Tuple

from .._model.kind import Attributes, LinkKind
from .._model.limits import MTU
from .._model.link import BridgePort, Link, Tuning
from . import netlink
from .template import MAC, NUMBER, TEXT, MessageTemplate

IndexOf = Callable[[str, str], int]  # (place, link name) -> interface index
Descriptor = Callable[[str], int]  # place -> namespace descriptor
IFF_PROMISC, IFF_ALLMULTI = 0x100, 0x200
GENERATE_EUI64, GENERATE_NOTHING = 0, 1
# Links are put into this group only in the datagram that deletes the group.
DELETION_GROUP = 0x636E6574
NO_GROUP = 0
# The kernel takes no alias at creation but a group: whoever is in this one was not configured yet, and so is ours without a mark.
CREATION_GROUP = 0x636E6575


@lru_cache(maxsize=8)
def loopback_messages(mark: str) -> List[bytes]:
    return [netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, [("IFLA_IFALIAS", mark)], index=1, up=True)]


def create_link(link: Link, peer: Optional[Link], index_of: IndexOf, descriptor: Descriptor) -> Optional[bytes]:
    """Return the message that makes a link; None for the end of a veth pair that the other end brings along."""
    kind = link.nature
    if kind.is_brought:
        return None
    if link.master and not link.mac and link.first_mac and peer is not None and peer.mac and peer.place != link.place:
        numbers = (index_of(link.place, link.name), index_of(link.place, link.master), index_of(peer.place, peer.name), descriptor(peer.place))
        return _stamp_port((kind.joined_to(None, None), link.mtu, peer.mtu), (link.name, link.first_mac, peer.name, peer.mac, *numbers))
    if kind.stands and not kind.lower_in_data and link.below != link.place:
        lower, index = index_of(link.below, kind.lower or ""), index_of(link.place, link.name)
        bare, mac = kind.standing_on(None, None), link.mac or link.first_mac
        if mac:
            return _stamp_stacked((bare, link.mtu), (link.name, mac, index, lower, descriptor(link.place)))
        return _stamp_stacked_as_lower((bare, link.mtu), (link.name, index, lower, descriptor(link.place)))
    return _encode_creation(link, peer, index_of, descriptor)


def _encode_creation(link: Link, peer: Optional[Link], index_of: IndexOf, descriptor: Descriptor) -> bytes:
    kind = link.nature
    attributes: Attributes = [("IFLA_IFNAME", link.name), ("IFLA_GROUP", CREATION_GROUP)]
    if link.mac or link.first_mac:
        attributes.append(("IFLA_ADDRESS", link.mac or link.first_mac))
    if link.mtu:
        attributes.append(("IFLA_MTU", link.mtu))
    if link.below != link.place:
        attributes.append(("IFLA_NET_NS_FD", descriptor(link.place)))
    elif link.master:
        attributes.append(("IFLA_MASTER", index_of(link.place, link.master)))
    if kind.stands and not kind.lower_in_data:
        attributes.append(("IFLA_LINK", index_of(link.below, kind.lower or "")))
    info: Attributes = [("IFLA_INFO_KIND", link.kind.kind if link.kind else "")]
    data = _creation_data(link, peer, index_of, descriptor)
    if data:
        info.append(("IFLA_INFO_DATA", {"attrs": data}))
    attributes.append(("IFLA_LINKINFO", {"attrs": info}))
    return netlink.link_message(netlink.RTM_NEWLINK, netlink.CREATE_NEW, attributes, index=index_of(link.place, link.name))


def _encode_port(
    kind: LinkKind,
    mtu: Optional[int],
    peer_mtu: Optional[int],
    name: str,
    mac: str,
    peer_name: str,
    peer_mac: str,
    index: int,
    master: int,
    peer_index: int,
    descriptor: int,
) -> bytes:
    """Return the message of the most frequent link: a pair that is a bridge port here and a container's interface there."""
    numbers = {("", name): index, ("", "master"): master, ("there", peer_name): peer_index}
    link = Link("", name, kind=kind.joined_to("there", peer_name), mtu=mtu, master="master", first_mac=mac)
    peer = Link("there", peer_name, mtu=peer_mtu, mac=peer_mac)
    return _encode_creation(link, peer, lambda place, wanted: numbers[place, wanted], lambda _place: descriptor)


def _encode_stacked(kind: LinkKind, mtu: Optional[int], name: str, mac: Optional[str], index: int, lower: int, descriptor: int) -> bytes:
    """Return the message that makes a link in another place than its lower one's; no container needs more than this."""
    attributes: Attributes = [("IFLA_IFNAME", name), ("IFLA_GROUP", CREATION_GROUP)]
    if mac:
        attributes.append(("IFLA_ADDRESS", mac))
    if mtu:
        attributes.append(("IFLA_MTU", mtu))
    info: Attributes = [("IFLA_INFO_KIND", kind.kind)]
    data = kind.encode_creation(lower)
    if data:
        info.append(("IFLA_INFO_DATA", {"attrs": data}))
    attributes.extend([("IFLA_NET_NS_FD", descriptor), ("IFLA_LINK", lower), ("IFLA_LINKINFO", {"attrs": info})])
    return netlink.link_message(netlink.RTM_NEWLINK, netlink.CREATE_NEW, attributes, index=index)


def _encode_stacked_as_lower(kind: LinkKind, mtu: Optional[int], name: str, index: int, lower: int, descriptor: int) -> bytes:
    """The same with the lower link's MAC, or one that the kernel chooses."""
    return _encode_stacked(kind, mtu, name, None, index, lower, descriptor)


_stamp_stacked = MessageTemplate(_encode_stacked, (TEXT, MAC, NUMBER, NUMBER, NUMBER))
_stamp_stacked_as_lower = MessageTemplate(_encode_stacked_as_lower, (TEXT, NUMBER, NUMBER, NUMBER))
_stamp_port = MessageTemplate(_encode_port, (TEXT, MAC, TEXT, MAC, NUMBER, NUMBER, NUMBER, NUMBER))


def _creation_data(link: Link, peer: Optional[Link], index_of: IndexOf, descriptor: Descriptor) -> Attributes:
    data = link.nature.encode_creation(_lower_in_data(link, index_of))
    if peer is not None:
        inside: Attributes = [("IFLA_IFNAME", peer.name), ("IFLA_GROUP", CREATION_GROUP)]
        if peer.mac:
            inside.append(("IFLA_ADDRESS", peer.mac))
        if peer.mtu:
            inside.append(("IFLA_MTU", peer.mtu))
        if peer.place != link.place:
            inside.append(("IFLA_NET_NS_FD", descriptor(peer.place)))
        data.append((link.nature.PEER_ATTRIBUTE, {"index": index_of(peer.place, peer.name), "attrs": inside}))
    return data


def _lower_in_data(link: Link, index_of: IndexOf) -> int:
    return index_of(*link.lower) if link.nature.lower_in_data and link.lower is not None else 0


def enslave_link(link: Link, index: int, index_of: IndexOf) -> List[bytes]:
    """Return the message that gives a fresh link its master, where the message that made it had no room for one: it made a pair, or came from elsewhere."""
    brought = link.nature.is_brought or link.below != link.place
    if not link.master or not brought:
        return []
    return [netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, [("IFLA_MASTER", index_of(link.place, link.master))], index=index)]


def configure_link(link: Link, index: int) -> List[bytes]:
    """Return the messages that mark, tune and raise a fresh link."""
    raised = link.up
    messages = pin_mtu(link.mtu, index) if link.nature.has_ports and link.mtu else []
    if link.link_local is False and raised and not link.nature.is_end:
        # The kernel raises before it reads the mode; a link that has its carrier at once would get its address meanwhile.
        messages.append(netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, _link_local(False), index=index))
    messages.append(
        _stamp_configuration((link.link_local, link.port, link.tuning, raised), (link.alias, index))
        if link.alias
        else _encode_configuration(link.link_local, link.port, link.tuning, raised, None, index)
    )
    return messages


def _encode_configuration(
    link_local: Optional[bool], port: Optional[BridgePort], tuning: Optional[Tuning], up: Optional[bool], alias: Optional[str], index: int
) -> bytes:
    attributes: Attributes = [("IFLA_GROUP", 0)]
    if alias:
        attributes.append(("IFLA_IFALIAS", alias))
    attributes.extend(_link_local(link_local))
    attributes.extend(_port(port))
    attributes.extend(_queue(tuning))
    return netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, attributes, index=index, up=up, modes=_modes(tuning))


_stamp_configuration = MessageTemplate(_encode_configuration, (TEXT, NUMBER))


def change_link(link: Link, fields: Tuple[str, ...], index: int, index_of: IndexOf) -> List[bytes]:
    """Return the messages that change the named fields of an existing link.

    The kernel hands a port's flags to the bridge the link had before the message, so they travel alone, behind its new master.
    What is a kind's own travels alone too where the kernel takes nothing beside it.
    """
    messages: List[bytes] = []
    attributes: Attributes = []
    if "mtu" in fields:
        attributes.append(("IFLA_MTU", link.mtu))
    if "mac" in fields:
        attributes.append(("IFLA_ADDRESS", link.mac))
    if "alias" in fields:
        attributes.extend([("IFLA_IFALIAS", link.alias), ("IFLA_GROUP", 0)])
    if "master" in fields:
        attributes.append(("IFLA_MASTER", index_of(link.place, link.master) if link.master else 0))
    if "link_local" in fields:
        attributes.extend(_link_local(link.link_local))
    if "kind" in fields and link.kind is not None:
        infos = [_info(link.kind, data) for data in link.kind.encode_change(_lower_in_data(link, index_of))]
        if link.kind.changes_alone:
            messages.extend(netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, info, index=index) for info in infos)
        else:
            attributes.extend(attribute for info in infos for attribute in info)
    tuning = link.tuning if "tuning" in fields else None
    attributes.extend(_queue(tuning))
    up, modes = link.up if "up" in fields else None, _modes(tuning)
    if attributes or up is not None or modes:
        messages.append(netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, attributes, index=index, up=up, modes=modes))
    if "port" in fields:
        messages.append(netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, _port(link.port), index=index))
    return messages


def _info(kind: LinkKind, data: Attributes) -> Attributes:
    return [("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_KIND", kind.kind), ("IFLA_INFO_DATA", {"attrs": data})]})]


def rename_link(name: str, index: int, *, lowered: bool) -> List[bytes]:
    """Return the messages that give a link another name, while it is up or, `lowered`, by taking it down for a moment."""
    named = netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, [("IFLA_IFNAME", name)], index=index, up=True if lowered else None)
    return [netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, [], index=index, up=False), named] if lowered else [named]


def pin_mtu(mtu: int, index: int) -> List[bytes]:
    """Return the messages that keep a bridge's MTU whatever its ports have: the kernel follows them until it was told another value than it had."""
    other = mtu + 1 if mtu < MTU[1] else mtu - 1
    return [netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, [("IFLA_MTU", value)], index=index) for value in (other, mtu)]


def delete_links(indices: Sequence[int]) -> List[bytes]:
    """Return the messages that delete links together: one by one, each would wait for the kernel's own clean-up."""
    if len(indices) == 1:
        return [netlink.link_message(netlink.RTM_DELLINK, netlink.NLM_F_REQUEST, [], index=indices[0])]
    return group_links(indices, DELETION_GROUP) + [netlink.link_message(netlink.RTM_DELLINK, netlink.NLM_F_REQUEST, [("IFLA_GROUP", DELETION_GROUP)])]


def group_links(indices: Sequence[int], group: int) -> List[bytes]:
    return [netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, [("IFLA_GROUP", group)], index=index) for index in indices]


def _link_local(wanted: Optional[bool]) -> Attributes:
    if wanted is None:
        return []
    mode = GENERATE_EUI64 if wanted else GENERATE_NOTHING
    return [("IFLA_AF_SPEC", {"attrs": [("AF_INET6", {"attrs": [("IFLA_INET6_ADDR_GEN_MODE", mode)]})]})]


def _queue(tuning: Optional[Tuning]) -> Attributes:
    return [("IFLA_TXQLEN", tuning.txqueuelen)] if tuning is not None and tuning.txqueuelen is not None else []


def _modes(tuning: Optional[Tuning]) -> netlink.Modes:
    asked = ((IFF_PROMISC, tuning.promisc), (IFF_ALLMULTI, tuning.allmulti)) if tuning is not None else ()
    return tuple((bit, on) for bit, on in asked if on is not None)


def _port(port: Optional[BridgePort]) -> Attributes:
    if port is None:
        return []
    flags = (("MODE", port.hairpin), ("LEARNING", port.learning), ("UNICAST_FLOOD", port.flood), ("ISOLATED", port.isolated))
    data: Attributes = [("IFLA_BRPORT_" + name, int(value)) for name, value in flags if value is not None]
    if not data:
        return []
    return [("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_SLAVE_KIND", "bridge"), ("IFLA_INFO_SLAVE_DATA", {"attrs": data})]})]
