from __future__ import annotations

import csv
import io
import math

import pytest

from mammoview.core.marks import Mark, MarkKind
from mammoview.core.study import Grayscale, Laterality, Mammogram, SourceKind, ViewPosition
from mammoview.imaging.measure import Statistics
from mammoview.imaging.measure_words import reading
from mammoview.report.marks import COLUMNS, marks_table

IMAGE = Mammogram(
    "1.2.3",
    "/x.dcm",
    SourceKind.DICOM,
    1000,
    800,
    Grayscale(12),
    laterality=Laterality.LEFT,
    view=ViewPosition.CC,
    spacing_mm=(0.1, 0.1),
    spacing_source="Imager Pixel Spacing ÷ ERMF 1",
    patient_name="DOE^JANE",
    patient_id="42",
)


def rows(*marks: tuple[Mark, Statistics | None]) -> list[dict[str, str]]:
    text = marks_table((IMAGE, mark, reading(mark, IMAGE, found)) for mark, found in marks)
    assert "DOE" not in text
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.meets("MG-C09")
def test_each_mark_is_a_line_with_its_value_and_its_scale() -> None:
    line = Mark("a", "1.2.3", MarkKind.DISTANCE, ((10, 10), (10, 60)))
    ring = Mark("b", "1.2.3", MarkKind.ELLIPSE, ((0, 0), (20, 20)), frame=3)
    first, second = rows((line, None), (ring, Statistics(5.5, 1.25, 1.0, 9.0, 316, 2)))
    assert (first["view"], first["kind"], float(first["value"]), first["unit"]) == ("LCC", "distance", 5.0, "mm")
    assert "Imager Pixel Spacing ÷ ERMF 1" in first["scale"]
    assert first["mean"] == ""
    assert float(second["value"]) == pytest.approx(math.pi)
    assert (second["unit"], second["mean"], second["deviation"]) == ("mm²", "5.5", "1.25")
    assert (second["pixels"], second["padding pixels"], second["frame"]) == ("316", "2", "3")


def test_a_text_cannot_become_a_formula_or_another_line() -> None:
    text = 'a "quoted", two\nlines'
    plain, formula = rows(
        (Mark("a", "1.2.3", MarkKind.TEXT, ((1, 1),), text=text), None),
        (Mark("b", "1.2.3", MarkKind.TEXT, ((1, 1),), text="=1+1"), None),
    )
    assert plain["text"] == text
    assert formula["text"] == "'=1+1"


def test_nothing_measured_is_empty_not_nan() -> None:
    ring = Mark("b", "1.2.3", MarkKind.ELLIPSE, ((0, 0), (20, 20)))
    nothing = Statistics(math.nan, math.nan, math.nan, math.nan, 0, 40)
    (row,) = rows((ring, nothing))
    assert (row["mean"], row["pixels"]) == ("", "0")
    assert tuple(row) == COLUMNS
