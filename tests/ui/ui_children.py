"""The engine of the window's tests: findings without models, and a death on demand. Imported in the child only."""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection

import numpy as np

from mammoview.core.errors import ModelPackageError
from mammoview.core.findings import (
    BreastResult,
    ExamResult,
    Finding,
    ImageResult,
    LayerPart,
    LesionKind,
    LesionLayer,
    LesionLayers,
    Provenance,
    ScoreMeaning,
    Suppression,
    ValueMap,
)
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.core.jobs import serve
from mammoview.core.paths import user_data
from mammoview.core.progress import stop_if_cancelled
from mammoview.core.study import Laterality
from mammoview.pipeline.comparing import ComparedExams, Side, SideExam, SideImage
from mammoview.pipeline.request import EngineNote


def engine(connection: Connection) -> None:
    serve(connection, {"analyze": analyze, "compare": compare})


def analyze(request, progress, cancel, partial):
    user_data().mkdir(parents=True, exist_ok=True)
    (user_data() / "engine-pid").write_text(str(os.getpid()))
    partial(EngineNote("cpu", ("made-up 1",), "made-up engine on the processor"))
    results = []
    for index, image in enumerate(request.images):
        progress(index / len(request.images), f"Reading {image.label}")
        while (user_data() / "hold-engine").exists():
            stop_if_cancelled(cancel)
            time.sleep(0.01)
        results.append(_result(image, index))
        partial(results[-1])
    return ExamResult(
        request.study_uid,
        request.fingerprint,
        Provenance("test", "cpu", request.backend, (), "2026-01-01T00:00:00+0000", 0.1),
        tuple(results),
        p_malignant=0.7,
        meaning=ScoreMeaning("Malignant against benign lesion.", 0.51),
    )


def compare(request, progress, cancel, partial):
    """The new model scores higher, lower down, and is not calibrated; a file holds both up, another spoils the new."""
    progress(0.0, "Loading the models")
    if (user_data() / "spoil-model").exists():
        raise ModelPackageError("The model package was refused: hash mismatch.", "Install it again.")
    told = []
    for side, one in ((Side.OLD, request.old), (Side.NEW, request.new)):
        is_new = side is Side.NEW
        results = []
        for index, image in enumerate(one.images):
            progress(0.0, f"{side.title()} model: Scoring {image.label}")
            while (user_data() / "hold-engine").exists():
                stop_if_cancelled(cancel)
                time.sleep(0.01)
            results.append(_result(image, index + 3 * is_new, shift=0.2 * is_new))
            partial(SideImage(side, results[-1], is_calibrated=not is_new))
        made = Provenance("test", "cpu", one.backend, (), "2026-01-01T00:00:00+0000", 0.1)
        meaning = ScoreMeaning("Malignant against benign lesion.", 0.51)
        breast = BreastResult(Laterality.LEFT, 0.5 + 0.25 * is_new, (), is_single_view=False)
        exam = ExamResult(
            one.study_uid, one.fingerprint, made, tuple(results), (breast,), 0.5 + 0.25 * is_new, meaning=meaning
        )
        told.append(SideExam(side, one.models, not is_new, exam))
    return ComparedExams(*told)


def _result(image, index, shift=0.0):
    box = Box(image.rows * (0.4 + shift), image.columns * 0.4, image.rows * (0.45 + shift), image.columns * 0.46)
    mask = np.zeros((image.rows, image.columns), bool)
    mask[box.slices()] = True
    breast = np.zeros_like(mask)
    breast[image.rows // 5 : -image.rows // 5] = True
    finding = Finding(
        f"{image.id}/1",
        LesionKind.MASS,
        box,
        box.centre,
        0.4 + index / 10,
        (0.2, 0.1, 0.1, 0.2, 0.4),
        mask=Mask.from_array(mask),
        contour=((box.row0, box.col0), (box.row0, box.col1), (box.row1, box.col1), (box.row1, box.col0)),
        area_mm2=25.0,
    )
    heat = np.linspace(0, 1, 48).reshape(8, 6)
    return ImageResult(
        image.id,
        Suppression(Mask.from_array(breast), (), Mask.from_array(~breast), None, "not looked for"),
        findings=(finding,),
        p_malignant=0.4 + index / 10,
        saliency=ValueMap.from_array("gradcam", Box(0, 0, image.rows, image.columns), heat),
        layers=LesionLayers(
            Mask.from_array(np.zeros_like(mask)),
            Mask.from_array(mask),
            (LayerPart(finding.id, box, 0.8, LesionLayer.MALIGNANT),),
        ),
    )
