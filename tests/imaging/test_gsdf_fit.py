"""The fit against displays whose departure is known by construction, and against DCMTK's standard curve."""

from __future__ import annotations

import re
import subprocess

import numpy as np
import pytest

from mammoview.core.errors import InputError
from mammoview.imaging.gsdf import jnd
from mammoview.imaging.gsdf_fit import compare, fit

LEVELS = tuple(range(0, 256, 15))


def dcmtk(tmp_path, darkest: float, brightest: float) -> list[float]:
    out = tmp_path / "curve.txt"
    command = ["dcmdspfn", "+Il", str(darkest), str(brightest), "+Cd", "18", "+Og", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    return [float(line.split()[1]) for line in out.read_text().splitlines() if re.match(r"\d", line)]


@pytest.mark.meets("MG-D08")
@pytest.mark.parametrize("ends", [(0.5, 400.0), (1.0, 500.0), (0.8, 1000.0)])
def test_a_display_on_dcmtks_curve_fits(tmp_path, ends) -> None:
    found = fit(LEVELS, dcmtk(tmp_path, *ends))
    assert found.worst < 0.002
    assert found.ratio == pytest.approx(ends[1] / ends[0], rel=2e-3)
    np.testing.assert_allclose(found.measured, found.expected, rtol=1e-3)


def gamma(exponent: float, darkest: float = 0.5, brightest: float = 400.0) -> list[float]:
    return [darkest + (brightest - darkest) * (level / 255) ** exponent for level in LEVELS]


def test_departures_are_those_worked_out_step_by_step() -> None:
    """Report OR 03's formulas for one step, written out with numbers."""
    luminances = gamma(2.2)
    found = fit(LEVELS, luminances)
    low, high = float(jnd(luminances[0])), float(jnd(luminances[-1]))
    for k in (0, 7, 16):
        per_step = (high - low) / 17
        delta = 2 * (luminances[k + 1] - luminances[k]) / (luminances[k + 1] + luminances[k]) / per_step
        assert found.contrasts[k] == pytest.approx(delta)
        assert found.middles[k] == pytest.approx(low + (k + 0.5) * per_step)
        target = (
            2 * (found.expected[k + 1] - found.expected[k]) / (found.expected[k + 1] + found.expected[k]) / per_step
        )
        assert found.deviations[k] == pytest.approx(delta / target - 1)
    # A gamma of 2.2 is known not to follow the standard, most of all in the dark.
    assert found.worst > 0.3
    assert int(np.abs(found.deviations).argmax()) < 4
    assert found.mean < found.worst


def test_one_wrong_reading_shows_in_its_two_steps(tmp_path) -> None:
    luminances = dcmtk(tmp_path, 0.5, 400.0)
    luminances[9] *= 1.02
    bad = np.abs(fit(LEVELS, luminances).deviations) > 0.02
    assert list(np.flatnonzero(bad)) == [8, 9]


def test_ambient_light_lowers_the_ratio_and_the_steps(tmp_path) -> None:
    dark_room = fit(LEVELS, dcmtk(tmp_path, 0.5, 400.0))
    bright_room = fit(LEVELS, [value + 1.0 for value in dcmtk(tmp_path, 0.5, 400.0)])
    assert dark_room.ratio == pytest.approx(800, rel=2e-3)
    assert bright_room.ratio == pytest.approx(401 / 1.5, rel=2e-3)
    assert bright_room.steps < dark_room.steps
    assert bright_room.worst > 0.1


@pytest.mark.parametrize(
    ("levels", "luminances"),
    [
        ((0,), (1.0,)),
        ((0, 255), (1.0,)),
        ((0, 0, 255), (1.0, 2.0, 300.0)),
        ((0, 255), (300.0, 1.0)),
        ((0, 255), (0.0, 300.0)),
        ((0, 255), (1.0, 9000.0)),
        ((0, 128, 255), (1.0, float("nan"), 300.0)),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_a_hint(levels, luminances) -> None:
    with pytest.raises(InputError) as caught:
        fit(levels, luminances)
    assert caught.value.hint


def test_two_monitors_are_compared_at_their_common_levels() -> None:
    one = fit(LEVELS, gamma(2.2, 0.5, 400.0))
    other = fit((0, 90, 255), [0.5, 60.0, 440.0])
    pair = compare(one, other)
    assert pair.brightest == pytest.approx(40 / 420)
    assert list(pair.levels) == [0, 90, 255]
    assert pair.differences[0] == 0
    measured = 0.5 + 399.5 * (90 / 255) ** 2.2
    assert pair.differences[1] == pytest.approx((60 - measured) / ((60 + measured) / 2))
    assert pair.worst == pytest.approx(np.abs(pair.differences).max())
    assert compare(other, one).brightest == pytest.approx(-pair.brightest)


def test_monitors_without_a_common_level_are_refused() -> None:
    with pytest.raises(InputError):
        compare(fit((0, 255), (1.0, 300.0)), fit((15, 240), (1.0, 300.0)))
