"""The phantom: the same seed gives the same image, the truth lies where the image shows it, views agree."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from mammoview.core.findings import ArtifactKind, LesionKind
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.phantom import make_view
from mammoview.imaging.phantom_truth import LesionShape, PhantomView

SMALL = {"rows": 512, "columns": 416}
SIDES = (Laterality.LEFT, Laterality.RIGHT)
VIEWS = (ViewPosition.CC, ViewPosition.MLO)


@pytest.fixture(scope="module")
def films() -> list[PhantomView]:
    """A dozen films, enough for every kind of artifact to turn up."""
    return [
        make_view(seed, view=VIEWS[seed % 2], laterality=SIDES[seed // 2 % 2], is_film=True, **SMALL)
        for seed in range(12)
    ]


def test_same_seed_same_bytes() -> None:
    one, two = (make_view(7, is_film=True, **SMALL) for _ in range(2))
    assert one.pixels.tobytes() == two.pixels.tobytes()
    assert make_view(8, is_film=True, **SMALL).pixels.tobytes() != one.pixels.tobytes()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("laterality", SIDES)
def test_chest_wall_is_where_the_laterality_puts_it(view: ViewPosition, laterality: Laterality) -> None:
    drawn = make_view(3, view=view, laterality=laterality, **SMALL)
    area_by_column = drawn.truth.breast.sum(axis=0)
    chest, far = (0, -1) if laterality is Laterality.LEFT else (-1, 0)
    assert area_by_column[chest] > 0.4 * SMALL["rows"]
    assert area_by_column[far] == 0
    assert (drawn.truth.pectoral is not None) == (view is ViewPosition.MLO)


@pytest.mark.parametrize("view", VIEWS)
def test_digital_background_is_black_and_tissue_is_not(view: ViewPosition) -> None:
    drawn = make_view(4, view=view, **SMALL)
    assert not drawn.pixels[~drawn.truth.breast].any()
    assert np.mean(drawn.pixels[drawn.truth.breast] > 0) > 0.999


def test_pectoral_muscle_is_brighter_than_fat_beside_it() -> None:
    drawn = make_view(5, density="A", **SMALL)
    muscle = drawn.truth.pectoral
    assert muscle is not None
    assert np.median(drawn.pixels[muscle]) > 1.5 * np.median(drawn.pixels[drawn.truth.breast & ~muscle])


def test_denser_breasts_are_brighter() -> None:
    means = []
    for density in "ABCD":
        drawn = make_view(6, view=ViewPosition.CC, density=density, lesions=(), **SMALL)
        means.append(drawn.pixels[drawn.truth.breast].mean())
    assert means == sorted(means)
    assert means[-1] > 1.3 * means[0]


@pytest.mark.parametrize("density", ["B", "C"])
def test_parenchyma_has_a_power_law_spectrum(density: str) -> None:
    # 60 mm of a full-size breast at 0.14 mm, from behind the nipple; quantum noise rules above 1 / mm.
    drawn = make_view(2, view=ViewPosition.CC, density=density, lesions=(), rows=2048, columns=1664)
    row, column = (int(part) for part in drawn.truth.nipple)
    patch = drawn.pixels[row - 214 : row + 214, column // 2 - 214 : column // 2 + 214].astype(float)
    taper = np.hanning(428)
    power = np.abs(np.fft.fft2((patch - patch.mean()) * np.outer(taper, taper))) ** 2
    cycles = np.fft.fftfreq(428, drawn.spacing_mm)
    radius = np.hypot(cycles[:, None], cycles[None, :])
    edges = np.geomspace(0.1, 1.0, 12)
    bands = [power[(radius >= low) & (radius < high)].mean() for low, high in itertools.pairwise(edges)]
    slope = np.polyfit(np.log(np.sqrt(edges[1:] * edges[:-1])), np.log(bands), 1)[0]
    assert -slope == pytest.approx(3.0, abs=0.6)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("laterality", SIDES)
def test_lesions_lie_at_one_distance_from_the_nipple_in_both_views(seed: int, laterality: Laterality) -> None:
    cc, mlo = (make_view(seed, view=view, laterality=laterality, **SMALL) for view in VIEWS)
    assert [lesion.id for lesion in cc.truth.lesions] == [lesion.id for lesion in mlo.truth.lesions]
    assert cc.truth.lesions
    for one, two in zip(cc.truth.lesions, mlo.truth.lesions, strict=True):
        for lesion, drawn in ((one, cc), (two, mlo)):
            measured_mm = math.dist(lesion.box.centre, drawn.truth.nipple) * drawn.spacing_mm
            assert measured_mm == pytest.approx(lesion.nipple_distance_mm, abs=4.0)
        assert one.nipple_distance_mm == two.nipple_distance_mm


@pytest.mark.parametrize("shape", list(LesionShape))
def test_lesion_truth_covers_what_the_lesion_changed(shape: LesionShape) -> None:
    with_it = make_view(9, lesions=(shape,), density="B", rows=1024, columns=832)
    without = make_view(9, lesions=(), density="B", rows=1024, columns=832)
    (lesion,) = with_it.truth.lesions
    added = with_it.pixels.astype(np.int64) - without.pixels
    assert lesion.kind is (LesionKind.MASS if "mass" in shape.value else LesionKind.CALCIFICATION)
    assert added[lesion.mask].mean() > 8 * abs(added[~lesion.mask]).mean()
    share = added[lesion.mask].clip(0).sum() / added.clip(0).sum()
    assert share > (0.6 if shape is LesionShape.SPICULATED_MASS else 0.9)
    assert with_it.truth.breast[lesion.mask].all()


def test_films_show_every_kind_of_artifact(films: list[PhantomView]) -> None:
    assert {artifact.kind for film in films for artifact in film.truth.artifacts} == set(ArtifactKind)


def test_artifact_truth_is_disjoint_and_off_the_breast(films: list[PhantomView]) -> None:
    for film in films:
        times_covered = film.truth.breast.astype(int)
        for artifact in film.truth.artifacts:
            times_covered += artifact.mask
            assert artifact.region.area_px == np.count_nonzero(artifact.mask)
        assert times_covered.max() == 1


def test_artifacts_stand_out_from_the_film_around_them(films: list[PhantomView]) -> None:
    for film in films:
        covered = film.truth.breast.copy()
        for artifact in film.truth.artifacts:
            covered |= artifact.mask
        around = film.pixels[~covered].astype(float)
        for artifact in film.truth.artifacts:
            if artifact.region.area_px < 20:
                continue
            level = np.median(film.pixels[artifact.mask])
            assert abs(level - np.median(around)) > 2 * around.std(), (film.label, artifact.kind)


def test_film_background_is_not_black(films: list[PhantomView]) -> None:
    for film in films:
        assert np.median(film.pixels[~film.truth.breast]) > 0.01 * 65535


def test_priors_keep_the_breast_and_lose_the_cancer() -> None:
    shapes = (LesionShape.SPICULATED_MASS, LesionShape.SMOOTH_MASS)
    exams = [make_view(11, lesions=shapes, years_ago=years, **SMALL) for years in range(3)]
    cancers, others = (
        [[le.diameter_mm for le in exam.truth.lesions if le.is_malignant is malignant] for exam in exams]
        for malignant in (True, False)
    )
    assert [len(found) for found in cancers] == [1, 1, 0]
    assert cancers[0][0] > 1.3 * cancers[1][0]
    assert [len(found) for found in others] == [1, 1, 1]
    now, before = exams[0].truth.breast, exams[1].truth.breast
    assert np.count_nonzero(now & before) / np.count_nonzero(now | before) > 0.85
