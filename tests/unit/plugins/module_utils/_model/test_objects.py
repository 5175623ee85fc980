# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.objects import Chain, Jump
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.veth import Veth
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vxlan import Vxlan
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Attachment, PublishedPort
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import (
    LINE_LIMIT,
    PROBLEMS_SHOWN,
    Conflict,
    InputError,
    KernelError,
    Problem,
    errno_name,
    printable,
    type_name,
)
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.mark import ALIAS_LIMIT, UNFINISHED, Mark, is_owned, read_mark
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import (
    FLOOD_MAC,
    Address,
    FdbEntry,
    KernelObject,
    Namespace,
    Neighbour,
    Route,
    Sysctl,
)
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts, Snapshot, host_facts

LABELS = [
    (Namespace("netns:api"), "namespace api"),
    (Link("", "br-web", kind=Bridge()), "bridge br-web"),
    (Link("netns:api", "eth0", kind=Veth()), "veth eth0 in api"),
    (Link("path:/run/x/c1", "vx0", kind=Vxlan()), "vxlan vx0 in /run/x/c1"),
    (Link("", "eth0"), "link eth0"),
    (Address("netns:api", "eth0", "10.0.0.1/24"), "address 10.0.0.1/24 on eth0 in api"),
    (Route("", "0.0.0.0/0"), "route 0.0.0.0/0"),
    (Neighbour("", "vx0", "fd00::1"), "neighbour fd00::1 on vx0"),
    (FdbEntry("", "vx0", "02:00:00:00:00:01", "192.0.2.1"), "fdb 02:00:00:00:00:01 via 192.0.2.1 on vx0"),
    (FdbEntry("", "vx0", "02:00:00:00:00:01"), "fdb 02:00:00:00:00:01 on vx0"),
    (Sysctl("netns:api", "net/ipv4/conf/eth0/rp_filter", "1"), "sysctl net.ipv4.conf.eth0.rp_filter in api"),
    (Chain("", 4, "nat", "CNET-POST"), "iptables chain nat/CNET-POST"),
    (Chain("netns:api", 6, "filter", "CNET-FORWARD"), "ip6tables chain filter/CNET-FORWARD in api"),
    (Jump("", 6, "filter", "FORWARD", "-j CNET-FORWARD"), "ip6tables jump filter/FORWARD -j CNET-FORWARD"),
]


@pytest.mark.parametrize(("item", "label"), LABELS, ids=[label for _item, label in LABELS])
def test_labels(item: KernelObject, label: str) -> None:
    assert item.label == label


def test_keys_tell_apart_what_the_kernel_tells_apart() -> None:
    different = [item for item, _label in LABELS] + [
        Link("netns:db", "eth0", kind=Veth()),
        Address("", "eth0", "10.0.0.1/24"),
        Address("netns:api", "eth0", "10.0.0.1/25"),
        Route("", "0.0.0.0/0", metric=5),
        Route("", "0.0.0.0/0", table=10),
        FdbEntry("", "vx0", FLOOD_MAC, "192.0.2.1"),
        FdbEntry("", "vx0", FLOOD_MAC, "192.0.2.2"),
        Chain("", 6, "nat", "CNET-POST"),
    ]
    assert len({item.key for item in different}) == len(different)


def test_keys_ignore_what_can_change() -> None:
    assert Link("", "x", kind=Bridge(), mtu=1).key == Link("", "x", kind=Vxlan()).key
    assert Route("", "0.0.0.0/0", gateway="10.0.0.1").key == Route("", "0.0.0.0/0", gateway="10.0.0.2").key
    assert FdbEntry("", "x", "02:00:00:00:00:01", "192.0.2.1").key == FdbEntry("", "x", "02:00:00:00:00:01", "192.0.2.2").key


@pytest.mark.parametrize(
    "mark",
    [Mark("main", "network", "web"), Mark("main", "endpoint", "web", "api"), Mark("main", "namespace"), Mark("a.b", "object")],
    ids=str,
)
def test_a_mark_reads_back(mark: Mark) -> None:
    assert read_mark(str(mark)) == mark


def test_the_longest_mark_fits_an_alias() -> None:
    assert len(str(Mark("s" * 63, "namespace", "n" * 63, "e" * 63))) <= ALIAS_LIMIT


@pytest.mark.parametrize(
    "alias", [None, "", "uplink", "container-net", "container-net:main", "container-network:main:x", "container-net:a:b:c:d:e", " container-net:a:b"]
)
def test_other_aliases_are_foreign(alias: Optional[str]) -> None:
    assert read_mark(alias) is None


def test_who_owns_what() -> None:
    assert is_owned(read_mark("container-net:main:object"), "main")
    assert not is_owned(read_mark("container-net:main:object"), "mai")
    assert not is_owned(None, "main")
    assert is_owned(read_mark(UNFINISHED), "main")
    assert not is_owned(read_mark("container-net::object"), "main")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "p: got null: no; fix"),
        (True, 'p: got boolean "true": no; fix'),
        (5, 'p: got integer "5": no; fix'),
        (1.5, 'p: got float "1.5": no; fix'),
        ("", 'p: got string "": no; fix'),
        ("a\x1b[31m\u202e", 'p: got string "a\\x1b[31m\\u202e": no; fix'),
        ([1, 2], "p: got list of 2: no; fix"),
        ({"a": 1}, "p: got map of 1: no; fix"),
        (10**5000, 'p: got integer "0x'),
        ("x" * 61, 'p: got string "%s...": no; fix' % ("x" * 57)),
        ("x" * 60, 'p: got string "%s": no; fix' % ("x" * 60)),
    ],
    ids=lambda value: repr(value)[:20] if not isinstance(value, int) else "",
)
def test_a_problem_is_one_line(value: object, expected: str) -> None:
    line = str(Problem("p", value, "no", "fix"))
    assert line.startswith(expected) if expected.endswith("0x") else line == expected


