# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draw how time grows, as SVG. Beside each curve goes the straight line from nothing to its last point: what grows linearly lies on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import List, Sequence, Tuple

FOLDER = Path(__file__).resolve().parents[1] / "build" / "bench"
WIDTH, HEIGHT = 760, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 30, 50, 60
COLOURS = ("#1b6ca8", "#2a9d4b", "#d9822b", "#8a4fbf", "#777777")
TICKS = 6  # about so many on an axis


@dataclass(frozen=True)
class Curve:
    """Measured points: size and seconds."""

    name: str
    points: Sequence[Tuple[float, float]]


def draw(name: str, title: str, across: str, curves: Sequence[Curve]) -> Path:
    """Write a chart of seconds against `across` and return where it is."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / (name + ".svg")
    path.write_text(render(title, across, [curve for curve in curves if curve.points]), encoding="utf-8")
    return path


def ticks(highest: float) -> List[float]:
    """Return round numbers from 0 to the first that is not below the highest value."""
    rough = (highest or 1.0) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    return [number * step for number in range(math.ceil(highest / step - 1e-9) + 1)] if highest else [0.0, step]


def render(title: str, across: str, curves: Sequence[Curve]) -> str:
    columns = ticks(max((x for curve in curves for x, _seconds in curve.points), default=1.0))
    rows = ticks(max((seconds for curve in curves for _x, seconds in curve.points), default=1.0))

    def place(x: float, seconds: float) -> Tuple[float, float]:
        return LEFT + (WIDTH - LEFT - RIGHT) * x / columns[-1], HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * seconds / rows[-1]

    parts = ['<rect width="%d" height="%d" fill="white"/>' % (WIDTH, HEIGHT), _text(WIDTH / 2, 24, title, size=16)]
    right, floor = place(columns[-1], 0)
    for x in columns:
        column, _floor = place(x, 0)
        parts += [_line((column, TOP), (column, floor), "#dddddd"), _text(column, floor + 18, "{:,.12g}".format(x))]
    for seconds in rows:
        _left, row = place(0, seconds)
        parts += [_line((LEFT, row), (right, row), "#dddddd"), _text(LEFT - 8, row + 4, "%.4g" % seconds, anchor="end")]
    parts += [_text((LEFT + right) / 2, HEIGHT - 16, across), _text(LEFT - 8, TOP - 12, "seconds", anchor="end")]
    for number, curve in enumerate(curves):
        colour, points = COLOURS[number % len(COLOURS)], [place(*point) for point in sorted(curve.points)]
        parts.append(_line(place(0, 0), points[-1], colour, 'stroke-dasharray="3 5" class="straight"'))
        parts.append('<polyline class="curve" fill="none" stroke="%s" stroke-width="2" points="%s"/>' % (colour, " ".join("%.1f,%.1f" % at for at in points)))
        parts += ['<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>' % (*at, colour) for at in points]
        level = TOP + 18 + 18 * number
        parts += [_line((LEFT + 14, level - 4), (LEFT + 40, level - 4), colour, 'stroke-width="2"'), _text(LEFT + 48, level, curve.name, anchor="start")]
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif">' % (WIDTH, HEIGHT, WIDTH, HEIGHT)
    return "\n".join((head, *parts, "</svg>", ""))


def _text(x: float, y: float, words: str, *, anchor: str = "middle", size: int = 12) -> str:
    return '<text x="%.1f" y="%.1f" font-size="%d" text-anchor="%s" fill="#222222">%s</text>' % (x, y, size, anchor, escape(words))


def _line(start: Tuple[float, float], end: Tuple[float, float], colour: str, more: str = "") -> str:
    return '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" %s/>' % (*start, *end, colour, more)
