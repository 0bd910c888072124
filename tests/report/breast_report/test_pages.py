"""The report as pages: words, HTML, PDF and key images."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from report_study import (
    BY_AI,
    CC_MASS,
    HEAD,
    MLO_MASS,
    MODEL,
    SEEN,
    TIME,
    UNSEEN,
    make_draft,
    make_exam,
    make_finding,
)

from mammoview.core.errors import InputError
from mammoview.core.geometry import Dihedral
from mammoview.core.reading import Maker, Origin, Verdict, VerdictKind
from mammoview.core.study import Laterality
from mammoview.report.breast_report.drafting import rewritten
from mammoview.report.breast_report.fonts import MISSING, in_visual_order, is_right_to_left, markup
from mammoview.report.breast_report.html import report_page
from mammoview.report.breast_report.key_images import KeyImage, Shown, key_images
from mammoview.report.breast_report.pdf import Paper, report_pdf
from mammoview.report.breast_report.printed import printed
from mammoview.report.breast_report.signing import amendment, sign
from mammoview.report.breast_report.values import AiPart, Draft, SectionName, SignedReport

YELLOW = (255, 210, 60)


def signed(draft: Draft | None = None) -> SignedReport:
    return sign(draft or make_draft(), signer="Dr. Grün", time=TIME, chain_head=HEAD)


def shown(draft: Draft, how: Dihedral | None = None) -> dict[tuple[str, int], Shown]:
    gray = np.full((1200, 900), 30000, np.uint16)
    return {(image.id, 0): Shown(gray, how or Dihedral()) for image in draft.exam.images}


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))


def test_the_page_says_all_and_loads_nothing() -> None:
    report = signed()
    html = report_page(printed(report, key_images(report.content, shown(make_draft()))))
    text = text_of(html)
    for words in (
        "Müller, Änne",
        "P-17",
        "1960-04-05",
        "BI-RADS 5",
        "image-guided core biopsy",
        "irregular mass with spiculated margins",
        "cbis-patch-1",
        "0.3",
        MODEL.sha256,
        "It takes no decision",
        "Not a medical device",
        "Signed by Dr. Grün, 2026-03-14 09:30 UTC",
        report.content_hash,
        HEAD,
        "reader; AI, accepted by the reader",
    ):
        assert words in text, words
    assert html.count("<img") == 2
    assert not re.search(r'(src|href)="(?!data:image/png;base64,)|url\(|https?://|<script', html)


def test_words_of_people_run_nothing() -> None:
    hostile = "<script>alert(1)</script>{{ 7 * 7 }}"
    draft = rewritten(make_draft(exam=make_exam(patient_name=hostile)), SectionName.LEFT, hostile)
    html = report_page(printed(draft))
    assert "<script" not in html
    assert "49" not in text_of(html).split("Left breast")[1].split("Impression")[0]
    assert report_pdf(printed(draft)).startswith(b"%PDF")


def test_a_draft_says_that_it_is_one() -> None:
    content = printed(make_draft())
    assert content.is_draft
    assert "DRAFT, not signed" in text_of(report_page(content))
    assert "Signed by" not in text_of(report_page(content))


def test_of_what_the_reader_never_saw_there_is_no_word() -> None:
    ai = replace(UNSEEN, scores=((Laterality.RIGHT, 0.8765),), score_meaning="secret meaning")
    pending = make_finding("p", "1.2.1", origin=replace(BY_AI, p_malignant=0.8765))
    draft = make_draft(ai=ai, findings=(CC_MASS, pending), links=())
    for written in (draft, signed(draft)):
        content = written if isinstance(written, Draft) else written.content
        pictures = key_images(content, shown(draft))
        assert [picture.names for picture in pictures] == [("R1",)]
        html = report_page(printed(written, pictures))
        assert "0.88" not in html
        assert "secret meaning" not in html
        assert "L1" not in text_of(html)
        assert "Shown to the reader never" in text_of(html)
        assert "cbis-patch-1" in html, "which models ran is said all the same"


def test_scores_and_edited_outlines_are_told_as_such() -> None:
    edited = replace(
        MLO_MASS, origin=replace(BY_AI, maker=Maker.AI_EDITED), verdict=Verdict(VerdictKind.EDITED, "r", TIME)
    )
    ai = replace(SEEN, scores=((Laterality.RIGHT, 0.93), (Laterality.LEFT, 0.1)), score_meaning="mean of models")
    text = text_of(report_page(printed(make_draft(ai=ai, findings=(edited,), links=()))))
    assert "right 0.93 and left 0.10 (mean of models)" in text
    assert "AI, outline edited by the reader" in text
    assert "on request" not in text


def test_an_outline_that_the_reader_had_drawn_is_told_as_the_ais() -> None:
    own = replace(MLO_MASS, origin=Origin(), verdict=None, outlined_by=(MODEL,))
    text = text_of(report_page(printed(make_draft(ai=SEEN, findings=(own,), links=()))))
    assert "reader; outline by the AI on request" in text


def test_an_ai_that_did_not_run_says_why() -> None:
    draft = make_draft(ai=AiPart(reason="The images are For Processing."), findings=(CC_MASS,), links=())
    text = text_of(report_page(printed(draft)))
    assert "did not take part: The images are For Processing." in text
    assert "SHA-256" not in text


def test_an_amendment_names_what_it_replaces_and_why() -> None:
    first = signed()
    draft, amends = amendment(first, reader="x", reason="Wrong prior.")
    second = sign(draft, signer="Dr. Rot", time=TIME, chain_head=HEAD, amends=amends)
    text = text_of(report_page(printed(second)))
    assert "Amended report, version 2, signed by Dr. Rot" in text
    assert f"amends version 1, signed by Dr. Grün, 2026-03-14 09:30 UTC ({first.content_hash[:16]}…)" in text
    assert "Reason: Wrong prior." in text


@pytest.mark.parametrize("paper", Paper)
def test_a_pdf_of_either_size_has_its_fonts_inside_and_is_the_same_each_time(paper: Paper) -> None:
    content = printed(signed())
    pdf = report_pdf(content, paper)
    assert pdf == report_pdf(content, paper)
    assert pdf.count(b"/FontFile2") == 2
    width, height = {Paper.A4: (210, 297), Paper.LETTER: (215.9, 279.4)}[paper]
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert box is not None
    assert float(box[1]) / 72 * 25.4 == pytest.approx(width, abs=0.1)
    assert float(box[2]) / 72 * 25.4 == pytest.approx(height, abs=0.1)


def test_many_findings_go_over_pages_and_no_word_is_too_long() -> None:
    many = tuple(
        make_finding(f"f{k}", f"1.2.{k % 4}", comment="Ein längerer Kommentar. " * 5, contour=((20.0 * k + 50, 300.0),))
        for k in range(40)
    )
    one = report_pdf(printed(make_draft()))
    draft = make_draft(
        exam=make_exam(patient_name="X" * 64 + "^" + "Y" * 64, patient_id="1" * 64, indication="Ohneleerzeichen" * 60),
        findings=many,
        links=(),
    )
    pictures = key_images(draft, shown(draft))
    assert [len(picture.names) for picture in pictures] == [10, 10, 10, 10]
    pdf = report_pdf(printed(draft, pictures))
    assert pages(one) <= 2
    assert pages(pdf) >= 5
    # One paragraph longer than a page.
    assert pages(report_pdf(printed(rewritten(draft, SectionName.RIGHT, "word " * 3000)))) >= 4


def test_no_finding_no_image_section() -> None:
    draft = make_draft(findings=(), links=())
    assert key_images(draft, shown(draft)) == ()
    assert "Key images" not in report_page(printed(draft))
    assert pages(report_pdf(printed(draft))) == 1


def opened(picture: KeyImage) -> np.ndarray:
    found = np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB"))
    assert found.shape[:2] == (picture.height_px, picture.width_px)
    return found


@pytest.mark.parametrize("code", range(8))
def test_the_outline_lies_on_what_it_outlines_however_the_image_hung(code: int) -> None:
    """A bright square in a dark image: the outline's box is the square's, within a line's width."""
    how = Dihedral(bool(code & 4), bool(code & 2), bool(code & 1))
    draft = make_draft(findings=(make_finding("s"),), links=())
    pixels = np.zeros((1200, 900), np.uint16)
    pixels[400:520, 300:420] = 65535
    (picture,) = key_images(draft, {("1.2.0", 0): Shown(pixels, how)})
    seen = opened(picture)[120:-120].astype(int)
    white = np.argwhere(seen.min(axis=2) > 250)
    yellow = np.argwhere(np.abs(seen - YELLOW).sum(axis=2) < 12)
    # The name is of the same colour; the outline are the yellow pixels within reach of the square.
    near = ((yellow >= white.min(axis=0) - 6) & (yellow <= white.max(axis=0) + 6)).all(axis=1)
    ring = yellow[near]
    assert np.abs(ring.min(axis=0) - white.min(axis=0)).max() <= 4
    assert np.abs(ring.max(axis=0) - white.max(axis=0)).max() <= 4


