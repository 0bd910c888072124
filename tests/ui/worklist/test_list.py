"""The list as a reader handles it: sorted, searched, filtered, scrolled, opened."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot
from worklist_makers import NORMAL, header
from worklist_window import SECONDS, STUDIES, ask, is_listed, patients, sign_in

from mammoview.core.reading.states import ReadingState, RevealProtocol
from mammoview.session.worklist import list_view
from mammoview.session.worklist.listing import Query, Row, Sort
from mammoview.session.worklist.protocol import Protocol
from mammoview.ui import theme
from mammoview.ui.hiding import HIDDEN
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.worklist.columns import COLUMNS, SCORE
from mammoview.ui.worklist.model import ListModel
from mammoview.ui.worklist.table import ListTable

pytestmark = pytest.mark.gui


def column(window: MainWindow, identity: str) -> list[str]:
    model = window.desk.worklist.list.model
    at = next(at for at, one in enumerate(COLUMNS) if one.id == identity)
    return [str(model.index(row, at).data()) for row in range(model.rowCount())]


def lists(window: MainWindow, count: int) -> Callable[[], bool]:
    return lambda: window.desk.worklist.list.model.rowCount() == count and is_listed(window)


def test_the_list_is_sorted_by_the_header_and_back(window: MainWindow, qtbot: QtBot) -> None:
    page = window.desk.worklist.list
    dates = column(window, "date")
    assert len(dates) == STUDIES
    assert dates == sorted(dates, reverse=True)
    header_bar = page.table.horizontalHeader()

    def click(identity: str) -> None:
        at = next(at for at, one in enumerate(COLUMNS) if one.id == identity)
        x = header_bar.sectionViewportPosition(at) + 20
        qtbot.mouseClick(header_bar.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(x, header_bar.height() // 2))

    click("patient")
    qtbot.waitUntil(lambda: patients(window)[0] == "Doe, Jane1", timeout=SECONDS)
    assert patients(window) == sorted(patients(window))
    click("patient")
    qtbot.waitUntil(lambda: patients(window)[0] == "Doe, Jane9", timeout=SECONDS)
    assert header_bar.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder
    before = page.model.order
    click("stage")
    qtbot.wait(100)
    assert page.model.order == before, "nothing can be sorted by one's own part"


def test_search_states_and_clear(window: MainWindow, qtbot: QtBot) -> None:
    page = window.desk.worklist.list
    window.actions_by_id["find_study"].trigger()
    assert page.filters.search.hasFocus()
    qtbot.keyClicks(page.filters.search, "jane1 DOE")
    qtbot.waitUntil(lists(window, 11), timeout=SECONDS)
    assert "11 of 30" in page.filters.count.text()
    assert window.desk.reading.order == page.model.order

    qtbot.keyClicks(page.filters.search, "xyz")
    qtbot.waitUntil(lambda: page.nothing.isVisible(), timeout=SECONDS)
    assert "No study fits" in page.nothing.text()
    page.filters.clear.click()
    qtbot.waitUntil(lists(window, STUDIES), timeout=SECONDS)
    assert not page.filters.is_filtering

    ask(window, qtbot, lambda worklist: worklist.readings.open(window.desk.reading.seat, 7))
    chip = page.filters.chips[ReadingState.OPENED]
    qtbot.waitUntil(lambda: chip.text().endswith("1"), timeout=SECONDS)
    assert page.filters.chips[ReadingState.NEW].text().endswith("29")
    chip.click()
    qtbot.waitUntil(lists(window, 1), timeout=SECONDS)
    assert column(window, "state") == ["opened"]
    assert column(window, "stage") == ["begun"]


def test_dates_kinds_and_what_is_left_for_me(window: MainWindow, qtbot: QtBot) -> None:
    page = window.desk.worklist.list
    filters = page.filters
    filters.period.setCurrentText("Today")
    qtbot.waitUntil(lambda: page.nothing.isVisible(), timeout=SECONDS)
    filters.period.setCurrentText("Between two days")
    assert filters.first.isVisible()
    filters.first.setDate(filters.first.date().fromString("2024-03-01", "yyyy-MM-dd"))
    filters.last.setDate(filters.last.date().fromString("2024-04-30", "yyyy-MM-dd"))
    expected = [d for d in (header(n).date for n in range(1, 31)) if "20240301" <= d <= "20240430"]
    qtbot.waitUntil(lists(window, len(expected)), timeout=SECONDS)
    filters.clear.click()
    filters.kind.setCurrentText("Tomosynthesis")
    qtbot.waitUntil(lambda: page.nothing.isVisible(), timeout=SECONDS)
    filters.clear.click()

    def read(worklist: object) -> None:
        seat = window.desk.reading.seat
        worklist.readings.open(seat, 3)  # type: ignore[attr-defined]
        worklist.readings.commit(seat, 3, decision=NORMAL)  # type: ignore[attr-defined]
        worklist.sign(seat, 3)  # type: ignore[attr-defined]

    ask(window, qtbot, read)
    filters.only_mine.click()
    qtbot.waitUntil(lists(window, STUDIES - 1), timeout=SECONDS)
    assert 3 not in page.model.order


def test_place_and_choice_survive_a_change_of_the_list(window: MainWindow, qtbot: QtBot) -> None:
    page = window.desk.worklist.list
    order = page.model.order
    page.table.choose(order[20])
    top = page.table.rowAt(0)
    ask(window, qtbot, lambda worklist: worklist.ingest.add([header(99, date="20300101")]))
    qtbot.waitUntil(lists(window, STUDIES + 1), timeout=SECONDS)
    assert page.table.current_study() == order[20]
    assert page.table.currentIndex().row() == 21
    assert page.table.rowAt(0) == top + 1
    assert page.table.selectionModel().isRowSelected(21)


def test_return_and_double_click_open_the_chosen_study(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = window.desk.worklist.list.table
    order = window.desk.worklist.list.model.order
    opened: list[int] = []
    table.wanted.disconnect()
    table.wanted.connect(opened.append)
    window.desk.worklist.take_focus()
    assert table.hasFocus()
    # The window's own keys, the next finding and one image large, are not for the list.
    qtbot.keyClick(table, Qt.Key.Key_Down)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert opened == [order[1]]
    qtbot.keyClick(table, Qt.Key.Key_End)
    qtbot.keyClick(table, Qt.Key.Key_Enter)
    assert opened[-1] == order[-1]
    qtbot.keyClick(table, Qt.Key.Key_Home)
    middle = table.visualRect(table.model().index(3, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert opened[-1] == order[3]
    assert not window.actions_by_id["single"].isChecked()


def test_the_keys_bring_what_they_choose_into_sight(window: MainWindow, qtbot: QtBot) -> None:
    table = window.desk.worklist.list.table
    table.setFocus()

    def is_seen() -> bool:
        return bool(table.viewport().rect().contains(table.visualRect(table.currentIndex()).center()))

    for key, times in ((Qt.Key.Key_Down, 28), (Qt.Key.Key_PageUp, 2), (Qt.Key.Key_PageDown, 2), (Qt.Key.Key_Up, 28)):
        for _ in range(times):
            qtbot.keyClick(table, key)
        assert is_seen(), key


def test_keys_of_the_images_do_nothing_while_the_list_is_shown(window: MainWindow, qtbot: QtBot) -> None:
    table = window.desk.worklist.list.table
    window.desk.worklist.take_focus()
    before = window.actions_by_id["breast_layer"].isChecked()
    qtbot.keyClick(table, Qt.Key.Key_B)
    assert window.actions_by_id["breast_layer"].isChecked() is before
    # Identity can be hidden from anywhere.
    qtbot.keyClick(table, Qt.Key.Key_H)
    assert not window.actions_by_id["identity"].isChecked()


def test_hidden_identity(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_by_id["identity"].trigger()
    for identity in ("patient", "number", "born"):
        assert set(column(window, identity)) == {HIDDEN}
    model = window.desk.worklist.list.model
    tip = model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == HIDDEN
    assert window.desk.worklist.list.filters.search.echoMode() is QLineEdit.EchoMode.Password
    window.actions_by_id["identity"].trigger()
    assert "Doe, Jane23" in patients(window)


def test_scores_are_offered_only_where_the_protocol_allows(window: MainWindow, qtbot: QtBot) -> None:
    page, seat = window.desk.worklist.list, window.desk.reading.seat
    ask(window, qtbot, lambda worklist: worklist.ai.put(5, "f", path="x", score=0.83))
    place = page.model.place_of(5)
    qtbot.waitUntil(lambda: column(window, "ai")[place] == "ready", timeout=SECONDS)
    assert column(window, "score")[place] == "", "the first read is not committed"
    concurrent = Protocol(reveal=RevealProtocol.CONCURRENT)
    ask(window, qtbot, lambda worklist: worklist.protocols.change(seat, concurrent))
    qtbot.waitUntil(lambda: column(window, "score")[place] == "0.83", timeout=SECONDS)
    assert page.filters.score.isVisible()
    page.filters.sort_by(Sort.AI_SCORE)
    qtbot.waitUntil(lambda: page.model.order[0] == 5, timeout=SECONDS)
    page.filters.score.setValue(0.5)
    qtbot.waitUntil(lists(window, 1), timeout=SECONDS)

    never = replace(concurrent, reveal=RevealProtocol.NEVER)
    ask(window, qtbot, lambda worklist: worklist.protocols.change(seat, never))
    qtbot.waitUntil(lists(window, STUDIES), timeout=SECONDS)
    assert page.table.isColumnHidden(SCORE)
    assert not page.filters.score.isVisible()
    assert page.filters.query().sort is Sort.DATE
    qtbot.waitUntil(lambda: column(window, "score")[page.model.place_of(5)] == "", timeout=SECONDS)


def test_widths_order_and_filters_are_kept_but_no_search(
    window: MainWindow, open_window: Callable[[], MainWindow], qtbot: QtBot
) -> None:
    page = window.desk.worklist.list
    page.table.setColumnWidth(0, 333)
    page.filters.search.setText("Jane1")
    page.filters.chips[ReadingState.NEW].click()
    page.filters.sort_by(Sort.NAME)
    qtbot.waitUntil(lists(window, 11), timeout=SECONDS)
    window.close()
    window.desk.reading.close()
    assert "Jane" not in list_view.view_file().read_text(encoding="utf-8")
    again = open_window()
    sign_in(again, qtbot, "R1")
    kept = again.desk.worklist.list
    qtbot.waitUntil(lambda: kept.table.columnWidth(0) == 333, timeout=SECONDS)
    assert kept.filters.query() == Query(states=frozenset({ReadingState.NEW}), sort=Sort.NAME, is_descending=False)
    qtbot.waitUntil(lists(again, STUDIES), timeout=SECONDS)


def test_a_damaged_view_file_is_the_usual_view(tmp_path: Path) -> None:
    bad = tmp_path / "view.json"
    for text in ("", "[]", '{"widths": 3}', '{"widths": {"patient": "x"}}'):
        bad.write_text(text, encoding="utf-8")
        assert list_view.load(bad) == list_view.ListView()
    view = list_view.ListView({"patient": 120}, Query(only_for_me=True, sort=Sort.STATE))
    list_view.save(view, bad)
    assert list_view.load(bad) == view


# The model alone


class Answers:
    """Keeps questions until they are answered by hand."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[int], Callable[[Sequence[Row]], None]]] = []

    def __call__(self, studies: Sequence[int], then: Callable[[Sequence[Row]], None]) -> None:
        self.asked.append((list(studies), then))

    def answer(self, at: int = -1) -> None:
        studies, then = self.asked[at]
        then([row(study) for study in studies])


