# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of threats and the tests of attacks name each other."""

from __future__ import annotations

import ast
from typing import Any, Dict, Iterator, List

import yaml
from named_tests import CHECKOUT, find_missing

ROWS: List[Dict[str, Any]] = yaml.safe_load((CHECKOUT / "tests" / "threats.yml").read_text(encoding="utf-8"))


def marked() -> Iterator[str]:
    """Yield the rows that markers of the functional floor name."""
    for path in sorted((CHECKOUT / "tests" / "functional").glob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        tables = {ast.unparse(node.target): node.value for node in tree.body if isinstance(node, ast.AnnAssign)}
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("mark.threat"):
                for argument in call.args:
                    if isinstance(argument, ast.Starred):  # the keys of a table of the same file
                        table = tables[ast.unparse(argument.value)]
                        assert isinstance(table, ast.Dict)
                        yield from (ast.literal_eval(key) for key in table.keys if key is not None)
                    else:
                        yield ast.literal_eval(argument)


def test_every_attack_is_played_or_said_to_get_through() -> None:
    found = set(marked())
    assert len(found) >= 20
    assert found <= {row["id"] for row in ROWS}
    assert [row["id"] for row in ROWS if row["id"] not in found and not row.get("not_held") and not row.get("shown_by")] == []


def test_what_it_says_is_there() -> None:
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert set(row) <= {"id", "attack", "answer", "opened_by", "not_held", "shown_by"}
        assert all(row[key].endswith(".") for key in ("attack", "answer", "not_held") if key in row), row["id"]
        assert find_missing("\n".join(row.get("shown_by", ()))) == []
