"""What a report prints, as words in their order: the same for HTML and PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mammoview import __version__
from mammoview.core.findings import ModelUse
from mammoview.core.plain_text import date_text, name_text, printable
from mammoview.core.reading import Lesion, Maker, RevealProtocol
from mammoview.core.study import Laterality
from mammoview.report.breast_report.drafting import NamedLesion, named_lesions
from mammoview.report.breast_report.fonts import apart
from mammoview.report.breast_report.key_images import KeyImage
from mammoview.report.breast_report.phrases import listed, millimetres
from mammoview.report.breast_report.values import BANNER, AiPart, Content, Draft, SignedReport

#: Letters of a hash that are enough to compare two by eye.
SHORT_HASH: Final = 16
_HARD_SPACE: Final = "\u00a0"
_SIDES: Final = {Laterality.RIGHT: "Right", Laterality.LEFT: "Left"}
_ORIGINS: Final = {
    Maker.READER: "reader",
    Maker.AI: "AI, accepted by the reader",
    Maker.AI_EDITED: "AI, outline edited by the reader",
}


@dataclass(frozen=True)
class Fact:
    """A name and its value."""

    name: str
    value: str


@dataclass(frozen=True)
class Block:
    """A heading with its paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of words under column heads."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Printed:
    """A report's pages before they are laid out.

    Attributes
    ----------
    status
        ``DRAFT, not signed``, or who signed it.
    patient
        For the box on the first page; ``running`` is the line on every page.
    footer
        What identifies the report, on every page.
    """

    status: str
    is_draft: bool
    banner: str
    patient: tuple[Fact, ...]
    running: str
    sections: tuple[Block, ...]
    assessments: Table
    lesions: Table
    pictures: tuple[KeyImage, ...]
    ai: tuple[Fact, ...]
    models: Table
    signature: tuple[Fact, ...]
    footer: str


def printed(written: Draft | SignedReport, pictures: Sequence[KeyImage] = ()) -> Printed:
    """Put a report into words.

    Parameters
    ----------
    written
        A draft, which says that it is one, or a signed report.
    pictures
        Its key images.

    Returns
    -------
    Printed
        Of findings that the reader did not make or accept there is no word.
    """
    content: Draft | Content = written if isinstance(written, Draft) else written.content
    return Printed(
        status=_status(written),
        is_draft=isinstance(written, Draft),
        banner=BANNER if isinstance(written, Draft) else written.banner,
        patient=_patient(content),
        running=_running(content),
        sections=tuple(
            Block(section.name.value.capitalize(), tuple(line for line in section.text.splitlines() if line.strip()))
            for section in content.sections
            if section.text.strip()
        ),
        assessments=_assessments(content),
        lesions=_lesions(named_lesions(content)),
        pictures=tuple(pictures),
        ai=_ai(content.ai),
        models=_models(content.ai.models),
        signature=_signature(written),
        footer=_footer(written),
    )


def _status(written: Draft | SignedReport) -> str:
    if isinstance(written, Draft):
        return "DRAFT, not signed"
    amended = f"Amended report, version {written.version}, signed" if written.amends is not None else "Signed"
    return f"{amended} by {apart(written.signer)}, {_moment(written.signed_at)}"


def _patient(content: Draft | Content) -> tuple[Fact, ...]:
    exam = content.exam
    facts = (
        Fact("Patient", name_text(exam.patient_name) or "not stated"),
        Fact("Patient ID", printable(exam.patient_id) or "not stated"),
        Fact("Born", date_text(exam.birth_date)),
        Fact("Exam", " ".join(part for part in (date_text(exam.date), printable(exam.description)) if part)),
        Fact("Accession", printable(exam.accession)),
        Fact("Institution", printable(exam.institution)),
        Fact("Study", printable(exam.study_uid)),
    )
    return tuple(fact for fact in facts if fact.value)


def _running(content: Draft | Content) -> str:
    exam = content.exam
    # The name is cut first: number and date must fit on the line, too.
    parts = (printable(name_text(exam.patient_name), 44), printable(exam.patient_id, 24), date_text(exam.date))
    return " · ".join(apart(part) for part in parts if part)


