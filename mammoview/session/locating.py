"""What locates a finding on an image: its orientation as it hangs, with the landmarks found or dragged on it."""

from __future__ import annotations

from dataclasses import replace

from mammoview.core.anatomy import LandmarkEdit, Landmarks
from mammoview.core.study import Mammogram
from mammoview.imaging.location import ViewFrame
from mammoview.session.orientation import Orientation, has_direction


def view_frame(image: Mammogram, orientation: Orientation, landmarks: Landmarks) -> ViewFrame | None:
    """Put together what `mammoview.imaging.location` needs.

    Parameters
    ----------
    image
        Its header tells side, view and spacing.
    orientation
        As `mammoview.session.orientation.orient` decided it.
    landmarks
        In native pixels.

    Returns
    -------
    ViewFrame or None
        None where the side or the view is not known: then nothing says which half is outer.
    """
    if image.laterality is None or image.view is None:
        return None
    doubt = ""
    if not has_direction(image):
        doubt = "The header does not say which way the image was taken; upper or outer may be the other way round."
    return ViewFrame(
        image.laterality,
        image.view,
        image.rows,
        image.columns,
        orientation.dihedral,
        landmarks,
        image.spacing_mm,
        doubt,
    )


def edited(frame: ViewFrame, edit: LandmarkEdit | None) -> ViewFrame:
    """A view as the reader's own landmarks make it; as it is where nothing was dragged."""
    return frame if edit is None else replace(frame, landmarks=edit.applied(frame.landmarks))
