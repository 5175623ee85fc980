# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The only file that imports pyroute2: plain values in, netlink message bytes out."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import traceback
from functools import lru_cache
from importlib.util import find_spec, module_from_spec
from typing import Any, Optional, Tuple

from .._kinds.table import find_kind
from .._model.kind import Attributes

PYROUTE2_FLOOR = (0, 7, 2)
PYROUTE2_ERROR: Optional[str] = None
VERSION_FILE = ("config", "version.py")  # in its package


def _import_messages() -> Tuple[Any, ...]:
    from pyroute2.netlink import nla, nlmsg
    from pyroute2.netlink.rtnl.fibmsg import fibmsg
    from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
    from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
    from pyroute2.netlink.rtnl.ndmsg import ndmsg
    from pyroute2.netlink.rtnl.nsidmsg import nsidmsg
    from pyroute2.netlink.rtnl.rtmsg import rtmsg

    return nla, nlmsg, fibmsg, ifaddrmsg, ifinfmsg, ndmsg, nsidmsg, rtmsg


def _import_messages_alone() -> Tuple[Any, ...]:
    """Import the messages without what their package imports, which takes half as long as all of ours, and leave the package to who wants it whole."""
    spec = None if "pyroute2" in sys.modules else find_spec("pyroute2")
    if spec is not None:
        sys.modules["pyroute2"] = module_from_spec(spec)
        try:
            return _import_messages()
        except ImportError:  # a release whose messages need the whole
            pass
        finally:
            for name in [name for name in sys.modules if name.partition(".")[0] == "pyroute2"]:
                del sys.modules[name]
    return _import_messages()


nla: Any
nlmsg: Any
fibmsg: Any
ifaddrmsg: Any
ifinfmsg: Any
ndmsg: Any
nsidmsg: Any
rtmsg: Any
try:
    nla, nlmsg, fibmsg, ifaddrmsg, ifinfmsg, ndmsg, nsidmsg, rtmsg = _import_messages_alone()
except ImportError:
    PYROUTE2_ERROR = traceback.format_exc()
    nla = nlmsg = fibmsg = ifaddrmsg = ifinfmsg = ndmsg = nsidmsg = rtmsg = dict

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK = 16, 17, 18, 19
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE = 32, 33, 34
RTM_NEWQDISC, RTM_DELQDISC, RTM_GETQDISC = 36, 37, 38
RTM_GETNSID = 90
NFT_GETTABLE = 0xA01  # of the subsystem nftables

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x1, 0x4, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE, NLM_F_APPEND = 0x100, 0x200, 0x400, 0x800
CREATE_NEW = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL
CREATE_OR_REPLACE = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE
CREATE_OR_APPEND = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_APPEND

IFF_UP = 1
AF_BRIDGE = 7
NUD_PERMANENT, NUD_NOARP = 0x80, 0x40
NTF_SELF, NTF_PROXY = 0x02, 0x08
FR_ACT_TO_TBL = 1


class _AddressMessage(ifaddrmsg):  # type: ignore[misc]
    """pyroute2 0.7.2 ends its list before IFA_PROTO."""

    if not PYROUTE2_ERROR:
        nla_map = tuple((row[0], "cdata") if row[0] == "IFA_CACHEINFO" else row for row in ifaddrmsg.nla_map[:9]) + (
            ("IFA_RT_PRIORITY", "uint32"),
            ("IFA_TARGET_NETNSID", "uint32"),
            ("IFA_PROTO", "uint8"),
        )


class _NeighbourMessage(ndmsg):  # type: ignore[misc]
    """pyroute2 0.7.2 ends its list before NDA_PROTOCOL."""

    if not PYROUTE2_ERROR:
        nla_map = tuple(ndmsg.nla_map[:10]) + (("NDA_LINK_NETNSID", "uint32"), ("NDA_SRC_VNI", "uint32"), ("NDA_PROTOCOL", "uint8"))


@lru_cache(maxsize=None)
def _lay_out(layout: Tuple[Tuple[int, str, str], ...]) -> type:
    """Return the message part for attributes of a kind that pyroute2 does not know all of."""
    return type("_KindData", (nla,), {"nla_map": layout})


class _RouteMessage(rtmsg):  # type: ignore[misc]
    """Takes the next hops as they are sent."""

    if not PYROUTE2_ERROR:
        nla_map = tuple((row[0], "cdata") if row[0] == "RTA_MULTIPATH" else row for row in rtmsg.nla_map)


