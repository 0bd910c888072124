"""What the report page says, as words. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from html import escape
from typing import Final

from mammoview.core.plain_text import date_text, name_text, printable
from mammoview.core.study import Laterality
from mammoview.report.breast_report.checks import Remark
from mammoview.report.breast_report.printed import SHORT_HASH, Fact, Printed, Table, printed
from mammoview.report.breast_report.values import Draft, SectionName, SignedReport
from mammoview.session.reading.case import Case
from mammoview.ui.hiding import HIDDEN
from mammoview.ui.reading.standing import moment


class PlaceKind(Enum):
    """Where something is put right."""

    DECISION = "decision"
    FINDINGS = "findings"
    SECTION = "section"


@dataclass(frozen=True)
class Place:
    """Where a remark is put right.

    Attributes
    ----------
    side
        The breast; None for no one or both.
    section
        The part of the text, where it is one.
    lesion
        The lesion's name, ``R1``, where it is one.
    """

    kind: PlaceKind
    side: Laterality | None = None
    section: SectionName | None = None
    lesion: str = ""


_OF_TEXT: Final = frozenset({"outdated_text", "side_word"})
_OF_LESIONS: Final = frozenset({"foreign_image", "wrong_side", "clock", "descriptors", "views_differ", "other"})
_OF_FINDINGS: Final = frozenset({"same_id", "link", "ai_unseen", "ai_unjudged", "nothing_described"})


def place_of(remark: Remark, names: Sequence[str]) -> Place:
    """Where a remark is put right.

    Parameters
    ----------
    remark
        What does not fit.
    names
        Of the lesions: ``R1``.
    """
    if remark.code in _OF_TEXT:
        named = next((name for name in SectionName if f"“{name}”" in remark.message), None)
        own = next((name for name in SectionName if name.side is not None and name.side is remark.side), None)
        return Place(PlaceKind.SECTION, remark.side, named or own)
    if remark.code in _OF_LESIONS:
        words = remark.message.replace(":", " ").split()
        return Place(PlaceKind.FINDINGS, remark.side, lesion=next((name for name in names if name in words), ""))
    if remark.code in _OF_FINDINGS:
        return Place(PlaceKind.FINDINGS, remark.side)
    return Place(PlaceKind.DECISION, remark.side)


def written_of(case: Case) -> Draft | SignedReport:
    """What the page shows and puts out: the signed report, unless it is being amended or there is none."""
    return case.signed if case.signed is not None and not case.is_amending and case.is_read_only else case.draft


def status_words(case: Case) -> str:
    """Whether it is signed, by whom, and which version it is."""
    written = written_of(case)
    if isinstance(written, SignedReport):
        version = f", version {written.version}" if written.version > 1 else ""
        return f"Signed by {written.signer}, {moment(written.signed_at)}{version}"
    if case.amends is not None:
        return f"Draft of version {case.amends.original.version + 1}, not signed. Reason: {case.amends.reason}"
    return "Draft, not signed"


def patient_words(written: Draft | SignedReport, *, is_named: bool) -> str:
    """Whose report it is."""
    exam = written.exam if isinstance(written, Draft) else written.content.exam
    who = (name_text(exam.patient_name), printable(exam.patient_id)) if is_named else (HIDDEN,)
    return " · ".join(part for part in (*who, date_text(exam.date)) if part)


def ai_lines(written: Draft | SignedReport) -> tuple[str, ...]:
    """The AI's part: whether it was seen, what it is meant for, and which models ran, with the start of their hash."""
    shown = printed(written)
    facts = [f"{fact.name}: {fact.value}" for fact in shown.ai]
    models = [f"{name} {version} ({task}, {sha[:SHORT_HASH]}…)" for name, version, task, sha in shown.models.rows]
    return (*facts, *models)


def report_html(shown: Printed, *, is_named: bool) -> str:
    """A report as text for a window, without pictures.

    Parameters
    ----------
    shown
        The report in words.
    is_named
        Whether it says whose it is.
    """
    parts = [f"<p><b>{escape(shown.banner)}</b></p>", f"<p>{escape(shown.status)}</p>"]
    patient = [fact for fact in shown.patient if is_named or fact.name == "Exam"]
    parts.append(_facts(patient))
    for block in shown.sections:
        paragraphs = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in block.paragraphs)
        parts.append(f"<h4>{escape(block.heading)}</h4>{paragraphs}")
    parts += [_table(shown.assessments), _table(shown.lesions)]
    parts.append(f"<h4>AI</h4>{_facts(shown.ai)}")
    parts += [_table(shown.models), f"<h4>Signature</h4>{_facts(shown.signature)}"]
    return "".join(parts)


def _facts(facts: Sequence[Fact]) -> str:
    rows = "".join(f"<tr><td>{escape(fact.name)}</td><td>{escape(fact.value)}</td></tr>" for fact in facts)
    return f'<table cellpadding="3">{rows}</table>'


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    head = "".join(f'<th align="left">{escape(column)}</th>' for column in table.columns)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f'<h4>{escape(table.heading)}</h4><table cellpadding="3"><tr>{head}</tr>{rows}</table>'