def _assessments(content: Draft | Content) -> Table:
    rows = []
    for side in (Laterality.RIGHT, Laterality.LEFT):
        decision = next((one for one in content.breasts if one.side is side), None)
        if decision is None:
            continue
        category = decision.assessment
        recall = {None: "", True: "recall", False: "no recall"}[decision.is_recalled]
        rows.append(
            (
                _SIDES[side],
                f"BI-RADS{_HARD_SPACE}{category}" if category is not None else "",
                "; ".join(part for part in (category.label if category is not None else "", recall) if part),
                listed(list(decision.recommendations)),
            )
        )
    return Table("Assessment", ("Breast", "Category", "Meaning", "Recommendation"), tuple(rows))


def _lesions(lesions: Sequence[NamedLesion]) -> Table:
    rows = tuple(
        (
            one.name,
            one.lesion.kind.value,
            millimetres(one.lesion.size_mm).replace(" ", _HARD_SPACE) or "not measured",
            _place(one.lesion),
            f",{_HARD_SPACE}".join(one.lesion.views),
            _origin(one.lesion),
        )
        for one in lesions
    )
    return Table("Described findings", ("", "Type", "Size", "Place", "Views", "Made by"), rows)


def _place(lesion: Lesion) -> str:
    place = lesion.location
    parts = (
        place.region.value if place.region is not None else "",
        f"{place.clock} o'clock" if place.clock is not None else "",
        place.depth.value if place.depth is not None else "",
        f"{millimetres(place.nipple_mm)} from nipple" if place.nipple_mm is not None else "",
    )
    return ", ".join(part for part in parts if part)


def _origin(lesion: Lesion) -> str:
    makers = [_ORIGINS[finding.origin.maker] for finding in lesion.findings]
    drawn = ["outline by the AI on request" for finding in lesion.findings if finding.outlined_by]
    return "; ".join(dict.fromkeys(makers + drawn))


def _ai(part: AiPart) -> tuple[Fact, ...]:
    if not part.models:
        return (Fact("AI", f"did not take part: {part.reason}"),)
    shown = f"after the reader's own decision, {_moment(part.revealed_at)}"
    if not part.is_revealed:
        shown = "never"
    elif part.protocol is RevealProtocol.CONCURRENT:
        shown = f"from the beginning, {_moment(part.revealed_at)}"
    facts = [Fact("Intended use", part.intended_use), Fact("Shown to the reader", shown)]
    if part.is_revealed and part.scores:
        scores = listed([f"{_SIDES[side].lower()} {score:.2f}" for side, score in part.scores])
        facts.append(Fact("Scores", f"{scores} ({part.score_meaning})" if part.score_meaning else scores))
    ran = ", ".join(word for word in (part.software, part.device) if word)
    if ran:
        facts.append(Fact("Run by", ran))
    if part.reason:
        facts.append(Fact("Note", part.reason))
    return tuple(facts)


def _models(models: Sequence[ModelUse]) -> Table:
    rows = tuple((model.id, model.version, model.task, model.sha256) for model in models)
    return Table("Models", ("Model", "Version", "Task", "SHA-256"), rows)


def _signature(written: Draft | SignedReport) -> tuple[Fact, ...]:
    if isinstance(written, Draft):
        return (Fact("State", "Draft, not signed"), Fact("Written by", written.reader))
    facts = [
        Fact("Signed by", written.signer),
        Fact("Signed at", _moment(written.signed_at)),
        Fact("Content hash", written.content_hash),
        Fact("Audit log", written.chain_head),
        Fact("Software", written.software),
    ]
    for report in (*written.history, written):
        if report.amends is not None:
            old = report.amends.original
            facts.append(
                Fact(
                    f"Version {report.version}",
                    f"amends version {old.version}, signed by {apart(old.signer)}, {_moment(old.signed_at)} "
                    f"({old.content_hash[:SHORT_HASH]}…). Reason: {report.amends.reason}",
                )
            )
    return tuple(facts)


def _footer(written: Draft | SignedReport) -> str:
    if isinstance(written, Draft):
        return f"mammoview {__version__} · draft"
    return f"{written.software} · version {written.version} · {written.content_hash[:SHORT_HASH]}"


def _moment(text: str) -> str:
    """``2026-03-14T09:30:00.123+00:00`` as ``2026-03-14 09:30 UTC``, other zones as their offset."""
    day, _, rest = text.partition("T")
    zone = rest[8:].lstrip(".0123456789") or "Z"
    return f"{day} {rest[:5]} {'UTC' if zone in {'+00:00', 'Z'} else f'UTC{zone}'}"
