from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from mammoview.core.display_check import Answer, DisplayCheck, Limits, Reading
from mammoview.imaging.gsdf import curve
from mammoview.imaging.gsdf_fit import compare, fit
from mammoview.report.charts import Line, chart
from mammoview.report.display_check import NO_LIMIT, pair_verdicts, report_html, verdicts

LEVELS = tuple(range(0, 256, 15))
CHECK = DisplayCheck(
    "a1",
    "2026-03-12T08:30:00+01:00",
    "EIZO|RX560|123",
    "Left <b>RX560</b>",
    person="Ann & Bob",
    instrument="LX-1",
    ambient_lux=12.0,
    ambient=0.1,
    readings=tuple(Reading(n, float(v)) for n, v in zip(LEVELS, curve(0.6, 420.0, count=18), strict=True)),
    answers=(Answer("squares", "yes"), Answer("ramps", "no"), Answer("letters_dark", "11")),
    note="<script>alert(1)</script>",
)


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_without_limits_nothing_is_judged() -> None:
    found = fit(CHECK.levels, CHECK.luminances)
    assert {verdict.limit for verdict in verdicts(found, Limits())} == {NO_LIMIT}
    assert {verdict.is_met for verdict in verdicts(found, Limits())} == {None}
    assert {verdict.word for verdict in pair_verdicts(compare(found, found), Limits())} == {""}


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(white=420.1), {"White, with the room's light": True}),
        (Limits(white=420.2), {"White, with the room's light": False}),
        (Limits(ratio=600.0), {"Luminance ratio": True}),
        (Limits(ratio=601.0), {"Luminance ratio": False}),
        (Limits(deviation=0.5), {"Largest deviation from the standard": True}),
        (Limits(deviation=0.001), {"Largest deviation from the standard": False}),
    ],
)
def test_each_limit_judges_its_number_alone(limits: Limits, expected: dict[str, bool]) -> None:
    found = fit(CHECK.levels, CHECK.luminances)
    assert found.brightest == pytest.approx(420.1)
    judged = {verdict.what: verdict.is_met for verdict in verdicts(found, limits) if verdict.is_met is not None}
    assert judged == expected


def test_a_pair_is_judged_by_its_white() -> None:
    one, other = (fit(LEVELS, curve(0.5, white, count=18)) for white in (400.0, 440.0))
    pair = compare(one, other)
    assert [verdict.is_met for verdict in pair_verdicts(pair, Limits(pair=0.05))] == [False, None]
    assert [verdict.is_met for verdict in pair_verdicts(pair, Limits(pair=0.10))] == [True, None]
    assert pair_verdicts(pair, Limits())[0].value == "9.5 %"


def test_the_page_says_all_and_runs_nothing() -> None:
    html = report_html(CHECK, Limits(ratio=250.0))
    text = text_of(html)
    for words in ("2026-03-12", "Ann &amp; Bob", "LX-1", "12 lx", "at least 250", "met", "PS3.14", "not a medical"):
        assert words in text
    assert "<script>" not in html
    assert "<b>RX560" not in html
    assert html.count("<svg") == 2
    assert not re.search(r"(src|href)=|url\(|http://(?!www\.w3\.org/2000/svg)|https://", html), "needs no other file"
    assert 'class="no">no<' in html
    assert text.count(NO_LIMIT) == 5


def test_a_check_by_eye_has_no_charts_and_a_bad_measurement_says_why() -> None:
    seen = report_html(replace(CHECK, readings=()), Limits())
    assert "<svg" not in seen
    assert "Instrument" not in text_of(seen)
    upside_down = replace(CHECK, readings=(Reading(0, 300.0), Reading(255, 1.0)), is_withdrawn=True)
    assert "not brighter than black" in text_of(report_html(upside_down, Limits()))
    assert "withdrawn" in text_of(report_html(upside_down, Limits()))


def test_a_chart_is_well_formed_and_its_points_lie_where_they_belong() -> None:
    line = Line("a & b", ((0.0, 1.0), (50.0, 10.0), (100.0, 100.0)), "#123", has_marks=True)
    root = ElementTree.fromstring(chart((line,), title="x < y", x_title="t", is_logarithmic=True))
    marks = [node for node in root.iter() if node.tag.endswith("circle")]
    xs = [float(node.get("cx", "nan")) for node in marks]
    ys = [float(node.get("cy", "nan")) for node in marks]
    assert np.diff(xs) == pytest.approx([xs[1] - xs[0]] * 2, abs=0.2)
    assert np.diff(ys) == pytest.approx([ys[1] - ys[0]] * 2, abs=0.2), "decades are equally far apart"
    assert ys[0] > ys[-1]
    width, height = map(float, (root.get("viewBox") or "").split()[2:])
    assert all(0 <= x <= width for x in xs)
    assert all(0 <= y <= height for y in ys)
    assert ElementTree.fromstring(chart((line,), title="", x_title="", is_logarithmic=False)) is not None


def test_the_band_is_drawn_only_with_a_limit() -> None:
    assert report_html(CHECK, Limits()).count("<path") == 4
    assert report_html(CHECK, Limits(deviation=0.1)).count("<path") == 6
