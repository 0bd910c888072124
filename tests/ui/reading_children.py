"""The engine of the reading workflow's test: one mass in both views of the right breast. Imported in the child only."""

from __future__ import annotations

import time
from multiprocessing.connection import Connection

import numpy as np

from mammoview.core.findings import (
    BreastResult,
    ExamResult,
    Finding,
    ImageResult,
    LesionKind,
    Link,
    ModelUse,
    Provenance,
    ScoreMeaning,
    Suppression,
)
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.core.jobs import serve
from mammoview.core.progress import stop_if_cancelled
from mammoview.core.study import Laterality, ViewPosition
from mammoview.pipeline.comparing import ComparedExams, Side, SideExam, SideImage
from mammoview.pipeline.request import EngineNote

MODEL = ModelUse("made-up", "1.0", "ab" * 32, "patch")
SCORE = 0.83


def engine(connection: Connection) -> None:
    serve(connection, {"analyze": analyze, "compare": compare})


def compare(request, progress, cancel, partial):
    """Both models say the same."""
    told = []
    for side, one in ((Side.OLD, request.old), (Side.NEW, request.new)):
        exam = analyze(one, progress, cancel, lambda _: None)
        for image in exam.images:
            partial(SideImage(side, image, is_calibrated=True))
        told.append(SideExam(side, one.models, True, exam))
    return ComparedExams(*told)


def analyze(request, progress, cancel, partial):
    partial(EngineNote("cpu", ("made-up@1.0",), "made-up engine on the processor"))
    results = []
    for index, image in enumerate(request.images):
        progress(index / len(request.images), f"Reading {image.label}")
        stop_if_cancelled(cancel)
        time.sleep(0.005)
        results.append(_result(image))
        partial(results[-1])
    right = {image.view: image for image in request.images if image.laterality is Laterality.RIGHT}
    cc, mlo = right[ViewPosition.CC], right[ViewPosition.MLO]
    return ExamResult(
        request.study_uid,
        request.fingerprint,
        Provenance("mammoview test", "cpu", request.backend, (MODEL,), "2026-01-01T00:00:00+00:00", 0.1),
        tuple(results),
        (BreastResult(Laterality.RIGHT, SCORE, (cc.id, mlo.id), is_single_view=False),),
        p_malignant=SCORE,
        meaning=ScoreMeaning("Malignant against benign lesion.", 0.51),
        links=(Link(f"{cc.id}#1", f"{mlo.id}#1", 0.9),),
    )


def _result(image):
    breast = np.zeros((image.rows, image.columns), bool)
    breast[image.rows // 5 : -image.rows // 5] = True
    suppression = Suppression(Mask.from_array(breast), (), Mask.from_array(~breast), None, "not looked for")
    if image.laterality is not Laterality.RIGHT:
        return ImageResult(image.id, suppression, p_malignant=0.1)
    box = Box(image.rows * 0.4, image.columns * 0.6, image.rows * 0.5, image.columns * 0.7)
    mask = np.zeros((image.rows, image.columns), bool)
    mask[box.slices()] = True
    corners = ((box.row0, box.col0), (box.row0, box.col1), (box.row1, box.col1), (box.row1, box.col0))
    finding = Finding(
        f"{image.id}#1",
        LesionKind.MASS,
        box,
        box.centre,
        SCORE,
        (0.05, 0.05, 0.02, 0.05, 0.83),
        mask=Mask.from_array(mask),
        contour=corners,
    )
    return ImageResult(image.id, suppression, findings=(finding,), p_malignant=SCORE)
