"""Which earlier exams the engine is given with a study."""

from __future__ import annotations

from mammoview.core.study import Grayscale, Mammogram, SourceKind, Study
from mammoview.session.analysis import request_for
from mammoview.session.hanging import priors
from mammoview.session.settings import Settings


def study(uid: str, day: str, patient: str = "P1") -> Study:
    image = Mammogram(f"{uid}.1", f"/nowhere/{uid}.dcm", SourceKind.RASTER, 10, 10, Grayscale(bits_stored=8))
    return Study(uid, patient, "", day, (image,))


def test_a_request_carries_the_patients_earlier_exams() -> None:
    now, before, later, other = (
        study("now", "20250101"),
        study("before", "20230101"),
        study("later", "20260101"),
        study("other", "20240101", "P2"),
    )
    request = request_for(now, Settings(), priors(now, (other, later, before, now)))
    assert request.images == now.images
    assert request.priors == (before,)
