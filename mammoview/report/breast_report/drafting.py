"""The text of a draft: written from what the reader decided, kept where the reader changed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mammoview.core.plain_text import date_text
from mammoview.core.reading import BreastDecision, Lesion, lesions_of
from mammoview.core.study import Laterality
from mammoview.report.breast_report.phrases import Phrases, lesion_sentences, shipped_phrases
from mammoview.report.breast_report.values import Content, Draft, Section, SectionName


@dataclass(frozen=True)
class NamedLesion:
    """A lesion with the name that text and key images share: ``R1``."""

    name: str
    lesion: Lesion


def named_lesions(written: Draft | Content) -> tuple[NamedLesion, ...]:
    """The lesions that a report tells of, right before left, each side counted from 1.

    Findings that the AI made and the reader did not accept, or could not see, are not among them.
    """
    reported = written.reported if isinstance(written, Draft) else tuple(f for f in written.findings if f.is_reported)
    found = lesions_of(reported, written.links)
    return tuple(
        NamedLesion(f"{side.value}{number}", lesion)
        for side in (Laterality.RIGHT, Laterality.LEFT)
        for number, lesion in enumerate((one for one in found if one.side is side), start=1)
    )


def refreshed(draft: Draft, phrases: Phrases | None = None) -> Draft:
    """Write the sections anew, and leave alone those that the reader changed.

    Parameters
    ----------
    draft
        After any change.
    phrases
        The wording; None for the shipped one.

    Returns
    -------
    Draft
        With every section that this exam has. One that the reader changed keeps its text and what was generated when
        it was changed, so that `outdated` can tell.
    """
    new = _generated(draft, phrases or shipped_phrases())
    sections = []
    for name, text in new.items():
        old = draft.section(name)
        sections.append(old if old is not None and old.is_edited else Section(name, text, text))
    return replace(draft, sections=tuple(sections))


def rewritten(draft: Draft, name: SectionName, text: str) -> Draft:
    """Put the reader's own words into a section; those of other sections stay."""
    sections = tuple(replace(one, text=text) if one.name is name else one for one in draft.sections)
    return replace(draft, sections=sections)


def restored(draft: Draft, name: SectionName, phrases: Phrases | None = None) -> Draft:
    """Drop the reader's words in a section for what the program writes."""
    sections = tuple(replace(one, text=one.generated) if one.name is name else one for one in draft.sections)
    return refreshed(replace(draft, sections=sections), phrases)


def outdated(draft: Draft, phrases: Phrases | None = None) -> tuple[SectionName, ...]:
    """Sections that the reader changed, and that the program would write differently by now."""
    if not any(section.is_edited for section in draft.sections):
        return ()
    new = _generated(draft, phrases or shipped_phrases())
    return tuple(
        section.name
        for section in draft.sections
        if section.is_edited and new.get(section.name, "") != section.generated
    )


def _generated(draft: Draft, phrases: Phrases) -> dict[SectionName, str]:
    sections = {
        SectionName.INDICATION: draft.exam.indication,
        SectionName.TECHNIQUE: _technique(draft, phrases),
        SectionName.COMPARISON: phrases.say(
            "section", "comparison", dates=[date_text(day) for day in draft.exam.priors]
        ),
        SectionName.COMPOSITION: _composition(draft, phrases),
    }
    lesions = named_lesions(draft)
    for name in (SectionName.RIGHT, SectionName.LEFT):
        if name.side in draft.exam.sides or any(one.lesion.side is name.side for one in lesions):
            sections[name] = _breast(draft, [one for one in lesions if one.lesion.side is name.side], name, phrases)
    sections[SectionName.IMPRESSION] = _impression(draft, phrases)
    return sections


def _technique(draft: Draft, phrases: Phrases) -> str:
    breasts = [
        (
            phrases.say("side", side.value),
            list(dict.fromkeys(image.label[1:] for image in draft.exam.images if image.side is side)),
        )
        for side in draft.exam.sides
    ]
    return phrases.say("section", "technique", breasts=breasts)


def _composition(draft: Draft, phrases: Phrases) -> str:
    read = draft.density
    if read is None:
        return ""
    return phrases.say(
        "section",
        "composition",
        label=read.grade.label,
        grade=read.grade.value,
        percent="" if read.percent is None else f"{read.percent:.0f} %",
        proposed=read.proposed.value if read.proposed is not None and read.is_overridden else "",
    )


def _breast(draft: Draft, lesions: Sequence[NamedLesion], name: SectionName, phrases: Phrases) -> str:
    if lesions:
        return "\n".join(f"{one.name}: {lesion_sentences(one.lesion, phrases)}" for one in lesions)
    decision = draft.breast(name.side) if name.side is not None else None
    if decision is None or not decision.is_complete:
        return ""
    category = decision.assessment.value if decision.assessment is not None else ""
    if not category and decision.is_recalled is False:
        category = "2"
    return phrases.say("breast", category if phrases.has("breast", category) else "other")


def _impression(draft: Draft, phrases: Phrases) -> str:
    lines = []
    for side in (Laterality.RIGHT, Laterality.LEFT):
        decision = draft.breast(side)
        if decision is not None:
            lines.append(_decided(decision, phrases))
    lines += [
        phrases.say(
            "section",
            "quality",
            label=note.label,
            faults=list(note.faults),
            repeat=note.needs_repeat,
            comment=note.comment,
        )
        for note in draft.quality
    ]
    return "\n".join(lines)


def _decided(decision: BreastDecision, phrases: Phrases) -> str:
    recall = ""
    if decision.is_recalled is not None:
        recall = phrases.say("section", "recall" if decision.is_recalled else "no_recall")
    return phrases.say(
        "section",
        "impression",
        side=phrases.say("side", decision.side.value),
        category=decision.assessment.value if decision.assessment is not None else "",
        meaning=decision.assessment.label if decision.assessment is not None else "",
        recall=recall,
        recommendations=list(decision.recommendations),
    )
