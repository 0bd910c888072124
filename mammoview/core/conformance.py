"""Which attributes of the IHE Mammography Image profile an image carries (MG-A08), small enough to ride along."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Presence(StrEnum):
    """How an attribute that the profile asks for was met; the value is one letter."""

    PRESENT = "P"
    MISSING = "M"
    EMPTY = "E"
    WRONG = "W"
    NOT_NEEDED = "-"


@dataclass(frozen=True)
class Conformance:
    """One letter for each attribute of the profile's list, in the list's order.

    Attributes
    ----------
    letters
        Values of `Presence`.
    wrong
        (keyword, what it says) of each attribute that is there but cannot be right.
    """

    letters: str
    wrong: tuple[tuple[str, str], ...] = ()

    def __getitem__(self, index: int) -> Presence:
        """How the attribute at ``index`` of the list was met."""
        return Presence(self.letters[index])

    @property
    def required(self) -> int:
        """How many attributes the profile obliges the modality to send with this image."""
        return sum(letter != Presence.NOT_NEEDED for letter in self.letters)

    @property
    def met(self) -> int:
        """How many of them are there and make sense."""
        return self.letters.count(Presence.PRESENT)

    @property
    def score(self) -> str:
        """``31 of 35``."""
        return f"{self.met} of {self.required}"
