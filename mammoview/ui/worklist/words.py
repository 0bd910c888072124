"""The worklist's values in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mammoview.core.amounts import counted, grouped
from mammoview.core.reading.comparing import Discordance
from mammoview.core.reading.states import RevealProtocol
from mammoview.session.estimate import words_of
from mammoview.session.worklist.importer import FATAL, ImportEnded, ImportProgress
from mammoview.session.worklist.ingest_store import Outcome
from mammoview.session.worklist.ingest_values import StudyKind
from mammoview.session.worklist.listing import Stage
from mammoview.session.worklist.protocol import Protocol, ReadingMode

STAGES: Final[Mapping[Stage, str]] = {
    Stage.NONE: "–",
    Stage.OPENED: "begun",
    Stage.COMMITTED: "first read done",
    Stage.REVEALED: "AI seen",
    Stage.SIGNED: "signed",
}
KINDS: Final[Mapping[StudyKind, str]] = {
    StudyKind.MAMMOGRAM: "Mammograms",
    StudyKind.TOMOSYNTHESIS: "Tomosynthesis",
    StudyKind.GENERATED_2D: "Synthetic 2D",
    StudyKind.CONTRAST: "Contrast",
    StudyKind.RAW: "Raw",
    StudyKind.PICTURE: "Pictures",
}
#: A word for each kind where there is little room.
SHORT_KINDS: Final[Mapping[str, str]] = {
    StudyKind.MAMMOGRAM: "2D",
    StudyKind.TOMOSYNTHESIS: "tomo",
    StudyKind.GENERATED_2D: "synthetic 2D",
    StudyKind.CONTRAST: "contrast",
    StudyKind.RAW: "raw",
    StudyKind.PICTURE: "picture",
}
REVEALS: Final[Mapping[RevealProtocol, tuple[str, str]]] = {
    RevealProtocol.AFTER_FIRST_READ: (
        "After the first read",
        "Readers decide on their own first, then may see the AI and decide once more. Both decisions are kept.",
    ),
    RevealProtocol.CONCURRENT: (
        "From the beginning",
        "The AI's marks and scores may be seen while the study is read, and the list can be sorted by score.",
    ),
    RevealProtocol.NEVER: ("Never", "The worklist is read without the AI. What it found stays hidden."),
}
MODES: Final[Mapping[ReadingMode, tuple[str, str]]] = {
    ReadingMode.SINGLE: ("One reader", "A study is done when one reader has signed it."),
    ReadingMode.DOUBLE: (
        "Two readers",
        "Two readers sign each study without knowing of each other. Where they disagree, a third one decides.",
    ),
    ReadingMode.READER_STUDY: (
        "Reader study",
        "Everybody reads every study, and nobody ever sees what another one decided. The decisions can be exported.",
    ),
}
RULES: Final[Mapping[Discordance, tuple[str, str]]] = {
    Discordance.RECALL: (
        "Recall",
        "One asks the woman to come back, be it to repeat an image; the other does not.",
    ),
    Discordance.SIDE: ("Recall of a breast", "As above, or both ask her back for different breasts."),
    Discordance.CATEGORY: ("Category", "As above, or the BI-RADS categories of a breast differ."),
}
_OUTCOMES: Final[Mapping[str, str]] = {
    Outcome.ADDED: "new",
    Outcome.DUPLICATE: "listed already",
    Outcome.MOVED: "moved since the last import",
    Outcome.CHANGED: "changed since the last import",
    Outcome.CONFLICT: "of another patient than before, left out",
}
#: Why a file was refused, by the code of the error.
_REASONS: Final[Mapping[str, str]] = {
    "not_an_image": "No image",
    "unreadable": "Cannot be read",
    "truncated": "Cut short",
    "no_pixels": "Without pixels",
    "not_shown": "Not a mammogram",
    "not_a_breast": "Not a mammogram",
    "unsupported": "Of a kind that is not read",
    "other_tomosynthesis": "A tomosynthesis format that is not read",
    "missing_decoder": "Its compression cannot be decoded here",
    "decode": "Damaged",
    "mixed_patients": "Holds several patients",
    FATAL: "Reading it ends the program that reads; left alone",
}


def reason(code: str) -> str:
    """Why a file cannot be used."""
    return _REASONS.get(code, f"Cannot be used ({code})")


def progress_text(progress: ImportProgress) -> str:
    """How far an import is."""
    if progress.is_walking:
        return f"Importing: {counted(progress.done, 'file')} read, {grouped(progress.found)} found so far"
    text = f"Importing: {grouped(progress.done)} of {counted(progress.found, 'file')}"
    return f"{text}, {words_of(progress.seconds_left)}" if progress.seconds_left is not None else text


def ended_text(ended: ImportEnded) -> str:
    """What an import came to, in one line."""
    counts = dict(ended.progress.outcomes)
    parts = [
        f"{counted(counts[outcome], 'image')} {text}" for outcome, text in _OUTCOMES.items() if counts.get(outcome)
    ]
    if ended.progress.known:
        parts.append(f"{counted(ended.progress.known, 'file')} known and unchanged")
    if ended.refused:
        parts.append(f"{counted(len(ended.refused), 'file')} cannot be used")
    if not parts:
        parts.append("no image found")
    head = "Import stopped" if ended.is_cancelled else "Import ended early" if ended.problem else "Imported"
    text = f"{head}: {', '.join(parts)}."
    if ended.problem is not None:
        text = f"{text} {ended.problem.message} {ended.problem.hint}"
    return text


def protocol_text(protocol: Protocol) -> str:
    """The rules in a few words."""
    seen = {
        RevealProtocol.AFTER_FIRST_READ: "AI after the first read",
        RevealProtocol.CONCURRENT: "AI from the beginning",
        RevealProtocol.NEVER: "without AI",
    }[protocol.reveal]
    return f"{MODES[protocol.reading][0]}, {seen}"
