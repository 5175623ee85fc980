# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import ipaddress
import random
from typing import Callable, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model import addresses, names, span

HASHED = 15


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("br0", None),
        ("a" * 15, None),
        ("0", None),
        ("Eth_0-x", None),
        ("", "an interface name has 1 to 15 characters, this has 0"),
        ("a" * 16, "an interface name has 1 to 15 characters, this has 16"),
        ("lo", "'lo' is a reserved word"),
        ("all", "'all' is a reserved word"),
        ("..", "'..' is a reserved word"),
        ("eth0.30", "a dot is not allowed: it becomes '/' in sysctl keys"),
        ("-x", "must start with a letter or digit (allowed: A-Z a-z 0-9 _ -, letter or digit first)"),
        ("a/b", "character U+002F at position 2 is not allowed (allowed: A-Z a-z 0-9 _ -, letter or digit first)"),
        ("a b", "character U+0020 at position 2 is not allowed (allowed: A-Z a-z 0-9 _ -, letter or digit first)"),
        ("a\n", "control character U+000A at position 2"),
        ("a\x7f", "control character U+007F at position 2"),
        ("é", "non-ASCII character U+00E9 at position 1; only ASCII is allowed"),
        ("a\u202eb", "non-ASCII character U+202E at position 2; only ASCII is allowed"),
    ],
)
def test_interface_names(text: str, expected: Optional[str]) -> None:
    assert names.interface_name_fault(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web.front_end-1", None),
        ("a" * 63, None),
        ("", "a name has 1 to 63 characters, this has 0"),
        ("a" * 64, "a name has 1 to 63 characters, this has 64"),
        ("../etc", "a path separator is not allowed in a name"),
        ("..", "'..' is a reserved word"),
        (".a", "must start with a letter or digit (allowed: A-Z a-z 0-9 _ . -, letter or digit first)"),
        ("a:b", "character U+003A at position 2 is not allowed (allowed: A-Z a-z 0-9 _ . -, letter or digit first)"),
        ("a\0", "control character U+0000 at position 2"),
        ("web\n", "control character U+000A at position 4"),
    ],
)
def test_labels(text: str, expected: Optional[str]) -> None:
    assert names.label_fault(text) == expected


@pytest.mark.parametrize(("derive", "prefix"), [(names.bridge_name, "br"), (names.vxlan_name, "vx")])
def test_derived_names_keep_what_fits(derive: Callable[[str], str], prefix: str) -> None:
    assert derive("web") == prefix + "-web"
    assert derive("a" * 12) == prefix + "-" + "a" * 12
    for text in ("a" * 13, "web.front"):
        assert derive(text) == "%s-%s" % (prefix, hashlib.sha256(text.encode()).hexdigest()[:12])
        assert len(derive(text)) == HASHED


def test_a_hosts_end_is_named_by_all_three() -> None:
    ends = {names.host_interface_name(*parts) for parts in (("s", "e", "n"), ("s", "n", "e"), ("t", "e", "n"), ("s", "en", ""), ("s", "e", "m"))}
    assert len(ends) == 5
    assert all(names.interface_name_fault(name) is None and len(name) == HASHED for name in ends)


def test_systemd_networkd_leaves_our_links_alone() -> None:
    """It ships settings for links of these names, which give them addresses or take them from their bridge."""
    made = [derive("web") for derive in (names.bridge_name, names.vxlan_name, names.shim_name, names.dummy_name)]
    made += [names.host_interface_name("s", "e", "n"), names.routed_interface_name("s", "e", "n"), names.wire_interface_name("s", "w", 0)]
    assert not [name for name in made if name.startswith(("ve-", "vb-", "vz-", "vt-", "6rd-"))]


