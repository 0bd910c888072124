"""What does not fit together in a draft: some of it stands in the way of a signature, the rest is a warning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mammoview.core.errors import ReadingError
from mammoview.core.reading import (
    Assessment,
    BreastDecision,
    FindingType,
    Recommendation,
    check_link,
    clock_fits,
    is_suspicious,
    lacking,
)
from mammoview.core.study import Laterality
from mammoview.report.breast_report.drafting import NamedLesion, named_lesions, outdated
from mammoview.report.breast_report.values import Draft, SectionName

_SIDES: Final = {Laterality.RIGHT: "right", Laterality.LEFT: "left"}
_NORMAL: Final = frozenset({Assessment.NEGATIVE, Assessment.BENIGN})
_FIELDS: Final = {"asymmetry": "kind of asymmetry"}


@dataclass(frozen=True)
class Rules:
    """What a site asks of a report before it is signed.

    Attributes
    ----------
    needs_density
        Whether a report without a density cannot be signed; otherwise it is a warning.
    needs_category
        Whether each breast needs a BI-RADS category; otherwise recall or no recall is enough.
    """

    needs_density: bool = True
    needs_category: bool = True


@dataclass(frozen=True)
class Remark:
    """Something that does not fit.

    Attributes
    ----------
    code
        A short name for tests and filters.
    blocks
        Whether it stands in the way of a signature.
    message, hint
        What does not fit, and what to do.
    side
        The breast; None for the whole report.
    """

    code: str
    blocks: bool
    message: str
    hint: str
    side: Laterality | None = None


def remarks(draft: Draft, rules: Rules | None = None) -> tuple[Remark, ...]:
    """Everything that does not fit in a draft, what blocks a signature first.

    Parameters
    ----------
    draft
        With its sections written.
    rules
        What the site asks; None for the default.

    Returns
    -------
    tuple of Remark
        Empty where the report is fit to be signed.
    """
    asked = rules or Rules()
    bad_links = list(_links(draft))
    if bad_links:
        # Lesions cannot be told with such links.
        return tuple(bad_links)
    lesions = named_lesions(draft)
    found = [*_whole(draft, asked), *_findings(draft, lesions), *_texts(draft)]
    for side in (Laterality.RIGHT, Laterality.LEFT):
        here = [one for one in lesions if one.lesion.side is side]
        found += _breast(draft, side, here, asked)
    return tuple(sorted(found, key=lambda remark: not remark.blocks))


def _links(draft: Draft) -> Iterator[Remark]:
    by_id = {finding.id: finding for finding in draft.findings}
    if len(by_id) != len(draft.findings):
        yield Remark("same_id", True, "Two findings have the same id.", "Delete one of them and draw it again.")
    for link in draft.links:
        if link.first in by_id and link.second in by_id:
            try:
                check_link(by_id[link.first], by_id[link.second])
            except ReadingError as error:
                yield Remark("link", True, f"A link cannot be: {error.user_message}", "Take the link away.")


def _whole(draft: Draft, rules: Rules) -> Iterator[Remark]:
    if not draft.exam.sides:
        yield Remark("no_side", True, "No image says which breast it shows.", "Give the images their side.")
    if draft.density is None:
        yield Remark("density", rules.needs_density, "The breast density is missing.", "Choose a, b, c or d.")
    if not draft.ai.is_revealed and any(f.origin.is_from_ai and f.is_reported for f in draft.findings):
        yield Remark(
            "ai_unseen",
            True,
            "A finding of the AI was accepted, but the AI was never revealed.",
            "Draw the finding yourself, or reveal the AI first.",
        )
    unjudged = sum(finding.origin.is_from_ai and finding.verdict is None for finding in draft.findings)
    if draft.ai.is_revealed and unjudged:
        yield Remark(
            "ai_unjudged",
            False,
            f"{unjudged} finding{'s' if unjudged > 1 else ''} of the AI {'are' if unjudged > 1 else 'is'} not judged.",
            "Accept or reject each one; what is not judged is not in the text.",
        )


def _findings(draft: Draft, lesions: tuple[NamedLesion, ...]) -> Iterator[Remark]:
    for one in lesions:
        side, lesion = one.lesion.side, one.lesion
        for finding in lesion.findings:
            image = draft.exam.image(finding.image_id)
            if image is None:
                yield Remark(
                    "foreign_image", True, f"{one.name} lies on an image of another exam.", "Delete it here.", side
                )
            elif image.side is not None and image.side is not side:
                yield Remark(
                    "wrong_side",
                    True,
                    f"{one.name} is called {_SIDES[side]}, but its image {image.label} is of the other breast.",
                    "Correct the side of the finding or of the image.",
                    side,
                )
            if not clock_fits(side, finding.location):
                yield Remark(
                    "clock",
                    False,
                    f"{one.name}: {finding.location.clock} o'clock does not lie in the {finding.location.region} "
                    f"of the {_SIDES[side]} breast.",
                    "Correct the hour, the region or the side.",
                    side,
                )
        yield from _words(one)


def _words(one: NamedLesion) -> Iterator[Remark]:
    lesion, side = one.lesion, one.lesion.side
    missing = [_FIELDS.get(name, name) for name in lacking(lesion.kind, lesion.descriptors)]
    if missing:
        yield Remark("descriptors", False, f"{one.name} lacks: {', '.join(missing)}.", "Choose the words.", side)
    for name in ("shape", "margin", "density", "morphology", "distribution", "asymmetry"):
        words = lesion.words(name)
        if len(words) > 1:
            yield Remark(
                "views_differ",
                False,
                f"The views of {one.name} differ in {name}: {' and '.join(words)}. The text has the more suspicious.",
                "Make them agree, or leave it.",
                side,
            )
    if lesion.kind is FindingType.OTHER and not lesion.comments:
        yield Remark("other", False, f"{one.name} is of type “other”, and nothing says what.", "Write a comment.", side)


def _texts(draft: Draft) -> Iterator[Remark]:
    for name in outdated(draft):
        yield Remark(
            "outdated_text",
            False,
            f"The text on “{name}” was changed by hand, and the findings or decisions have changed since.",
            "Read it again, or let the program write it anew.",
            name.side,
        )
    for name in (SectionName.RIGHT, SectionName.LEFT):
        section, other = draft.section(name), "left" if name is SectionName.RIGHT else "right"
        if section is not None and section.is_edited and re.search(rf"\b{other}\b", section.text, re.IGNORECASE):
            yield Remark(
                "side_word",
                False,
                f"The text on the {name} says “{other}”.",
                "Check that the right breast is meant." if other == "left" else "Check that the left breast is meant.",
                name.side,
            )


def _breast(draft: Draft, side: Laterality, lesions: list[NamedLesion], rules: Rules) -> Iterator[Remark]:
    words, decision = _SIDES[side], draft.breast(side)
    is_imaged = side in draft.exam.sides
    if decision is None or not decision.is_complete:
        if is_imaged or lesions:
            yield Remark(
                "undecided",
                True,
                f"The {words} breast has no decision.",
                "Choose a category, or recall or no recall.",
                side,
            )
        return
    if not is_imaged:
        yield Remark(
            "not_imaged",
            True,
            f"The {words} breast is decided, but no image shows it.",
            "Take the decision away, or correct the images' sides.",
            side,
        )
    if decision.assessment is None:
        if rules.needs_category:
            yield Remark(
                "no_category", True, f"The {words} breast has no BI-RADS category.", "Choose a category.", side
            )
        return
    yield from _category(draft, decision, lesions)
    yield from _recommended(decision)
    yield from _recall(draft, decision)


def _category(draft: Draft, decision: BreastDecision, lesions: list[NamedLesion]) -> Iterator[Remark]:
    side, words, category = decision.side, _SIDES[decision.side], decision.assessment
    suspicious = [one.name for one in lesions if is_suspicious(one.lesion.kind, one.lesion.descriptors)]
    if category in _NORMAL and suspicious:
        yield Remark(
            "normal_but_suspicious",
            category is Assessment.NEGATIVE,
            f"The {words} breast is BI-RADS {category}, but {', '.join(suspicious)} is described in suspicious words.",
            "Change the category or the description.",
            side,
        )
    elif category is Assessment.NEGATIVE and lesions:
        yield Remark(
            "negative_but_described",
            False,
            f"The {words} breast is BI-RADS 1, but {lesions[0].name} is described.",
            "A described benign finding makes it BI-RADS 2.",
            side,
        )
    needs_reason = category is not None and (category.is_suspicious or category is Assessment.PROBABLY_BENIGN)
    if needs_reason and not lesions:
        yield Remark(
            "nothing_described",
            False,
            f"The {words} breast is BI-RADS {category}, but no finding is described.",
            "Describe what led to it.",
            side,
        )
    is_repeated = any(note.needs_repeat for note in draft.quality)
    if category is Assessment.INCOMPLETE and not lesions and not is_repeated and not decision.recommendations:
        yield Remark(
            "incomplete_why",
            False,
            f"The {words} breast is BI-RADS 0, and nothing says what is missing.",
            "Describe a finding, ask for a view again, or recommend what completes it.",
            side,
        )


def _recommended(decision: BreastDecision) -> Iterator[Remark]:
    category, asked = decision.assessment, set(decision.recommendations)
    words, side = _SIDES[decision.side], decision.side
    if category is None:
        return
    hint = "Change the recommendation or the category."
    only_routine = asked == {Recommendation.ROUTINE}
    if category.is_suspicious and only_routine:
        yield Remark(
            "suspicious_but_routine",
            True,
            f"The {words} breast is BI-RADS {category}, but only routine screening is recommended.",
            hint,
            side,
        )
    elif category in _FITTING and asked and not any(_FITTING[category](one) for one in asked):
        listed = ", ".join(decision.recommendations)
        yield Remark(
            "recommendation",
            False,
            f"The recommendation ({listed}) does not fit BI-RADS {category} of the {words} breast.",
            hint,
            side,
        )
    elif not asked and category not in _NORMAL:
        yield Remark(
            "no_recommendation",
            False,
            f"The {words} breast is BI-RADS {category}, but nothing is recommended.",
            "Say what should follow.",
            side,
        )


def _tissue(one: Recommendation) -> bool:
    return one.is_tissue or one is Recommendation.TREATMENT


#: What at least one recommendation must be, by category.
_FITTING: Final = {
    Assessment.INCOMPLETE: lambda one: one.is_workup,
    Assessment.NEGATIVE: lambda one: one in {Recommendation.ROUTINE, Recommendation.CLINICAL},
    Assessment.BENIGN: lambda one: one in {Recommendation.ROUTINE, Recommendation.CLINICAL},
    Assessment.PROBABLY_BENIGN: lambda one: one is Recommendation.SHORT_INTERVAL,
    **{category: _tissue for category in Assessment if category.is_suspicious},
}


def _recall(draft: Draft, decision: BreastDecision) -> Iterator[Remark]:
    category, words, side = decision.assessment, _SIDES[decision.side], decision.side
    if category is None:
        return
    needs_more = category.is_suspicious or category is Assessment.INCOMPLETE
    if decision.is_recalled is False and needs_more:
        yield Remark(
            "no_recall",
            True,
            f"The {words} breast is BI-RADS {category}, but it says “no recall”.",
            "Change the category, or recall.",
            side,
        )
    if decision.is_recalled and category in _NORMAL:
        yield Remark(
            "recall_but_normal",
            False,
            f"The {words} breast is recalled, but it is BI-RADS {category}.",
            "Change the category, or say no recall.",
            side,
        )
    for note in draft.quality:
        image = draft.exam.image(note.image_id)
        if note.needs_repeat and image is not None and image.side is side and category in _NORMAL:
            yield Remark(
                "repeat_but_normal",
                False,
                f"{note.label} must be repeated, but the {words} breast is BI-RADS {category}.",
                "BI-RADS 0 says that the exam is not complete.",
                side,
            )
