from __future__ import annotations

import pytest

from mammoview.core.plain_text import MOST_LETTERS, date_text, name_text, printable, time_text


def test_control_characters_and_line_ends_become_single_spaces() -> None:
    assert printable("  GE\r\n\x00\x1b[31m MEDICAL\t\u2028SYSTEMS ") == "GE [31m MEDICAL SYSTEMS"


def test_marks_that_turn_the_writing_direction_go_and_joiners_stay() -> None:
    assert printable("DOE\u202e^ENAJ\u2066") == "DOE^ENAJ"
    assert printable("می\u200cخواهم") == "می\u200cخواهم"


def test_a_tower_of_accents_is_cut() -> None:
    assert printable("Z" + "\u0301" * 60) == "Z\u0301\u0301"
    assert printable("Nguye\u0302\u0303n") == "Nguye\u0302\u0303n"


def test_what_is_too_long_ends_in_an_ellipsis() -> None:
    shown = printable("x" * 10_000_000)
    assert len(shown) == MOST_LETTERS
    assert shown.endswith("…")
    assert printable("x" * MOST_LETTERS) == "x" * MOST_LETTERS


@pytest.mark.parametrize(
    ("person", "shown"),
    [
        ("DOE^JANE", "DOE, JANE"),
        ("DOE^JANE^MARY^DR^PHD", "DOE, JANE"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou (山田, 太郎)"),
        ("=山田^太郎", "山田, 太郎"),
        ("==やまだ^たろう", "やまだ, たろう"),
        ("Люкceмбypг", "Люкceмбypг"),
        ("", ""),
        ("^^^^=^^=", ""),
        ("DOE\n^JA\x00NE", "DOE, JA NE"),
    ],
)
def test_names_are_shown_in_each_script(person: str, shown: str) -> None:
    assert name_text(person) == shown


def test_dates_and_times_are_written_out_and_nonsense_stays_as_it_is() -> None:
    assert date_text("20260314") == "2026-03-14"
    assert date_text("00000000") == ""
    assert date_text("14.3.2026") == "14.3.2026"
    assert date_text("²0260314") == "²0260314"
    assert (time_text("101502.25"), time_text("1015"), time_text("ten")) == ("10:15:02", "10:15", "ten")