@pytest.mark.parametrize("path", ["p", "p" * 110, "p" * 3000, "\u202e" * 300])
@pytest.mark.parametrize("value", ["v", "v" * 60, "\x1b" * 5000])
@pytest.mark.parametrize("long", [False, True])
def test_rule_and_fix_are_never_cut(path: str, value: str, long: bool) -> None:
    rule, fix = ("must be a name of the host's " + "own " * 30 if long else "no"), "choose another"
    line = str(Problem(path, value, rule, fix))
    assert line.endswith('": %s; %s' % (rule, fix))
    assert ': got string "' in line
    assert len(line) <= max(LINE_LIMIT, 160 + len(rule) + len(fix))
    assert line.isprintable()


def test_a_long_value_makes_room_for_the_rule() -> None:
    line = str(Problem("p" * 60, "v" * 60, "r" * 60, "f" * 20))
    assert len(line) == LINE_LIMIT
    assert "v..." in line


def test_many_problems_are_counted() -> None:
    problems = tuple(Problem("p%d" % number, 1, "no") for number in range(PROBLEMS_SHOWN + 3))
    lines = str(InputError(problems)).splitlines()
    assert lines[0] == "%d input errors, nothing was changed:" % len(problems)
    assert lines[-1] == "- ... and 3 more"
    assert len(lines) == PROBLEMS_SHOWN + 2
    assert str(InputError(problems[:1])).startswith("1 input error, nothing was changed:\n- p0")


def test_conflicts_are_printable() -> None:
    assert str(Conflict(["link \x1b[2J exists"])) == "nothing was changed:\n- link \\x1b[2J exists"


def test_small_words() -> None:
    assert printable("a\tb\n") == "a\\tb\\n"
    assert errno_name(17) == "EEXIST"
    assert errno_name(None) == "errno None"
    assert errno_name(99999) == "errno 99999"
    assert str(KernelError("+ bridge br0", 1, "EPERM")) == "+ bridge br0: EPERM"
    assert [type_name(value) for value in ((), object(), True)] == ["list", "object", "boolean"]


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        (PublishedPort(80, 8080), "80:8080/tcp"),
        (PublishedPort(8000, 9000, 10, "udp"), "8000-8009:9000-9009/udp"),
        (PublishedPort(80, 80, host_ip="192.0.2.1"), "192.0.2.1:80:80/tcp"),
        (PublishedPort(80, 80, host_ip="::"), "[::]:80:80/tcp"),
    ],
)
def test_a_port_is_written_as_its_author_would(port: PublishedPort, expected: str) -> None:
    assert str(port) == expected


def test_addresses_of_an_attachment() -> None:
    assert Attachment("web", "10.0.0.1", "fd00::1").addresses == ("10.0.0.1", "fd00::1")
    assert Attachment("web", None, "fd00::1").addresses == ("fd00::1",)


def snapshot(*items: Any) -> Snapshot:
    found = Snapshot()
    for item in items:
        found.add(item)
    return found


def test_a_snapshot_finds_links_by_place() -> None:
    first, second, third = Link("", "a"), Link("netns:x", "a"), Link("netns:x", "b")
    found = snapshot(first, second, third)
    assert found.link("netns:x", "a") is second
    assert found.link("netns:y", "a") is None
    assert list(found.links("netns:x")) == [second, third]
    assert list(found.links()) == [first, second, third]
    assert list(found.links("netns:y")) == []


def test_a_snapshot_keeps_the_newest_and_what_is_mine() -> None:
    found = Snapshot()
    found.add(Link("", "a", mtu=1), mine=True)
    found.add(Link("", "a", mtu=2))
    link = found.link("", "a")
    assert link is not None
    assert link.mtu == 2
    assert found.mine == {link.key}


def test_marks_of_links_and_namespaces() -> None:
    found = snapshot(Link("", "a", alias="container-net:main:object"), Namespace("netns:x", "container-net:main:namespace"), Address("", "a", "10.0.0.1/8"))
    marks = [found.mark(key) for key in found.objects]
    assert marks == [Mark("main", "object"), Mark("main", "namespace"), None]
    assert found.mark(("Link", "", "gone")) is None


def test_facts_are_those_of_the_host() -> None:
    eth0, eth1 = Link("", "eth0", mtu=1500), Link("", "eth1", mtu=1400)
    facts = host_facts(
        snapshot(
            eth0,
            eth1,
            Link("netns:x", "eth9"),
            Address("", "eth0", "192.0.2.1/24"),
            Address("netns:x", "eth9", "10.0.0.1/24"),
            Route("", "0.0.0.0/0", gateway="192.0.2.254", device="eth1"),
            Route("netns:x", "::/0", device="eth9"),
        )
    )
    assert facts.links == {"eth0": eth0, "eth1": eth1}
    assert facts.addresses == (("eth0", "192.0.2.1/24"),)
    assert facts.device_of("192.0.2.1") is eth0
    assert facts.device_of("192.0.2.10") is None
    assert facts.default_mtu() == 1400
    assert facts.default_mtu(6) is None
    assert Facts(routes=(("0.0.0.0/0", "gone"),)).default_mtu() is None
