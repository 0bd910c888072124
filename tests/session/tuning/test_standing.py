"""What a project's pages have to show, read from its files alone; which models a task can start from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mammoview.models.manifest import Task
from mammoview.session.tuning.errors import TuningError
from mammoview.session.tuning.parents import MODELS, parents, with_task
from mammoview.session.tuning.project import CASES, Page, new_project
from mammoview.session.tuning.standing import image_of, standing_of, thumbnails_of
from mammoview.session.tuning.tables import preview
from mammoview.training.tuning.messages import CaseSource, SourceKind, TuneTask
from mammoview.training.tuning.plan_file import keep_plan
from mammoview.training.tuning.run_messages import PlanReport


def test_a_new_project_stands_at_its_first_page(home: Path) -> None:
    opened, project = new_project("One")
    with opened:
        standing = standing_of(opened, project)
    assert standing.reached is Page.TASK
    assert not standing.finished
    assert standing.may_open(Page.TASK)
    assert not standing.may_open(Page.CASES)
    assert (standing.cases, standing.audit, standing.seal, standing.verdict) == (None, None, None, None)


def test_a_page_whose_files_changed_is_not_finished_and_damaged_ones_show_nothing(home: Path) -> None:
    opened, project = new_project("Two")
    with opened:
        opened.put(CASES, "path\n")
        project = opened.finish(Page.CASES, opened.finish(Page.TASK, project))
        assert standing_of(opened, project).finished == {Page.TASK, Page.CASES}
        opened.put(CASES, "path,patient\n")
        opened.put("audit.json", "{")
        opened.put("verdict.json", "{")
        opened.put("sealed.json", "[]")
        standing = standing_of(opened, project)
    assert standing.finished == {Page.TASK}
    assert standing.reached is Page.CASES
    assert (standing.audit, standing.seal, standing.verdict) == (None, None, None)


def test_an_image_is_found_by_its_row(tmp_path: Path) -> None:
    (tmp_path / CASES).write_text('path,patient\n"images/a, b.dcm",P1\n/elsewhere/c.dcm,P2\n', encoding="utf-8")
    assert image_of(tmp_path, 0) == tmp_path / "images" / "a, b.dcm"
    assert image_of(tmp_path, 1) == Path("/elsewhere/c.dcm")
    for place in (-1, 2):
        with pytest.raises(TuningError, match="no longer there"):
            image_of(tmp_path, place)


def test_what_a_plan_said_is_read_again(home: Path) -> None:
    report = PlanReport("As published.", 9, 8, "cpu", "fp32", 1, 1, 0, 1, 0.1, 0.2, 900.0, "All of it.", "", "", "")
    opened, project = new_project("Kept")
    with opened:
        assert standing_of(opened, project).plan is None
        keep_plan(opened.path, report)
        assert standing_of(opened, project).plan == report


def test_pictures_come_in_the_order_of_the_cases(tmp_path: Path) -> None:
    (tmp_path / "thumbs").mkdir()
    for name, content in (("000002.jpg", b"two"), ("000000.jpg", b"none"), ("odd.jpg", b"?")):
        (tmp_path / "thumbs" / name).write_bytes(content)
    assert thumbnails_of(tmp_path) == ((0, b"none"), (2, b"two"))


def test_the_models_in_use_come_first_with_their_cards() -> None:
    for task in MODELS:
        found = parents(task)
        assert found, task
        assert found[0].is_active
        assert all("Trained on" in parent.card or "#" in parent.card for parent in found)
        active = [parent.is_active for parent in found]
        assert active == sorted(active, reverse=True)
    assert MODELS[TuneTask.SEGMENT] == (Task.SEGMENTATION,)


def test_another_task_leaves_nothing_that_was_trained_for_the_first() -> None:
    from mammoview.session.tuning.project import Project

    stamps = dict.fromkeys(Page, "x")
    project = Project("Three", task=TuneTask.IMAGE, parent="a@1", stamps=stamps)
    assert with_task(project, TuneTask.IMAGE, "a@1") is project
    changed = with_task(project, TuneTask.SEGMENT, "b@1")
    assert set(changed.stamps) == {Page.TASK, Page.CASES, Page.AUDIT, Page.SPLIT}
    assert (changed.task, changed.parent) == (TuneTask.SEGMENT, "b@1")


def test_a_table_is_previewed_with_the_chosen_columns(tmp_path: Path) -> None:
    table = tmp_path / "site.csv"
    table.write_text("file,id,seite,ebene,befund,alt\na.png,P1,links,CC,benign,malignant\n")
    source = CaseSource(SourceKind.TABLE, str(table))
    assert preview(source).understood[0]["label"] == "benign"
    assert preview(replace(source, columns=(("label", "alt"),))).understood[0]["label"] == "malignant"
