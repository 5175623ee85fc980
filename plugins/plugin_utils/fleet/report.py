# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the probes of a fleet found: as text for a terminal, and the whole as JSON and JUnit."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, List, Mapping, Sequence, Tuple
from xml.etree import ElementTree

from ..lines import fold, tabulate

COLUMNS = PASSED, REFUSED, WRONG = ("passed", "refused", "wrong")
# Of the exceptions; of the tables, and of the lines of one, where nothing is wrong.
EXCEPTIONS_SHOWN, TABLES_SHOWN, ROWS_SHOWN = 20, 12, 8


@dataclass(frozen=True)
class Verdict:
    """A check with the way it took and what it found."""

    host: str
    to: str
    origin: str
    result: Mapping[str, Any]

    @property
    def column(self) -> str:
        return WRONG if not self.result["ok"] else PASSED if self.result["outcome"] == "pass" else REFUSED

    @property
    def fault(self) -> str:
        result = self.result
        port = " port %s" % result["port"] if result["port"] else ""
        what = "could not be tried" if result["outcome"] == "error" else "should %s" % result["expect"]
        return "%s: %s; %s to %s%s %s: %s" % (self.host, result["name"], result["type"], result["address"], port, what, result["detail"])


@dataclass(frozen=True)
class Report:
    """All verdicts of a play, the hosts that gave none, and what no probe looks at."""

    verdicts: Tuple[Verdict, ...]
    silent: Tuple[Tuple[str, int], ...] = field(default=())
    not_probed: Tuple[str, ...] = field(default=())

    @property
    def counts(self) -> Dict[str, int]:
        found = Counter(verdict.column for verdict in self.verdicts)
        return {column: found[column] for column in COLUMNS}


def make_report(probes: Mapping[str, Any], results: Mapping[str, Sequence[Mapping[str, Any]]], hosts: Sequence[str], not_probed: Sequence[str]) -> Report:
    """Join what was asked with what was found, host by host in the same order. A host of the play without results is silent."""
    verdicts = [
        Verdict(host, way["to"], way["from"], result)
        for host in hosts
        if host in probes and host in results
        for way, result in zip(probes[host]["ways"], results[host])
    ]
    silent = [(host, len(probes[host]["checks"])) for host in hosts if host in probes and host not in results]
    return Report(tuple(verdicts), tuple(silent), tuple(not_probed))


def render_text(report: Report) -> List[str]:
    """Return a summary, the exceptions and a table for each network; a large fleet has no more of them than somebody reads."""
    counts = report.counts
    total, wrong = sum(counts.values()), counts[WRONG]
    untried = sum(number for _host, number in report.silent)
    summary = "%d checks: %d passed and %d were refused as declared, %d wrong" % (total, counts[PASSED], counts[REFUSED], wrong)
    found = fold(summary) + (["%d not tried" % untried] if untried else [])
    faults = ["%s gave no results: %d checks from there were not tried" % item for item in report.silent]
    faults += [verdict.fault for verdict in report.verdicts if verdict.column == WRONG]
    if faults:
        found += ["", "Not as declared:"]
        found += [line for fault in faults[:EXCEPTIONS_SHOWN] for line in fold("- " + fault, 2)]
    if len(faults) > EXCEPTIONS_SHOWN:
        found += fold("... and %d more; -e verify_report=FILE writes all" % (len(faults) - EXCEPTIONS_SHOWN), 2)
    found += _render_tables(report.verdicts)
    if report.not_probed:
        found += ["", "Not probed:"]
        found += [line for fact in report.not_probed for line in fold("- " + fact, 2)]
    return found


def _render_tables(verdicts: Sequence[Verdict]) -> List[str]:
    groups: Dict[str, Dict[str, Counter[str]]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.to, {}).setdefault(verdict.origin, Counter())[verdict.column] += 1
    found: List[str] = []
    rest: List[str] = []
    for name in sorted(groups, key=lambda name: (not name.startswith("network "), name)):
        rows = groups[name]
        if len(groups) > TABLES_SHOWN and not any(row[WRONG] for row in rows.values()):
            rest.append(name)
            continue
        found += ["", *tabulate("to " + name, COLUMNS, [(word, [row[column] for column in COLUMNS]) for word, row in _shorten(rows)])]
    if rest:
        right = _add(row for name in rest for row in groups[name].values())
        words = "to %d %s: %d passed, %d refused, all as declared" % (len(rest), "others" if found else "networks and others", right[PASSED], right[REFUSED])
        found += ["", *fold(words)]
    return found


def _shorten(rows: Mapping[str, Counter[str]]) -> List[Tuple[str, Counter[str]]]:
    """Return the lines of a table by name, those beyond the limit and without a fault as one."""
    named = [("from %s" % word, rows[word]) for word in sorted(rows)]
    if len(named) <= ROWS_SHOWN:
        return named
    right = [(word, row) for word, row in named if not row[WRONG]]
    kept = {word for word, row in named if row[WRONG]} | {word for word, _row in right[: ROWS_SHOWN - 1]}
    folded = [row for word, row in named if word not in kept]
    return [item for item in named if item[0] in kept] + ([("from %d other places" % len(folded), _add(folded))] if folded else [])


def _add(rows: Iterable[Counter[str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in rows:
        found.update(row)
    return found


def render_json(report: Report) -> str:
    """Return every check, with the host it started on and the way it took."""
    found = {
        "summary": {**report.counts, "checks": len(report.verdicts), "not_tried": sum(number for _host, number in report.silent)},
        "not_tried": dict(report.silent),
        "not_probed": list(report.not_probed),
        "checks": [{"host": item.host, "leads_to": item.to, "comes_from": item.origin, **item.result} for item in report.verdicts],
    }
    return json.dumps(found, indent=2, sort_keys=True, default=str) + "\n"


def render_junit(report: Report) -> str:
    """Return a test suite for each host, with a test case for each check. What a host did not try is an error of it."""
    root = ElementTree.Element("testsuites", name="netloom.container_net.verify")
    by_host: Dict[str, List[Verdict]] = {}
    for verdict in report.verdicts:
        by_host.setdefault(verdict.host, []).append(verdict)
    for host, verdicts in by_host.items():
        wrong = sum(verdict.column == WRONG for verdict in verdicts)
        suite = ElementTree.SubElement(root, "testsuite", name=host, tests=str(len(verdicts)), failures=str(wrong), errors="0")
        for verdict in verdicts:
            seconds = "%.6f" % (float(verdict.result["milliseconds"]) / 1000)
            name = "%s %s" % (verdict.result["type"], verdict.result["name"])
            case = ElementTree.SubElement(suite, "testcase", classname="%s.%s" % (host, verdict.to), name=name, time=seconds)
            if verdict.column == WRONG:
                ElementTree.SubElement(case, "failure", message=_printable(verdict.fault))
    for host, number in report.silent:
        suite = ElementTree.SubElement(root, "testsuite", name=host, tests="1", failures="0", errors="1")
        case = ElementTree.SubElement(suite, "testcase", classname=host, name="all checks")
        ElementTree.SubElement(case, "error", message="%d checks were not tried" % number)
    return '<?xml version="1.0" encoding="utf-8"?>\n%s\n' % ElementTree.tostring(root, encoding="unicode")


def _printable(text: str) -> str:
    """Return the text without what XML cannot hold."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _render_lines(report: Report) -> str:
    return "\n".join(render_text(report))


RENDERERS: Mapping[str, Callable[[Report], str]] = {"text": _render_lines, "json": render_json, "junit": render_junit}
