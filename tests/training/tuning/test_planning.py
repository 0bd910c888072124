"""The plan: the schedules of the papers, the config that is read, the cost, the commands."""

from __future__ import annotations

import os
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mammoview.core.errors import InputError, UsageError
from mammoview.core.paths import shipped_models
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.config import read_config
from mammoview.training.recipes.launch import Kind, Order, launch
from mammoview.training.tuning import costing, planning
from mammoview.training.tuning.costing import Cost
from mammoview.training.tuning.files import Files
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.plan_file import PLAN_REPORT, read_plan
from mammoview.training.tuning.planning import plan
from mammoview.training.tuning.run_messages import PlanReport, PlanRequest, RunRequest
from mammoview.training.tuning.running import run
from mammoview.training.tuning.schedules import Wishes, later, schedule_for, site_id, to_toml

Make = Callable[..., Path]
Parents = dict[TuneTask, PackageInfo]
CONFIGS = Path(__file__).parents[3] / "trainers" / "configs"


def scheduled(task: TuneTask, patients: int = 20, *, watched: int = 0, **wishes: object) -> dict[str, object]:
    names = {TuneTask.IMAGE: "cbis-whole-image-1-0.3", TuneTask.SEGMENT: "cesm-bcir-unet-1-0.2"}
    manifest = read_info(shipped_models() / names.get(task, "cbis-patch-1-0.3")).manifest
    words = schedule_for(
        task,
        manifest,
        parameters=10**6,
        samples=2 * patients,
        patients=patients,
        watched=watched,
        wishes=Wishes(**wishes),  # type: ignore[arg-type]
    ).words
    return dict(words)


def asked(folder: Path, parents: Parents, task: TuneTask, **words: object) -> PlanReport:
    request = PlanRequest(str(folder), task, str(parents[task].folder), **{"device": "cpu", **words})  # type: ignore[arg-type]
    return plan(request, lambda *_: None, lambda: False, lambda _: None)


def test_a_compact_classifier_is_tuned_as_the_config_that_comes_with_the_program() -> None:
    known = read_config(CONFIGS / "transfer.toml")
    words = scheduled(TuneTask.IMAGE)
    assert words["stages"] == [stage.model_dump(exclude_defaults=True) for stage in known.stages]
    assert words["augment"] == {name: getattr(known.augment, name) for name in words["augment"]}  # type: ignore[attr-defined]
    assert (words["batch_size"], words["loss"]) == (known.batch_size, known.loss)


def test_the_case_count_decides_who_is_watched_and_when_it_stops() -> None:
    assert "watch" not in scheduled(TuneTask.IMAGE, 20)
    assert scheduled(TuneTask.IMAGE, 50)["watch"] == {"value": "auc", "share": 0.2, "keep": "last"}
    assert scheduled(TuneTask.SEGMENT, 20, watched=5)["watch"] == {"value": "dice", "fold": 1, "keep": "last"}
    many = scheduled(TuneTask.PATCH, 400, watched=80)
    assert many["watch"] == {"value": "accuracy", "fold": 1, "keep": "best"}
    assert all(stage["patience"] == 5 for stage in many["stages"])  # type: ignore[attr-defined]


def test_an_expert_changes_epochs_rate_and_batch() -> None:
    words = scheduled(TuneTask.SEGMENT, epochs=3, learning_rate_factor=0.5, batch_size=2, seed=9)
    (stage,) = words["stages"]  # type: ignore[misc]
    assert (stage["epochs"], stage["learning_rate"]) == (3, 5e-5)
    assert (words["batch_size"], words["seed"]) == (2, 9)
    # A batch larger than all there is would leave everything out.
    assert scheduled(TuneTask.SEGMENT, 2)["batch_size"] == 4
    with pytest.raises(UsageError, match="nothing is trained"):
        scheduled(TuneTask.CALIBRATE)


def test_names_and_versions_of_what_is_tuned_again() -> None:
    assert site_id("cbis-patch-1") == "site-cbis-patch-1"
    assert site_id("site-cbis-patch-1") == "site-cbis-patch-1"
    assert len(site_id("x" * 64)) == 64
    assert later("0.9") == "0.10"


