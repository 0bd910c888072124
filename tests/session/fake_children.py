"""Children for the tests, imported in child processes only. They do what their payload or a file in the home says.

Imports stand in the functions that need them: most tests start a child or two.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

from mammoview.core.errors import DecodeError
from mammoview.core.jobs import serve
from mammoview.core.paths import user_data
from mammoview.core.progress import stop_if_cancelled


def main(connection: Connection) -> None:
    serve(connection, {"echo": echo, "fail": fail, "die": die, "slow": slow, "deaf": deaf, "talk": talk})


def echo(payload, progress, cancel, partial):
    return payload, os.getpid()


def fail(payload, progress, cancel, partial):
    raise DecodeError("No such luck.", "Try another.")


def die(payload, progress, cancel, partial):
    """Die as often as the file named by the payload has lines left."""
    progress(0.5, "half way")
    file = Path(payload)
    left = file.read_text().splitlines()
    if left:
        file.write_text("\n".join(left[1:]))
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"


def slow(payload, progress, cancel, partial):
    progress(0.1, "begun")
    while True:
        stop_if_cancelled(cancel)
        time.sleep(0.01)


def deaf(payload, progress, cancel, partial):
    progress(0.1, "begun")
    time.sleep(600)


def talk(payload, progress, cancel, partial):
    print("said on standard output")
    print("said on standard error", file=sys.stderr)
    sys.stdout.flush()
    progress(0.25, "a quarter")
    partial("something early")
    return "all"


def engine(connection: Connection) -> None:
    questions = {"ask_point": ask_point, "contour": contour, "get_ready": get_ready}
    serve(connection, {"analyze": analyze, "compare": compare, **questions})


def ask_point(question, progress, cancel, partial):
    """Say where was asked, held up by a file; the thousandth row has no answer."""
    from mammoview.core.errors import QuestionError
    from mammoview.core.geometry import Box
    from mammoview.pipeline.question import PointAnswer

    progress(0.0, "asked")
    while (user_data() / "hold-questions").exists():
        stop_if_cancelled(cancel)
        time.sleep(0.01)
    if question.point[0] >= 1000:
        raise QuestionError("This place does not lie in the breast.", "Ask elsewhere.")
    shares = (0.1, 0.2, 0.3, 0.1, 0.3)
    return PointAnswer(question.image.id, question.point, Box(0, 0, 1, 1), shares, 0.6, (), None, "", None, ())


def contour(question, progress, cancel, partial):
    from mammoview.core.geometry import Box
    from mammoview.pipeline.question import ContourAnswer

    line = ((1.0, 1.0), (1.0, 5.0), (5.0, 5.0))
    return ContourAnswer(question.image.id, line, question.box or Box(1, 1, 5, 5), None, None, False, ())


def get_ready(question, progress, cancel, partial):
    with (user_data() / "readied").open("a") as file:
        file.write(f"{question.image.id}\n")
    return True


def _deaths_left(name: str) -> bool:
    file = user_data() / name
    left = int(file.read_text()) if file.exists() else 0
    if left:
        file.write_text(str(left - 1))
    return left > 0


def analyze(request, progress, cancel, partial):
    from mammoview.core.findings import ExamResult, ImageResult, Provenance
    from mammoview.pipeline.request import EngineNote

    partial(EngineNote("cpu", ("fake 1",), "fake engine"))
    for index, image in enumerate(request.images):
        progress(index / len(request.images), f"image {index + 1}")
        if index == 1 and _deaths_left("kill-engine"):
            os.kill(os.getpid(), signal.SIGKILL)
        while (user_data() / "hold-engine").exists():
            stop_if_cancelled(cancel)
            time.sleep(0.01)
        partial(ImageResult(image.id))
    made_up = (user_data() / "stale-engine").exists()
    return ExamResult(
        request.study_uid,
        "something else" if made_up else request.fingerprint,
        Provenance("test", "cpu", request.backend, (), "2026-01-01T00:00:00Z", 0.1),
        tuple(ImageResult(image.id, p_malignant=0.5) for image in request.images),
    )


def compare(request, progress, cancel, partial):
    """Scores that name the models, held up by a file; a model called broken is refused."""
    from mammoview.core.errors import ModelPackageError
    from mammoview.core.findings import ExamResult, ImageResult, Provenance
    from mammoview.pipeline.comparing import ComparedExams, Side, SideExam, SideImage

    progress(0.0, "Loading the models")
    for one in (request.old, request.new):
        if "broken@1" in one.models:
            raise ModelPackageError("The model package broken was refused: hash mismatch.", "Install it again.")
    while (user_data() / "hold-comparison").exists():
        stop_if_cancelled(cancel)
        time.sleep(0.01)
    told = []
    for side, one, score in ((Side.OLD, request.old, 0.25), (Side.NEW, request.new, 0.75)):
        images = tuple(ImageResult(image.id, p_malignant=score) for image in one.images)
        for image in images:
            partial(SideImage(side, image, is_calibrated=True))
        made = Provenance("test", "cpu", one.backend, (), "2026-01-01T00:00:00Z", 0.1)
        exam = ExamResult(one.study_uid, one.fingerprint, made, images, p_malignant=score)
        told.append(SideExam(side, one.models, True, exam))
    return ComparedExams(*told)


def dying_decoder(connection: Connection) -> None:
    """The real decoder, but for the deaths that a file in the home prescribes, with the block open."""
    from mammoview.session import decodeproc

    def decode(request, progress, cancel, partial):
        while (user_data() / "hold-decoder").exists():
            time.sleep(0.01)
        if _deaths_left("kill-decoder"):
            with decodeproc.opened(request.block, decodeproc.Layout.of(request.image)) as memory:
                memory[:8] = 1
                os.kill(os.getpid(), signal.SIGKILL)
        return decodeproc._decode(request, progress, cancel, partial)

    serve(connection, {"scan": decodeproc._scan, "decode": decode})
