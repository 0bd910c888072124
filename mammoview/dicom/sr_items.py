"""Nodes of a structured report's content tree (PS3.3 C.17.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from mammoview.dicom.create_parts import code, item

if TYPE_CHECKING:
    from pydicom import Dataset

#: Code value, coding scheme, meaning.
Code: TypeAlias = tuple[str, str, str]


def node(relationship: str, kind: str, name: Code | None, **values: object) -> Dataset:
    """A node with these attributes.

    Parameters
    ----------
    relationship, kind, name
        Relationship to its parent, value type and concept name; no name where it is None.
    values
        By keyword; an empty list of children is left out.
    """
    made = item(RelationshipType=relationship, ValueType=kind)
    if name is not None:
        made.ConceptNameCodeSequence = [code(*name)]
    for keyword, value in values.items():
        if keyword != "ContentSequence" or value:
            setattr(made, keyword, value)
    return made


def coded(relationship: str, name: Code, value: Code, children: Sequence[Dataset] = ()) -> Dataset:
    """A node whose value is a code.

    Parameters
    ----------
    relationship, name, value, children
        Relationship to its parent, concept name, code, nodes below.
    """
    return node(relationship, "CODE", name, ConceptCodeSequence=[code(*value)], ContentSequence=list(children))


def number(
    relationship: str,
    name: Code,
    value: float,
    unit: Code,
    children: Sequence[Dataset] = (),
) -> Dataset:
    """A node whose value is a number with a unit.

    Parameters
    ----------
    relationship, name, value, unit, children
        Relationship to its parent, concept name, number, code of the unit, nodes below.
    """
    measured = item(NumericValue=f"{value:g}", MeasurementUnitsCodeSequence=[code(*unit)])
    return node(relationship, "NUM", name, MeasuredValueSequence=[measured], ContentSequence=list(children))


def words(relationship: str, name: Code, value: str) -> Dataset:
    """A node whose value is text."""
    return node(relationship, "TEXT", name, TextValue=value)


def container(relationship: str, name: Code, children: Sequence[Dataset]) -> Dataset:
    """A node that only holds others."""
    return node(relationship, "CONTAINER", name, ContinuityOfContent="SEPARATE", ContentSequence=list(children))
