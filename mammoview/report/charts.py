"""Small line charts as SVG, for pages that are printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 360, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 350, 24, 212


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes
    ----------
    name
        For the legend; empty to leave it out there.
    points
        (x, y) pairs.
    colour
        As SVG writes it.
    is_dashed, has_marks
        How it looks.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    colour: str
    is_dashed: bool = False
    has_marks: bool = False


def chart(lines: Sequence[Line], *, title: str, x_title: str, is_logarithmic: bool) -> str:
    """Draw a chart.

    Parameters
    ----------
    lines
        One at least, with two different x and positive y.
    title, x_title
        What is drawn, over what.
    is_logarithmic
        Whether y goes by powers of ten.

    Returns
    -------
    str
        An ``svg`` element.
    """
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    x_low, x_high = min(xs), max(xs)
    y_ticks = _decades(min(ys), max(ys)) if is_logarithmic else _even(0.0, max(ys))
    scale = math.log10 if is_logarithmic else float
    y_low, y_high = scale(y_ticks[0]), scale(y_ticks[-1])

    def place(x: float, y: float) -> tuple[float, float]:
        across = _LEFT + (x - x_low) / (x_high - x_low or 1.0) * (_RIGHT - _LEFT)
        return across, _BOTTOM - (scale(y) - y_low) / (y_high - y_low or 1.0) * (_BOTTOM - _TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="10">',
        f'<text x="{_LEFT}" y="12" font-size="11">{escape(title)}</text>',
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_RIGHT - _LEFT}" height="{_BOTTOM - _TOP}" fill="none" stroke="#999"/>',
    ]
    for tick in y_ticks:
        y = place(x_low, tick)[1]
        parts.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 4}" y="{y + 3:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in _even(x_low, x_high):
        if x_low <= tick <= x_high:
            x = place(tick, y_ticks[0])[0]
            parts.append(f'<text x="{x:.1f}" y="{_BOTTOM + 12}" text-anchor="middle">{tick:g}</text>')
    parts.append(f'<text x="{(_LEFT + _RIGHT) / 2}" y="{_BOTTOM + 24}" text-anchor="middle">{escape(x_title)}</text>')
    for line in lines:
        parts.extend(_drawn(line, [place(x, y) for x, y in line.points]))
    parts.extend(_legend([line for line in lines if line.name]))
    return "".join([*parts, "</svg>"])


def _drawn(line: Line, points: Sequence[tuple[float, float]]) -> list[str]:
    path = " L".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashes = ' stroke-dasharray="4 3"' if line.is_dashed else ""
    parts = [f'<path d="M{path}" fill="none" stroke="{line.colour}" stroke-width="1.3"{dashes}/>']
    if line.has_marks:
        parts.extend(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{line.colour}"/>' for x, y in points)
    return parts


def _legend(lines: Sequence[Line]) -> list[str]:
    parts, x = [], float(_LEFT)
    for line in lines:
        dashes = ' stroke-dasharray="4 3"' if line.is_dashed else ""
        parts.append(f'<line x1="{x}" y1="244" x2="{x + 14}" y2="244" stroke="{line.colour}"{dashes}/>')
        parts.append(f'<text x="{x + 18}" y="247">{escape(line.name)}</text>')
        x += 30 + 5.6 * len(line.name)
    return parts


def _decades(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def _even(low: float, high: float) -> list[float]:
    """From four to eight round values that span a range."""
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-9)))
    for factor in (1.0, 0.5, 0.25, 0.2):
        if (high - low) / (step * factor) >= 4:
            step *= factor
            break
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(step * k, 10) for k in range(first, last + 1)]
