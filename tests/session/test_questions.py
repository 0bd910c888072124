"""Questions at a place and measurements: who may be told what, which answer wins, what is asked once only."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mammoview.core.errors import Problem
from mammoview.core.findings import LesionKind
from mammoview.core.geometry import Box
from mammoview.core.paths import user_data
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.density import ExamDensity
from mammoview.imaging.phantom import exam_views
from mammoview.pipeline.question import ContourAnswer, PointAnswer
from mammoview.session.anatomy import DensityAnswer, FrameAnswer
from mammoview.session.answers import Answer
from mammoview.session.events import PixelsReady, QuestionAnswered
from mammoview.session.session import ENGINE, Session
from mammoview.session.settings import Settings

QUIET = replace(Settings(), analyse_on_open=False, device="cpu")


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The four views of a phantom as pictures, and their truth by label."""
    folder = tmp_path_factory.mktemp("exam")
    truths = {}
    for view in exam_views(11, rows=1024, columns=832):
        assert cv2.imwrite(str(folder / f"{view.laterality.value}-{view.view.value}.png"), view.pixels)
        truths[view.label] = view
    return folder, truths


class Asked:
    """Waits for an answer."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self._came = threading.Condition()

    def __call__(self, answer: Any) -> None:
        with self._came:
            self.told.append(answer)
            self._came.notify_all()

    def wait(self, count: int = 1) -> Any:
        with self._came:
            assert self._came.wait_for(lambda: len(self.told) >= count, 60), "no answer came"
            return self.told[count - 1]


@pytest.fixture
def open_exam(ear, exam) -> Iterator[Callable[..., Session]]:
    sessions: list[Session] = []

    def make(**values: Any) -> Session:
        values.setdefault("engine", "fake_children:engine")
        session = Session(QUIET, ear, **values)
        sessions.append(session)
        session.open([exam[0]])
        ear.wait(PixelsReady, count=4)
        return session

    yield make
    for session in sessions:
        session.close()


def named(session: Session, label: str) -> Any:
    return next(image for study in session.studies for image in study.images if image.label == label)


def hold() -> Path:
    user_data().mkdir(parents=True, exist_ok=True)
    file = user_data() / "hold-questions"
    file.touch()
    return file


def test_the_answer_comes_to_whoever_asked_and_as_an_event(open_exam, ear) -> None:
    session, asked = open_exam(), Asked()
    image = named(session, "LCC")
    session.questions.ask_point(image.id, 100.5, 20.25, asked)
    answer = asked.wait()
    assert isinstance(answer, PointAnswer)
    assert (answer.image_id, answer.point) == (image.id, (100.5, 20.25))
    assert ear.wait(QuestionAnswered).answer == answer

    box = Box(10, 20, 30, 40)
    session.questions.ask_contour(image.id, box, asked, kind=LesionKind.CALCIFICATION)
    assert isinstance(asked.wait(2), ContourAnswer)
    assert asked.told[1].box == box


def test_an_error_comes_as_a_problem_with_a_hint(open_exam) -> None:
    session, asked = open_exam(), Asked()
    session.questions.ask_point(named(session, "LCC").id, 1000.0, 1.0, asked)
    told = asked.wait()
    assert isinstance(told, Problem)
    assert (told.code, told.hint) == ("question", "Ask elsewhere.")


def test_the_newest_point_supersedes_the_older_and_a_contour_does_not(open_exam) -> None:
    session, first, second, outline = open_exam(), Asked(), Asked(), Asked()
    image, file = named(session, "LCC"), hold()
    session.questions.ask_point(image.id, 1.0, 1.0, first)
    session.questions.ask_contour(image.id, (3.0, 3.0), outline)
    session.questions.ask_point(image.id, 2.0, 2.0, second)
    file.unlink()
    assert second.wait().point == (2.0, 2.0)
    assert isinstance(outline.wait(), ContourAnswer)
    assert first.told == []


@pytest.mark.parametrize("kind", ["point", "contour"])
def test_nothing_of_the_ai_is_told_while_the_study_is_concealed(open_exam, ear, kind) -> None:
    session = open_exam()
    session.veil.begin()
    image, asked = named(session, "RMLO"), Asked()
    if kind == "point":
        session.questions.ask_point(image.id, 100.0, 20.0, asked)
    else:
        session.questions.ask_contour(image.id, (100.0, 20.0), asked)
    (told,) = asked.told
    assert isinstance(told, Problem), "at once, and no child was asked"
    assert told.code == "concealed"
    assert session.questions._crew.pids == ()
    assert ear.of(QuestionAnswered) == []
    session.veil.lift(image.study_uid)
    session.questions.ask_point(image.id, 100.0, 20.0, asked)
    assert isinstance(asked.wait(2), PointAnswer)


def test_an_answer_that_comes_after_the_study_was_concealed_is_kept_back(open_exam, ear) -> None:
    session, asked, file = open_exam(), Asked(), hold()
    session.questions.ask_point(named(session, "LCC").id, 1.0, 1.0, asked)
    session.veil.begin()
    file.unlink()
    answer = asked.wait()
    assert isinstance(answer, Problem)
    assert answer.code == "concealed"
    assert ear.of(QuestionAnswered) == []


def test_an_image_that_is_not_open_is_a_problem(open_exam) -> None:
    session, asked = open_exam(), Asked()
    session.questions.ask_point("nothing", 1.0, 1.0, asked)
    session.questions.ask_contour("nothing", (1.0, 1.0), asked)
    session.questions.ask_frame("nothing", asked)
    session.questions.ask_density("nothing", asked)
    assert [one.code for one in asked.told] == ["question"] * 4


def test_models_are_made_ready_without_a_word(open_exam, ear) -> None:
    session, asked = open_exam(), Asked()
    session.veil.begin()
    ids = [named(session, label).id for label in ("LCC", "RCC")]
    session.questions.get_ready(ids)
    end = time.monotonic() + 30
    while not (user_data() / "readied").exists() or len((user_data() / "readied").read_text().split()) < 2:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert (user_data() / "readied").read_text().split() == ids
    assert ear.of(QuestionAnswered) == asked.told == []


def test_frames_are_measured_though_the_ai_is_concealed_and_once_only(open_exam, exam, monkeypatch) -> None:
    session, asked = open_exam(), Asked()
    session.veil.begin()
    orders: list[str] = []
    submit = session.decoders.submit
    monkeypatch.setattr(session.decoders, "submit", lambda order: (orders.append(order.kind), submit(order)))
    for label, truth in exam[1].items():
        image, one = named(session, label), Asked()
        session.questions.ask_frame(image.id, one)
        session.questions.ask_frame(image.id, one)
        answer = one.wait(2)
        assert answer == one.told[0]
        assert isinstance(answer, FrameAnswer)
        assert answer.frame is not None
        assert (answer.frame.side, answer.frame.view) == (truth.laterality, truth.view)
        assert answer.frame.dihedral == session.hangings.orientation(image).dihedral
        row, col = answer.frame.landmarks.nipple.point
        off_mm = np.hypot(row - truth.truth.nipple[0], col - truth.truth.nipple[1]) * truth.spacing_mm
        assert off_mm < 12, label
        breast = answer.breast.to_array()
        assert np.count_nonzero(breast & truth.truth.breast) > 0.9 * np.count_nonzero(breast | truth.truth.breast)
    session.questions.ask_density(session.studies[0].uid, asked)
    asked.wait()
    assert orders == ["anatomy"] * 4, "frames and density share their measurements"


def test_a_frame_says_what_is_in_doubt(open_exam) -> None:
    session, before, after = open_exam(), Asked(), Asked()
    image = named(session, "LMLO")
    session.questions.ask_frame(image.id, before)
    assert any("header does not say" in doubt for doubt in before.wait().doubts)
    session.hangings.mirror(image)
    session.questions.ask_frame(image.id, after)
    mirrored = after.told[0].frame
    assert mirrored.dihedral != before.told[0].frame.dihedral, "the frame follows the orientation"
    assert mirrored.landmarks == before.told[0].frame.landmarks, "and landmarks stay, in native pixels"


def test_an_image_of_no_known_side_has_no_frame(ear, exam, tmp_path) -> None:
    folder = tmp_path / "unknown"
    folder.mkdir()
    (folder / "picture.png").write_bytes((exam[0] / "L-CC.png").read_bytes())
    session, asked, again = Session(QUIET, ear, engine="fake_children:engine"), Asked(), Asked()
    try:
        session.open([folder])
        ear.wait(PixelsReady)
        (image,) = session.studies[0].images
        session.questions.ask_frame(image.id, asked)
        answer = asked.wait()
        assert answer.frame is None
        assert "Nobody knows which breast" in answer.doubts[0]
        session.say(image.id, Answer(Laterality.LEFT, ViewPosition.CC))
        session.questions.ask_frame(image.id, again)
        assert again.wait().frame is not None
    finally:
        session.close()


def test_density_comes_from_the_standard_views(open_exam, exam) -> None:
    session, asked = open_exam(), Asked()
    session.questions.ask_density(session.studies[0].uid, asked)
    answer = asked.wait()
    assert isinstance(answer, DensityAnswer)
    assert isinstance(answer.density, ExamDensity)
    assert 0 < answer.density.percent < 100
    assert len(answer.views) == 4
    by_id = {image.id: image.label for image in session.studies[0].images}
    for image_id, view in answer.views:
        truth = exam[1][by_id[image_id]].truth
        dense = view.dense.to_array()
        assert np.count_nonzero(dense & truth.breast) >= 0.99 * np.count_nonzero(dense), "in native pixels"


def test_a_file_that_is_gone_costs_its_view_only(ear, exam, tmp_path) -> None:
    folder = tmp_path / "exam"
    folder.mkdir()
    for file in exam[0].iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    session, asked, frame = Session(QUIET, ear, engine="fake_children:engine"), Asked(), Asked()
    try:
        session.open([folder])
        ear.wait(PixelsReady, count=4)
        (folder / "L-CC.png").unlink()
        session.questions.ask_frame(named(session, "LCC").id, frame)
        assert isinstance(frame.wait(), Problem)
        session.questions.ask_density(session.studies[0].uid, asked)
        answer = asked.wait()
        assert len(answer.views) == 3
        assert "LCC could not be read." in answer.doubts
        assert "Not all four views" in answer.doubts[0]
    finally:
        session.close()


@pytest.mark.slow
def test_the_real_engine_answers_within_the_session(open_exam, exam) -> None:
    session, point, line = open_exam(engine=ENGINE), Asked(), Asked()
    truth = exam[1]["LCC"]
    lesion = truth.truth.lesions[0]
    image = named(session, "LCC")
    session.questions.ask_point(image.id, *lesion.centre, point)
    session.questions.ask_contour(image.id, lesion.box, line)
    told = point.wait()
    assert isinstance(told, PointAnswer), told
    assert sum(told.probabilities) == pytest.approx(1)
    assert len(told.models) == 5
    drawn = line.wait()
    assert isinstance(drawn, ContourAnswer), drawn
    assert drawn.box.intersection(lesion.box).area_px > 0.6 * lesion.box.area_px
