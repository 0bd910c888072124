"""A report as PDF, A4 or Letter, its fonts inside."""

from __future__ import annotations

import io
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from mammoview.report.breast_report.fonts import BOLD, MISSING, REGULAR, covered, markup
from mammoview.report.breast_report.printed import Fact, Printed, Table

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

_MM: Final = 72 / 25.4
_MARGIN: Final = 16 * _MM
_HEAD: Final = 24 * _MM
_FOOT: Final = 18 * _MM
_SIZE: Final = 9.5
_SMALL: Final = 7.5
_GRAY, _LINE, _WARM, _RED = "#555555", "#bbbbbb", "#7a4a00", "#aa0000"
#: Shares of the page's width for each column of a table, by its heading.
_WIDTHS: Final[dict[str, tuple[float, ...]]] = {
    "Assessment": (0.11, 0.17, 0.39, 0.33),
    "Described findings": (0.07, 0.16, 0.13, 0.33, 0.12, 0.19),
    "Models": (0.26, 0.10, 0.14, 0.50),
}


class Paper(StrEnum):
    """The size of a page."""

    A4 = "a4"
    LETTER = "letter"

    @property
    def points(self) -> tuple[float, float]:
        """Width and height, points."""
        return (595.28, 841.89) if self is Paper.A4 else (612.0, 792.0)


def report_pdf(shown: Printed, paper: Paper = Paper.A4) -> bytes:
    """Lay a report out as PDF.

    Parameters
    ----------
    shown
        From `mammoview.report.breast_report.printed.printed`.
    paper
        The pages' size.

    Returns
    -------
    bytes
        A document. Every page says whose it is, what it is not, its number and how many there are; no page says when
        it was printed, so that the same report gives the same bytes.
    """
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

    covered()
    width, height = paper.points
    inner = width - 2 * _MARGIN
    data = io.BytesIO()
    document = BaseDocTemplate(
        data,
        pagesize=(width, height),
        title="Mammography report",
        author="MammoView",
        subject=shown.footer,
        invariant=1,
        lang="en",
    )
    frame = Frame(_MARGIN, _FOOT, inner, height - _HEAD - _FOOT, 0, 0, 0, 0)
    document.addPageTemplates([PageTemplate("page", [frame])])
    story = _Story(inner, height - _HEAD - _FOOT).told(shown)
    document.build(story, canvasmaker=_counting(shown, width, height))
    return data.getvalue()


def _counting(shown: Printed, width: float, height: float) -> Any:
    """A canvas that writes head and foot when it knows how many pages there are."""
    from reportlab.pdfgen.canvas import Canvas

    class Counting(Canvas):  # type: ignore[misc]
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **{**named, "initialFontName": REGULAR})
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                _around(self, shown, (width, height), f"Page {number} of {len(self._pages)}")
                Canvas.showPage(self)
            Canvas.save(self)

    return Counting


def _around(canvas: Canvas, shown: Printed, size: tuple[float, float], page: str) -> None:
    width, height = size
    inner = width - 2 * _MARGIN
    _line(canvas, shown.running, (_MARGIN, height - 11 * _MM), inner - 92 * _MM * shown.is_draft, _SIZE)
    if shown.is_draft:
        _line(canvas, shown.status, (width - _MARGIN, height - 11 * _MM), 90 * _MM, _SIZE, colour=_RED, is_right=True)
    _line(canvas, shown.banner, (_MARGIN, height - 16 * _MM), inner, _SMALL, colour=_WARM)
    canvas.setStrokeColor(_LINE)
    canvas.setLineWidth(0.5)
    canvas.line(_MARGIN, height - 18.5 * _MM, width - _MARGIN, height - 18.5 * _MM)
    canvas.line(_MARGIN, 13.5 * _MM, width - _MARGIN, 13.5 * _MM)
    _line(canvas, shown.footer, (_MARGIN, 9.5 * _MM), inner - 30 * _MM, _SMALL, colour=_GRAY)
    _line(canvas, page, (width - _MARGIN, 9.5 * _MM), 28 * _MM, _SMALL, colour=_GRAY, is_right=True)


