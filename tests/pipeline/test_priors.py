"""Comparison with earlier exams: which take part, what is kept apart, what happens when one cannot be read."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mammoview.core.errors import CancelledError, DecodeError
from mammoview.core.progress import never_cancel
from mammoview.core.study import Laterality, Mammogram, Study, ViewPosition
from mammoview.models.export import write_package
from mammoview.models.loading import load
from mammoview.models.manifest import Calibration, Evaluation, Identity, Score, Task
from mammoview.models.networks import build
from mammoview.models.preprocess import ImageSpec, Preprocess
from mammoview.models.registry import PackageInfo, activate, active
from mammoview.models.runtime import Runner, open_runner
from mammoview.pipeline import runner as pipeline_runner
from mammoview.pipeline.priors import Comparison, months_of
from mammoview.pipeline.request import AnalysisRequest
from mammoview.pipeline.shelf import Shelf

BODY = {"depths": [1, 1, 1, 1], "width": 4, "in_channels": 1}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> PackageInfo:
    torch.manual_seed(4)
    net = build("gru-priors", {"body": BODY, "embedding": 8, "hidden": 8})
    return write_package(
        tmp_path_factory.mktemp("priors") / "package",
        net,
        identity=Identity(
            id="toy-priors",
            version="1",
            name="Toy",
            task=Task.PRIORS,
            labels=("stable", "growing"),
            score=Score(meaning="experimental: growth of a toy", training_prevalence=0.5),
            licence="Apache-2.0",
            training_data="None.",
            experimental=True,
        ),
        preprocess=Preprocess(image=ImageSpec(rows=64, columns=32)),
        calibration=Calibration(),
        evaluation=Evaluation(),
        card="# Toy\n",
    )


@pytest.fixture(scope="module")
def runner(package: PackageInfo) -> Runner:
    return open_runner(load(package), threads=1)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch, make_prepared) -> list[str]:  # type: ignore[no-untyped-def]
    """What was decoded for the comparison, in order."""
    read: list[str] = []

    def fake(image: Mammogram, *, is_scored: bool) -> object:
        assert not is_scored, "nobody looks for candidates in an earlier exam"
        read.append(image.id)
        if image.id.startswith("bad"):
            raise DecodeError(f"{image.path} is damaged.", "Copy it again.")
        return make_prepared(image)

    monkeypatch.setattr("mammoview.pipeline.priors.prepare", fake)
    return read


@pytest.fixture
def exam(make_mammogram):  # type: ignore[no-untyped-def]
    def make(name: str, day: str, **changes: object) -> Study:
        images = tuple(
            make_mammogram(
                f"{name}-{side.value}{view.value}",
                **{"laterality": side, "view": view, "study_date": day, "study_uid": name, **changes},
            )
            for side in Laterality
            for view in (ViewPosition.CC, ViewPosition.MLO)
        )
        return Study(name, "P1", "Toy", day, images)

    return make


def compare(runner: Runner, current: Study, priors: list[Study], make_prepared):  # type: ignore[no-untyped-def]
    comparison = Comparison(runner, priors, current.images)
    for image in current.images:
        comparison.see(make_prepared(image))
    return comparison.finish(lambda text: None, never_cancel), comparison


def test_earlier_exams_are_compared(runner, exam, reading, make_prepared) -> None:  # type: ignore[no-untyped-def]
    now, before, long_ago = exam("now", "20250110"), exam("before", "20240110"), exam("long-ago", "20221210")
    found, _ = compare(runner, now, [long_ago, before], make_prepared)
    assert 0.0 < found.score < 1.0
    assert found.model == "toy-priors@1"
    assert [one.study_uid for one in found.exams] == ["now", "before", "long-ago"]
    assert [one.months_before for one in found.exams] == [0.0, 12.0, 25.0]
    assert found.exams[1].image_ids == tuple(image.id for image in before.images)
    assert found.words == "experimental: compared with 2 earlier exams, 12 and 25 months before"
    assert "experimental" in found.meaning.text


def test_order_of_the_exams_does_not_matter_but_their_dates_do(runner, exam, reading, make_prepared) -> None:  # type: ignore[no-untyped-def]
    now, a, b = exam("now", "20250110"), exam("a", "20240110"), exam("b", "20220110")
    score = compare(runner, now, [a, b], make_prepared)[0].score
    assert compare(runner, now, [b, a], make_prepared)[0].score == score
    swapped = [replace(a, date=b.date), replace(b, date=a.date)]
    assert compare(runner, now, swapped, make_prepared)[0].score != pytest.approx(score, abs=1e-6)


def test_score_is_the_nets_own(runner, package, exam, reading, make_prepared) -> None:  # type: ignore[no-untyped-def]
    from mammoview.models.networks.temporal import pack
    from mammoview.models.preprocess import prepare_image

    now, before = exam("now", "20250110"), exam("before", "20230710")
    found, _ = compare(runner, now, [before], make_prepared)
    net = load(package).network()
    inputs = []
    for image in (*before.images, *now.images):
        prepared = make_prepared(image)
        values, _ = prepare_image(
            prepared.cleaned, ImageSpec(rows=64, columns=32), breast=prepared.suppression.breast.to_array()
        )
        inputs.append(values)
    with torch.no_grad():
        embeddings = net.embed(torch.from_numpy(np.stack(inputs))).reshape(1, 2, 4, -1)
        months = torch.tensor([[-found.exams[1].months_before, 0.0]])
        logits = net(pack(embeddings, torch.ones(1, 2, 4, dtype=torch.bool), months))
    assert found.score == pytest.approx(float(logits.softmax(1)[0, 1]), abs=1e-3)


@pytest.mark.parametrize("day", ["20250110", "20250301", "", "once", "20249999"])
def test_exams_that_are_not_earlier_take_no_part(day: str, runner, exam, reading, make_prepared) -> None:  # type: ignore[no-untyped-def]
    found, _ = compare(runner, exam("now", "20250110"), [exam("other", day)], make_prepared)
    assert found is None
    assert reading == []


def test_undated_exam_is_compared_with_nothing(runner, exam, reading, make_prepared) -> None:  # type: ignore[no-untyped-def]
    assert compare(runner, exam("now", ""), [exam("before", "20240110")], make_prepared)[0] is None
    assert reading == []


def test_views_that_cannot_be_used_are_left_out(runner, exam, reading, make_prepared) -> None:  # type: ignore[no-untyped-def]
    before = exam("before", "20240110")
    bad = replace(before.images[1], id="bad", path="/nowhere/bad.png", relative_path="bad.png")
    spot = replace(before.images[2], view=ViewPosition.ML)
    again = replace(before.images[0], id="again")
    before = replace(before, images=(before.images[0], bad, spot, again))
    found, comparison = compare(runner, exam("now", "20250110"), [before], make_prepared)
    assert found.exams[1].image_ids == (before.images[0].id,)
    assert reading == [before.images[0].id, "bad"], "only standard views are read, and each once"
    assert comparison.warnings == ["bad.png: /nowhere/bad.png is damaged."]


def test_exam_of_which_nothing_can_be_read_takes_no_part(runner, exam, reading, make_prepared) -> None:  # type: ignore[no-untyped-def]
    before = exam("before", "20240110")
    before = replace(before, images=tuple(replace(image, id=f"bad-{image.id}") for image in before.images))
    found, comparison = compare(runner, exam("now", "20250110"), [before], make_prepared)
    assert found is None
    assert len(comparison.warnings) == 4


def test_stops_when_asked(runner, exam, reading, make_prepared) -> None:  # type: ignore[no-untyped-def]
    now = exam("now", "20250110")
    comparison = Comparison(runner, [exam("before", "20240110")], now.images)
    comparison.see(make_prepared(now.images[0]))
    with pytest.raises(CancelledError):
        comparison.finish(lambda text: None, lambda: True)
    assert reading == []


def test_months_are_those_of_the_calendar() -> None:
    first, second = months_of("20240131"), months_of("20250131")
    assert first is not None
    assert second is not None
    assert second - first == pytest.approx(12.0, abs=0.05)
    assert months_of("2024") is None


def test_result_keeps_the_score_apart(quick_stages, networks, runner, exam, reading) -> None:  # type: ignore[no-untyped-def]
    now, before = exam("now", "20250110"), exam("before", "20240110")
    request = AnalysisRequest(now.images, "now", priors=(before,))
    plain = pipeline_runner.run(request, networks=networks)
    networks.comparer = lambda asked: Comparison(runner, asked.priors, asked.images)
    told: list[str] = []
    compared = pipeline_runner.run(request, lambda share, text: told.append(text), networks=networks)
    assert plain.priors is None
    assert compared.priors is not None
    assert compared.p_malignant == plain.p_malignant
    assert [one.p_malignant for one in compared.images] == [one.p_malignant for one in plain.images]
    assert "Comparing with the exam of 20240110" in told


def test_earlier_exams_are_part_of_what_is_asked(exam) -> None:  # type: ignore[no-untyped-def]
    now, before = exam("now", "20250110"), exam("before", "20240110")
    alone, compared = (AnalysisRequest(now.images, "now", priors=priors) for priors in ((), (before,)))
    assert alone.fingerprint != compared.fingerprint


def test_nothing_is_compared_unless_asked_for(
    package: PackageInfo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import shutil

    models = tmp_path / "models"
    models.mkdir()
    shutil.copytree(package.folder, models / "toy-priors-1")
    monkeypatch.setattr("mammoview.core.paths.user_models", lambda: models)
    request = AnalysisRequest((), "now", device="cpu", threads=1)
    shelf = Shelf()
    assert active(Task.PRIORS) == ()
    assert shelf.open(request).comparison(request) is None
    named = shelf.open(replace(request, models=("toy-priors",)))
    assert named.comparison(request) is not None
    assert hashlib.sha256((package.folder / "manifest.json").read_bytes()).hexdigest() in {
        use.sha256 for use in named.uses
    }
    activate(package)
    assert shelf.open(request).comparison(request) is not None
