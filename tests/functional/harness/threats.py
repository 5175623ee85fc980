# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The marker threat: which rows of tests/threats.yml a test shows, noted for each family and backend in the file CONTAINER_NET_THREATS."""

from __future__ import annotations

import json
import os
from typing import Dict, Iterator, List, Set, Tuple

import pytest

from harness import backends

Cell = Tuple[str, int, str]  # row, family, backend
MARKER = (
    "threat(*rows, everywhere=False, backends=(...)): rows of tests/threats.yml; everywhere where neither family nor backend matters,"
    " backends where the test is about one only"
)
VARIANTS = {"nft": "iptables-nft", "legacy": "iptables-legacy"}  # of tests that drive the backend themselves


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    """Keep what is about the wanted backend; what is about none is asked with the usual one."""
    if backends.WANTED:
        items[:] = [item for item in items if backends.WANTED in _backends_of(item)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.user_properties += [("threat", cell) for cell in sorted(set(_cells_of(item)))]


def _parameters_of(item: pytest.Item) -> Dict[str, object]:
    return getattr(getattr(item, "callspec", None), "params", {})


def _backends_of(item: pytest.Item) -> Tuple[str, ...]:
    """Return the backends that a test can run with: by its parameter, by its marker, or any."""
    parameters = _parameters_of(item)
    named = str(parameters.get("firewall", "nftables" if parameters.get("program") == "nft" else "iptables" if "program" in parameters else ""))
    if named in VARIANTS:
        return (VARIANTS[named],)
    marks = list(item.iter_markers("threat"))
    if any(mark.kwargs.get("everywhere") for mark in marks):
        return (backends.USUAL,)
    options = [named] if named else [option for mark in marks for option in mark.kwargs.get("backends", ())]
    return tuple(name for name in backends.ALL if not options or backends.option_of(name) in options)


def _cells_of(item: pytest.Item) -> Iterator[Cell]:
    parameters = _parameters_of(item)
    family = parameters.get("version", parameters.get("family"))
    able = _backends_of(item)
    used = (backends.WANTED or backends.USUAL,) if (backends.WANTED or backends.USUAL) in able else able
    for mark in item.iter_markers("threat"):
        for row in mark.args:
            for version in [family] if family in (4, 6) else [4, 6]:
                for backend in backends.ALL if mark.kwargs.get("everywhere") else used:
                    yield (row, version, backend)


class Recorder:
    """Collects what became of each cell; a cell holds only where every test of it passed."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._held: Set[Cell] = set()
        self._open: Set[Cell] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        cells = {tuple(cell) for name, cell in report.user_properties if name == "threat"}
        if report.failed:
            self._open |= cells
        elif report.when == "call" and report.passed:
            self._held |= cells

    def pytest_sessionfinish(self) -> None:
        with open(self._path, "a", encoding="utf-8") as stream:
            for cell in sorted(self._held | self._open):
                stream.write(json.dumps([*cell, cell not in self._open]) + "\n")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    path = os.environ.get("CONTAINER_NET_THREATS", "")
    if path and not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(Recorder(path))
