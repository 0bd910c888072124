"""The first pages of the wizard from the command line, with the files that the window uses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "training" / "tuning"))
from case_makers import write_site

from mammoview.cli.tune_cases import add_to
from mammoview.core.errors import InputError, UsageError
from mammoview.session.tuning.errors import ProjectInUseError, TuningError
from mammoview.session.tuning.project import Page, find_project, open_project

PARENT = "cbis-whole-image-1"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAMMOVIEW_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_site(tmp_path / "site", 16, views=("CC",))


def ran(*words: object) -> Result:
    group = typer.Typer()
    add_to(group)
    result = CliRunner().invoke(group, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def said(*words: object) -> str:
    result = ran(*words)
    assert result.exit_code == 0, result.output
    return str(result.output)


def test_project_goes_from_task_to_sealed_split(table: Path) -> None:
    assert "There are no projects yet" in said("status")
    assert f"from {PARENT}@" in said("new", "site", "--task", "image", "--parent", PARENT)
    assert "32 images of 16 patients; 32 with a label" in said("cases", "site", "--table", table)
    text = said("audit", "site")
    assert "label: benign 24 (16), malignant 8 (8)" in text
    assert "A test set of 2 patients with and 2 without malignancy is too small for any interval" in text
    assert "Nothing is sealed yet." in said("split", "site", "--seed", "5", "--preview")
    assert "Sealed: " in said("split", "site", "--seed", "5", "--test-share", "0.25", "--validation-share", "0.25")
    (state,) = json.loads(said("status", "--json"))
    assert (state["next"], state["finished"]) == ("plan", ["task", "cases", "audit", "split"])
    opened, project = open_project("site")
    with opened:
        assert (project.seed, project.test_share, project.page) == (5, 0.25, Page.PLAN)
    with pytest.raises(UsageError, match="sealed"):
        ran("split", "site", "--seed", "6")


def test_preview_shows_what_would_be_understood_and_reads_nothing(table: Path, home: Path) -> None:
    said("new", "site", "--task", "image", "--parent", PARENT)
    text = said("cases", "site", "--table", table, "--preview", "--column", "label=view")
    assert "patient = patient  (PAT0)" in text
    assert "label “CC”: 32 rows, not understood: refused" in text
    assert not (home / "tuning" / "site" / "cases.csv").exists()


def test_copies_list_what_was_removed(table: Path) -> None:
    said("new", "site", "--task", "image", "--parent", PARENT)
    text = said("cases", "site", "--table", table, "--copy", "--dates", "shift")
    assert "(0010,0010) PatientName: new name in 32 images" in text
    assert "(0008,0020) StudyDate: date moved in 32 images" in text


def test_what_must_be_put_right_first_is_an_exit_code(table: Path) -> None:
    said("new", "site", "--task", "segment", "--parent", "cesm-bcir-unet-1")
    said("cases", "site", "--table", table)
    result = ran("audit", "site", "--no-pixels")
    assert result.exit_code == 3
    assert "stop: too few cases: 32 of 32 images lack outlines or masks" in result.output
    folder = find_project("site")
    assert not folder.is_finished(Page.AUDIT, folder.load())
    with pytest.raises(TuningError, match=r"cannot be sealed.*32 of 32 images lack outlines"):
        ran("split", "site")
    assert not (folder.path / "sealed.json").exists()
    assert "Nothing is sealed yet." in said("split", "site", "--preview")


def test_cases_that_were_not_audited_are_not_sealed(table: Path) -> None:
    said("new", "site", "--task", "image", "--parent", PARENT)
    said("cases", "site", "--table", table)
    with pytest.raises(TuningError, match="not audited as they are now") as told:
        ran("split", "site")
    assert "Audit" in told.value.hint
    said("audit", "site", "--no-pixels")
    said("split", "site")


def test_signed_reads_need_a_reader_of_the_worklist(table: Path) -> None:
    said("new", "site", "--task", "image", "--parent", PARENT)
    with pytest.raises(Exception, match="reader or the passphrase"):
        ran("cases", "site", "--reader", "nobody")


def test_one_source_is_asked_for_and_one_wizard_at_a_time(table: Path) -> None:
    said("new", "site", "--task", "image", "--parent", PARENT)
    with pytest.raises(UsageError, match="one place"):
        ran("cases", "site")
    with pytest.raises(UsageError, match="FIELD=COLUMN"):
        ran("cases", "site", "--table", table, "--column", "label")
    with pytest.raises(TuningError, match="no project"):
        ran("audit", "other")
    with open_project("site")[0], pytest.raises(ProjectInUseError):
        ran("audit", "site")
    with pytest.raises(InputError):
        ran("audit", "site")


def test_commands_belong_to_the_program() -> None:
    from mammoview.cli.app import app

    result = CliRunner().invoke(app, ["tune", "--help"])
    assert all(word in result.output for word in ("new", "cases", "audit", "split", "status", "plan", "publish"))
