# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another tool empties and restores the firewall while runs happen; a firewall tool hangs, dies or talks nonsense. No guard is lost by it."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from typing import Dict, List, Optional, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError, FirewallError, ToolFailed
from ansible_collections.netloom.container_net.plugins.module_utils._runtime import tool
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, Tools, converge, with_addresses
from harness.guards import SHORT, await_no_guard, keep_log
from harness.host import on_fake_host, sh
from harness.runs import OTHER, WEB
from harness.snapshot import assert_same, take_snapshot

keep_log()

FAMILIES = ("iptables", "ip6tables")
DUAL = with_addresses(
    Declaration(
        [network("web", V4, V6, enable_icc=False), network("db", {"subnet": "10.22.0.0/24"}, internal=True)],
        [endpoint("a", "web", ports=["8080:80"]), endpoint("b", "db")],
    )
)
NEIGHBOUR = Declaration([network("else", {"subnet": "10.99.0.0/24"})], [endpoint("z", "else", ports=["9090:90"])])


def save() -> Dict[str, str]:
    return {family: sh(family + "-save") for family in FAMILIES}


def flush(family: str) -> None:
    tables = ("raw", "filter", "mangle", "nat")
    sh("; ".join("%s -t %s -F; %s -t %s -X" % (family, table, family, table) for table in tables))


def put(dump: Dict[str, str]) -> None:
    """As a tool does that loads its saved rules: all in one go."""
    for family, text in dump.items():
        sh("%s-restore --wait 10 <<'END'\n%sEND" % (family, text))


def guards() -> List[str]:
    return sorted("%s %s" % (family, line) for family, text in save().items() for line in text.splitlines() if line.startswith("-A ") and "CNET" in line)


class Meddler:
    """Empties the firewall before a call of a kind and puts it back before another, so that a read falls in between."""

    def __init__(self, flush_before: str, restore_before: str, times: int = 1) -> None:
        self.tools = Tools(around=self._around)
        self.met = 0
        self._flush, self._restore, self._times = flush_before, restore_before, times
        self._held: Optional[Dict[str, str]] = None

    def _around(self, moment: str, argv: Sequence[str]) -> Optional[Tuple[int, str, str]]:
        if moment == "before" and argv[0] == self._restore and self._held is not None:
            put(self._held)
            self._held = None
        elif moment == "before" and argv[0] == self._flush and self._held is None and self.met < self._times:
            self.met += 1
            self._held = save()
            for family in FAMILIES:
                flush(family)
        return None


def attempt(goal: Declaration, tools: Tools, **options: float) -> Optional[ContainerNetError]:
    try:
        converge(goal, tools=tools, **options)  # type: ignore[arg-type]
    except ContainerNetError as error:
        return error
    return None


@pytest.mark.threat("S7", backends=("iptables",))
@pytest.mark.fake_host
@pytest.mark.parametrize("times", [1, 50])
def test_a_read_between_flush_and_restore_loses_no_guard(times: int) -> None:
    """The same declaration again, another one, and that of a second scope, with a reader that always falls into the gap."""
    converge(DUAL)
    converge(NEIGHBOUR, scope="else")
    before = guards()
    assert len(before) > 30
    for restored in ("iptables-restore", "ip6tables-restore"):
        for goal in (DUAL, OTHER):
            converge(DUAL)
            meddler = Meddler("iptables-save", restored, times)
            attempt(goal, meddler.tools)
            assert meddler.met
            if meddler._held is not None:  # the run ended in the gap
                put(meddler._held)
            standing = guards()
            neighbours = [line for line in before if "container-net:else:" in line]
            assert [line for line in standing if "container-net:else:" in line] == neighbours
            converge(DUAL)
            assert guards() == before


@pytest.mark.fake_host
def test_a_restore_that_finds_what_was_not_there_puts_back_nothing_it_did_not_change() -> None:
    """Red with a way back that restores what the first read showed: nothing."""
    converge(DUAL)
    before, dump = guards(), save()

    def around(moment: str, argv: Sequence[str]) -> Optional[Tuple[int, str, str]]:
        if moment == "before" and argv[0].endswith("-save"):
            return 0, "", ""
        if moment == "before" and argv[0].endswith("-restore"):
            reads.around = None
        return None

    reads = Tools(around=around)
    assert dump
    error = attempt(DUAL, reads)
    assert error is None or "what stood before was put back" in str(error)
    assert guards() == before


@pytest.mark.parametrize(
    ("program", "fault"),
    [
        *(("iptables-save", fault) for fault in ("hangs", "dies", "garbage", "cut")),
        *((program, fault) for program in ("iptables-restore", "ip6tables-restore", "nft") for fault in ("hangs", "dies")),
        ("nft", "garbage"),
    ],
)
@pytest.mark.threat("S8")
def test_a_firewall_tool_that_fails_gives_one_clear_error_and_changes_nothing(program: str, fault: str, tmp_path: object) -> None:
    words = {
        "hangs": "%s gave no answer within 0.5 seconds",
        "dies": "%s was killed by signal SIGKILL",
        "garbage": "%s told nothing that can be read" if program == "nft" else "%s gave no whole rule set",
        "cut": "%s gave no whole",
    }
    fake = os.path.join(str(tmp_path), program)
    firewall = "nftables" if program == "nft" else "iptables"
    first, second = replace(WEB, firewall=firewall), replace(OTHER, firewall=firewall)

    def body() -> List[str]:
        real = shutil.which(program)
        scripts = {"hangs": "sleep 60 & sleep 60", "dies": "kill -KILL $$", "garbage": "echo '{\"not\": 1}'", "cut": "%s | head -n 5" % real}
        with open(fake, "w", encoding="utf-8") as stream:
            stream.write('#!/bin/sh\n[ -e %s ] || exec %s "$@"\n%s\n' % (fake + ".on", real, scripts[fault]))
        os.chmod(fake, 0o755)

        def run(argv: Sequence[str], data: Optional[str] = None) -> Tuple[int, str, str]:
            hangs = fault == "hangs" and argv[0] == program and os.path.exists(fake + ".on")
            return tool.run_tool([fake if argv[0] == program else argv[0], *argv[1:]], data, limit=0.5 if hangs else tool.TIME_LIMIT)

        tools = Tools()
        tools.run = run  # type: ignore[method-assign]
        converge(first, tools=tools)
        before = take_snapshot()
        open(fake + ".on", "w", encoding="utf-8").close()
        started = time.monotonic()
        error = attempt(second, tools)
        took = time.monotonic() - started
        os.unlink(fake + ".on")
        assert isinstance(error, (FirewallError, ToolFailed)), error
        assert words[fault] % program in str(error), error
        assert "Traceback" not in str(error)
        assert took < 20, took
        if program.endswith("-save") or program == "nft":
            assert_same(before)
        converge(second, tools=tools)
        return []

    on_fake_host(body)


@pytest.mark.fake_host
def test_the_guard_takes_links_back_where_its_own_firewall_tool_hangs() -> None:
    converge(DUAL)
    owner, standing = os.getpid(), "ip -br -4 address | awk '{print $1, $3}' | sed 's/@[^ ]*//' | sort"
    before = sh(standing)

    def around(moment: str, argv: Sequence[str]) -> Optional[Tuple[int, str, str]]:
        if os.getpid() != owner:  # the guard
            raise ToolFailed("%s gave no answer within 10 seconds" % argv[0])
        return None

    converge(NEIGHBOUR, tools=Tools(around=around), confirm_timeout=SHORT, scope="else")
    assert sh(standing) != before
    await_no_guard(30)
    assert sh(standing) == before
