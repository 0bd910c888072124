"""The verdict, the package and its use: from a run to the old model again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mammoview.core import paths
from mammoview.core.errors import DamagedDocumentError, InputError, ModelPackageError, OutputError, UsageError
from mammoview.models import registry
from mammoview.models.loading import load
from mammoview.models.manifest import Task
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.judging.sentence import Outcome
from mammoview.training.judging.site_verdict import SiteVerdict, from_json
from mammoview.training.tuning import activations
from mammoview.training.tuning.activations import activate_tuned, can_roll_back, read_record, record_path, roll_back
from mammoview.training.tuning.files import CASES_REPORT, Files
from mammoview.training.tuning.judging_site import AGREEMENT, judge
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.publishing import publish_tuned, take_result
from mammoview.training.tuning.run_messages import PublishReport, PublishRequest, RunRequest, VerdictRequest
from mammoview.training.tuning.running import run

Make = Callable[..., Path]
Parents = dict[TuneTask, PackageInfo]


def trained(folder: Path, parents: Parents, task: TuneTask) -> SiteVerdict:
    parent = str(parents[task].folder)
    run(RunRequest(str(folder), task, parent, device="cpu"), lambda *_: None, lambda: False, lambda _: None)
    return judge(VerdictRequest(str(folder), task, parent), lambda *_: None, lambda: False, lambda _: None)


def published(folder: Path, parents: Parents, task: TuneTask, **words: str) -> PublishReport:
    request = PublishRequest(str(folder), task, str(parents[task].folder), **words)
    return publish_tuned(request, lambda *_: None, lambda: False, lambda _: None)


@pytest.mark.parametrize("task", [TuneTask.IMAGE, TuneTask.PATCH, TuneTask.SEGMENT])
def test_from_a_run_to_its_use_and_back(project: Make, parents: Parents, task: TuneTask) -> None:
    folder = project(task, epochs=1)
    verdict = trained(folder, parents, task)
    assert verdict.change.patients == 6
    assert verdict.new.key == f"site-parent-{task.value}@0.1"
    assert verdict.old.key == parents[task].key
    assert from_json((folder / "verdict.json").read_text(encoding="utf-8")) == verdict
    if task is TuneTask.IMAGE:
        assert verdict.old.roc is not None
        assert {Path(case.image).parent for case in verdict.worse} <= {folder}
    # Three of each class have no interval.
    assert any("6 patients are few" in note or "told from 6 patients" in note for note in verdict.notes)
    if task is TuneTask.IMAGE:
        assert verdict.change.difference.low is None
    report = published(folder, parents, task)
    info = registry.find(report.key)
    card = (info.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"## Against `{parents[task].key}`" in card
    assert verdict.sentence in card
    assert parents[task].sha256 in card
    assert any(one.name.endswith("_change") for one in load(info).evaluation.metrics) or verdict.change.value is None  # type: ignore[attr-defined]
    before = registry.active(info.task)
    activate_tuned(info, replace(verdict, outcome=Outcome.UNTOLD))
    assert registry.active(info.task) == (info,)
    assert can_roll_back(info.task)
    roll_back(info.task)
    assert registry.active(info.task) == before or registry.chosen(info.task) == ()
    assert not can_roll_back(info.task)
    assert [entry.act for entry in read_record()] == ["activated", "rolled back"]


def test_a_verdict_names_the_sealed_split_and_refuses_another(project: Make, parents: Parents) -> None:
    folder = project(TuneTask.SEGMENT, epochs=1)
    verdict = trained(folder, parents, TuneTask.SEGMENT)
    assert verdict.test_sha256 == Files(folder).sides().split.sha256
    table = folder / "split.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("w00,training", "w00,test"), encoding="utf-8")
    request = VerdictRequest(str(folder), TuneTask.SEGMENT, str(parents[TuneTask.SEGMENT].folder))
    with pytest.raises(UsageError, match="may know the patients of the sealed test set"):
        judge(request, lambda *_: None, lambda: False, lambda _: None)
    with pytest.raises(UsageError, match="another split"):
        published(folder, parents, TuneTask.SEGMENT)


def test_a_test_set_that_was_changed_judges_nothing(project: Make, parents: Parents) -> None:
    folder = project(TuneTask.SEGMENT, epochs=1)
    trained(folder, parents, TuneTask.SEGMENT)
    table = folder / "cases.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("w06,L,CC,benign", "w06,L,CC,malignant"), "utf-8")
    request = VerdictRequest(str(folder), TuneTask.SEGMENT, str(parents[TuneTask.SEGMENT].folder))
    with pytest.raises(InputError, match="sealed test set was changed"):
        judge(request, lambda *_: None, lambda: False, lambda _: None)


def test_nothing_is_judged_or_published_before_its_time(project: Make, parents: Parents) -> None:
    folder = project(TuneTask.SEGMENT, epochs=1)
    with pytest.raises(UsageError, match="Nothing has been trained"):
        published(folder, parents, TuneTask.SEGMENT)
    parent = str(parents[TuneTask.SEGMENT].folder)
    run(RunRequest(str(folder), TuneTask.SEGMENT, parent), lambda *_: None, lambda: False, lambda _: None)
    with pytest.raises(UsageError, match="not been judged"):
        published(folder, parents, TuneTask.SEGMENT)


def test_a_broken_test_image_and_outlines_of_models_are_told_in_the_verdict(project: Make, parents: Parents) -> None:
    folder = project(TuneTask.SEGMENT, epochs=1)
    (folder / "6.png").write_bytes((folder / "6.png").read_bytes()[:200])
    (folder / CASES_REPORT).write_text('{"ai_outlines": 3}')
    verdict = trained(folder, parents, TuneTask.SEGMENT)
    assert any("drew 3 of the project's outlines" in note for note in verdict.notes)
    assert [Path(name).name for name, _ in verdict.skipped] == ["6.png"]
    assert verdict.change.patients == 5


def test_calibration_alone_leaves_the_weights_and_judges_the_scores(project: Make, parents: Parents) -> None:
    folder = project(TuneTask.CALIBRATE)
    verdict = trained(folder, parents, TuneTask.CALIBRATE)
    old, new = load(parents[TuneTask.CALIBRATE]), load(read_info(folder / "run" / "package"))
    assert all((old.state[name] == value).all() for name, value in new.state.items())
    assert new.calibration.temperature != old.calibration.temperature
    # Neither learned from nor fitted on: the sealed patients.
    assert new.calibration.n_patients == 18
    assert verdict.change.measure == AGREEMENT
    assert verdict.task == "calibrate"
    report = published(folder, parents, TuneTask.CALIBRATE)
    assert registry.find(report.key).manifest.parent_sha256 == old.info.sha256


def test_a_result_from_another_machine_is_taken_after_looking(project: Make, parents: Parents, tmp_path: Path) -> None:
    here, there = project(TuneTask.SEGMENT, epochs=1, name="here"), project(TuneTask.SEGMENT, epochs=1, name="there")
    parent = parents[TuneTask.SEGMENT]
    with pytest.raises(UsageError, match="no finished package"):
        take_result(here, there / "run", parent)
    run(RunRequest(str(there), TuneTask.SEGMENT, str(parent.folder)), lambda *_: None, lambda: False, lambda _: None)
    stranger = tmp_path / "stranger"
    shutil.copytree(there / "run" / "package", stranger / "package")
    with pytest.raises(UsageError, match="was not trained from"):
        take_result(here, stranger, parents[TuneTask.PATCH])
    take_result(here, there / "run", parent)
    assert (here / "run" / "log.jsonl").exists()
    # So is one that was trained in the project's own folder; not a second one from elsewhere.
    assert take_result(here, here / "run", parent) == here / "run" / "package"
    with pytest.raises(UsageError, match="has a trained model already"):
        take_result(here, there / "run", parent)
    card = (here / "run" / "package" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "Learned from 12 patients with 12 images of one site" in " ".join(card.split())
    request = VerdictRequest(str(here), TuneTask.SEGMENT, str(parent.folder))
    assert judge(request, lambda *_: None, lambda: False, lambda _: None).change.patients == 6


def test_the_same_version_is_not_installed_twice(project: Make, parents: Parents) -> None:
    folder = project(TuneTask.SEGMENT, epochs=1)
    trained(folder, parents, TuneTask.SEGMENT)
    # The second time as after a kill between the installation and its answer.
    for _ in range(2):
        assert published(folder, parents, TuneTask.SEGMENT).key == "site-parent-segment@0.1"
    assert [info.id for info in registry.packages()].count("site-parent-segment") == 1
    assert published(folder, parents, TuneTask.SEGMENT, title="Other").key == "site-parent-segment@0.2"
    with pytest.raises(ModelPackageError, match="installed already"):
        published(folder, parents, TuneTask.SEGMENT, version="0.1")


def verdict_of(outcome: Outcome) -> SiteVerdict:
    from mammoview.training.judging.sentence import UNKNOWN, Change, Interval
    from mammoview.training.judging.site_verdict import Side

    gap = {Outcome.WORSE: (-0.2, -0.1), Outcome.BETTER: (0.1, 0.2), Outcome.UNTOLD: (-0.1, 0.1)}[outcome]
    change = Change("AUC", UNKNOWN, UNKNOWN, Interval(sum(gap) / 2, *gap), 0.01, None, 50, 40)
    return SiteVerdict("image", "A sentence.", outcome, change, Side("old@1"), Side("new@1"))


@pytest.fixture
def installed(parents: Parents) -> dict[TuneTask, PackageInfo]:
    """The parents, each in the user's model folder under two versions."""
    found = {}
    for task in (TuneTask.IMAGE, TuneTask.SEGMENT):
        found[task] = registry.install(parents[task].folder)
    return found


