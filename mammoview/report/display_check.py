"""A display check on one printed page, and its numbers beside the limits that the user set."""

from __future__ import annotations

from dataclasses import dataclass

from mammoview import __version__
from mammoview.core.display_check import QUESTIONS, DisplayCheck, Limits
from mammoview.core.errors import MammoViewError
from mammoview.core.paths import resource
from mammoview.imaging.gsdf_fit import GsdfFit, PairFit, fit
from mammoview.report.charts import Line, chart

NO_LIMIT = "no limit set"
#: What binary fractions may add to a number that is its limit.
_ROUNDING = 1e-9
_MEASURED, _STANDARD, _LIMIT = "#1560bd", "#222", "#a60"


@dataclass(frozen=True)
class Verdict:
    """One number beside its limit.

    Attributes
    ----------
    what, value, limit
        In words.
    is_met
        None where no limit is set.
    """

    what: str
    value: str
    limit: str
    is_met: bool | None

    @property
    def word(self) -> str:
        """What a table says of it."""
        return "" if self.is_met is None else "met" if self.is_met else "not met"


def verdicts(found: GsdfFit, limits: Limits) -> tuple[Verdict, ...]:
    """The numbers of a fit beside the limits."""
    return (
        _at_least("White, with the room's light", found.brightest, limits.white, " cd/m²"),
        Verdict("Black, with the room's light", f"{found.darkest:.3g} cd/m²", NO_LIMIT, None),
        _at_least("Luminance ratio", found.ratio, limits.ratio, ""),
        _at_most("Largest deviation from the standard", found.worst, limits.deviation),
        Verdict("Mean deviation from the standard", _percent(found.mean), NO_LIMIT, None),
        Verdict("JNDs from black to white", f"{found.steps:.0f}", NO_LIMIT, None),
    )


def pair_verdicts(pair: PairFit, limits: Limits) -> tuple[Verdict, ...]:
    """The differences of two displays beside the limit."""
    return (
        _at_most("Difference of white", abs(pair.brightest), limits.pair),
        Verdict("Largest difference at any level", _percent(pair.worst), NO_LIMIT, None),
    )


def _at_least(what: str, value: float, limit: float | None, unit: str) -> Verdict:
    text = f"at least {limit:g}{unit}" if limit is not None else NO_LIMIT
    return Verdict(what, f"{value:.4g}{unit}", text, None if limit is None else value >= limit * (1 - _ROUNDING))


def _at_most(what: str, value: float, limit: float | None) -> Verdict:
    text = f"at most {_percent(limit)}" if limit is not None else NO_LIMIT
    return Verdict(what, _percent(value), text, None if limit is None else value <= limit * (1 + _ROUNDING))


def _percent(part: float) -> str:
    return f"{100 * part:.1f} %"


def report_html(check: DisplayCheck, limits: Limits) -> str:
    """One check as a page to print.

    Parameters
    ----------
    check
        What was seen and measured.
    limits
        What the user holds it against.

    Returns
    -------
    str
        An HTML document that needs no other file.
    """
    from jinja2 import Environment
    from markupsafe import Markup

    found, problem = None, ""
    if check.readings:
        try:
            found = fit(check.levels, check.luminances)
        except MammoViewError as error:
            problem = str(error)
    texts = {question.id: question.text for question in QUESTIONS}
    template = resource("report/display-check.html").read_text(encoding="utf-8")
    return (
        Environment(autoescape=True)
        .from_string(template)
        .render(
            check=check,
            facts=_facts(check),
            answers=[(texts.get(answer.question, answer.question), answer.value) for answer in check.answers],
            verdicts=verdicts(found, limits) if found else (),
            # Our own drawings: they hold numbers and fixed words only.
            charts=[Markup(svg) for svg in _charts(found, limits)] if found else [],
            problem=problem,
            version=__version__,
        )
    )


def _facts(check: DisplayCheck) -> list[tuple[str, str]]:
    lux = "not measured" if check.ambient_lux is None else f"{check.ambient_lux:g} lx"
    ambient = "not measured" if check.ambient is None else f"{check.ambient:g} cd/m² on the dark screen"
    if check.has_ambient:
        ambient += " (the readings include it)"
    facts = [
        ("Date", check.time.replace("T", " ")),
        ("Display", check.monitor.replace("|", " ")),
        ("Person", check.person or "not stated"),
    ]
    if check.readings:
        facts += [("Instrument", check.instrument or "not stated"), ("Room", f"{lux}; {ambient}")]
    return facts


def _charts(found: GsdfFit, limits: Limits) -> list[str]:
    levels = found.levels.tolist()
    luminance = [
        Line("standard", tuple(zip(levels, found.expected.tolist(), strict=True)), _STANDARD, is_dashed=True),
        Line("measured", tuple(zip(levels, found.measured.tolist(), strict=True)), _MEASURED, has_marks=True),
    ]
    middles, target = found.middles.tolist(), found.expected_contrasts
    contrast = [
        Line("standard", tuple(zip(middles, target.tolist(), strict=True)), _STANDARD, is_dashed=True),
        Line("measured", tuple(zip(middles, found.contrasts.tolist(), strict=True)), _MEASURED, has_marks=True),
    ]
    if limits.deviation is not None:
        for name, factor in (("limit", 1 + limits.deviation), ("", 1 - limits.deviation)):
            contrast.append(Line(name, tuple(zip(middles, (target * factor).tolist(), strict=True)), _LIMIT))
    return [
        chart(luminance, title="Luminance, cd/m²", x_title="driving level", is_logarithmic=True),
        chart(contrast, title="dL/L for one JND", x_title="JND index", is_logarithmic=False),
    ]
