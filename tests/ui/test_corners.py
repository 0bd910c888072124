"""The layout of everything written into a pane, at every size that a pane can have."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication
from ui_study import make_mammogram

from mammoview.core.facts import Fact
from mammoview.core.geometry import Dihedral
from mammoview.core.plain_text import printable
from mammoview.core.study import Inferred, Mammogram, PresentationIntent, ViewModifier
from mammoview.dicom.technique import _ROWS
from mammoview.ui import theme
from mammoview.ui.viewport.annotation import AnnotationOptions, Line, Tone, lower_lines, upper_lines
from mammoview.ui.viewport.beside import Beside, outline
from mammoview.ui.viewport.corners import Layout, Rect, elided, lay_out
from mammoview.ui.viewport.decor import Fonts, margin_px

#: (rows, columns): eight images on 1366×768, four on 1366×768, one on it, portrait monitors, and the smallest pane.
SIZES = [(330, 250), (345, 520), (700, 1030), (1280, 1024), (2560, 2048), (1024, 660), (80, 80), (330, 160)]
HOSTILE = "Königliche\x00 Anstalt für\r\n Röntgen \u202eABC " * 12
FULL = AnnotationOptions(is_identity_shown=True, is_technique_shown=True)
LETTERS = {"top": "L", "bottom": "R", "left": "A", "right": "P"}


def everything(text: str = "0123456789 value") -> Mammogram:
    facts = tuple(Fact(keyword, label, printable(text), topic, hidden) for topic, hidden, keyword, label, _ in _ROWS)
    return make_mammogram(
        patient_name=f"{text}^{text}=山田^太郎",
        patient_id=text,
        modifiers=(ViewModifier.MAGNIFICATION, ViewModifier.SPOT, ViewModifier.IMPLANT_DISPLACED),
        inferred=(Inferred("view", "CC", "file name"), Inferred("laterality", "L", "file name")),
        intent=PresentationIntent.FOR_PROCESSING,
        has_implant=True,
        is_partial=True,
        partial_meanings=("Anterior", "Lateral"),
        is_lossy=True,
        lossy_ratio="12:1",
        is_burned_in=True,
        is_synthetic=True,
        spacing_source="Imager Pixel Spacing ÷ source distances 1.08",
        technique=facts,
    )


def write(
    image: Mammogram,
    size: tuple[int, int],
    *,
    options: AnnotationOptions = FULL,
    is_right: bool = True,
    badges: tuple[str, ...] = (),
    ratio: float = 1.0,
    beside: Beside | None = None,
) -> Layout:
    fonts = Fonts(QFont("DejaVu Sans"), size[0], ratio)
    inferred = Inferred("orientation", "as stored", "chest wall seen on the left side")
    notes = ("score 0.61 ± 0.02", "trained on film", "image 1 of 3 in this slot")
    return lay_out(
        upper_lines(image, options, inferred),
        lower_lines(image, options, zoom=0.25, notes=notes),
        size=size,
        margin=margin_px(fonts),
        is_right=is_right,
        measure=fonts,
        letters={
            edge: letter for edge, letter in LETTERS.items() if (edge != "left") == is_right or edge in "topbottom"
        },
        badges=badges,
        beside=beside,
    )


def rects(layout: Layout) -> list[tuple[str, Rect]]:
    shown = [(one.text, one.rect) for one in (*layout.lines, *layout.letters, *layout.badges)]
    return [*shown, ("the window's values", layout.caption)]


@pytest.mark.meets("MG-F03", "MG-F08", "MG-F10")
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[1]}x{size[0]}")
@pytest.mark.parametrize(
    ("badges", "is_right"),
    list(product([(), ("ENHANCED: CLAHE",), ("ENHANCED: CLAHE", "DENOISED", "CLEANED COPY NOT READY")], [True, False])),
)
@pytest.mark.parametrize("text", ["0123456789 value", HOSTILE], ids=["plain", "hostile"])
def test_nothing_overlaps_and_nothing_leaves_the_pane(
    qapp: object, size: tuple[int, int], badges: tuple[str, ...], is_right: bool, text: str
) -> None:
    layout = write(everything(text), size, badges=badges, is_right=is_right)
    if size == (80, 80):
        # Room for the label alone; it is never left out.
        assert layout.lines[0].text == "LMSCCID"
        return
    for (first, a), (second, b) in combinations(rects(layout), 2):
        assert not a.overlaps(b), f"{first!r} lies over {second!r}"
    for name, rect in rects(layout):
        assert rect.left >= 0, name
        assert rect.top >= 0, name
        assert rect.right <= size[1], name
        assert rect.bottom <= size[0], name
    assert all("\n" not in one.text and one.text for one in layout.lines)


@pytest.mark.parametrize("is_right", [True, False])
def test_lines_stand_at_the_edge_away_from_the_chest_wall(qapp: object, is_right: bool) -> None:
    layout = write(everything(), (700, 1030), is_right=is_right)
    edges = {round(one.rect.right if is_right else one.rect.left) for one in layout.lines}
    margin = margin_px(Fonts(QFont("DejaVu Sans"), 700, 1.0))
    assert edges == {round(1030 - margin if is_right else margin)}


@pytest.mark.meets("MG-F10")
def test_a_large_pane_shows_all_of_the_technique_and_a_small_one_the_minimum(qapp: object) -> None:
    large = write(everything("value"), (1280, 1024))
    assert not large.left_out
    minimal = write(everything("value"), (1280, 1024), options=replace(FULL, is_technique_shown=False))
    assert len(minimal.lines) < len(large.lines) / 1.5
    small = write(make_mammogram(), (330, 250), options=replace(FULL, is_technique_shown=False))
    shown = " ".join(one.text for one in small.lines)
    for expected in ("LCC", "DOE, JANE", "42", "2026-01-02", "RESEARCH ONLY", "DIAGNOSIS"):
        assert expected in shown


def test_what_matters_least_is_left_out_first(qapp: object) -> None:
    layout = write(everything("value"), (330, 250))
    shown = " ".join(one.text for one in layout.lines)
    assert layout.left_out
    for kept in ("LMSCCID", "IMPLANT", "PRIMARY READING", "DIAGNOSIS"):
        assert kept in shown
    assert "operator" not in shown


@pytest.mark.meets("MG-F07", "MG-F11")
def test_warnings_are_wrapped_not_cut(qapp: object) -> None:
    image = make_mammogram(is_lossy=True, lossy_ratio="12:1", has_implant=True)
    layout = write(image, (330, 160), options=AnnotationOptions())
    warned = " ".join(one.text for one in layout.lines if one.tone is Tone.WARNING)
    assert "LOSSY 12:1 · NOT FOR PRIMARY READING" in warned
    assert "IMPLANT" in warned
    assert "…" not in warned


class Fixed:
    """Every letter ten wide, every line ten high."""

    def width(self, text: str, tone: Tone) -> float:
        return 10.0 * len(text)

    def height(self, tone: Tone) -> float:
        return 10.0


@pytest.mark.parametrize("width", range(0, 130, 7))
def test_shortened_text_fits_and_is_as_long_as_it_can_be(width: int) -> None:
    shown = elided("twelve chars", Tone.PLAIN, width, Fixed())
    assert 10 * len(shown) <= width
    if 10 <= width < 120 and shown:
        assert shown.endswith("…")
    if width >= 120:
        assert shown == "twelve chars"


def test_lines_of_equal_weight_go_from_the_last(qapp: object) -> None:
    lines = [Line("label", Tone.LABEL), *(Line(f"line {k}", weight=3) for k in range(9))]
    layout = lay_out(lines, (), size=(100, 400), margin=5, is_right=True, measure=Fixed())
    assert [one.text for one in layout.lines] == ["label", *(f"line {k}" for k in range(len(layout.lines) - 1))]
    assert layout.left_out == 10 - len(layout.lines)


@pytest.mark.meets("MG-F10")
def test_a_narrow_pane_writes_less_so_that_the_breast_is_seen(qapp: object) -> None:
    texts, wide = ([one.text for one in write(everything("v"), (1280, columns)).lines] for columns in (380, 1024))
    for word in ("accession", "detector"):
        assert any(word in text for text in wide)
        assert not any(word in text for text in texts)
    assert any("born" in text for text in texts)
    # Shortened by words, not cut off.
    assert any(text.startswith("zoom ") for text in texts)
    assert not any("×" in text for text in texts)
    for kept in ("LMSCCID", "v", "IMPLANT", "BURNED-IN TEXT"):
        assert kept in texts


@pytest.mark.meets("MG-F03")
def test_banners_stand_off_the_axilla_where_there_is_room(qapp: object) -> None:
    banner = ("ENHANCED: CLAHE",)
    (wide,) = write(make_mammogram(), (700, 1000), badges=banner).badges
    assert 300 < wide.rect.left < wide.rect.right < 700
    (narrow,) = write(make_mammogram(), (340, 213), badges=banner).badges
    assert narrow.rect.left == 0


def with_breast(far: float) -> Beside:
    """A breast that reaches so far from the chest wall in the lower half of a pane of 800 × 500, not in the upper."""
    return Beside(np.array([0.0] * 40 + [far] * 40), 0.0, 10.0, 500.0)


@pytest.mark.parametrize("is_right", [True, False])
def test_heavy_lines_do_not_lie_over_the_breast_and_light_ones_stay(qapp: object, is_right: bool) -> None:
    image = make_mammogram(technique=everything("some value").technique)
    breast = with_breast(320.0)
    lines = (*upper_lines(image, FULL), *lower_lines(image, FULL, zoom=0.25, notes=()))
    heavy = {line.text for line in lines if line.weight >= 5}

    def over(layout: Layout) -> set[str]:
        return {
            one.text
            for one in layout.lines
            if (500 - one.rect.left if is_right else one.rect.right) > breast.room(one.rect.top, one.rect.bottom)
        }

    assert over(write(image, (800, 500), is_right=is_right)) & heavy
    kept = write(image, (800, 500), is_right=is_right, beside=breast)
    assert not over(kept) & heavy
    assert kept.left_out
    texts = [one.text for one in kept.lines]
    assert image.label in texts
    assert "NOT FOR DIAGNOSIS" in " ".join(texts)
    assert heavy & set(texts), "there is room in the upper half"


def test_a_line_that_must_stay_is_broken_beside_the_breast(qapp: object) -> None:
    options = AnnotationOptions()
    research = "RESEARCH ONLY · NOT FOR DIAGNOSIS"
    texts = [one.text for one in write(make_mammogram(), (800, 500), options=options, beside=with_breast(340.0)).lines]
    assert research not in texts
    assert research in " ".join(texts)
    no_room = write(make_mammogram(), (800, 500), options=options, beside=with_breast(490.0))
    assert research in [one.text for one in no_room.lines]


@pytest.mark.parametrize("is_wall_left", [True, False])
@pytest.mark.parametrize("flags", list(product([False, True], repeat=3)))
def test_the_outline_is_that_of_the_image_as_it_lies(flags: tuple[bool, bool, bool], is_wall_left: bool) -> None:
    dihedral = Dihedral(*flags)
    rng = np.random.default_rng(5)
    cells = rng.random((7, 5)) < 0.3
    laid_shape = (5, 7) if dihedral.transpose else (7, 5)
    laid = np.zeros(laid_shape, bool)
    for row, column in zip(*np.nonzero(cells), strict=True):
        (at,) = dihedral.transform(7, 5).apply([(row + 0.5, column + 0.5)])
        laid[int(at[0]), int(at[1])] = True
    wanted = []
    for line in laid if is_wall_left else laid[:, ::-1]:
        wanted.append(int(np.flatnonzero(line).max() + 1) if line.any() else 0)
    assert outline(cells, dihedral, is_wall_left=is_wall_left).tolist() == wanted


def test_letters_grow_with_the_scale_as_far_as_the_pane_has_room(qapp: QApplication) -> None:
    before = Fonts(QFont("DejaVu Sans"), 1200, 1.0)
    assert theme.scale() == 1.0
    try:
        theme._scale[0] = 2.0
        large, small = Fonts(QFont("DejaVu Sans"), 1200, 1.0), Fonts(QFont("DejaVu Sans"), 300, 1.0)
    finally:
        theme._scale[0] = 1.0
    assert large.plain.pixelSize() == 2 * before.plain.pixelSize()
    assert 12 < small.plain.pixelSize() < 24