def test_a_worse_model_is_activated_only_with_a_reason_that_is_recorded(installed: Parents) -> None:
    info = installed[TuneTask.IMAGE]
    with pytest.raises(UsageError, match="worse than the old one"):
        activate_tuned(info, verdict_of(Outcome.WORSE), reason=" ")
    assert registry.chosen(Task.WHOLE_IMAGE) == ()
    assert read_record() == ()
    activate_tuned(info, verdict_of(Outcome.WORSE), reason="the old one misses our scanner", by="r1")
    (entry,) = read_record()
    assert (entry.outcome, entry.reason, entry.by) == ("worse", "the old one misses our scanner", "r1")
    assert entry.after == (info.key,)
    with pytest.raises(UsageError, match="was not judged"):
        activate_tuned(info, None)


def test_rolling_back_twice_goes_back_twice(installed: Parents) -> None:
    info = installed[TuneTask.IMAGE]
    shipped = registry.active(Task.WHOLE_IMAGE)
    activate_tuned(info, verdict_of(Outcome.BETTER))
    activate_tuned(info, verdict_of(Outcome.UNTOLD))
    roll_back(Task.WHOLE_IMAGE)
    assert registry.active(Task.WHOLE_IMAGE) == (info,)
    roll_back(Task.WHOLE_IMAGE)
    assert registry.chosen(Task.WHOLE_IMAGE) == ()
    assert registry.active(Task.WHOLE_IMAGE) == shipped
    with pytest.raises(UsageError, match="can be taken back"):
        roll_back(Task.WHOLE_IMAGE)
    with pytest.raises(UsageError):
        roll_back(Task.SEGMENTATION)


