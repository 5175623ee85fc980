# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The charts of the benchmarks show what was measured, where it belongs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any, List, Tuple
from xml.etree import ElementTree

import pytest

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def chart() -> Any:
    spec = importlib.util.spec_from_file_location("bench_chart", Path(__file__).resolve().parents[2] / "bench" / "chart.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_chart"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def curves_of(root: Any) -> List[List[Tuple[float, float]]]:
    return [[tuple(map(float, at.split(","))) for at in line.get("points").split()] for line in root.iter(SVG + "polyline")]  # type: ignore[misc]


def test_points_lie_where_their_values_are(chart: Any) -> None:
    straight, bent = chart.Curve("ours", [(1000, 4.0), (100, 0.4), (500, 2.0)]), chart.Curve("<batch>", [(100, 1.0), (1000, 2.0)])
    root = ElementTree.fromstring(chart.render("Growth", "rows", [straight, bent]))
    first, second = curves_of(root)
    assert [x for x, _y in first] == sorted(x for x, _y in first)
    origin, top = chart.HEIGHT - chart.BOTTOM, chart.TOP
    # Both axes begin at nothing and end at the highest value here, which is a round one.
    assert first[-1] == (chart.WIDTH - chart.RIGHT, top)
    assert second[-1] == (chart.WIDTH - chart.RIGHT, (origin + top) / 2)
    lines = [line for line in root.iter(SVG + "line") if line.get("class") == "straight"]
    assert [(float(line.get("x1")), float(line.get("y1"))) for line in lines] == [(chart.LEFT, origin)] * 2  # type: ignore[arg-type]
    slopes = [(origin - y) / (x - chart.LEFT) for x, y in first]
    assert max(slopes) - min(slopes) < 0.001
    assert (origin - second[0][1]) / (second[0][0] - chart.LEFT) > 4 * (origin - second[-1][1]) / (second[-1][0] - chart.LEFT)


def test_names_axes_and_title_are_written_inside(chart: Any) -> None:
    root = ElementTree.fromstring(chart.render("Growth", "rows", [chart.Curve("ours", [(80919, 1.7)]), chart.Curve("<batch>", [(8019, 0.2)])]))
    words = [text.text for text in root.iter(SVG + "text")]
    assert {"Growth", "rows", "seconds", "ours", "<batch>", "0", "100,000", "2"} <= set(words)
    for text in root.iter(SVG + "text"):
        assert 0 < float(text.get("x", -1)) < chart.WIDTH
        assert 0 < float(text.get("y", -1)) < chart.HEIGHT


@pytest.mark.parametrize(
    ("highest", "expected"), [(1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (0.07, [0, 0.02, 0.04, 0.06, 0.08]), (80919, [0, 20000, 40000, 60000, 80000, 100000])]
)
def test_an_axis_has_round_numbers(chart: Any, highest: float, expected: List[float]) -> None:
    assert chart.ticks(highest) == pytest.approx(expected)
    assert chart.ticks(0)[-1] > 0


def test_a_chart_is_a_file_and_needs_no_curve_that_was_not_measured(chart: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(chart, "FOLDER", tmp_path / "bench")
    path = chart.draw("rows", "Growth", "rows", [chart.Curve("ours", [(10, 1.0)]), chart.Curve("missing", [])])
    assert path == tmp_path / "bench" / "rows.svg"
    assert len(curves_of(ElementTree.parse(path))) == 1
    assert curves_of(ElementTree.fromstring(chart.render("Nothing", "rows", []))) == []
