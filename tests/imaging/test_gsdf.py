"""The gray scale function against DCMTK's, which has it from the standard by itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mammoview.core.errors import InputError
from mammoview.imaging.gsdf import LEAST_LUMINANCE, MOST_LUMINANCE, curve, jnd, luminance

RANGES = [(0.05, 3900.0), (0.5, 400.0), (1.0, 600.0), (0.8, 450.0)]


def dcmtk_curve(folder: Path, darkest: float, brightest: float, count: int) -> tuple[tuple[float, float], np.ndarray]:
    """The JND range and the luminances of equally spaced driving levels, as DCMTK's dcmdspfn prints them."""
    out = folder / "curve.txt"
    command = ["dcmdspfn", "+Il", str(darkest), str(brightest), "+Cd", str(count), "+Og", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    text = out.read_text()
    low, high = re.search(r"JND index range : (\S+) - (\S+) ", text).groups()  # type: ignore[union-attr]
    rows = [line.split() for line in text.splitlines() if re.match(r"\d", line)]
    return (float(low), float(high)), np.array([float(value) for _, value in rows])


@pytest.mark.meets("MG-D08")
@pytest.mark.parametrize(("darkest", "brightest"), RANGES)
def test_luminances_are_those_of_dcmtk(tmp_path: Path, darkest: float, brightest: float) -> None:
    (low, high), expected = dcmtk_curve(tmp_path, darkest, brightest, 256)
    # The range is printed with six digits, and DCMTK goes by a spline between whole indices.
    np.testing.assert_allclose(luminance(np.linspace(low, high, 256)), expected, rtol=5e-5, atol=2e-5)


@pytest.mark.parametrize(("darkest", "brightest"), RANGES)
def test_indices_are_those_of_dcmtk_up_to_its_polynomial(tmp_path: Path, darkest: float, brightest: float) -> None:
    ends, _ = dcmtk_curve(tmp_path, darkest, brightest, 2)
    # DCMTK takes the standard's approximation of the inverse, which is off by up to 0.1 of an index.
    np.testing.assert_allclose(jnd([darkest, brightest]), ends, atol=0.1)


def test_every_whole_index_comes_back_from_its_luminance() -> None:
    indices = np.arange(1, 1024)
    np.testing.assert_allclose(jnd(luminance(indices)), indices, atol=1e-9)


def test_the_range_is_that_of_the_standards_text() -> None:
    # PS3.14 section 7: defined from 0.05 to (nearly) 4000 cd/m².
    assert pytest.approx(0.05, abs=5e-5) == LEAST_LUMINANCE
    assert 3990 < MOST_LUMINANCE < 4000
    assert jnd(0.05) == pytest.approx(1.0, abs=0.05)


def test_a_curve_has_its_ends_and_equal_steps_to_the_eye() -> None:
    values = curve(0.5, 400.0, count=18)
    assert values[[0, -1]] == pytest.approx([0.5, 400.0])
    steps = np.diff(jnd(values))
    np.testing.assert_allclose(steps, steps.mean(), rtol=1e-9)
    # In the dark the eye tells less apart than in the light: equal steps are larger parts of the luminance.
    contrast = np.diff(values) / values[:-1]
    assert contrast[0] > 3 * contrast[-1]


@pytest.mark.parametrize("value", [0.0, 0.04, 4100.0, float("nan")])
def test_luminances_outside_are_refused_with_a_hint(value: float) -> None:
    with pytest.raises(InputError) as caught:
        jnd([1.0, value])
    assert "cd/m²" in caught.value.user_message
    assert caught.value.hint


@pytest.mark.parametrize("index", [0.5, 1024.0, float("nan")])
def test_indices_outside_are_refused(index: float) -> None:
    with pytest.raises(InputError):
        luminance(index)


def test_a_display_that_is_darker_in_white_than_in_black_is_refused() -> None:
    with pytest.raises(InputError):
        curve(400.0, 0.5, count=18)
