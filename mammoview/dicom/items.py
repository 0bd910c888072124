"""Sequence items for objects that are written. pydicom is imported when the first one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import Dataset


def item(**values: object) -> Dataset:
    """A dataset with these attributes."""
    from pydicom import Dataset

    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def coded(value: str, scheme: str, meaning: str) -> Dataset:
    """A coded item (PS3.3 8.8)."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)
