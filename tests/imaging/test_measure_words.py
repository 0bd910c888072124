from __future__ import annotations

from dataclasses import replace

import pytest

from mammoview.core.marks import Mark, MarkKind
from mammoview.core.study import Grayscale, Mammogram, SourceKind
from mammoview.imaging.measure import Quantity, Statistics
from mammoview.imaging.measure_words import quantity_words, reading, short_scale_words

MAGNIFIED = Mammogram(
    "image",
    "/x.dcm",
    SourceKind.DICOM,
    1000,
    800,
    Grayscale(12),
    spacing_mm=(0.1 / 1.8, 0.1 / 1.8),
    spacing_source="Imager Pixel Spacing ÷ ERMF 1.8",
)
FOUND = Statistics(512.34, 45.06, 401.0, 998.0, 1234, 0)


def mark(kind: MarkKind, *points: tuple[float, float], text: str = "") -> Mark:
    return Mark("m", "image", kind, points, text=text)


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (12.3456, 0.099, "12.3 ± 0.1 mm"),
        (12.3456, 0.0126, "12.35 ± 0.01 mm"),
        (12.3456, 0.96, "12 ± 1 mm"),
        (123.4, 8.8, "123 ± 9 mm"),
        (1234.5, 130.2, "1230 ± 130 mm"),
        (94675.0, 1486.0, "94700 ± 1500 mm"),
        (0.0, 0.0, "0 ± 0 mm"),
    ],
)
def test_a_value_is_as_fine_as_its_error(value: float, error: float, words: str) -> None:
    assert quantity_words(Quantity(value, error, "mm")) == words


@pytest.mark.meets("MG-C09")
@pytest.mark.parametrize(
    ("source", "short"),
    [
        ("Imager Pixel Spacing ÷ ERMF 1.8", "÷ ERMF 1.8"),
        ("Imager Pixel Spacing ÷ source distances 1.07", "÷ source distances 1.07"),
        ("Imager Pixel Spacing, at the detector", "at the detector"),
        ("Pixel Spacing", "Pixel Spacing"),
        ("scanned film", "scanned film"),
    ],
)
def test_every_measurement_carries_where_its_scale_comes_from(source: str, short: str) -> None:
    image = replace(MAGNIFIED, spacing_source=source)
    for kind, points in (
        (MarkKind.DISTANCE, ((0, 0), (0, 360))),
        (MarkKind.ELLIPSE, ((0, 0), (360, 360))),
        (MarkKind.AREA, ((0, 0), (0, 360), (360, 360))),
    ):
        told = reading(mark(kind, *points), image)
        assert f"({short})" in told.lines[0]
        assert source in " ".join(told.details)
    assert reading(mark(MarkKind.DISTANCE, (0, 0), (0, 360)), image).value == "20.00 ± 0.08 mm"


@pytest.mark.meets("MG-K02")
def test_pixels_are_called_pixels() -> None:
    told = reading(mark(MarkKind.DISTANCE, (0, 0), (0, 360)), replace(MAGNIFIED, spacing_mm=None, spacing_source=""))
    assert told.lines == ("360 ± 1 px (no scale)",)
    assert "mm" not in told.value
    assert "no physical scale" in " ".join(told.details)


def test_an_angle_is_not_scaled() -> None:
    told = reading(mark(MarkKind.ANGLE, (0, 100), (0, 0), (100, 0)), MAGNIFIED)
    assert told.lines == ("90 ± 1°",)


def test_an_unequal_spacing_is_told_whole() -> None:
    image = replace(MAGNIFIED, spacing_mm=(0.1, 0.05))
    assert "0.1 mm (rows) × 0.05 mm (columns)" in " ".join(
        reading(mark(MarkKind.DISTANCE, (0, 0), (1, 1)), image).details
    )


def test_statistics_have_no_unit_and_say_what_was_left_out() -> None:
    told = reading(mark(MarkKind.POLYGON, (0, 0), (0, 9), (9, 9)), MAGNIFIED, replace(FOUND, padding_count=7))
    assert told.lines[-1] == "mean 512.3  SD 45.1"
    whole = " ".join(told.details)
    assert "401 to 998 (modality values, no unit)" in whole
    assert "1234 pixels" in whole
    assert "7 pixels of padding left out" in whole
    empty = reading(mark(MarkKind.ELLIPSE, (0, 0), (9, 9)), MAGNIFIED, replace(FOUND, count=0, padding_count=50))
    assert empty.lines[-1] == "no pixel measured"
    assert "nan" not in " ".join(empty.lines + empty.details)


def test_a_crossed_outline_says_so_and_names_no_area() -> None:
    told = reading(mark(MarkKind.AREA, (0, 0), (9, 9), (9, 0), (0, 9)), MAGNIFIED, FOUND)
    assert told.lines == ("outline crosses itself", "mean 512.3  SD 45.1")
    assert "²" not in told.value


def test_words_of_the_reader_come_first() -> None:
    assert reading(mark(MarkKind.TEXT, (0, 0), text="biopsied"), MAGNIFIED).lines == ("biopsied",)
    assert reading(mark(MarkKind.TEXT, (0, 0), text="biopsied"), MAGNIFIED).value == "biopsied"
    told = reading(mark(MarkKind.DISTANCE, (0, 0), (0, 360), text="A"), MAGNIFIED)
    assert told.lines[0] == "A"
    assert reading(mark(MarkKind.ANGLE, (0, 0), (0, 0), (5, 0)), MAGNIFIED).lines == ("no angle",)


def test_a_source_that_has_no_name_is_admitted() -> None:
    image = replace(MAGNIFIED, spacing_source="")
    assert short_scale_words(image) == ""
    told = reading(mark(MarkKind.DISTANCE, (0, 0), (0, 360)), image)
    assert told.lines == ("20.00 ± 0.08 mm",)
    assert "unnamed source" in " ".join(told.details)
