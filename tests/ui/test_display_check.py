"""The dialog of the display check: look, answer, measure, keep."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from mammoview.core.display_check import QUESTIONS, DisplayCheck, Reading
from mammoview.core.paths import display_checks
from mammoview.imaging.gsdf import curve
from mammoview.imaging.test_patterns import LUMINANCE_LEVELS, Family
from mammoview.session.luminance import append, load
from mammoview.session.messages import Messages
from mammoview.session.settings import Settings
from mammoview.ui.bridge import Background
from mammoview.ui.monitors import displays
from mammoview.ui.quality.dialog import DisplayCheckDialog
from mammoview.ui.quality.log import DisplayLog
from mammoview.ui.quality.measure import MeasureDialog

NOW = datetime(2026, 3, 20, 8, 30, tzinfo=UTC)


def readings(white: float = 420.0) -> tuple[Reading, ...]:
    values = curve(0.6, white, count=18)
    return tuple(Reading(level, float(value)) for level, value in zip(LUMINANCE_LEVELS, values, strict=True))


def measured(identity: str, *, days: int = 0, white: float = 420.0, monitor: str = "") -> DisplayCheck:
    key = monitor or displays()[0].key
    time = (NOW - timedelta(days=days)).isoformat()
    return DisplayCheck(identity, time, key, key or "display", person="Ann", readings=readings(white))


@pytest.fixture
def make(qtbot: QtBot) -> Iterator[Callable[..., DisplayCheckDialog]]:
    background, made = Background(), []

    def build(**changes: object) -> DisplayCheckDialog:
        settings = replace(Settings(), **changes)  # type: ignore[arg-type]
        log = DisplayLog(background, Messages())
        with qtbot.waitSignal(log.changed):
            log.refresh()
        dialog = DisplayCheckDialog(log, background, settings, now=lambda: NOW)
        log.setParent(dialog)
        qtbot.addWidget(dialog)
        dialog.show()
        made.append(dialog)
        qtbot.waitUntil(lambda: dialog.log_page is not None)
        return dialog

    yield build
    background.close()


def cell(table: object, row: int, column: int) -> str:
    return table.item(row, column).text()  # type: ignore[attr-defined]


def test_a_check_by_eye_goes_from_the_pattern_through_the_questions_to_the_log(qtbot: QtBot, make) -> None:
    dialog = make()
    page, asked = dialog.check_page, dialog.check_page.questions
    assert cell(page.monitors, 0, 2) == "never"
    assert "No check" in cell(page.monitors, 0, 3)
    page.start.click()
    assert dialog.pattern is not None
    assert dialog.pattern.family is Family.ALL_ROUND
    qtbot.keyClick(dialog.pattern, Qt.Key.Key_Escape)
    assert dialog.pattern is None
    assert page.currentWidget() is asked
    asked.save.click()
    assert asked.complaint.text().startswith("Please answer"), "nothing is saved unanswered"
    for question in QUESTIONS:
        if not question.most:
            asked.button(question.id, "no" if question.id == "ramps" else "yes").click()
    asked.button("ramps", "yes").click()
    asked.button("ramps", "no").click()
    assert not asked.button("ramps", "yes").isChecked()
    asked.count("letters_dark").setCurrentText("11")
    asked.person.setText(" Ann ")
    with qtbot.waitSignal(dialog._log.changed):
        asked.save.click()
    (check,), _ = load()
    answers = {answer.question: answer.value for answer in check.answers}
    assert answers["ramps"] == "no"
    assert answers["squares"] == "yes"
    assert answers["letters_dark"] == "11"
    assert "letters_bright" not in answers, "not counted"
    assert (check.person, check.monitor) == ("Ann", displays()[0].key)
    assert datetime.fromisoformat(check.time) == NOW
    assert page.currentIndex() == 0
    assert cell(page.monitors, 0, 2) == "2026-03-20 08:30"
    assert "1 answered with no" in cell(page.monitors, 0, 3)


def test_the_page_says_when_a_check_is_due(make) -> None:
    append(measured("a", days=12))
    dialog = make()
    assert "12 days old" in cell(dialog.check_page.monitors, 0, 3)


def test_no_reminder_is_wanted(make) -> None:
    dialog = make(check_days=0)
    assert cell(dialog.check_page.monitors, 0, 3) == "up to date"


def test_a_log_that_cannot_be_written_is_told_beside_the_answers(qtbot: QtBot, make, monkeypatch) -> None:
    dialog = make()
    asked = dialog.check_page.questions
    dialog.check_page.start.click()
    for question in QUESTIONS:
        if not question.most:
            asked.button(question.id, "yes").click()
    display_checks().mkdir(parents=True)
    with qtbot.waitSignal(dialog._log.changed):
        asked.save.click()
    assert "cannot be saved" in asked.complaint.text()
    assert dialog.check_page.currentWidget() is asked, "the answers are not lost"


def test_any_pattern_can_be_shown(make) -> None:
    dialog = make()
    page = dialog.check_page
    for index in range(page.pattern.count()):
        page.pattern.setCurrentIndex(index)
        page.show_pattern.click()
        assert dialog.pattern is not None
        assert dialog.pattern.family.value == page.pattern.currentData()
    dialog.close()
    assert dialog.pattern is None, "no pattern stays behind"


# Measuring


def entry(qtbot: QtBot) -> MeasureDialog:
    dialog = MeasureDialog(displays(), lambda: NOW)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def press(dialog: object, title: str) -> None:
    next(b for b in dialog.findChildren(QPushButton) if b.text() == title).click()  # type: ignore[attr-defined]


def test_luminances_are_entered_by_hand(qtbot: QtBot) -> None:
    dialog = entry(qtbot)
    assert [int(cell(dialog.table, row, 0)) for row in range(18)] == list(LUMINANCE_LEVELS)
    for row, reading in enumerate(readings()):
        if row != 5:
            dialog.table.item(row, 1).setText(f"{reading.luminance:.3f}".replace(".", ","))
    dialog.ambient.setText("0,1")
    dialog.lux.setText("12")
    dialog.instrument.setText("LX-1")
    with qtbot.waitSignal(dialog.entered) as told:
        press(dialog, "Save")
    check = told.args[0]
    assert len(check.readings) == 17, "a level that was not measured is left out"
    assert check.luminances[0] == pytest.approx(0.7, abs=1e-3)
    assert (check.ambient, check.ambient_lux, check.instrument) == (0.1, 12.0, "LX-1")


@pytest.mark.parametrize(
    ("row", "level", "luminance", "ambient", "says"),
    [
        (3, "45", "bright", "", "Row 4"),
        (0, "black", "dim", "", "Row 1"),
        (3, "999", "2.0", "", "Row 4: “999”"),
        (0, "0", "0", "", "0.05"),
        (17, "255", "0.1", "", "not brighter"),
        (3, "45", "5", "dark", "no number"),
    ],
)
def test_what_makes_no_sense_is_named_and_not_saved(qtbot: QtBot, row, level, luminance, ambient, says) -> None:
    dialog = entry(qtbot)
    for number, reading in enumerate(readings()):
        dialog.table.item(number, 1).setText(f"{reading.luminance:.3f}")
    dialog.table.item(row, 0).setText(level)
    dialog.table.item(row, 1).setText(luminance)
    dialog.ambient.setText(ambient)
    with qtbot.assertNotEmitted(dialog.entered):
        press(dialog, "Save")
    assert says in dialog.complaint.text()
    assert dialog.isVisible()


def test_luminances_come_from_a_file_with_decimal_commas(qtbot: QtBot, tmp_path, monkeypatch) -> None:
    dialog = entry(qtbot)
    file = tmp_path / "lum.csv"
    file.write_text("ddl;cd/m²\n0;0,6\n128;80,5\n255;400\n", encoding="utf-8")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(file), ""))
    press(dialog, "From a CSV file…")
    assert [cell(dialog.table, row, 1) for row in range(dialog.table.rowCount())] == ["0.6", "80.5", "400"]
    assert dialog.check().levels == (0, 128, 255)
    file.write_text("0;0,6\n255;white\n", encoding="utf-8")
    press(dialog, "From a CSV file…")
    assert "Row 2: “white”" in dialog.complaint.text()


def test_the_row_follows_the_level_on_the_display(qtbot: QtBot, make) -> None:
    dialog = make()
    dialog.log_page.buttons["measure"].click()
    measure = dialog.measure
    assert measure is not None
    measure.table.setCurrentCell(4, 1)
    press(measure, "Show this row's level")
    assert dialog.pattern is not None
    assert (dialog.pattern.family, dialog.pattern.step) == (Family.LUMINANCE, 4)
    with qtbot.waitSignal(dialog.pattern.stepped):
        qtbot.keyClick(dialog.pattern, Qt.Key.Key_Up)
    assert cell(measure.table, measure.table.currentRow(), 0) == "75"
    dialog.pattern.close()
    measure.reject()
    assert dialog.measure is None


def test_a_measurement_is_kept_selected_and_plotted(qtbot: QtBot, make) -> None:
    append(measured("old", days=3))
    dialog = make()
    page = dialog.log_page
    dialog.open_measure()
    for number, reading in enumerate(readings(white=500.0)):
        dialog.measure.table.item(number, 1).setText(f"{reading.luminance:.4f}")
    with qtbot.waitSignal(dialog._log.changed):
        press(dialog.measure, "Save")
    assert [check.readings[-1].luminance for check in page.selected()] == [500.0]
    assert len(load()[0]) == 2
    # One line for the standard and one for the display in each plot.
    assert [len(plot.listDataItems()) for plot in (page.plots.luminance, page.plots.contrast)] == [2, 2]
    shown = page.plots.luminance.listDataItems()[1].getOriginalDataset()
    assert list(shown[0]) == list(LUMINANCE_LEVELS)
    assert shown[1][-1] == 500.0


# The log


def test_without_limits_nothing_is_judged_and_with_limits_it_is(make) -> None:
    append(measured("a"))
    free = make().log_page.verdict_table
    assert {cell(free, row, 2) for row in range(free.rowCount())} == {"no limit set"}
    assert {cell(free, row, 3) for row in range(free.rowCount())} == {""}
    strict = make(limit_white=500.0, limit_ratio=250.0).log_page.verdict_table
    words = {cell(strict, row, 0): cell(strict, row, 3) for row in range(strict.rowCount())}
    assert words["White, with the room's light"] == "not met"
    assert words["Luminance ratio"] == "met"


def test_other_settings_hold_at_once(make) -> None:
    append(measured("a", days=12))
    dialog = make()
    assert "12 days old" in cell(dialog.check_page.monitors, 0, 3)
    dialog.set_settings(replace(Settings(), check_days=30, limit_ratio=5000.0))
    assert cell(dialog.check_page.monitors, 0, 3) == "up to date"
    assert "after 30 days" in dialog.check_page.reminded.text()
    table = dialog.log_page.verdict_table
    assert "not met" in {cell(table, row, 3) for row in range(table.rowCount())}


def test_the_band_is_plotted_only_with_a_limit(make) -> None:
    import pyqtgraph as pg

    append(measured("a"))

    def bands(dialog: DisplayCheckDialog) -> int:
        return sum(isinstance(item, pg.FillBetweenItem) for item in dialog.log_page.plots.contrast.plotItem.items)

    assert bands(make()) == 0
    assert bands(make(limit_deviation=10.0)) == 1


def test_two_displays_are_compared(make) -> None:
    append(measured("a", white=400.0, monitor="left"))
    append(measured("b", white=440.0, monitor="right"))
    page = make(limit_pair=5.0).log_page
    page.select({"a", "b"})
    assert cell(page.verdict_table, 0, 0) == "Difference of white"
    assert cell(page.verdict_table, 0, 1) == "9.5 %"
    assert cell(page.verdict_table, 0, 3) == "not met"
    assert len(page.plots.luminance.listDataItems()) == 4


def test_a_withdrawn_check_stays_in_the_list(qtbot: QtBot, make) -> None:
    append(measured("a"))
    dialog = make()
    page = dialog.log_page
    with qtbot.waitSignal(dialog._log.changed):
        page.buttons["withdraw"].click()
    assert "(withdrawn)" in cell(page.table, 0, 1)
    assert not page.buttons["withdraw"].isEnabled()
    assert "No check" in cell(dialog.check_page.monitors, 0, 3)


def test_the_log_and_a_report_are_written(qtbot: QtBot, make, tmp_path: Path, monkeypatch) -> None:
    append(measured("a"))
    page = make().log_page
    names = iter([tmp_path / "log.csv", tmp_path / "page.html", tmp_path / "none" / "page.html"])
    opened: list[str] = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(next(names)), ""))
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    page.buttons["export"].click()
    qtbot.waitUntil(lambda: page.state.text() == "log.csv was written.")
    with (tmp_path / "log.csv").open(encoding="utf-8-sig", newline="") as file:
        assert sum(row["kind"] == "luminance" for row in csv.DictReader(file)) == 18
    page.buttons["report"].click()
    qtbot.waitUntil(lambda: page.state.text() == "page.html was written.")
    assert "<svg" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert [Path(name) for name in opened] == [tmp_path / "page.html"]
    page.buttons["report"].click()
    qtbot.waitUntil(lambda: "cannot be written" in page.state.text())
    assert len(opened) == 1


def test_an_empty_log_says_what_to_do(make) -> None:
    page = make().log_page
    assert "New measurement" in page.state.text()
    assert not page.buttons["export"].isEnabled()
    assert not page.buttons["report"].isEnabled()


def test_the_dialog_fits_a_small_screen(make) -> None:
    dialog = make()
    for page in (dialog.check_page, dialog.log_page, dialog.check_page.questions):
        assert page.minimumSizeHint().width() <= 1300
        assert page.minimumSizeHint().height() <= 640
