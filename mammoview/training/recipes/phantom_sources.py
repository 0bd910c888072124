"""What stands behind the packages that learned from synthetic images; all of them are marked experimental."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mammoview.core.findings import LesionKind, PatchClass
from mammoview.models.manifest import Task
from mammoview.training.recipes.publish import BCIR, CBIS, CHOWDHURY, SHEN, Source

if TYPE_CHECKING:
    from mammoview.models.manifest import Manifest

_GRU = (
    "Cho K, van Merriënboer B, Gulcehre C, et al. Learning phrase representations using RNN encoder-decoder for "
    "statistical machine translation. EMNLP 2014:1724-1734. doi 10.3115/v1/D14-1179"
)
_GENERAL_LIMITS = (
    "EXPERIMENTAL. Research software. Not a medical device; no clinical decision may rest on it.",
    "Never in use unless a user names it.",
)


def priors_source(parent: Manifest, growing: float, *, women: int) -> Source:
    """What stands behind a net for priors.

    Parameters
    ----------
    parent
        Of the package that gave the body.
    growing
        Share of the women whose mass grew.
    women
        How many were drawn, training and held out together.
    """
    return Source(
        task=Task.PRIORS,
        labels=("stable", "growing"),
        prevalence=growing,
        licence=parent.licence,
        description=(
            f"{women:,} synthetic women with up to four earlier exams at intervals of 6 to 30 months. In half of them "
            "a mass grows (its diameter doubles in 9 to 24 months), in the others a mass stays as it is or there is "
            "none. Between exams the breast lies a little differently, and exposure and noise differ. Body and "
            f"dense layer are those of {parent.id} {parent.version}, not trained further; what these learned from: "
            + parent.training_data
        ),
        limits=(
            *_GENERAL_LIMITS,
            "No real woman with earlier exams was seen. The score says whether the net sees growth as it looks in our "
            "drawings; on real mammograms its value is unknown.",
            "The score is no probability of cancer and takes no part in any other score.",
        ),
        citations=(*parent.citations, *(one for one in (CHOWDHURY, _GRU) if one not in parent.citations)),
        is_experimental=True,
    )


def drawn_patch_source(prevalence: float, *, women: int) -> Source:
    """What stands behind a patch classifier of drawn masses; ``prevalence`` is the spiculated share of its masses."""
    return Source(
        task=Task.PATCH,
        labels=tuple(name.value for name in PatchClass),
        prevalence=prevalence,
        licence="Apache-2.0",
        description=(
            f"Squares of one size from the exams of {women:,} synthetic women: masses of any size, smooth (called "
            "benign) or spiculated (called malignant), and places without one. No calcifications and no real image."
        ),
        limits=(
            *_GENERAL_LIMITS,
            "Made for its body, which the net that compares exams takes over. No real image was seen: of a real lesion "
            "it says nothing that anyone has measured.",
        ),
        citations=(SHEN,),
        is_experimental=True,
    )


def three_class_source(*, phantoms: int, boxes: int) -> Source:
    """What stands behind a segmenter that tells benign from malignant; counts of views drawn and of boxes used."""
    return Source(
        task=Task.SEGMENTATION,
        labels=("background", "benign", "malignant"),
        prevalence=None,
        licence="CC-BY-3.0",
        description=(
            f"Masses of {phantoms:,} synthetic views with true masks (round or oval is benign, spiculated malignant) "
            f"and {boxes:,} masses of the CBIS-DDSM training set, where an ellipse inscribed in the box stands for the "
            "outline and the pathology names the class. From each view, and each film without calcifications, one "
            "place without a mass, its mask empty. The net learned from drawn masses first, then from both in equal "
            "parts. A fifth of the CBIS-DDSM patients and a quarter of the views were held out."
        ),
        limits=(
            *_GENERAL_LIMITS,
            "No real outline was seen: on real images the net learned ellipses, and its outlines can be no better.",
            "Trained on film and on drawings; how it does on digital mammograms is unknown.",
            "Benign against malignant is told from one view of one mass, with little success on films: see above.",
        ),
        citations=(CBIS, BCIR),
        is_experimental=True,
        kinds=(LesionKind.MASS,),
    )


def calcification_source(*, phantoms: int) -> Source:
    """What stands behind a segmenter of calcification clusters; ``phantoms`` counts the views drawn."""
    return Source(
        task=Task.SEGMENTATION,
        labels=("cluster",),
        prevalence=None,
        licence="Apache-2.0",
        description=(
            f"Clusters of {phantoms:,} synthetic views at 0.1 mm a pixel with true masks (the hull of the grains, "
            "widened by 0.5 mm), and as many places without a cluster. No real image."
        ),
        limits=(
            *_GENERAL_LIMITS,
            "No real calcification was seen, and no real mask exists to measure against: the numbers above say how "
            "well drawn clusters are found in drawn breasts, and nothing else.",
            "Takes images of 0.1 mm a pixel or finer.",
        ),
        citations=(BCIR,),
        is_experimental=True,
        kinds=(LesionKind.CALCIFICATION,),
    )
