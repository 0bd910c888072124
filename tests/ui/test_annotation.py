from __future__ import annotations

from itertools import product

import pytest
from ui_study import make_mammogram

from mammoview.core.facts import Fact, Topic
from mammoview.core.geometry import Dihedral
from mammoview.core.study import Energy, Inferred, ViewModifier
from mammoview.dicom.technique import _ROWS
from mammoview.ui.viewport.annotation import (
    AnnotationOptions,
    Tone,
    edge_letters,
    lower_lines,
    spacing_text,
    upper_lines,
)

ALL = AnnotationOptions(is_identity_shown=True, is_technique_shown=True)


@pytest.mark.meets("MG-F08")
@pytest.mark.parametrize("ways", list(product((False, True), repeat=3)), ids=str)
def test_letters_follow_transposition_and_flips(ways: tuple[bool, bool, bool]) -> None:
    dihedral = Dihedral(*ways)
    # Where a step along the rows' direction (one column on) and the columns' direction (one row on) goes on screen.
    to_screen = dihedral.transform(10, 20)
    origin, along_row, along_column = to_screen.apply([(5, 5), (5, 6), (6, 5)])
    letters = edge_letters(("A", "F"), dihedral)

    def edge(step: tuple[float, float]) -> str:
        if step[0]:
            return "bottom" if step[0] > 0 else "top"
        return "right" if step[1] > 0 else "left"

    assert letters[edge(tuple(along_row - origin))] == "A"
    assert letters[edge(tuple(along_column - origin))] == "F"
    assert sorted(letters.values()) == ["A", "F", "H", "P"]


def test_without_an_orientation_there_are_no_letters() -> None:
    assert edge_letters(None, Dihedral()) == {}


@pytest.mark.meets("MG-A07")
def test_what_was_inferred_says_so_with_its_source() -> None:
    image = make_mammogram(inferred=(Inferred("view", "CC", "file name"), Inferred("laterality", "L", "file name")))
    texts = [line.text for line in upper_lines(image, ALL, Inferred("orientation", "mirrored", "chest wall seen"))]
    assert "INFERRED view CC, laterality L (file name)" in texts
    assert "INFERRED orientation mirrored (chest wall seen)" in texts


def test_a_synthetic_image_says_so_in_large_letters() -> None:
    lines = upper_lines(make_mammogram(is_synthetic=True), ALL)
    assert [line.tone for line in lines if line.text == "SYNTHETIC"] == [Tone.LOUD]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"has_implant": True}, "IMPLANT"),
        ({"is_partial": True}, "PARTIAL VIEW"),
        ({"is_partial": True, "partial_meanings": ("Anterior", "Lateral")}, "PARTIAL VIEW: Anterior, Lateral"),
        ({"is_lossy": True}, "LOSSY · NOT FOR PRIMARY READING"),
        ({"is_lossy": True, "lossy_ratio": "12:1"}, "LOSSY 12:1 · NOT FOR PRIMARY READING"),
        ({"is_burned_in": True}, "BURNED-IN TEXT"),
    ],
)
def test_flags_are_shown(change: dict[str, object], text: str) -> None:
    for options in (ALL, AnnotationOptions(is_identity_shown=False)):
        (line,) = (line for line in upper_lines(make_mammogram(**change), options) if line.text == text)
        assert (line.tone, line.weight) == (Tone.WARNING, 0), "a warning that a small pane keeps"
    assert text not in [line.text for line in upper_lines(make_mammogram(), ALL)]


def test_hiding_the_identity_hides_all_of_it() -> None:
    technique = (
        Fact("PatientBirthDate", "Born", "1970-01-01", Topic.PERSON, is_identifying=True),
        Fact("AccessionNumber", "Accession", "A17", Topic.STUDY, is_identifying=True),
        Fact("KVP", "Tube", "29 kVp", Topic.EXPOSURE),
    )
    image = make_mammogram(technique=technique)
    hidden = AnnotationOptions(is_identity_shown=False, is_technique_shown=True)
    lines = (*upper_lines(image, hidden), *lower_lines(image, hidden, zoom=1.0, notes=()))
    text = "\n".join(line.text for line in lines)
    assert "29 kVp" in text
    assert not [word for word in ("DOE", "42", "1970-01-01", "A17") if word in text]


