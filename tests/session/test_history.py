from __future__ import annotations

from mammoview.session.history import MOST_STEPS, History


class Switch:
    """Something a reader switches."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.value = 0

    def set(self, value: int, text: str = "switch", *, is_display: bool = False) -> None:
        before, self.value = self.value, value
        self.history.record(text, undo=lambda: self._put(before), redo=lambda: self._put(value), is_display=is_display)

    def _put(self, value: int) -> None:
        self.value = value


def test_what_was_done_is_taken_back_and_done_again() -> None:
    history = History()
    switch = Switch(history)
    assert (history.undo_text, history.redo_text) == ("", "")
    assert history.undo() == ""
    assert history.redo() == ""
    for value in (1, 2, 3):
        switch.set(value, f"to {value}")
    assert history.undo_text == "to 3"
    assert [history.undo(), history.undo()] == ["to 3", "to 2"]
    assert switch.value == 1
    assert (history.undo_text, history.redo_text) == ("to 1", "to 2")
    assert history.redo() == "to 2"
    assert switch.value == 2


def test_a_new_step_ends_what_could_be_done_again() -> None:
    history = History()
    switch = Switch(history)
    switch.set(1)
    switch.set(2)
    history.undo()
    switch.set(7)
    assert history.redo_text == ""
    history.undo()
    assert switch.value == 1


def test_everything_told_changes() -> None:
    told: list[int] = []
    history = History(lambda: told.append(1))
    switch = Switch(history)
    switch.set(1)
    history.undo()
    history.redo()
    assert len(told) == 3
    history.undo()
    history.undo()
    assert len(told) == 4, "nothing happened the second time"


def test_steps_of_the_display_end_with_what_was_displayed() -> None:
    history = History()
    switch, light = Switch(history), Switch(history)
    switch.set(1)
    light.set(1, is_display=True)
    switch.set(2)
    light.set(2, is_display=True)
    history.undo()
    history.forget_display()
    assert history.redo_text == ""
    history.undo()
    history.undo()
    assert (switch.value, light.value) == (0, 1)
    assert history.undo_text == ""


def test_the_number_of_steps_is_bounded() -> None:
    history = History()
    switch = Switch(history)
    for value in range(1, MOST_STEPS + 11):
        switch.set(value)
    while history.undo():
        pass
    assert switch.value == 10
