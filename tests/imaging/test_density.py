import numpy as np
import pytest

from mammoview.core.findings import Suppression
from mammoview.core.image import Mask
from mammoview.core.reading.words import Density
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.density import CUTS, ViewDensity, combine, grade_of, measure_density
from mammoview.imaging.phantom import make_view
from mammoview.imaging.phantom_truth import PhantomView

L, R = Laterality.LEFT, Laterality.RIGHT


def truth(made: PhantomView) -> Suppression:
    breast = Mask.from_array(made.truth.breast)
    muscle = None if made.truth.pectoral is None else Mask.from_array(made.truth.pectoral)
    return Suppression(breast, (), Mask.from_array(~made.truth.breast), muscle)


def drawn(seed: int, density: str, view: ViewPosition = ViewPosition.CC) -> ViewDensity:
    made = make_view(seed, view=view, density=density, lesions=(), rows=1024, columns=832)
    measured = measure_density(made.pixels, truth(made), spacing_mm=(made.spacing_mm, made.spacing_mm))
    assert measured is not None
    return measured


@pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO])
def test_denser_phantoms_are_measured_denser(view: ViewPosition) -> None:
    means = [np.mean([drawn(seed, density, view).percent for seed in (31, 32, 33)]) for density in "ABCD"]
    assert means == sorted(means)
    assert means[3] > 2 * means[0]


def painted(side: int) -> tuple[np.ndarray, Suppression]:
    """An even breast of 400 × 240 pixels of 0.5 mm with a bright square of tissue behind the middle."""
    image = np.zeros((400, 240), dtype=np.uint16)
    image[20:380, :200] = 20_000
    image[200 - side // 2 : 200 + side // 2, 30 : 30 + side] = 40_000
    breast = image > 0
    return image, Suppression(Mask.from_array(breast), (), Mask.from_array(~breast), None)


@pytest.mark.parametrize("side", [20, 60, 120])
def test_percent_is_the_painted_share(side: int) -> None:
    image, cleared = painted(side)
    measured = measure_density(image, cleared, spacing_mm=(0.5, 0.5))
    assert measured is not None
    # The skin of 3 mm at three sides is left out: 6 pixels.
    assert measured.percent == pytest.approx(100 * side**2 / (348 * 194), abs=1.0)
    dense = measured.dense.to_array()
    assert (dense & (image < 40_000)).sum() < 0.05 * dense.sum()


def test_muscle_and_skin_are_never_dense() -> None:
    made = make_view(34, view=ViewPosition.MLO, density="B", lesions=(), rows=1024, columns=832)
    measured = measure_density(made.pixels, truth(made), spacing_mm=(made.spacing_mm, made.spacing_mm))
    assert measured is not None
    dense = measured.dense.to_array()
    assert made.truth.pectoral is not None
    assert not (dense & made.truth.pectoral).any()
    assert not (dense & ~made.truth.breast).any()


def test_a_mirrored_view_has_the_mirrored_mask() -> None:
    made = make_view(35, view=ViewPosition.CC, density="C", lesions=(), rows=1024, columns=832)
    spacing = made.spacing_mm, made.spacing_mm
    one = measure_density(made.pixels, truth(made), spacing_mm=spacing)
    breast = made.truth.breast[:, ::-1]
    cleared = Suppression(Mask.from_array(breast), (), Mask.from_array(~breast), None)
    other = measure_density(np.ascontiguousarray(made.pixels[:, ::-1]), cleared, spacing_mm=spacing)
    assert one is not None
    assert other is not None
    assert other.percent == pytest.approx(one.percent, abs=0.3)
    assert (other.dense.to_array()[:, ::-1] != one.dense.to_array()).mean() < 0.002


def test_a_thin_rim_counts_as_the_fat_that_it_is() -> None:
    """Fat that darkens towards the skin, as the compressed breast thins: without lifting the rim all fat is dense."""
    row, col = np.mgrid[:400, :240]
    away = np.minimum(np.minimum(row - 20, 379 - row), 199 - col) * 0.5
    fat = np.where(away >= 0, 30_000 * np.clip(0.3 + 0.7 * away / 20.0, 0, 1), 0).astype(np.uint16)
    breast = away >= 0
    cleared = Suppression(Mask.from_array(breast), (), Mask.from_array(~breast), None)
    measured = measure_density(fat, cleared, spacing_mm=(0.5, 0.5))
    assert measured is not None
    assert measured.percent < 3.0


def test_nothing_to_measure() -> None:
    blank = np.zeros((400, 240), dtype=np.uint16)
    nothing = Suppression(Mask.from_array(blank > 0), (), Mask.from_array(blank == 0), None)
    assert measure_density(blank, nothing) is None
    speck = blank.copy()
    speck[:40, :40] = 9_000
    small = Suppression(Mask.from_array(speck > 0), (), Mask.from_array(speck == 0), None)
    assert measure_density(speck, small, spacing_mm=(0.1, 0.1)) is None


def test_even_fat_is_not_dense_at_all() -> None:
    image, cleared = painted(20)
    measured = measure_density(np.where(image > 0, 9_000, 0).astype(np.uint16), cleared, spacing_mm=(0.5, 0.5))
    assert measured is not None
    assert measured.percent == 0.0
    assert not measured.dense.to_array().any()


def test_letters_begin_at_their_cut() -> None:
    b, c, d = CUTS
    assert 0 < b < c < d < 100
    said = [grade_of(percent) for percent in (0.0, b - 0.1, b, c, d - 0.1, d, 100.0)]
    expected = [Density.FATTY, Density.FATTY, Density.SCATTERED, Density.HETEROGENEOUS, Density.HETEROGENEOUS]
    assert said == [*expected, Density.EXTREME, Density.EXTREME]


def view(percent: float) -> ViewDensity:
    return ViewDensity(percent, Mask.from_array(np.zeros((2, 2), dtype=bool)), 4)


def test_the_denser_breast_counts_and_views_are_averaged() -> None:
    exam = combine([(L, view(10.0)), (L, view(20.0)), (R, view(40.0)), (R, view(30.0))])
    assert exam is not None
    assert exam.by_breast == ((R, 35.0), (L, 15.0))
    assert exam.percent == 35.0
    assert exam.grade is grade_of(35.0)


def test_letters_on_digital_images_are_doubted() -> None:
    views = [(side, view(20.0)) for side in (L, L, R, R)]
    film, digital = combine(views, is_film=True), combine(views)
    assert film is not None
    assert digital is not None
    assert not film.doubt
    assert "digital images" in digital.doubt


def test_missing_views_are_told() -> None:
    assert combine([]) is None
    one, three = combine([(L, view(10.0))]), combine([(L, view(10.0)), (L, view(10.0)), (R, view(5.0))])
    assert one is not None
    assert three is not None
    assert "one breast" in one.doubt
    assert "four views" in three.doubt


def test_the_reader_may_say_otherwise_and_both_are_kept() -> None:
    exam = combine([(L, view(99.0)), (R, view(99.0)), (L, view(99.0)), (R, view(99.0))])
    assert exam is not None
    assert exam.grade is Density.EXTREME
    assert not exam.read().is_overridden
    own = exam.read(Density.SCATTERED)
    assert (own.grade, own.proposed, own.percent) == (Density.SCATTERED, Density.EXTREME, 99.0)
    assert own.is_overridden
