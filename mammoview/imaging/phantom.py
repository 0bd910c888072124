"""Synthetic mammograms with ground truth: the demo study, and a known truth for tests and benches.

`make_view` draws one image at any size; `make_exam` the four standard views and their priors. The same seed gives the
same pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.phantom_anatomy import LesionPlan, draw_anatomy, plan_lesions, stream
from mammoview.imaging.phantom_truth import LesionShape, PhantomView
from mammoview.imaging.phantom_view import ViewDrawing

#: Goes up with every change that changes pixels or files, so that a demo study on disk is written anew.
GENERATION = 3

ROWS, COLUMNS, SPACING_MM = 4096, 3328, 0.07
STANDARD_VIEWS = (
    (Laterality.RIGHT, ViewPosition.CC),
    (Laterality.LEFT, ViewPosition.CC),
    (Laterality.RIGHT, ViewPosition.MLO),
    (Laterality.LEFT, ViewPosition.MLO),
)
# How much of its size a lesion loses for each year that one goes back.
_CANCER_PACE, _BENIGN_PACE = 0.45, 0.06
_SMALLEST_GROWTH = 0.25


@dataclass(frozen=True, eq=False)
class PhantomExam:
    """The four standard views of a synthetic woman.

    Attributes
    ----------
    views
        RCC, LCC, RMLO, LMLO.
    years_ago
        0 for the current exam.
    priors
        Her earlier exams, latest first.
    """

    seed: int
    views: tuple[PhantomView, ...]
    years_ago: int = 0
    priors: tuple[PhantomExam, ...] = ()


def make_view(
    seed: int,
    *,
    view: ViewPosition = ViewPosition.MLO,
    laterality: Laterality = Laterality.LEFT,
    rows: int = 1024,
    columns: int = 832,
    spacing_mm: float | None = None,
    density: str | None = None,
    is_film: bool = False,
    lesions: tuple[LesionShape, ...] | None = None,
    years_ago: int = 0,
) -> PhantomView:
    """Draw one view of a synthetic breast.

    Parameters
    ----------
    seed
        Woman and film; CC and MLO of one seed and side show the same lesions.
    view
        CC or MLO.
    rows, columns
        Size of the image; 4096 × 3328 takes about two seconds, the default well under one.
    spacing_mm
        Millimetres a pixel; None spreads the field of a full-size detector (287 mm high) over ``rows``. A smaller field
        shows a smaller breast.
    density
        ACR class A to D; None leaves it to the seed.
    is_film
        Digitised film with artifacts instead of a digital image on black.
    lesions
        What to put in; None draws one mass and one calcification cluster, benign or malignant.
    years_ago
        0 for the current exam; a prior shows lesions smaller or not at all.

    Returns
    -------
    PhantomView
    """
    drawing, plans, chosen = plan_view(
        seed,
        view=view,
        laterality=laterality,
        rows=rows,
        columns=columns,
        spacing_mm=spacing_mm,
        density=density,
        is_film=is_film,
        lesions=lesions,
        years_ago=years_ago,
    )
    return drawing.finish(plans, chosen)


def plan_view(
    seed: int,
    *,
    view: ViewPosition,
    laterality: Laterality,
    rows: int,
    columns: int,
    spacing_mm: float | None = None,
    density: str | None = None,
    is_film: bool = False,
    lesions: tuple[LesionShape, ...] | None = None,
    years_ago: int = 0,
) -> tuple[ViewDrawing, tuple[LesionPlan, ...], str]:
    """Settle what `make_view` draws, with its arguments: the empty drawing, the lesions, and the density."""
    spacing = spacing_mm if spacing_mm else ROWS * SPACING_MM / rows
    chosen = density or "ABCD"[int(stream(seed, 5).integers(4))]
    field = (rows * spacing, columns * spacing)
    now = tuple(
        draw_anatomy(seed, at, laterality=laterality, density=chosen, field=field)
        for at in (ViewPosition.CC, ViewPosition.MLO)
    )
    shapes = _some_shapes(seed, laterality) if lesions is None else lesions
    plans = plan_lesions(seed, laterality, shapes, views=(now[0], now[1]))
    anatomy = draw_anatomy(seed, view, laterality=laterality, density=chosen, field=field, years_ago=years_ago)
    drawing = ViewDrawing(anatomy, seed, laterality, shape=(rows, columns), spacing_mm=spacing, is_film=is_film)
    return drawing, tuple(_grow_back(plan, years_ago) for plan in plans), chosen


def exam_views(
    seed: int,
    *,
    is_film: bool = False,
    years_ago: int = 0,
    density: str | None = None,
    rows: int = ROWS,
    columns: int = COLUMNS,
) -> Iterator[PhantomView]:
    """Draw the four standard views one after the other, as `make_exam` does, holding one at a time.

    One breast carries a spiculated mass and the other a smooth one; each carries a cluster of calcifications.
    """
    for laterality, view in STANDARD_VIEWS:
        yield make_view(
            seed,
            view=view,
            laterality=laterality,
            rows=rows,
            columns=columns,
            density=density or exam_density(seed),
            is_film=is_film,
            lesions=exam_lesions(seed, laterality),
            years_ago=years_ago,
        )


def exam_density(seed: int) -> str:
    """The ACR class of a woman whose exam is drawn."""
    return str(stream(seed, 10).choice(("B", "C")))


def exam_lesions(seed: int, laterality: Laterality) -> tuple[LesionShape, ...]:
    """What a breast of her exam carries."""
    sick = Laterality.LEFT if stream(seed, 11).random() < 0.5 else Laterality.RIGHT
    if laterality is sick:
        return LesionShape.SPICULATED_MASS, LesionShape.PLEOMORPHIC_CLUSTER
    return LesionShape.SMOOTH_MASS, LesionShape.PUNCTATE_CLUSTER


def make_exam(
    seed: int,
    *,
    is_film: bool = False,
    priors: int = 0,
    density: str | None = None,
    rows: int = ROWS,
    columns: int = COLUMNS,
) -> PhantomExam:
    """Draw the four standard views and those of earlier years.

    Parameters
    ----------
    seed
        Which woman.
    is_film
        Digitised film with artifacts instead of digital images.
    priors
        How many earlier exams, a year apart.
    density
        ACR class A to D; None leaves B or C to the seed.
    rows, columns
        Size of every image; a full-size one takes 27 MB, and its masks as much again.

    Returns
    -------
    PhantomExam
    """
    exams = [
        PhantomExam(
            seed,
            tuple(exam_views(seed, is_film=is_film, years_ago=years_ago, density=density, rows=rows, columns=columns)),
            years_ago,
        )
        for years_ago in range(priors + 1)
    ]
    return replace(exams[0], priors=tuple(exams[1:]))


def _some_shapes(seed: int, laterality: Laterality) -> tuple[LesionShape, ...]:
    rng = stream(seed, 6, laterality is Laterality.RIGHT)
    masses = (LesionShape.SMOOTH_MASS, LesionShape.SPICULATED_MASS)
    clusters = (LesionShape.PUNCTATE_CLUSTER, LesionShape.PLEOMORPHIC_CLUSTER)
    return masses[int(rng.integers(2))], clusters[int(rng.integers(2))]


def _grow_back(plan: LesionPlan, years_ago: int) -> LesionPlan:
    """The lesion as it was some years before: cancers were smaller and then absent, benign lesions hardly changed."""
    pace = _CANCER_PACE if plan.shape.is_malignant else _BENIGN_PACE
    growth = 1.0 - pace * years_ago
    return replace(plan, growth=growth if growth >= _SMALLEST_GROWTH else 0.0)
