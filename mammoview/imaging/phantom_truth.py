"""What is known for certain about a synthetic image: where the breast, its lesions and the artifacts lie."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mammoview.core.findings import ArtifactKind, LesionKind
from mammoview.core.geometry import Box
from mammoview.core.study import Laterality, ViewPosition


class LesionShape(StrEnum):
    """How a synthetic lesion looks."""

    SMOOTH_MASS = "smooth_mass"
    SPICULATED_MASS = "spiculated_mass"
    PUNCTATE_CLUSTER = "punctate_cluster"
    PLEOMORPHIC_CLUSTER = "pleomorphic_cluster"

    @property
    def kind(self) -> LesionKind:
        """Mass or calcification."""
        is_mass = self in {LesionShape.SMOOTH_MASS, LesionShape.SPICULATED_MASS}
        return LesionKind.MASS if is_mass else LesionKind.CALCIFICATION

    @property
    def is_malignant(self) -> bool:
        """Spiculated masses and pleomorphic clusters stand for cancer."""
        return self in {LesionShape.SPICULATED_MASS, LesionShape.PLEOMORPHIC_CLUSTER}


@dataclass(frozen=True, eq=False)
class Region:
    """A set of pixels, kept as the part inside its box.

    Attributes
    ----------
    box
        Native pixels, whole numbers.
    inside
        Shape (box rows, box columns), bool.
    rows, columns
        Size of the image.
    """

    box: Box
    inside: NDArray[np.bool_]
    rows: int
    columns: int

    @classmethod
    def from_mask(cls, mask: NDArray[np.bool_]) -> Region | None:
        """Cut out the set pixels of a mask of shape (rows, columns); None where none is set."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not rows.size:
            return None
        box = Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
        return cls(box, mask[box.slices()].copy(), mask.shape[0], mask.shape[1])

    @property
    def mask(self) -> NDArray[np.bool_]:
        """The whole mask, shape (rows, columns), bool."""
        full = np.zeros((self.rows, self.columns), dtype=bool)
        full[self.box.slices()] = self.inside
        return full

    @property
    def area_px(self) -> int:
        """Pixels set."""
        return int(np.count_nonzero(self.inside))


@dataclass(frozen=True, eq=False)
class TrueArtifact:
    """Something on the film that is not breast, and the pixels where it is seen."""

    kind: ArtifactKind
    region: Region

    @property
    def box(self) -> Box:
        """The box around it."""
        return self.region.box

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Shape (rows, columns), bool; never overlaps the breast or another artifact."""
        return self.region.mask


@dataclass(frozen=True, eq=False)
class TrueLesion:
    """A lesion as one view shows it.

    Attributes
    ----------
    id
        The same in every view and prior of the breast.
    centre
        (row, column), native pixels.
    nipple_distance_mm
        From the nipple, in the image plane; equal in CC and MLO.
    diameter_mm
        Of the mass, or of the cluster.
    """

    id: str
    shape: LesionShape
    region: Region
    centre: tuple[float, float]
    nipple_distance_mm: float
    diameter_mm: float

    @property
    def kind(self) -> LesionKind:
        """Mass or calcification."""
        return self.shape.kind

    @property
    def is_malignant(self) -> bool:
        """Whether it stands for cancer."""
        return self.shape.is_malignant

    @property
    def box(self) -> Box:
        """The box around it."""
        return self.region.box

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Shape (rows, columns), bool: the mass, or the hull of the calcifications."""
        return self.region.mask


@dataclass(frozen=True, eq=False)
class PhantomTruth:
    """Ground truth of one image.

    Attributes
    ----------
    breast
        Shape (rows, columns), bool: what is visible of the breast, pectoral muscle included.
    pectoral
        The same for the pectoral muscle; None on CC.
    nipple
        (row, column), native pixels: where the ducts meet the skin.
    """

    breast: NDArray[np.bool_]
    pectoral: NDArray[np.bool_] | None
    nipple: tuple[float, float]
    lesions: tuple[TrueLesion, ...]
    artifacts: tuple[TrueArtifact, ...]


@dataclass(frozen=True, eq=False)
class PhantomView:
    """A synthetic mammogram and its truth.

    Attributes
    ----------
    pixels
        Shape (rows, columns), uint16 P-values: bright is dense, 0 is black.
    spacing_mm
        Millimetres a pixel, both ways.
    density
        ACR class, A to D.
    """

    pixels: NDArray[np.uint16]
    truth: PhantomTruth
    view: ViewPosition
    laterality: Laterality
    spacing_mm: float
    density: str
    is_film: bool

    @property
    def label(self) -> str:
        """``RCC``, ``LMLO``."""
        return f"{self.laterality.value}{self.view.value}"