def test_every_image_says_that_it_is_not_for_diagnosis() -> None:
    assert any("NOT FOR DIAGNOSIS" in line.text for line in lower_lines(make_mammogram(), ALL, zoom=1.0, notes=()))


@pytest.mark.meets("MG-K02")
def test_a_picture_says_that_it_has_no_physical_scale() -> None:
    for options in (ALL, AnnotationOptions(is_identity_shown=False)):
        lines = lower_lines(make_mammogram(spacing_mm=None), options, zoom=1.0, notes=())
        assert "no physical scale" in [line.text for line in lines]


def test_the_scale_tells_where_it_comes_from() -> None:
    assert spacing_text(make_mammogram(spacing_mm=None)) == "no physical scale"
    assert spacing_text(make_mammogram(spacing_source="Imager Pixel Spacing")) == "100 µm (Imager Pixel Spacing)"


@pytest.mark.meets("MG-F01", "MG-F02", "MG-F04", "MG-F05", "MG-F06")
def test_every_row_of_the_header_stands_in_a_corner_at_the_full_level() -> None:
    facts = tuple(Fact(keyword, label, f"<{keyword}>", topic, hidden) for topic, hidden, keyword, label, _ in _ROWS)
    image = make_mammogram(technique=facts)

    def shown(options: AnnotationOptions) -> set[str]:
        lines = (*upper_lines(image, options), *lower_lines(image, options, zoom=1.0, notes=()))
        text = "\n".join(line.text for line in lines)
        return {fact.keyword for fact in facts if fact.text in text}

    assert shown(ALL) == {fact.keyword for fact in facts}
    assert shown(AnnotationOptions(is_identity_shown=True)) == {"PatientBirthDate", "PatientAge", "PatientSex"}
    hidden = AnnotationOptions(is_identity_shown=False, is_technique_shown=True)
    assert shown(hidden) == {fact.keyword for fact in facts if not fact.is_identifying}


@pytest.mark.meets("MG-F09")
def test_zoom_and_the_source_of_the_spacing_stand_in_the_corner() -> None:
    image = make_mammogram(spacing_source="Imager Pixel Spacing ÷ ERMF 1.8")
    text = "\n".join(line.text for line in lower_lines(image, ALL, zoom=0.254, notes=()))
    assert "zoom 0.25" in text
    assert "ERMF 1.8" in text


@pytest.mark.meets("MG-B10")
def test_a_prior_says_so_beside_its_date() -> None:
    image = make_mammogram(study_date="20240301")
    texts = [line.text for line in upper_lines(image, AnnotationOptions(), when=1)]
    assert "PRIOR 2024-03-01" in texts
    assert "2024-03-01" not in texts
    assert "PRIOR 2 2024-03-01" in [line.text for line in upper_lines(image, AnnotationOptions(), when=2)]
    assert "2024-03-01" in [line.text for line in upper_lines(image, AnnotationOptions())]


@pytest.mark.meets("MG-G06")
def test_biopsy_targets_stand_on_the_image() -> None:
    image = make_mammogram(is_biopsy=True, biopsy_targets=("target A at 1.0, 2.0, 3.0 mm", "target B"))
    assert "BIOPSY · target A at 1.0, 2.0, 3.0 mm · target B" in [
        line.text for line in upper_lines(image, AnnotationOptions())
    ]


@pytest.mark.meets("MG-G07")
def test_both_images_of_a_contrast_pair_say_which_they_are() -> None:
    for energy, text in ((Energy.LOW, "LOW ENERGY"), (Energy.RECOMBINED, "RECOMBINED")):
        assert text in [line.text for line in upper_lines(make_mammogram(energy=energy), AnnotationOptions())]


@pytest.mark.meets("MG-G02")
@pytest.mark.parametrize("modifier", [ViewModifier.SPOT, ViewModifier.MAGNIFICATION])
def test_a_partial_view_that_is_enlarged_is_warned_of_on_the_image(modifier: ViewModifier) -> None:
    def warned(**changes: object) -> bool:
        lines = upper_lines(make_mammogram(**changes), AnnotationOptions())
        return any("HEADER IN DOUBT" in line.text and line.tone is Tone.WARNING for line in lines)

    assert warned(is_partial=True, modifiers=(modifier,))
    assert not warned(is_partial=True)
    assert not warned(modifiers=(modifier,))