def row(study: int, score: float | None = None) -> Row:
    return Row(
        id=study,
        uid=f"1.2.{study}",
        patient=study,
        patient_name=f"Doe^{study}",
        patient_id=str(study),
        birth_date="",
        date="20240101",
        time="",
        description="",
        accession="",
        kinds=("FFDM",),
        images=4,
        state=ReadingState.NEW,
        stage="",  # type: ignore[arg-type]
        earlier=0,
        has_ai_result=False,
        ai_score=score,
    )


def test_only_what_is_in_sight_is_fetched_once(qtbot: QtBot) -> None:
    answers = Answers()
    model = ListModel(answers)
    model.show_order(tuple(range(1, 10_001)))
    for place in range(30):
        model.index(place, 0).data()
        model.index(place, 3).data()
    qtbot.waitUntil(lambda: len(answers.asked) == 1)
    # While that is out, the hand runs to the end of the list; only where it stopped is asked for.
    for place in range(100, 10_000, 40):
        model.index(place, 0).data()
    qtbot.wait(20)
    assert len(answers.asked) == 1
    answers.answer()
    assert model.index(0, 0).data() == "Doe, 1"
    qtbot.waitUntil(lambda: len(answers.asked) == 2)
    asked = answers.asked[1][0]
    assert len(asked) <= 4 * 64
    assert 9_981 in asked
    answers.answer()
    assert model.index(9_980, 0).data() == "Doe, 9981"
    qtbot.wait(20)
    assert len(answers.asked) == 2


