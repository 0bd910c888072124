"""The sentences of a report, made from what the reader chose; their wording is data (`report_phrases.toml`)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from mammoview.core.paths import resource
from mammoview.core.reading import Lesion, Location, Region

if TYPE_CHECKING:
    from jinja2 import Environment, Template

#: Numbers that are spoken with a vowel first: eight, eleven, eighteen, eighty.
_VOWEL_NUMBER = re.compile(r"(8\d?|11|18)(?!\d)")


class Phrases:
    """The templates, ready to be filled in.

    Parameters
    ----------
    tables
        As the file has them: section, name, template.
    """

    def __init__(self, tables: Mapping[str, Mapping[str, str]]) -> None:
        self._tables = tables
        self._environment = _environment()
        self._compiled: dict[tuple[str, str], Template] = {}

    def say(self, section: str, name: str, /, **values: object) -> str:
        """Fill a template in.

        Parameters
        ----------
        section, name
            Where it stands in the file.
        **values
            What it asks for.

        Returns
        -------
        str
            One line without runs of spaces.
        """
        template = self._compiled.get((section, name))
        if template is None:
            # Compiling one takes longer than filling it in a hundred times, and a draft is written at each change.
            template = self._environment.from_string(self._tables[section][name])
            self._compiled[section, name] = template
        return re.sub(r" +", " ", template.render(**values)).strip()

    def has(self, section: str, name: str) -> bool:
        """Whether the file has a template of this name."""
        return name in self._tables[section]


@cache
def shipped_phrases() -> Phrases:
    """The wording that comes with the program."""
    return Phrases(tomllib.loads(resource("config/report_phrases.toml").read_text(encoding="utf-8")))


def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined

    # The sentences are plain text: whoever puts them on a page escapes them there.
    environment = Environment(undefined=StrictUndefined, autoescape=False)
    environment.filters |= {"with_article": with_article, "listed": listed, "ended": ended}
    return environment


def with_article(text: str) -> str:
    """``an oval mass``, ``a 13 mm mass``, ``an 18 mm mass``."""
    plain = " ".join(text.split())
    has_vowel = plain[:1].lower() in set("aeiou") or _VOWEL_NUMBER.match(plain) is not None
    return f"{'an' if has_vowel else 'a'} {plain}"


def listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def ended(text: str) -> str:
    """A text that ends as a sentence does."""
    plain = text.strip()
    return plain if not plain or plain[-1] in ".!?…" else f"{plain}."


def millimetres(length: float | None) -> str:
    """``13 mm``; below 10 mm with one decimal where it is not zero; empty for None."""
    if length is None:
        return ""
    return f"{length:.0f} mm" if length >= 9.95 else f"{length:.1f}".removesuffix(".0") + " mm"


def lesion_sentences(lesion: Lesion, phrases: Phrases) -> str:
    """What a report says of one lesion.

    Parameters
    ----------
    lesion
        In one view or several: it is told once.
    phrases
        The wording.

    Returns
    -------
    str
        A paragraph.
    """
    said = lesion.descriptors
    first = phrases.say(
        "type",
        lesion.kind.value,
        size=millimetres(lesion.size_mm),
        shape=said.shape or "",
        margin=said.margin or "",
        density=said.density or "",
        density_words=phrases.say("density", said.density.value) if said.density else "",
        morphology=said.morphology or "",
        distribution=said.distribution or "",
        asymmetry=said.asymmetry or "",
    )
    parts = [f"{first}{_place(lesion.location, lesion, phrases)}{_views(lesion, phrases)}."]
    if said.associated:
        parts.append(phrases.say("lesion", "associated", associated=list(said.associated)))
    if lesion.change is not None:
        parts.append(phrases.say("change", lesion.change.value))
    parts += [ended(comment) for comment in lesion.comments]
    return " ".join(parts)


def _place(place: Location, lesion: Lesion, phrases: Phrases) -> str:
    side = phrases.say("side", lesion.side.value)
    if place.region is Region.AXILLA:
        return f" {phrases.say('lesion', 'axilla', side=side)}"
    words: dict[str, Any] = {
        "side": side,
        "region": place.region or "",
        "clock": place.clock,
        "depth": place.depth or "",
        "nipple": millimetres(place.nipple_mm),
    }
    return f" {phrases.say('lesion', 'place', **words)}"


def _views(lesion: Lesion, phrases: Phrases) -> str:
    views = list(lesion.views)
    if not views:
        return ""
    return phrases.say("lesion", "views" if len(views) > 1 else "one_view", views=views)