def test_parts_do_not_run_together() -> None:
    assert names.digest(12, "ab", "c") != names.digest(12, "a", "bc")
    assert addresses.derive_mac("ab", "c") != addresses.derive_mac("a", "bc")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("10.0.0.1", "10.0.0.1"), ("FD00:0:0::5", "fd00::5"), ("::ffff:10.0.0.1", "::ffff:a00:1"), ("0:0:0:0:0:0:0:1", "::1")],
)
def test_one_spelling_of_an_address(text: str, expected: str) -> None:
    # Python 3.13 writes mapped addresses with dots.
    assert addresses.canonical_ip(text) in (expected, "::ffff:10.0.0.1")


def test_the_quick_way_to_an_address_is_the_library_s() -> None:
    dice = random.Random(9)
    for _round in range(3000):
        number = dice.getrandbits(128) & dice.choice((-1, ~0xFFFF << 32, 0xFFFF << 112 | 0xFF, 0xFFFFFFFF, 0xFFFF0000FFFF0000FFFF0000FFFF))
        for address in (ipaddress.IPv6Address(number), ipaddress.IPv4Address(number & 0xFFFFFFFF)):
            for text in (str(address), address.exploded, str(address).upper()):
                assert addresses.canonical_ip(text) == str(address)
                assert span.number(addresses.canonical_ip(text)) == (address.version, int(address))


@pytest.mark.parametrize("text", ["", "10.0.0", "10.0.0.256", "010.0.0.1", "fd00::5/64", "web"])
def test_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        addresses.canonical_ip(text)


def test_one_spelling_of_a_subnet() -> None:
    assert addresses.canonical_network("FD00:20:0::/64") == "fd00:20::/64"
    with pytest.raises(ValueError, match="host bits"):
        addresses.canonical_network("10.0.0.1/24")


@pytest.mark.parametrize(("text", "expected"), [("02:42:0A:00:00:05", "02:42:0a:00:00:05"), ("00:00:00:00:00:00", "00:00:00:00:00:00")])
def test_one_spelling_of_a_mac(text: str, expected: str) -> None:
    assert addresses.canonical_mac(text) == expected


@pytest.mark.parametrize(
    "text", ["", "02:42:0a:00:00", "02:42:0a:00:00:05:06", "02-42-0a-00-00-05", "02:42:0a:00:00:0g", "02:42:0a:00:00:05\n", "2:42:a:0:0:5"]
)
def test_no_mac(text: str) -> None:
    with pytest.raises(ValueError, match="not a MAC"):
        addresses.canonical_mac(text)


def test_derived_macs_are_local_unicast_and_stable() -> None:
    octets = hashlib.sha256(b"web\x0010.20.0.10").hexdigest()[:10]
    mac = addresses.derive_mac("web", "10.20.0.10")
    assert mac == "02:" + ":".join(octets[at : at + 2] for at in range(0, 10, 2))
    assert int(mac[:2], 16) & 3 == 2


def test_derived_ula_is_a_64() -> None:
    found = addresses.derive_ula("main", "web")
    assert found.startswith("fd")
    assert addresses.canonical_network(found) == found
    assert found.endswith("::/64")
    assert found != addresses.derive_ula("main", "db")


@pytest.mark.parametrize(
    ("subnet", "expected"),
    [
        ("10.0.0.0/24", "10.0.0.1"),
        ("10.0.0.0/31", "10.0.0.0"),
        ("10.0.0.0/32", None),
        ("fd00::/64", "fd00::1"),
        ("fd00::/127", "fd00::"),
        ("fd00::5/128", None),
    ],
)
def test_first_usable(subnet: str, expected: Optional[str]) -> None:
    assert addresses.first_usable(subnet) == expected


def test_version() -> None:
    assert [addresses.ip_version(text) for text in ("10.0.0.0/8", "fd00::/8")] == [4, 6]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("fe80::1", True),
        ("fe80::/10", True),
        ("febf:ffff::1/64", True),
        ("fe90::/64", True),
        ("fec0::1", False),
        ("fe8::1", False),
        ("::1", False),
        ("fd00::1", False),
        ("169.254.1.1", False),
        ("", False),
    ],
)
def test_link_local_is_told_by_ten_bits(address: str, expected: bool) -> None:
    assert addresses.is_link_local(address) is expected