def test_an_answer_to_another_reader_is_dropped(qtbot: QtBot) -> None:
    answers = Answers()
    model = ListModel(answers)
    model.show_order((1, 2))
    model.index(0, 0).data()
    qtbot.waitUntil(lambda: len(answers.asked) == 1)
    model.forget()
    model.show_order((1, 2))
    answers.answer(0)
    assert model.row_at(0) is None


def test_an_old_answer_is_shown_and_asked_for_again(qtbot: QtBot) -> None:
    answers = Answers()
    model = ListModel(answers)
    model.show_order((1, 2))
    model.index(0, 0).data()
    qtbot.waitUntil(lambda: len(answers.asked) == 1)
    model.show_order((2, 1))
    answers.answer(0)
    assert model.index(0, 0).data() == "Doe, 2"
    qtbot.waitUntil(lambda: len(answers.asked) == 2)


def test_the_empty_list_says_how_to_import(open_window: Callable[[], MainWindow], qtbot: QtBot) -> None:
    window = open_window()
    page = window.desk.worklist
    qtbot.waitUntil(lambda: page.sign_in.new_id.isVisible(), timeout=SECONDS)
    page.sign_in.new_id.setText("R9")
    page.sign_in.new_name.setText("Dr Nine")
    page.sign_in.add.click()
    qtbot.waitUntil(lambda: page.list.nothing.isVisible(), timeout=SECONDS)
    assert "Ctrl+Shift+I" in page.list.nothing.text()


