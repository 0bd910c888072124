"""A check of one monitor as it is kept: who looked or measured when, with what, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Reading:
    """One measured luminance.

    Attributes
    ----------
    level
        Digital driving level that was shown, 0 to 255.
    luminance
        cd/m², as the instrument gave it.
    """

    level: int
    luminance: float


@dataclass(frozen=True)
class Question:
    """Something to answer while looking at a pattern.

    Attributes
    ----------
    id
        Its short name in files. Never used again for another question.
    text
        The question.
    most
        0 for yes or no; otherwise the answer is a number up to this.
    """

    id: str
    text: str
    most: int = 0


#: What is asked about the all-round pattern. The wording is ours; what to look at is that of AAPM On-line Report 03.
QUESTIONS: Final[tuple[Question, ...]] = (
    Question("squares", "Can all sixteen gray squares be told apart, from 8 to 248?"),
    Question("corners", "Do all sixteen squares show their four small corner squares?"),
    Question("dark_inset", "Is the 5 % inset in the black square visible?"),
    Question("bright_inset", "Is the 95 % inset in the white square visible?"),
    Question("lines", "Are the finest lines clear in the middle and in all four corners?"),
    Question("ramps", "Do both ramps run evenly, without bands?"),
    Question("grid", "Is the grid straight and the white border whole on all four sides?"),
    Question("artefacts", "Is the picture free of smears, stains, flicker and dead pixels?"),
    Question("letters_dark", "Letters of QUALITY CONTROL that can be read on black", 14),
    Question("letters_middle", "Letters of QUALITY CONTROL that can be read on gray", 14),
    Question("letters_bright", "Letters of QUALITY CONTROL that can be read on white", 14),
)


@dataclass(frozen=True)
class Answer:
    """An answer: "yes", "no" or a number."""

    question: str
    value: str


@dataclass(frozen=True)
class DisplayCheck:
    """One check of one monitor.

    Attributes
    ----------
    id
        Unique within the log.
    time
        ISO 8601 with the offset from UTC.
    monitor
        What tells the monitor from others: its key.
    monitor_name
        What the user sees.
    person, instrument
        Who looked, and with what it was measured; empty where nobody said.
    ambient_lux
        Illuminance of the room, lux; None where it was not measured.
    ambient
        Luminance of the room's light on the switched-off screen, cd/m²; None where it was not measured.
    has_ambient
        Whether the readings hold the room's light already, as those of an instrument that stands off the screen do.
    readings
        Luminances by rising level; empty for a check by eye alone.
    answers
        What was seen; empty for a measurement alone.
    note
        Anything else.
    is_withdrawn
        Whether somebody said later that it does not count.
    """

    id: str
    time: str
    monitor: str
    monitor_name: str
    person: str = ""
    instrument: str = ""
    ambient_lux: float | None = None
    ambient: float | None = None
    has_ambient: bool = False
    readings: tuple[Reading, ...] = ()
    answers: tuple[Answer, ...] = ()
    note: str = ""
    is_withdrawn: bool = False

    @property
    def levels(self) -> tuple[int, ...]:
        """The driving levels that were measured."""
        return tuple(reading.level for reading in self.readings)

    @property
    def luminances(self) -> tuple[float, ...]:
        """What reaches the eye at each level, cd/m²: the readings, and the room's light where they lack it."""
        added = 0.0 if self.has_ambient or self.ambient is None else self.ambient
        return tuple(reading.luminance + added for reading in self.readings)

    @property
    def complaints(self) -> tuple[str, ...]:
        """The questions that were answered with no."""
        refused = {answer.question for answer in self.answers if answer.value == "no"}
        return tuple(question.text for question in QUESTIONS if question.id in refused)


@dataclass(frozen=True)
class Limits:
    """What the user holds measurements against; None where no limit is set.

    Attributes
    ----------
    deviation
        Largest departure of a step's contrast from the standard's, as a part of it.
    ratio
        Least luminance ratio of white to black.
    white
        Least luminance of white, cd/m².
    pair
        Largest difference of white between two monitors, as a part of their mean.
    """

    deviation: float | None = None
    ratio: float | None = None
    white: float | None = None
    pair: float | None = None
