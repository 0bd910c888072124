"""The AI's change since the earlier exam: from results and frames, and asked for in a session."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mammoview.core.anatomy import Landmarks, Nipple, WallLine
from mammoview.core.errors import Problem
from mammoview.core.findings import (
    ExamResult,
    Finding,
    ImageResult,
    LesionKind,
    MemberScore,
    ModelUse,
    Provenance,
    ScoreMeaning,
    Threshold,
)
from mammoview.core.geometry import Box, Dihedral
from mammoview.core.reading.prior_change import PriorChange
from mammoview.core.study import Grayscale, Laterality, Mammogram, SourceKind, Study, ViewModifier, ViewPosition
from mammoview.imaging.location import ViewFrame
from mammoview.session.demo import write_phantom
from mammoview.session.events import AnalysisStarted, ExamAnalysed, PixelsReady, QuestionAnswered, ResultsConcealed
from mammoview.session.prior_changes import change_since, compared_views, place_of
from mammoview.session.session import ENGINE, Session
from mammoview.session.settings import Settings

USE = ModelUse("net", "1", "f" * 64, "whole_image")
MEANING = ScoreMeaning("toy", 0.5, (Threshold("specificity 80%", 0.4, 0.5, 0.8, "toys", 10),))


def image(name: str, **changes: Any) -> Mammogram:
    values: dict[str, Any] = {
        "id": name,
        "path": f"/nowhere/{name}",
        "kind": SourceKind.DICOM,
        "rows": 1000,
        "columns": 800,
        "grayscale": Grayscale(bits_stored=16),
        "laterality": Laterality.LEFT,
        "view": ViewPosition.CC,
        "spacing_mm": (0.1, 0.1),
    }
    return Mammogram(**{**values, **changes})


def study(uid: str, *images: Mammogram) -> Study:
    return Study(uid, "id", "name", "20250101", images)


def finding(name: str, row: float, col: float) -> Finding:
    return Finding(name, LesionKind.MASS, Box.square(row, col, 40), (row, col), 0.7, (0.1, 0.1, 0.1, 0.1, 0.6))


def result(uid: str, *images: ImageResult, models: tuple[ModelUse, ...] = (USE,), backend: str = "onnx") -> ExamResult:
    return ExamResult(uid, "", Provenance("test", "cpu", backend, models, "", 1.0), images, meaning=MEANING)


def scored(name: str, p: float, *findings: Finding) -> ImageResult:
    members = (MemberScore("net@1", p),)
    return ImageResult(name, p_malignant=p, members=members, uncertainty=0.03, findings=findings, spread_over="4 flips")


def frame(spacing_mm: tuple[float, float] | None = (0.1, 0.1)) -> ViewFrame:
    """A left CC: the nipple at the right edge, the wall along the left one, 70 mm behind it."""
    landmarks = Landmarks(Nipple((500.0, 700.0), 0.9), WallLine(((0.0, 0.0), (1000.0, 0.0))))
    return ViewFrame(Laterality.LEFT, ViewPosition.CC, 1000, 800, Dihedral(), landmarks, spacing_mm)


def test_scores_words_and_findings_of_one_view() -> None:
    now, then = study("now", image("n")), study("then", image("t"))
    change = change_since(
        now,
        result("now", scored("n", 0.5, finding("n#1", 400, 400), finding("n#2", 700, 300))),
        then,
        result("then", scored("t", 0.2, finding("t#1", 420, 380))),
        {"n": frame(), "t": frame()},
    )
    (view,) = change.views
    assert change.reason == ""
    assert (change.prior_uid, change.prior_date) == ("then", "20250101")
    assert view.difference == pytest.approx(0.3)
    assert view.now.words == "above the 80 % specificity point"
    assert view.then.words == "below the 80 % specificity point"
    assert [(a.id, b.id) for a, b in view.persisting] == [("n#1", "t#1")]
    assert [spot.id for spot in view.new] == ["n#2"]
    assert change.meaning == MEANING


@pytest.mark.parametrize(
    "other",
    [
        {"models": (replace(USE, sha256="0" * 64),)},
        {"backend": "torch_bf16"},
    ],
)
def test_other_models_or_another_arithmetic_are_not_compared(other: dict[str, Any]) -> None:
    now, then = study("now", image("n")), study("then", image("t"))
    change = change_since(now, result("now", scored("n", 0.5)), then, result("then", scored("t", 0.2), **other), {})
    assert "Other models" in change.views[0].reason
    assert change.views[0].difference is None


def test_another_number_of_mirror_images_is_not_compared() -> None:
    now, then = study("now", image("n")), study("then", image("t"))
    once = replace(scored("t", 0.2), spread_over="", uncertainty=None)
    change = change_since(now, result("now", scored("n", 0.5)), then, result("then", once), {})
    assert change.views[0].difference is None


def test_without_an_earlier_exam_or_its_analysis_nothing_is_compared() -> None:
    now, then = study("now", image("n")), study("then", image("t"))
    ours = result("now", scored("n", 0.5))
    assert change_since(now, ours, None, None, {}).reason == "There is no earlier exam."
    alone = change_since(now, ours, then, None, {})
    assert alone.reason == "The earlier exam was not analysed by the AI."
    assert alone.views == ()
    assert change_since(now, None, then, ours, {}).reason == "This exam was not analysed by the AI."


def test_an_image_that_was_not_scored_says_why() -> None:
    now, then = study("now", image("n")), study("then", image("t"))
    blank = ImageResult("t", warnings=("Not scored: no breast was found in the image.",))
    change = change_since(now, result("now", scored("n", 0.5)), then, result("then", blank), {})
    assert "no breast was found" in change.views[0].reason


def test_only_plain_standard_views_are_compared() -> None:
    made = study(
        "s",
        image("spot", modifiers=(ViewModifier.SPOT,)),
        image("ml", view=ViewPosition.ML),
        image("part", is_partial=True),
        image("good"),
    )
    assert [one.id for one in compared_views(made)] == ["good"]


def test_places_are_in_mm_or_in_shares_of_the_depth() -> None:
    there = finding("f", 400, 400)
    in_mm = place_of(there, frame())
    assert in_mm is not None
    assert (in_mm.depth, in_mm.across) == pytest.approx((30.0, 10.0))
    assert in_mm.distance == pytest.approx(31.6, abs=0.05)
    shares = place_of(there, frame(None))
    assert shares is not None
    assert shares.unit == "depths"
    assert shares.depth == pytest.approx(30 / 70)
    nowhere = replace(frame(), landmarks=Landmarks(None, WallLine(None)))
    assert place_of(there, nowhere) is None
    assert place_of(there, None) is None
    no_wall = replace(frame(None), landmarks=Landmarks(Nipple((500.0, 700.0), 0.9), WallLine(None)))
    assert place_of(there, no_wall) is None


@pytest.fixture
def two_exams(tmp_path: Path) -> Path:
    """The left views of two exams of one woman as DICOM files, a year apart."""
    for path in write_phantom(tmp_path / "exams", seed=4, priors=1, rows=768, columns=624):
        if path.name.startswith("R"):
            path.unlink()
    return tmp_path / "exams"


@pytest.fixture
def open_exams(ear, two_exams) -> Iterator[Callable[..., Session]]:
    sessions: list[Session] = []

    def make(engine: str = "fake_children:engine", **changes: Any) -> Session:
        settings = replace(Settings(), analyse_on_open=False, device="cpu", **changes)
        sessions.append(Session(settings, ear, engine=engine))
        sessions[-1].open([two_exams])
        ear.wait(PixelsReady, count=2)
        return sessions[-1]

    yield make
    for session in sessions:
        session.close()


def asked(session: Session, study_uid: str) -> Any:
    told: list[Any] = []
    came = threading.Event()
    session.questions.ask_change(study_uid, lambda answer: (told.append(answer), came.set()))
    assert came.wait(60), "no answer came"
    return told[0]


def test_in_worklist_reading_the_prior_is_analysed_too_and_concealed_alike(open_exams, ear) -> None:
    session = open_exams()
    now, then = session.studies
    assert now.date > then.date
    session.veil.begin()
    session.analyze(now.uid)
    ear.wait(ResultsConcealed, count=2)
    assert [event.study_uid for event in ear.of(ResultsConcealed)] == [now.uid, then.uid], "the current one first"
    assert [event.study_uid for event in ear.of(AnalysisStarted)] == [now.uid, then.uid]

    refused = asked(session, now.uid)
    assert isinstance(refused, Problem)
    assert refused.code == "concealed"
    assert ear.of(QuestionAnswered) == []
    assert session.result_of(then.uid) is None

    session.veil.lift(now.uid)
    unread = asked(session, now.uid)
    assert "read that exam first" in unread.reason
    assert unread.views == ()
    session.veil.drop(now.uid)
    session.veil.lift(now.uid, [then.uid])
    change = asked(session, now.uid)
    assert isinstance(change, PriorChange)
    assert (change.study_uid, change.prior_uid) == (now.uid, then.uid)
    assert [view.label for view in change.views] == ["LCC", "LMLO"]
    assert [view.difference for view in change.views] == [0.0, 0.0]
    ear.wait(lambda one: isinstance(one, QuestionAnswered) and one.answer == change)
    assert session.result_of(then.uid) is None, "it hangs concealed as before"

    session.analyze(now.uid)
    ear.wait(ExamAnalysed, count=2)
    assert [event.study_uid for event in ear.of(AnalysisStarted)][2:] == [now.uid], "the prior is not done again"


def test_without_a_worklist_the_prior_is_not_analysed_unasked(open_exams, ear) -> None:
    session = open_exams()
    now, then = session.studies
    session.analyze(now.uid)
    ear.wait(ExamAnalysed)
    assert [event.study_uid for event in ear.of(AnalysisStarted)] == [now.uid]
    assert asked(session, now.uid).reason == "The earlier exam was not analysed by the AI."
    assert asked(session, then.uid).reason == "There is no earlier exam."


def test_a_study_that_is_not_open_has_no_change(open_exams) -> None:
    assert asked(open_exams(), "nothing").code == "question"


@pytest.mark.slow
def test_real_models_on_two_exams_of_one_woman(open_exams, ear) -> None:
    session = open_exams(ENGINE, saliency="none", flips=False)
    now, then = session.studies
    for uid in (now.uid, then.uid):
        session.analyze(uid)
    ear.wait(ExamAnalysed, count=2, timeout_s=180)
    change = asked(session, now.uid)
    assert [view.label for view in change.views] == ["LCC", "LMLO"]
    for view, image_now in zip(change.views, compared_views(now), strict=True):
        assert view.reason == ""
        ours = next(one for one in session.image_results_of(now.uid) if one.image_id == image_now.id)
        assert view.now.score == ours.p_malignant
        assert view.difference == pytest.approx(view.now.score - view.then.score)
        told = len(view.persisting) + len(view.new) + sum(s in view.now.spots for s in view.unplaced)
        assert told == len(ours.findings), "every finding of now is told once"
    swapped = change_since(then, session.result_of(then.uid), now, session.result_of(now.uid), {})
    assert [view.difference for view in swapped.views] == [-view.difference for view in change.views]
