"""Numbers with their nouns, in the window, in files and in the terminal alike."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """``1 study``, ``10 000 studies``."""
    return f"{grouped(number)} {one if number == 1 else many or one + 's'}"


def grouped(number: int) -> str:
    """A number whose thousands can be told apart."""
    return f"{number:,}".replace(",", "\u202f")