def test_questions_do_not_pile_up(window: MainWindow, qtbot: QtBot) -> None:
    """Many changes in one moment are one question; while one is out, the others wait to become one."""
    page = window.desk.worklist.list
    qtbot.waitUntil(lambda: not page._is_asking, timeout=SECONDS)
    before = page._asked
    for _ in range(50):
        window.desk.reading.list_changed.emit()
    qtbot.wait(50)
    qtbot.waitUntil(lambda: not page._is_asking, timeout=SECONDS)
    assert page._asked <= before + 2
    # The clerk is held up, and the reader types on.
    gate = threading.Event()
    window.desk.reading.do(lambda: gate.wait(20), lambda _done: None)
    before = page._asked
    for text in ("j", "ja", "jan", "jane1"):
        page.filters.search.setText(text)
        qtbot.wait(200)
    assert page._asked == before + 1
    gate.set()
    qtbot.waitUntil(lists(window, 11), timeout=SECONDS)
    assert page._asked == before + 2


def test_lines_and_columns_grow_with_the_letters(qtbot: QtBot, qapp: QApplication) -> None:
    table = ListTable(ListModel(Answers()))
    qtbot.addWidget(table)
    theme.apply(qapp, "normal", 100)
    table.show()
    height, width = table.verticalHeader().defaultSectionSize(), table.columnWidth(0)
    theme.apply(qapp, "normal", 200)
    qtbot.waitUntil(lambda: table.columnWidth(0) > 1.6 * width, timeout=SECONDS)
    assert table.verticalHeader().defaultSectionSize() > 1.6 * height
    theme.apply(qapp, "normal", 100)
    qtbot.waitUntil(lambda: abs(table.columnWidth(0) - width) <= 2, timeout=SECONDS)