class _QueueMessage(nlmsg):  # type: ignore[misc]
    """Takes the options of a queueing discipline as they are sent: pyroute2's own message loads all kinds."""

    if not PYROUTE2_ERROR:
        fields = (("family", "B"), ("pad1", "B"), ("pad2", "H"), ("index", "i"), ("handle", "I"), ("parent", "I"), ("info", "I"))
        nla_map = (("TCA_UNSPEC", "none"), ("TCA_KIND", "asciiz"), ("TCA_OPTIONS", "cdata"))


class _LinkMessage(ifinfmsg):  # type: ignore[misc]
    if not PYROUTE2_ERROR:

        class ifinfo(ifinfmsg.ifinfo):  # type: ignore[misc]
            @staticmethod
            def info_data(info: Any, *argv: Any, **kwarg: Any) -> Any:
                known = find_kind(info.get_attr("IFLA_INFO_KIND"))
                return _lay_out(known.LAYOUT) if known is not None and known.LAYOUT else ifinfmsg.ifinfo.info_data(info, *argv, **kwarg)


def pyroute2_version() -> Optional[Tuple[int, ...]]:
    """Return pyroute2's version, or None where nothing tells it."""
    spec = find_spec("pyroute2")
    for folder in (spec.submodule_search_locations if spec is not None else None) or ():
        with contextlib.suppress(OSError), open(os.path.join(folder, *VERSION_FILE), encoding="utf-8") as stream:
            return _numbers(stream.read())
    # Some old releases lack that file. This way takes as long as making a bridge does.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return _numbers(version("pyroute2"))
    except PackageNotFoundError:
        return None


def _numbers(text: str) -> Tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def _encode(message: Any, message_type: int, flags: int, attributes: Attributes) -> bytes:
    message["attrs"] = attributes
    header = message["header"]
    header["type"] = message_type
    header["flags"] = flags
    header["sequence_number"] = 0
    header["pid"] = 0
    message.encode()
    return bytes(message.data)


Modes = Tuple[Tuple[int, bool], ...]


def link_message(
    message_type: int, flags: int, attributes: Attributes, *, index: int = 0, up: Optional[bool] = None, modes: Modes = (), family: int = 0
) -> bytes:
    """Return a message about a link; `modes` are further flags of it, each with its bit and whether it is on."""
    message = _LinkMessage()
    message["family"] = family
    message["index"] = index
    flags_of_link = (*modes, (IFF_UP, up)) if up is not None else modes
    if flags_of_link:
        message["flags"] = sum(bit for bit, on in flags_of_link if on)
        message["change"] = sum(bit for bit, _on in flags_of_link)
    return _encode(message, message_type, flags, attributes)


def address_message(message_type: int, flags: int, attributes: Attributes, *, index: int, family: int, prefix: int, scope: int = 0) -> bytes:
    message = _AddressMessage()
    message["family"] = family
    message["prefixlen"] = prefix
    message["scope"] = scope
    message["index"] = index
    return _encode(message, message_type, flags, attributes)


def route_message(
    message_type: int,
    flags: int,
    attributes: Attributes,
    *,
    family: int,
    prefix: int,
    table: int,
    protocol: int,
    scope: int,
    route_type: int = 1,
    route_flags: int = 0,
    source_prefix: int = 0,
) -> bytes:
    message = _RouteMessage()
    message["family"] = family
    message["dst_len"] = prefix
    message["src_len"] = source_prefix
    message["table"] = table if table < 256 else 0
    message["proto"] = protocol
    message["scope"] = scope
    message["type"] = route_type
    message["flags"] = route_flags
    return _encode(message, message_type, flags, attributes)


def neighbour_message(message_type: int, flags: int, attributes: Attributes, *, index: int, family: int, state: int, entry_flags: int = 0) -> bytes:
    message = _NeighbourMessage()
    message["ifindex"] = index
    message["family"] = family
    message["state"] = state
    message["flags"] = entry_flags
    return _encode(message, message_type, flags, attributes)


def rule_message(
    message_type: int, flags: int, attributes: Attributes, *, family: int, prefix: int, target_prefix: int = 0, action: int = FR_ACT_TO_TBL
) -> bytes:
    message = fibmsg()
    message["family"] = family
    message["src_len"] = prefix
    message["dst_len"] = target_prefix
    message["action"] = action
    return _encode(message, message_type, flags, attributes)


def queue_message(message_type: int, flags: int, attributes: Attributes, *, index: int, handle: int, parent: int) -> bytes:
    message = _QueueMessage()
    message["index"] = index
    message["handle"] = handle
    message["parent"] = parent
    return _encode(message, message_type, flags, attributes)


def namespace_number_message(descriptor: int) -> bytes:
    """Ask by which number the namespace of the line calls another one."""
    return _encode(nsidmsg(), RTM_GETNSID, NLM_F_REQUEST, [("NETNSA_FD", descriptor)])
