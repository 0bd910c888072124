"""Findings that are linked count as one lesion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from mammoview.core.errors import ReadingError
from mammoview.core.reading.descriptors import ALLOWED, AssociatedFeature, Descriptors, FindingType
from mammoview.core.reading.findings import FindingLink, ReaderFinding
from mammoview.core.reading.location import Location, joined
from mammoview.core.reading.words import Change
from mammoview.core.study import Laterality


@dataclass(frozen=True)
class Lesion:
    """One lesion, seen in one image or several.

    Attributes
    ----------
    findings
        At least one, all of one breast.
    """

    findings: tuple[ReaderFinding, ...]

    @property
    def side(self) -> Laterality:
        """The breast."""
        return self.findings[0].side

    @property
    def kind(self) -> FindingType:
        """The type; where views differ, a mass before the others."""
        return min((finding.kind for finding in self.findings), key=list(FindingType).index)

    @property
    def descriptors(self) -> Descriptors:
        """What was said in any view; where views differ, the more suspicious word."""
        chosen: dict[str, StrEnum] = {}
        for name in sorted(ALLOWED[self.kind] - {"associated"}):
            words = self.words(name)
            if words:
                chosen[name] = max(words, key=list(type(words[0])).index)
        said = {feature.value for finding in self.findings for feature in finding.descriptors.associated}
        # A mass in one view that is calcifications in the other is a mass with calcifications.
        said |= {finding.kind.value for finding in self.findings}
        said.discard(self.kind.value)
        named = tuple(feature for feature in AssociatedFeature if feature.value in said)
        return replace(Descriptors(associated=named), **chosen)  # type: ignore[arg-type]

    def words(self, name: str) -> tuple[StrEnum, ...]:
        """The different words that the views' findings have for one field of `Descriptors`."""
        said = [getattr(finding.descriptors, name) for finding in self.findings]
        return tuple(dict.fromkeys(word for word in said if word is not None))

    @property
    def location(self) -> Location:
        """What was said in any view, the first view's word first; halves of two views make a quadrant."""
        places = [finding.location for finding in self.findings]
        return Location(
            joined([place.region for place in places if place.region is not None]),
            next((place.clock for place in places if place.clock is not None), None),
            next((place.depth for place in places if place.depth is not None), None),
            next((place.nipple_mm for place in places if place.nipple_mm is not None), None),
        )

    @property
    def size_mm(self) -> float | None:
        """The longest diameter in any view, mm."""
        return max((finding.size_mm for finding in self.findings if finding.size_mm is not None), default=None)

    @property
    def change(self) -> Change | None:
        """Change since the earlier exam, as the first view that says one."""
        return next((finding.change for finding in self.findings if finding.change is not None), None)

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views that show it, each once; empty where none is known."""
        return tuple(dict.fromkeys(finding.view.value for finding in self.findings if finding.view is not None))

    @property
    def comments(self) -> tuple[str, ...]:
        """The reader's words, each once."""
        return tuple(dict.fromkeys(text for finding in self.findings if (text := finding.comment.strip())))


def check_link(one: ReaderFinding, other: ReaderFinding) -> None:
    """Refuse to link what cannot be one lesion.

    Raises
    ------
    ReadingError
        When they lie in two breasts, or on one image.
    """
    if one.side is not other.side:
        raise ReadingError("The two findings lie in different breasts.", "Link findings of one breast.")
    if one.image_id == other.image_id:
        raise ReadingError("The two findings lie on one image.", "Link findings of two views.")


def lesions_of(findings: Sequence[ReaderFinding], links: Sequence[FindingLink]) -> tuple[Lesion, ...]:
    """Put findings together that are linked, directly or through others.

    Parameters
    ----------
    findings
        Those to be told of; links to any other are passed over.
    links
        By the AI or by hand.

    Returns
    -------
    tuple of Lesion
        In the order of each one's first finding.

    Raises
    ------
    ReadingError
        When a link joins findings that cannot be one lesion, or two findings have one id.
    """
    by_id = {finding.id: finding for finding in findings}
    if len(by_id) != len(findings):
        raise ReadingError("Two findings have the same id.", "Delete one of them and draw it again.")
    leader = {name: name for name in by_id}

    def root(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for link in links:
        if link.first in by_id and link.second in by_id:
            check_link(by_id[link.first], by_id[link.second])
            leader[root(link.second)] = root(link.first)
    groups: dict[str, list[ReaderFinding]] = {}
    for finding in findings:
        groups.setdefault(root(finding.id), []).append(finding)
    return tuple(Lesion(tuple(group)) for group in groups.values())
