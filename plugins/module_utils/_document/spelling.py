# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The one spelling of addresses, subnets and MACs; everything else is refused with the reason."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Optional

from .._model.addresses import canonical_ip, canonical_mac, canonical_network, ip_version
from .._model.names import character_fault
from .._model.span import number, overlap

# Subnets no container network may touch.
RESERVED = (
    ("255.255.255.255/32", "broadcast"),
    ("0.0.0.0/8", '"this network"'),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local addresses"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "future use"),
    ("::/128", "the unspecified address"),
    ("::1/128", "loopback"),
    ("::ffff:0:0/96", "IPv4-mapped addresses"),
    ("fe80::/10", "link-local addresses"),
    ("ff00::/8", "multicast"),
)
MAPPED = "::ffff:"  # what the spelling of every IPv4-mapped address begins with
LONGEST_PREFIX = {4: 30, 6: 126}
_PREFIX = re.compile(r"(0|[1-9][0-9]{0,2})\Z", re.ASCII)
_PLAIN_MAC = re.compile(r"[0-9a-f]{12}\Z")


class Fault(ValueError):
    """A text that breaks a rule, and how to mend it."""

    def __init__(self, rule: str, fix: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.fix = fix


def _refuse_stray_characters(text: str) -> None:
    if text != text.strip(" "):
        raise Fault("a stray space", "remove it")
    fault = character_fault(text)
    if fault:
        raise Fault(fault, "remove it")


def _explain_address(text: str) -> Fault:
    _refuse_stray_characters(text)
    if "%" in text:
        return Fault("a zone is not allowed", "write %s" % text.split("%")[0])
    if "/" in text:
        return Fault("expected an address without a prefix length", "write %s" % text.split("/")[0])
    octets = text.split(".")
    if not all(octet.isdigit() for octet in octets):
        return Fault("not an IP address", "write one such as 10.0.0.2 or fd00::2")
    if len(octets) != 4:
        return Fault("an IPv4 address has four parts, this has %d" % len(octets), "write all four")
    if any(len(octet) > 1 and octet[0] == "0" for octet in octets):
        return Fault("a leading zero is ambiguous (octal to some programs)", "write %s" % ".".join(octet.lstrip("0") or "0" for octet in octets))
    return Fault("a part of an IPv4 address is 0 to 255", "correct the part above 255")


@lru_cache(maxsize=65536)
def canonical_address(text: str) -> str:
    """Return the canonical spelling of an IP address or raise Fault."""
    try:
        canonical = canonical_ip(text)
    except ValueError:
        raise _explain_address(text) from None
    if "%" in canonical:
        raise _explain_address(text)
    if canonical.startswith(MAPPED):
        mapped = ipaddress.IPv6Address(canonical).ipv4_mapped
        if mapped is not None:
            raise Fault("an IPv4-mapped IPv6 address is not allowed", "write %s" % mapped)
    return canonical


def _prefix_length(address: str, prefix: str) -> int:
    longest = 32 if ip_version(address) == 4 else 128
    if "." in prefix:
        try:
            meant = ipaddress.ip_network("%s/%s" % (address, prefix), strict=False).prefixlen
        except ValueError:
            raise Fault("the mask is not contiguous", "write a prefix length such as %s/24" % address) from None
        raise Fault("expected a prefix length, not a mask", "write %s/%d" % (address, meant))
    if not _PREFIX.match(prefix):
        plain = prefix.lstrip("+0")
        meant_text = plain if _PREFIX.match(plain) and int(plain) <= longest else str(longest * 3 // 4 if longest == 32 else 64)
        raise Fault("a prefix length is a number from 0 to %d without sign or leading zero" % longest, "write %s/%s" % (address, meant_text))
    if int(prefix) > longest:
        raise Fault("a prefix length is 0 to %d" % longest, "write one in that range")
    return int(prefix)


@lru_cache(maxsize=16384)
def canonical_subnet(text: str) -> str:
    """Return the canonical spelling of a subnet or raise Fault."""
    _refuse_stray_characters(text)
    address, slash, prefix = text.partition("/")
    address = canonical_address(address)
    if not slash:
        raise Fault("a prefix length is missing", "write %s/%d" % (address, 24 if ip_version(address) == 4 else 64))
    length = _prefix_length(address, prefix)
    try:
        return canonical_network("%s/%d" % (address, length))
    except ValueError:
        meant = ipaddress.ip_network("%s/%d" % (address, length), strict=False)
        raise Fault("host bits are set", "did you mean %s" % meant) from None


def canonical_range(text: str) -> str:
    """Return the canonical spelling of a subnet, or of a range from one address to another."""
    first, dash, last = text.partition("-")
    if not dash:
        return canonical_subnet(text)
    first, last = canonical_address(first), canonical_address(last)
    if ip_version(first) != ip_version(last):
        raise Fault("begins as IPv%d and ends as IPv%d" % (ip_version(first), ip_version(last)), "use one family")
    if number(first) > number(last):
        raise Fault("ends before it begins", "write %s-%s" % (last, first))
    return "%s-%s" % (first, last)


def canonical_interface(text: str) -> str:
    """Return an address a host may have, with the prefix length of its subnet, or raise Fault."""
    _refuse_stray_characters(text)
    address, slash, prefix = text.partition("/")
    address = canonical_address(address)
    version = ip_version(address)
    if not slash:
        raise Fault("a prefix length is missing", "write %s/%d" % (address, 24 if version == 4 else 64))
    length = _prefix_length(address, prefix)
    fault = unicast_fault(address)
    if fault is None and address in ("0.0.0.0", "::"):
        fault = Fault("the unspecified address is no host's own", "write an address of the host")
    if fault:
        raise fault
    parsed = ipaddress.ip_interface("%s/%d" % (address, length))
    if parsed.network.num_addresses > 2 and parsed.ip == parsed.network.network_address:
        raise Fault("the network address of %s" % parsed.network, "write an address inside it")
    if version == 4 and parsed.network.num_addresses > 2 and parsed.ip == parsed.network.broadcast_address:
        raise Fault("the broadcast address of %s" % parsed.network, "write an address inside it")
    return "%s/%d" % (address, length)


def canonical_source(text: str) -> str:
    """Return a subnet; a single address stands for itself."""
    if "/" in text:
        return canonical_subnet(text)
    address = canonical_address(text)
    return "%s/%d" % (address, 32 if ip_version(address) == 4 else 128)


def container_subnet(text: str) -> str:
    """Return the canonical subnet of a container network or raise Fault."""
    private = "write a private subnet such as 10.20.0.0/24 or fd00:20::/64"
    subnet = canonical_subnet(text) if "/" in text else canonical_source(text)
    if subnet in ("0.0.0.0/0", "::/0"):
        raise Fault("this is every address there is", private)
    for reserved, purpose in RESERVED:
        if overlap(subnet, reserved):
            raise Fault("%s is reserved for %s" % (reserved, purpose), private)
    canonical_subnet(text)
    longest = LONGEST_PREFIX[ip_version(subnet)]
    if int(subnet.split("/")[1]) > longest:
        raise Fault("too small for a gateway and one endpoint", "use /%d or larger" % longest)
    return subnet


def unicast_fault(address: str) -> Optional[Fault]:
    """Return why a valid address cannot be a host's own, or None. Unspecified is not judged here."""
    parsed = ipaddress.ip_address(address)
    if parsed.is_loopback:
        return Fault("a loopback address does not leave the host", "write an address other hosts reach")
    if parsed.is_multicast or address == "255.255.255.255":
        return Fault("a unicast address is required", "write an address of the host")
    if parsed.is_link_local:
        return Fault("a link-local address is ambiguous without its interface", "write a routable address")
    return None


def canonical_hardware(text: str) -> str:
    """Return a unicast MAC in lower case with colons or raise Fault."""
    _refuse_stray_characters(text)
    try:
        mac = canonical_mac(text)
    except ValueError:
        plain = re.sub(r"[-.:]", "", text.lower())
        if _PLAIN_MAC.match(plain) and text.count(":") != 5:
            raise Fault("a MAC is written with colons", "write %s" % ":".join(plain[i : i + 2] for i in range(0, 12, 2))) from None
        octets = len(re.split(r"[-:]", text))
        if octets != 6:
            raise Fault("a MAC has six octets, this has %d" % octets, "write one such as 02:00:00:00:00:01") from None
        raise Fault("a MAC is six octets of two hex digits", "write one such as 02:00:00:00:00:01") from None
    if mac == "00:00:00:00:00:00":
        raise Fault("the zero MAC is not an address; a unicast MAC is required", "write one such as 02:00:00:00:00:01")
    if int(mac[:2], 16) & 1:
        raise Fault("a multicast or broadcast MAC; a unicast MAC is required", "write %02x%s" % (int(mac[:2], 16) & 0xFE | 2, mac[2:]))
    return mac
