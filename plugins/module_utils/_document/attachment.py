# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""An endpoint's place on a network."""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import Iterable, Optional, Sequence, Tuple, Union

from .._model import names
from .._model.amount import Rate, Size
from .._model.document import USUAL_QUEUE, Attachment
from .._model.errors import Problem
from .._model.evolve import evolve
from .._model.limits import LONGEST_BURST, QUEUE
from .._model.objects import NO_NETEM
from .._schema.reading import BOOLEAN, Later, Problems, Shape, either, reader
from .._schema.schema import Field, Schema
from .borrowed_words import ATTACHMENT as BORROWED
from .borrowed_words import unlike_ours
from .entry import Entry, list_of, read_entry
from .mtu import read_mtu
from .parts import find_attachment_routes, find_burst, find_dscp, find_netem, find_rate, find_sysctls
from .scalars import (
    choice,
    integer,
    read_boolean,
    read_further_address,
    read_interface_name,
    read_ipv4_address,
    read_ipv6_address,
    read_label,
    read_mac,
    read_source,
)

AUTO = "auto"
_read_ipam_word = choice("allocate", "none")
_read_vlan = integer(1, names.LAST_VLAN)


@reader(_read_ipam_word.shape)
def _read_ipam(value: object, path: str, problems: Problems) -> Optional[str]:
    if value != "dhcp":
        return _read_ipam_word(value, path, problems)
    rule = "a lease must be renewed, and no agent of this collection stays on the host"
    problems.append(Problem(path, value, rule, "give an address, or run a DHCP client inside"))
    return None


@reader(either(Shape("str", choices=(AUTO,)), BOOLEAN))
def _read_default_route(value: object, path: str, problems: Problems) -> Optional[Union[bool, str]]:
    if isinstance(value, bool) or value == AUTO:
        return value if isinstance(value, bool) else AUTO
    problems.append(Problem(path, value, "expected auto, true or false", "write auto, or leave it out"))
    return None


