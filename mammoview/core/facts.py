"""What a header says beyond the pixels, as rows ready to be shown (MG-F01 to MG-F07)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Topic(StrEnum):
    """What a fact is about."""

    PERSON = "person"
    STUDY = "study"
    DEVICE = "device"
    EXPOSURE = "exposure"


@dataclass(frozen=True)
class Fact:
    """One line of the corner.

    Attributes
    ----------
    keyword
        The attribute that it comes from.
    label, text
        What it is called and what it says; the text carries its unit.
    topic
        What it is about.
    is_identifying
        Whether it tells who the patient is, or where she was: hidden together with her name.
    """

    keyword: str
    label: str
    text: str
    topic: Topic
    is_identifying: bool = False