def test_what_was_removed_cannot_be_put_back(installed: Parents) -> None:
    info = installed[TuneTask.IMAGE]
    activate_tuned(info, verdict_of(Outcome.BETTER))
    activate_tuned(info, verdict_of(Outcome.BETTER))
    shutil.rmtree(info.folder)
    with pytest.raises(UsageError, match="no longer installed"):
        roll_back(Task.WHOLE_IMAGE)


def test_the_record_tells_when_it_was_changed(installed: Parents) -> None:
    info = installed[TuneTask.IMAGE]
    for _ in range(3):
        activate_tuned(info, verdict_of(Outcome.WORSE), reason="because")
    lines = record_path().read_text(encoding="utf-8").splitlines()
    for damaged in (
        [lines[0].replace("because", "nothing"), *lines[1:]],
        [lines[0], lines[2]],
        [lines[1], lines[0], lines[2]],
        [lines[0][:-5], *lines[1:]],
    ):
        record_path().write_text("\n".join(damaged) + "\n", encoding="utf-8")
        with pytest.raises(DamagedDocumentError, match="not as it was written"):
            read_record()
    assert json.loads(lines[1])["previous"] != json.loads(lines[0])["previous"]


def test_without_a_record_nothing_is_activated(installed: Parents, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(activations, "_append", full)
    with pytest.raises(OutputError, match="the models in use are as they were"):
        activate_tuned(installed[TuneTask.IMAGE], verdict_of(Outcome.BETTER))
    assert registry.chosen(Task.WHOLE_IMAGE) == ()
    assert paths.user_models().is_dir()


def test_a_patch_classifier_becomes_a_whole_image_classifier(planned: Make, parents: Parents, tmp_path: Path) -> None:
    """Shen et al. 2019: its body under two blocks of new units; judged against the whole-image classifier in use."""
    parent, used = parents[TuneTask.PATCH], parents[TuneTask.IMAGE]
    # In bf16 a convolution over a map of one pixel, which these images leave, has gradients that are no numbers.
    words = {"epochs": 1, "parent": str(parent.folder), "is_measured": True, "precision": "fp32"}
    folder = planned(tmp_path / "grown", TuneTask.IMAGE, **words)
    config = Files(folder).config()
    assert config.network.architecture == "resnet-whole-image"
    # The body ends with 128 channels; the paper's top stands to 2048 as 512-512-1024.
    assert config.network.sizes["top"] == [[32, 32, 64], [32, 32, 64]]
    assert [(stage.trains, stage.learning_rate, stage.weight_decay) for stage in config.stages] == [
        (("head.*",), 1e-3, 1e-3),
        (("*",), 1e-4, 1e-2),
    ]
    run(
        RunRequest(str(folder), TuneTask.IMAGE, str(parent.folder), "cpu"),
        lambda *_: None,
        lambda: False,
        lambda _: None,
    )
    info = read_info(folder / "run" / "package")
    assert (info.task, info.id) == (Task.WHOLE_IMAGE, "site-parent-patch-image")
    assert info.manifest.parent_sha256 == parent.sha256
    request = VerdictRequest(str(folder), TuneTask.IMAGE, str(parent.folder))
    with pytest.raises(UsageError, match="answer other questions"):
        judge(request, lambda *_: None, lambda: False, lambda _: None)
    verdict = judge(replace(request, against=str(used.folder)), lambda *_: None, lambda: False, lambda _: None)
    assert verdict.old.key == used.key
    assert verdict.change.patients == 6
    assert any("takes no whole images" in note for note in verdict.notes)
    report = publish_tuned(
        PublishRequest(str(folder), TuneTask.IMAGE, str(parent.folder)), lambda *_: None, lambda: False, lambda _: None
    )
    card = (Path(report.folder) / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"## Against `{used.key}`" in card
    assert f"started from `{parent.key}`" in card