NAME = Field("name", read_label, None, "Name of the network.", required=True)
IPV4_ADDRESS = Field(
    "ipv4_address",
    read_ipv4_address,
    None,
    "IPv4 address of the endpoint on this network.",
    default_words="the one it has, as long as it is in V(ip_range) and nobody else names it; else one of the subnet, by its name",
)
IPV6_ADDRESS = Field("ipv6_address", read_ipv6_address, None, "IPv6 address of the endpoint on this network.", default_words="as that of V(ipv4_address)")
ADDRESSES = Field(
    "addresses",
    list_of(read_further_address),
    (),
    "Further addresses, of subnets of the network. What the endpoint sends comes from the first one of each IP version, and ports lead to that. Each has the"
    " prefix length of its subnet, unless a longer one is given.",
    example="[10.20.0.11, 10.20.0.12/32]",
)
MAC_ADDRESS = Field(
    "mac_address", read_mac, None, "MAC address of the endpoint on this network.", default_words="derived from the network and the first address"
)
INTERFACE_NAME = Field("interface_name", read_interface_name, "", "Name of the interface inside.", default_words="C(eth0), C(eth1), ... in order")
HOST_INTERFACE_NAME = Field(
    "host_interface_name", read_interface_name, "", "Name of the host's end of the interface, where it has one.", default_words="C(cn-) and a hash"
)
IPAM = Field(
    "ipam",
    _read_ipam,
    "allocate",
    "V(none) gives no address. There is no V(dhcp): nothing of this collection stays on a host to renew a lease.",
)
ALIASES = Field("aliases", list_of(read_label), (), "Further names of the endpoint on this network, for whoever reads the declaration.")
GW_PRIORITY = Field("gw_priority", integer(-(2**31), 2**31 - 1), 0, "The network with the highest one gives the endpoint its default route.")
DEFAULT_ROUTE = Field(
    "default_route",
    _read_default_route,
    AUTO,
    "V(auto) makes a default route by this network where nobody else gave the container one. V(true) goes before one that is there, which stays; V(false) never"
    " makes one.",
)
METRIC = Field(
    "metric", integer(0, 2**32 - 1), None, "Metric of that default route.", default_words="the usual one of its IP version, or what goes before others"
)
SYSCTLS = Field(
    "sysctls",
    Later(partial(find_sysctls, per_interface=True)),
    (),
    "Kernel parameters of the interface, for which V(IFNAME) stands in the key.",
    example="{net.ipv4.conf.IFNAME.rp_filter: 2}",
)
ROUTES = Field("routes", Later(find_attachment_routes), (), "Routes that leave by this network.")
VLAN = Field("vlan", _read_vlan, None, "Untagged VLAN of the port, where the bridge has V(vlan_filtering).")
TRUNK = Field("trunk", list_of(_read_vlan), (), "Tagged VLANs of the port, where the bridge has V(vlan_filtering).")
MTU = Field(
    "mtu", read_mtu, None, "Largest packet of this one interface and the host's end of it; at most the network's.", unit="bytes", default_words="the network's"
)
ISOLATED = Field(
    "isolated",
    read_boolean,
    None,
    "Port flag of this one attachment, on a network of driver V(bridge) or V(overlay): isolated ports do not reach each other.",
    default_words="V(true) where the network has V(enable_icc=false), else V(false)",
)
ANTI_SPOOFING = Field(
    "anti_spoofing",
    read_boolean,
    None,
    "Whether the endpoint sends from its own addresses only, on a network of driver V(bridge) or V(overlay).",
    default_words="that of the network",
)
ALLOWED_ADDRESSES = Field(
    "allowed_addresses",
    list_of(read_source),
    (),
    "Addresses and subnets that the endpoint may speak for beside its own, on a network with V(anti_spoofing): of containers behind it, or one that moves.",
    example="[10.20.0.100, 10.30.0.0/24]",
)
ALLOWED_MACS = Field(
    "allowed_macs",
    list_of(read_mac),
    (),
    "MAC addresses that the endpoint may send from beside its own, on a network with V(anti_spoofing).",
    example='["00:00:5e:00:01:0a"]',
)
UP = Field("up", read_boolean, True, "Whether the interface is raised. One that is not has its addresses, but no routes, and answers to nobody.")
PROMISC = Field("promisc", read_boolean, False, "Whether the container's interface takes in every frame.")
ALLMULTI = Field("allmulti", read_boolean, False, "Whether the container's interface takes in every multicast frame.")
TXQUEUELEN = Field("txqueuelen", integer(*QUEUE), USUAL_QUEUE, "Packets that may wait to leave by the container's interface.", unit="packets")
SOURCE_MACS = Field(
    "source_macs",
    list_of(read_mac),
    (),
    "MAC addresses whose frames alone the interface takes in, on a network of driver V(macvlan) with V(mode=source), which needs at least one.",
    example='["02:00:00:00:00:02"]',
)
INGRESS_RATE = Field(
    "ingress_rate",
    Later(find_rate),
    None,
    "How fast frames come to the endpoint, in bits per second: C(kbit), C(mbit) and C(gbit) are thousands of each other. Not on a network of driver"
    " V(macvlan) or V(ipvlan), where nothing of the host's stands before the endpoint.",
    default_words="no limit",
    example="100mbit",
)
EGRESS_RATE = Field(
    "egress_rate", Later(find_rate), None, "How fast frames leave the endpoint, as V(ingress_rate).", default_words="no limit", example="50mbit"
)
_BURST_WORDS = "what passes in 10 ms at that rate, but at least C(16kib) and one frame"
INGRESS_BURST = Field(
    "ingress_burst",
    Later(find_burst),
    None,
    "What may come at once after a pause, in C(kib) or C(mib). At least one frame, and at most what passes in a minute.",
    default_words=_BURST_WORDS,
    example="64kib",
)
EGRESS_BURST = Field("egress_burst", Later(find_burst), None, "What may leave at once, as V(ingress_burst).", default_words=_BURST_WORDS, example="64kib")
DSCP = Field(
    "dscp",
    Later(find_dscp),
    None,
    "Differentiated services code point that what the endpoint sends carries from the host on, whatever the endpoint wrote: a name such as V(ef), or a number."
    " Not where the host routes nothing for it: on a network of driver V(macvlan) or V(ipvlan), or on a bridge of the LAN.",
    default_words="as the endpoint wrote it",
    example="ef",
)
NETEM = Field(
    "netem",
    Later(find_netem),
    None,
    "What a bad network would do to what the endpoint sends: on this attachment packets leave late, get lost, come twice or overtake each other.",
    default_words="nothing of that",
    example='{delay: 20ms, loss: "1%"}',
)

_FIELDS = (
    NAME,
    IPV4_ADDRESS,
    IPV6_ADDRESS,
    ADDRESSES,
    MAC_ADDRESS,
    INTERFACE_NAME,
    HOST_INTERFACE_NAME,
    IPAM,
    ALIASES,
    GW_PRIORITY,
    DEFAULT_ROUTE,
    METRIC,
    SYSCTLS,
    ROUTES,
    VLAN,
    TRUNK,
    MTU,
    ISOLATED,
    ANTI_SPOOFING,
    ALLOWED_ADDRESSES,
    ALLOWED_MACS,
    UP,
    PROMISC,
    ALLMULTI,
    TXQUEUELEN,
    SOURCE_MACS,
    INGRESS_RATE,
    INGRESS_BURST,
    EGRESS_RATE,
    EGRESS_BURST,
    DSCP,
    NETEM,
)
ATTACHMENT = Schema("an entry of networks", _FIELDS, unlike_ours(BORROWED, [field.key for field in _FIELDS]))