def test_the_config_file_is_what_mammoview_train_reads_and_gives_the_same_weights(
    project: Make, parents: Parents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(TuneTask.SEGMENT, epochs=1)
    parent = parents[TuneTask.SEGMENT].folder
    report = run(
        RunRequest(str(folder), TuneTask.SEGMENT, str(parent), device="cpu"),
        lambda *_: None,
        lambda: False,
        lambda _: None,
    )
    # As its command says: in the project's folder.
    monkeypatch.chdir(folder)
    out = tmp_path / "elsewhere"
    info = launch(
        Order(Kind.SEGMENT, Path("config.toml"), Path("cases.csv"), out, parent=parent, device="cpu"),
        lambda *_: None,
    )
    theirs = read_info(Path(report.package)).manifest.files
    assert info.manifest.files["weights.safetensors"] == theirs["weights.safetensors"]
    assert info.evaluation() == read_info(Path(report.package)).evaluation()


def test_two_batches_tell_the_cost(project: Make, parents: Parents) -> None:
    folder = project(TuneTask.SEGMENT)
    before = {path.name for path in (folder / "run").glob("*")}
    report = asked(folder, parents, TuneTask.SEGMENT, epochs=4)
    assert report.minutes_per_epoch is not None
    assert report.minutes is not None
    assert report.minutes == pytest.approx(report.minutes_to_prepare + 4 * report.minutes_per_epoch)  # type: ignore[operator]
    assert report.memory_mb is None or report.memory_mb > 50
    assert (report.images, report.patients, report.watched, report.sealed) == (12, 12, 6, 6)
    assert report.precision in ("fp32", "bf16")
    assert "to the last bit" in report.reproducible
    assert {path.name for path in (folder / "run").glob("*")} == before
    assert read_plan(folder) == report
    (folder / PLAN_REPORT).write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"plan\.json cannot be read"):
        read_plan(folder)


def test_a_batch_that_does_not_fit_is_halved_in_the_plan(
    project: Make, parents: Parents, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(TuneTask.SEGMENT)
    real = costing._seconds

    def step(package: object, config: object, batch: object, *rest: object) -> tuple[float, float]:
        if len(batch.images) > 2:  # type: ignore[attr-defined]
            raise torch.OutOfMemoryError("too large")
        return real(package, config, batch, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(costing, "_seconds", step)
    report = asked(folder, parents, TuneTask.SEGMENT, batch_size=8)
    assert report.batch_size == 2
    assert any("8 does not fit" in note for note in report.notes)
    assert Files(folder).config().batch_size == 2


def test_commands_for_many_devices(project: Make, parents: Parents) -> None:
    folder = project(TuneTask.SEGMENT)
    report = asked(folder, parents, TuneTask.SEGMENT, devices=4, nodes=2, is_measured=False)
    words = shlex.split(report.torchrun)
    assert words[words.index("--nproc-per-node") + 1] == "4"
    assert words[words.index("--nnodes") + 1] == "2"
    assert words[words.index("train") + 1] == "segment"
    assert "#SBATCH --gpus-per-node=4" in report.slurm
    assert "--devices 4 --nodes 2" in report.slurm
    assert report.command.startswith(f"cd {folder}")


def test_a_plan_says_when_a_side_is_empty(project: Make, parents: Parents) -> None:
    folder = project(TuneTask.IMAGE)
    table = folder / "cases.csv"
    table.write_text(
        table.read_text(encoding="utf-8").replace("benign", "unknown").replace("malignant", "unknown"), encoding="utf-8"
    )
    with pytest.raises(UsageError, match="nothing to learn from"):
        asked(folder, parents, TuneTask.IMAGE)


def test_any_words_survive_the_config_file() -> None:
    words = {"seed": 1, "package": {"title": 'a "quoted"\n\x7f word — é'}, "stages": [{"name": "x", "rate": 1e-5}]}
    assert tomllib.loads(to_toml(words, head="two\nlines")) == words
    assert os.linesep


def test_an_epoch_costs_its_samples_and_those_who_are_watched() -> None:
    """Patches: a lesion and two places of background in each image; ten batches of ten, and half a batch to watch."""
    cost = Cost(2.0, 0.5, 1.0, None, 10, samples_per_case=3.0)
    assert cost.epoch_s(34, 0) == 20.0
    assert cost.epoch_s(34, 4) == 21.0
    # A handful of samples is one batch.
    assert cost.epoch_s(1, 0) == 2.0


def test_the_samples_of_a_case_are_counted(project: Make, parents: Parents, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[TuneTask, Cost] = {}
    real = planning.measure_cost
    for task in (TuneTask.IMAGE, TuneTask.PATCH, TuneTask.SEGMENT):

        def kept(*given: object, task: TuneTask = task, **words: object) -> Cost:
            found[task] = real(*given, **words)  # type: ignore[arg-type]
            return found[task]

        monkeypatch.setattr(planning, "measure_cost", kept)
        project(task, name=task.value, is_measured=True, precision="fp32")
    # One disc in each image; a patch classifier learns from two places of background beside it.
    assert {task: cost.samples_per_case for task, cost in found.items()} == {
        TuneTask.IMAGE: 1.0,
        TuneTask.PATCH: 3.0,
        TuneTask.SEGMENT: 1.0,
    }
    assert all(0 < cost.seconds_per_look < cost.seconds_per_step for cost in found.values())