def _line(
    canvas: Canvas,
    text: str,
    at: tuple[float, float],
    room: float,
    size: float,
    *,
    colour: str = "#111111",
    is_right: bool = False,
) -> None:
    """One line of any script; what does not fit is cut with an ellipsis."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    style = ParagraphStyle("line", fontName=REGULAR, fontSize=size, leading=size * 1.25, textColor=colour)
    if is_right:
        style.alignment = 2
    kept = text
    while True:
        line = Paragraph(markup(kept, width=10_000, size=size), style)
        _, high = line.wrap(room, 1000)
        if high <= size * 1.3 or not kept:
            break
        kept = kept.rstrip("…")[:-3].rstrip() + "…"
    line.drawOn(canvas, at[0] - (room if is_right else 0), at[1] - size * 0.25)


class _Story:
    """Makes the parts that flow over the pages."""

    def __init__(self, width: float, height: float) -> None:
        from reportlab.lib.styles import ParagraphStyle

        self._width, self._height = width, height
        plain = ParagraphStyle(
            "text", fontName=REGULAR, fontSize=_SIZE, leading=_SIZE * 1.4, textColor="#111111", spaceAfter=3
        )
        self._text = plain
        self._small = ParagraphStyle("small", plain, fontSize=_SMALL, leading=_SMALL * 1.3, spaceAfter=0)
        self._cell = ParagraphStyle("cell", plain, spaceAfter=0, leading=_SIZE * 1.3)
        self._name = ParagraphStyle("name", self._cell, textColor=_GRAY)
        self._heading = ParagraphStyle(
            "heading", plain, fontName=BOLD, fontSize=11, leading=14, spaceBefore=9, spaceAfter=3, keepWithNext=1
        )
        self._loose = ParagraphStyle("loose", self._heading, keepWithNext=0)
        self._hash = ParagraphStyle("hash", self._small, fontSize=6, leading=_SIZE * 1.3)

    def told(self, shown: Printed) -> list[Any]:
        from reportlab.platypus import Paragraph

        story: list[Any] = [self._paragraph("Mammography report", self._title())]
        status = self._red() if shown.is_draft else self._status()
        story += [self._paragraph(shown.status, status), *self._facts(shown.patient)]
        story += self._table(shown.assessments)
        for section in shown.sections:
            story.append(self._head(section.heading))
            story += [self._paragraph(text, self._text) for text in section.paragraphs]
        story += self._table(shown.lesions)
        story += self._pictures(shown)
        story += [self._head("Part of the AI"), *self._facts(shown.ai)]
        story += self._table(shown.models, has_heading=False)
        story += self._together("Signature", self._facts(shown.signature))
        if any(MISSING in part.text for part in story if isinstance(part, Paragraph)):
            words = f"{MISSING} stands for a letter that this document's font lacks; the HTML page has it."
            story.append(self._paragraph(words, self._small))
        return story

    def _title(self) -> Any:
        from reportlab.lib.styles import ParagraphStyle

        return ParagraphStyle("title", self._heading, fontSize=16, leading=20, spaceBefore=0, keepWithNext=0)

    def _status(self) -> Any:
        from reportlab.lib.styles import ParagraphStyle

        return ParagraphStyle("status", self._text, textColor=_GRAY, spaceBefore=2, spaceAfter=6)

    def _red(self) -> Any:
        from reportlab.lib.styles import ParagraphStyle

        return ParagraphStyle("red", self._status(), fontName=BOLD, textColor=_RED)

    def _paragraph(self, text: str, style: Any, width: float | None = None) -> Any:
        from reportlab.platypus import Paragraph

        is_bold = style.fontName == BOLD
        return Paragraph(markup(text, width=width or self._width, size=style.fontSize, is_bold=is_bold), style)

    def _head(self, text: str) -> Any:
        return self._paragraph(text, self._heading)

    def _together(self, heading: str, parts: Sequence[Any]) -> list[Any]:
        from reportlab.platypus import KeepTogether

        return [KeepTogether([self._head(heading), *parts])]

    def _facts(self, facts: Sequence[Fact]) -> list[Any]:
        widths = (39 * _MM, self._width - 39 * _MM)
        rows = [
            [
                self._paragraph(fact.name, self._name, widths[0] - 6),
                self._paragraph(fact.value, self._cell, widths[1] - 6),
            ]
            for fact in facts
        ]
        return [self._grid(rows, widths)]

    def _table(self, table: Table, *, has_heading: bool = True) -> list[Any]:
        if not table.rows:
            return []
        widths = tuple(share * self._width for share in _WIDTHS[table.heading])
        head = [self._paragraph(text, self._name, wide - 6) for text, wide in zip(table.columns, widths, strict=True)]
        styles = [self._hash if len(text) == 64 else self._cell for text in table.rows[0]]
        rows = [
            [self._paragraph(text, style, wide - 6) for text, style, wide in zip(row, styles, widths, strict=True)]
            for row in table.rows
        ]
        grid = self._grid([head, *rows], widths, has_lines=True)
        if not has_heading:
            return [grid]
        from reportlab.platypus import CondPageBreak

        # A heading that keeps with a table keeps with all of it, and a long one would begin a new page.
        heading = self._head(table.heading)
        heading.style = self._loose
        return [CondPageBreak(32 * _MM), heading, grid]

    def _grid(self, rows: list[list[Any]], widths: Sequence[float], *, has_lines: bool = False) -> Any:
        from reportlab.platypus import Table as Grid

        look: list[tuple[Any, ...]] = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 6),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ]
        if has_lines:
            look.append(("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE))
        return Grid(
            rows,
            colWidths=list(widths),
            style=look,
            repeatRows=int(has_lines),
            hAlign="LEFT",
            splitInRow=1,
            spaceAfter=4,
        )

    def _pictures(self, shown: Printed) -> list[Any]:
        from reportlab.platypus import Image, KeepTogether, Spacer
        from reportlab.platypus import Table as Grid

        wide = (self._width - 5 * _MM) / 2
        story: list[Any] = []
        for start in range(0, len(shown.pictures), 2):
            pair = shown.pictures[start : start + 2]
            # Two rows of pictures fit on a page, whatever their shape.
            most = self._height * 0.42
            cells = []
            for one in pair:
                scale = min(wide / one.width_px, most / one.height_px)
                picture = Image(io.BytesIO(one.png), one.width_px * scale, one.height_px * scale, hAlign="LEFT")
                cells.append([picture, Spacer(0, 3), self._paragraph(one.caption, self._small, wide)])
            cells += [[]] * (2 - len(cells))
            row = Grid([cells], colWidths=[wide + 5 * _MM, wide], hAlign="LEFT", spaceAfter=6)
            row.setStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")])
            story.append(row if start else KeepTogether([self._head("Key images"), row]))
        return story