@reader(either(read_label.shape, Shape("dict", schema=ATTACHMENT)))
def read_attachment(value: object, path: str, problems: Problems) -> Optional[Attachment]:
    """Return an attachment; its interface names are empty where they were not given."""
    if isinstance(value, str):
        name = read_label(value, path, problems)
        return None if name is None else Attachment(network=name, interface_name="")
    if not isinstance(value, dict):
        problems.append(Problem(path, value, "expected a network's name or a map", "write a name, or name: and options"))
        return None
    entry = read_entry(value, path, problems, ATTACHMENT)
    if entry is None:
        return None
    name = entry.get(NAME)
    default_route = entry.get(DEFAULT_ROUTE)
    attachment = Attachment(
        network=name or "",
        ipv4_address=entry.get(IPV4_ADDRESS),
        ipv6_address=entry.get(IPV6_ADDRESS),
        more=entry.get(ADDRESSES),
        ipam=entry.get(IPAM),
        mac_address=entry.get(MAC_ADDRESS),
        interface_name=entry.get(INTERFACE_NAME),
        host_interface_name=entry.get(HOST_INTERFACE_NAME),
        gw_priority=entry.get(GW_PRIORITY),
        default_route=default_route if isinstance(default_route, bool) else None,
        metric=entry.get(METRIC),
        aliases=entry.get(ALIASES),
        sysctls=entry.get(SYSCTLS),
        routes=entry.get(ROUTES),
        vlan=entry.get(VLAN),
        trunk=entry.get(TRUNK),
        mtu=entry.get(MTU),
        isolated=entry.get(ISOLATED),
        anti_spoofing=entry.get(ANTI_SPOOFING),
        allowed_addresses=entry.get(ALLOWED_ADDRESSES),
        allowed_macs=entry.get(ALLOWED_MACS),
        up=entry.get(UP),
        promisc=entry.get(PROMISC),
        allmulti=entry.get(ALLMULTI),
        txqueuelen=entry.get(TXQUEUELEN),
        source_macs=tuple(sorted(entry.get(SOURCE_MACS))),
        ingress_rate=entry.get(INGRESS_RATE),
        ingress_burst=entry.get(INGRESS_BURST),
        egress_rate=entry.get(EGRESS_RATE),
        egress_burst=entry.get(EGRESS_BURST),
        dscp=entry.get(DSCP),
        netem=entry.get(NETEM) or NO_NETEM,
    )
    _check_burst(entry, INGRESS_RATE.key, attachment.ingress_rate, INGRESS_BURST.key, attachment.ingress_burst)
    _check_burst(entry, EGRESS_RATE.key, attachment.egress_rate, EGRESS_BURST.key, attachment.egress_burst)
    if attachment.vlan is not None and attachment.vlan in attachment.trunk:
        entry.report("trunk", "VLAN %d is the untagged one of this port" % attachment.vlan, "remove it from trunk")
    if attachment.default_route is False and attachment.metric is not None:
        entry.report("metric", "it is that of the default route, which default_route false leaves out", "remove one of the two")
    if not attachment.up and (attachment.default_route or attachment.routes):
        key = "default_route" if attachment.default_route else "routes"
        entry.report(key, "an interface that is not up leads nowhere", "remove it, or up: false")
    if attachment.ipam == "none" and attachment.addresses:
        entry.report("ipam", "none means no address, but one is given", "remove the address or ipam: none")
    return attachment if name is not None else None


def _check_burst(entry: Entry, rate_key: str, rate: Optional[Rate], key: str, burst: Optional[Size]) -> None:
    if burst is None:
        return
    if rate_key not in entry.raw:
        entry.report(key, "it goes with %s, which is not given" % rate_key, "add that, or remove this")
    elif rate is not None and burst > rate.during(LONGEST_BURST):
        entry.report(key, "at %s that is more than a minute, and no limit" % rate, "give less, or remove it")


def fill_names(attachments: Sequence[Attachment], scope: str, endpoint: str, taken: Iterable[str]) -> Tuple[Attachment, ...]:
    """Return the attachments with names of their interfaces, inside the next free ethN."""
    given = {*taken, *(attachment.interface_name for attachment in attachments)}
    free = (name for name in map("eth%d".__mod__, count()) if name not in given)
    return tuple(
        evolve(
            attachment,
            interface_name=attachment.interface_name or next(free),
            host_interface_name=attachment.host_interface_name or names.host_interface_name(scope, endpoint, attachment.network),
        )
        for attachment in attachments
    )
