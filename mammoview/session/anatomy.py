"""What is measured on images for locating findings and for density: values only.

A decoder measures, see `mammoview.session.anatomyproc`; nothing here comes from a model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mammoview.core.anatomy import Landmarks
from mammoview.core.geometry import Dihedral
from mammoview.core.image import Mask
from mammoview.core.study import Mammogram

if TYPE_CHECKING:
    from mammoview.imaging.density import ExamDensity, ViewDensity
    from mammoview.imaging.location import ViewFrame

#: The kind of job.
ANATOMY = "anatomy"


@dataclass(frozen=True)
class AnatomyRequest:
    """Measure an image that hangs so: ``dihedral`` leads from native pixels to the screen."""

    image: Mammogram
    dihedral: Dihedral


@dataclass(frozen=True)
class Anatomy:
    """What was measured.

    Attributes
    ----------
    landmarks
        Nipple and wall, native pixels.
    breast
        The breast, native pixels, muscle included.
    density
        None where there is too little tissue to measure.
    """

    landmarks: Landmarks
    breast: Mask
    density: ViewDensity | None


@dataclass(frozen=True)
class FrameAnswer:
    """What locates findings on an image.

    Attributes
    ----------
    frame
        None where nobody knows which breast or which view the image shows.
    breast
        The breast, native pixels, muscle included.
    doubts
        What makes places on it uncertain, in plain words.
    """

    image_id: str
    frame: ViewFrame | None
    breast: Mask
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class DensityAnswer:
    """What the standard views of a study say about its density.

    Attributes
    ----------
    density
        None where no view could be measured.
    views
        Id of each image that was measured, with its percentage and its dense pixels.
    doubts
        What makes it uncertain, in plain words.
    """

    study_uid: str
    density: ExamDensity | None
    views: tuple[tuple[str, ViewDensity], ...]
    doubts: tuple[str, ...]
