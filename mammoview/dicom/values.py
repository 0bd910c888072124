"""Plain values out of a header: what is absent, empty or manifold gives something that can be asked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import Dataset


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """All values of an attribute as stripped texts, none where it is absent; empty values keep their place."""
    value = dataset.get(keyword)
    if value is None:
        return ()
    if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue":
        return tuple("" if one is None else str(one).strip() for one in value)
    return (str(value).strip(),)


def text(dataset: Dataset, keyword: str) -> str:
    """The first value of an attribute as stripped text, empty where it is absent or empty."""
    return next(iter(texts(dataset, keyword)), "")


def number(dataset: Dataset, keyword: str) -> float | None:
    """The first value of an attribute as a finite number above 0, else None."""
    try:
        value = float(text(dataset, keyword))
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence, none where it is absent."""
    value = dataset.get(keyword)
    return list(value) if value else []


def code(item: Dataset) -> str:
    """The code value of a coded item."""
    return text(item, "CodeValue") or text(item, "LongCodeValue")
