"""``mammoview tune`` does all that the wizard's later pages do."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from mammoview.cli.app import main
from mammoview.models import registry
from mammoview.session.tuning.project import Page, find_project, new_project
from mammoview.training.tuning.messages import TuneTask


def _load() -> ModuleType:
    path = Path(__file__).parents[1] / "training" / "tuning" / "made_up_site.py"
    spec = importlib.util.spec_from_file_location("made_up_site", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_from_the_plan_to_roll_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAMMOVIEW_HOME", str(tmp_path / "home"))
    made_up = _load()
    parent = registry.install(made_up.write_parent(tmp_path / "parent", TuneTask.SEGMENT).folder)
    opened, _ = new_project("Site A", task=TuneTask.SEGMENT, parent=parent.key)
    with opened:
        made_up.write_site(opened.path)

    def tune(*words: str) -> str:
        with pytest.raises(SystemExit) as left:
            main(["tune", *words])
        said = capsys.readouterr()
        assert left.value.code in (0, None), said.err
        return said.out

    planned = tune("plan", "Site A", "--device", "cpu", "--epochs", "2", "--batch-size", "4", "--no-measure")
    assert "To learn from: 12 patients with 12 images; 6 watched meanwhile, 6 sealed." in planned
    assert "mammoview train segment --config config.toml" in planned
    assert "Epoch 2 of 2: loss" in tune("run", "Site A")
    judged = tune("verdict", "Site A")
    assert "The new model is" in judged or "cannot be told with 6 patients" in judged
    published = tune("publish", "Site A", "--activate", "--reason", "a test", "--export", str(tmp_path / "out"))
    assert "In use: site-parent-segment@0.1" in published
    assert (tmp_path / "out.mvmodel").exists()
    folder = find_project("Site A")
    assert folder.is_finished(Page.PUBLISH, folder.load())
    assert "activated" in tune("record")
    assert "the models that came with the program" in tune("rollback", "segmentation")
    assert registry.chosen(registry.find("site-parent-segment").task) == ()
    assert "rolled back" in tune("record")


def test_what_cannot_be_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAMMOVIEW_HOME", str(tmp_path / "home"))
    for words in (["verdict", "nobody"], ["rollback", "nothing"], ["rollback", "patch"]):
        with pytest.raises(SystemExit) as left:
            main(["tune", *words])
        assert left.value.code in (2, 3)
        assert "Traceback" not in capsys.readouterr().err