def bar_px(picture: KeyImage) -> int:
    """The longest bright run in the band below."""
    band = opened(picture)[-30:]
    runs = [len(run) for line in band.min(axis=2) > 200 for run in "".join("x" if b else " " for b in line).split()]
    return max(runs, default=0)


def test_the_scale_bar_is_as_long_as_it_says_and_absent_without_a_spacing() -> None:
    draft = make_draft()
    (picture, _) = key_images(draft, shown(draft))
    # 1200 rows of 0.1 mm are 1100 picture pixels: 20 mm are 200 native pixels.
    assert bar_px(picture) == pytest.approx(200 * 1100 / 1200, abs=6)
    bare = make_exam(images=tuple(replace(image, spacing_mm=None) for image in make_exam().images))
    (picture, _) = key_images(make_draft(exam=bare), shown(draft))
    assert bar_px(picture) < 60


def test_pixels_of_another_size_or_sort_are_refused() -> None:
    draft = make_draft()
    for wrong in (np.zeros((900, 1200), np.uint16), np.zeros((1200, 900), np.float32)):
        with pytest.raises(InputError, match="RCC"):
            key_images(draft, {("1.2.0", 0): Shown(wrong)})
    assert key_images(draft, {}) == ()


def test_a_volume_has_a_picture_for_each_slice_with_a_finding() -> None:
    draft = make_draft(findings=(CC_MASS, make_finding("n", frame=7)), links=())
    gray = Shown(np.zeros((1200, 900), np.uint8))
    pictures = key_images(draft, {("1.2.0", 0): gray, ("1.2.0", 7): gray})
    assert [picture.caption for picture in pictures] == ["RCC: R1", "RCC, slice 8: R2"]


def test_names_of_every_script_are_printed_or_marked() -> None:
    plain = markup("Müller Жанна Ελένη", width=400, size=9)
    assert "<font" not in plain
    assert MISSING not in plain
    assert MISSING not in markup("山田 한글 かな", width=400, size=9)
    assert markup("ไม่", width=400, size=9) == MISSING * 3
    assert markup("a < b & c", width=400, size=9) == "a &lt; b &amp; c"


def test_right_to_left_names_are_turned_and_arabic_letters_join() -> None:
    assert not is_right_to_left("Müller (1)")
    assert in_visual_order("אבג") == "גבא"
    # Brackets are mirrored where the line runs from right to left.
    assert in_visual_order("אב (גד)") == "(דג) בא"
    joined = in_visual_order("سلام")
    assert all(0xFE70 <= ord(letter) <= 0xFEFF for letter in joined)
    assert len(markup("שלום עולם " * 40, width=200, size=9).split("<br/>")) > 5
