# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which link is a lent one. Cards cannot be had on every kernel that tests run on, so their cases are told here."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.loans import Loan, Loans
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.parse import RawLink
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link

HOME, FW, BAD = 1, 2, 3  # inodes of namespaces
MAC, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:99"
CARD = "pci 0000:01:00.0 " + MAC
LENT = {
    "enp3s0": Loan("main", "", CARD, FW, 4, 1500, True, MAC),
    "pair0": Loan("main", "veth", "", FW, 5, 1500, True, "02:00:00:00:00:02"),
    "cut0": Loan("main", "veth", "", FW, 0, 1500, True, "02:00:00:00:00:03"),
}


def mark(name: str) -> str:
    return "container-net:main:device:%s/1500/up:fw" % name


def found(place: str = "netns:fw", name: str = "eth0", *, alias: str = "", mac: str = OTHER, index: int = 7, kind: str = "", hardware: str = "") -> RawLink:
    return RawLink(Link(place, name, mac=mac, alias=alias), index, 0, 0, 0, None, {}, kind, hardware)


CASES = {
    "a card, whatever it says": ({"hardware": CARD, "alias": mark("keep0")}, FW, "enp3s0"),
    "a card that says nothing, elsewhere": ({"place": "netns:bad", "hardware": CARD}, BAD, "enp3s0"),
    "a card that its container's end threw back": ({"place": "", "name": "dev7", "hardware": CARD, "alias": "container-net:x:network:y"}, HOME, "enp3s0"),
    "a card that is at home again": ({"place": "", "name": "enp3s0", "hardware": CARD}, HOME, None),
    "a card at home that still says where it was": ({"place": "", "name": "enp3s0", "hardware": CARD, "alias": mark("enp3s0")}, HOME, "enp3s0"),
    "another card, with its mark": ({"hardware": "pci 0000:01:00.1 " + OTHER, "alias": mark("enp3s0"), "index": 4}, FW, None),
    "something made, with a card's mark": ({"kind": "dummy", "alias": mark("enp3s0"), "index": 4, "mac": MAC}, FW, None),
    "a pair": ({"kind": "veth", "alias": mark("pair0"), "index": 5}, FW, "pair0"),
    "a pair that says nothing": ({"kind": "veth", "mac": "02:00:00:00:00:02", "index": 5}, FW, "pair0"),
    "another pair of its number": ({"kind": "veth", "index": 5}, FW, None),
    "a pair of its number in another namespace": ({"kind": "veth", "alias": mark("pair0"), "index": 5}, BAD, None),
    "a pair with its mark, of another number": ({"kind": "veth", "alias": mark("pair0"), "mac": "02:00:00:00:00:02", "index": 6}, FW, None),
    "a pair that the host took back": ({"place": "", "kind": "veth", "alias": mark("pair0")}, HOME, "pair0"),
    "a pair whose run was killed": ({"kind": "veth", "alias": mark("cut0"), "mac": "02:00:00:00:00:03"}, FW, "cut0"),
    "one that pretends to be it": ({"kind": "veth", "alias": mark("cut0")}, FW, None),
}


@pytest.fixture
def loans(tmp_path: Path) -> Loans:
    known = Loans(str(tmp_path))
    for name, loan in LENT.items():
        known.remember(name, loan)
    return Loans(str(tmp_path))


@pytest.mark.parametrize("case", CASES)
def test_who_is_lent(case: str, loans: Loans) -> None:
    given, namespace, name = CASES[case]
    arguments: Dict[str, Any] = dict(given)
    recognised = loans.recognise(found(**arguments), namespace)
    assert recognised == (None if name is None else (name, LENT[name]))


ENDS = {
    "what was not looked at stays": ([], [FW], set(LENT)),
    "what has no hardware ends with its namespace": ([], [HOME], {"enp3s0"}),
    "or when it is gone from it": ([(found("netns:fw", "lo"), FW)], [FW], {"enp3s0"}),
    "what is at home again is lent no more": ([(found("", "enp3s0", hardware=CARD), HOME)], [FW], {"pair0", "cut0"}),
}


@pytest.mark.parametrize("case", ENDS)
def test_what_is_over_is_forgotten(case: str, loans: Loans, tmp_path: Path) -> None:
    seen, namespaces, left = ENDS[case]
    for link, namespace in seen:
        loans.recognise(link, namespace)
    loans.tidy(namespaces)
    assert set(Loans(str(tmp_path)).read()) == left


def test_where_it_was_seen_is_noted_unless_the_run_lent_it_again(loans: Loans, tmp_path: Path) -> None:
    loans.recognise(found(kind="veth", alias=mark("cut0"), mac="02:00:00:00:00:03", index=9), FW)
    loans.recognise(found("netns:bad", hardware=CARD, index=3), BAD)
    again = LENT["enp3s0"]  # the same numbers, which the kernel gives again
    loans.remember("enp3s0", again)
    loans.tidy([FW])
    known = Loans(str(tmp_path)).read()
    assert known["cut0"].index == 9
    assert known["enp3s0"] == again


@pytest.mark.parametrize("text", ['{"enp3s0": 1}', '{"enp3s0": {"scope": "main"}}', "{", None])
def test_a_torn_note_is_none(text: Optional[str], tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "lent.json").write_text(text, encoding="ascii")
    assert Loans(str(tmp_path)).read() == {}
