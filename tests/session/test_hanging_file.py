from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mammoview.core.errors import InputError, OutputError
from mammoview.core.paths import user_hanging
from mammoview.core.study import Laterality
from mammoview.session.hanging_file import check, load, parse, read, reset, save, shipped, to_text
from mammoview.session.protocols import Kind, Place, Protocol, Role, Stage, read_place

RCC, LCC = Place("CC", Laterality.RIGHT), Place("CC", Laterality.LEFT)
MINE = Protocol("mine", "My own", (Stage("Ä “pair”", ((RCC, None), (LCC, RCC)), second=((LCC,),), is_compact=True),))

OLD = """
schema = 1

[[protocol]]
id = "cc_over_mlo"
rows = [["RCC", "LCC"], ["RMLO", "LMLO"]]
at_least = 3
"""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("RCC", RCC),
        ("lmlo", Place("MLO", Laterality.LEFT)),
        ("LMLO id prior1", Place("MLO", Laterality.LEFT, Kind.DISPLACED, 1)),
        ("RXCCL prior", Place("XCCL", Laterality.RIGHT, when=1)),
        ("RCC prior2 spot", Place("CC", Laterality.RIGHT, Kind.SPOT, 2)),
        ("LM", Place("LM")),
        ("LLM", Place("LM", Laterality.LEFT)),
        ("LML", Place("ML", Laterality.LEFT)),
        ("BIOPSY", Place("BIOPSY")),
        ("", None),
    ],
)
def test_a_slot_is_read(text, place) -> None:
    assert read_place(text) == place
    assert read_place(str(place or "")) == place


@pytest.mark.parametrize("text", ["RXX", "CCR", "RCC prior3", "RCC sport", "R"])
def test_what_is_no_slot_is_refused_with_its_text(text) -> None:
    with pytest.raises(InputError, match=text):
        read_place(text)


def test_protocols_come_back_as_they_were_written(tmp_path: Path) -> None:
    for protocols in (shipped(), (*shipped(), MINE)):
        save(protocols, tmp_path / "new" / "hanging.toml")
        assert load(tmp_path / "new" / "hanging.toml") == (protocols, None)


def test_a_file_of_the_first_schema_is_brought_up_to_date() -> None:
    (protocol,) = parse(OLD, "old")
    assert (protocol.id, protocol.role) == ("cc_over_mlo", Role.CHOICE)
    (stage,) = protocol.stages
    assert stage.rows == ((RCC, LCC), (Place("MLO", Laterality.RIGHT), Place("MLO", Laterality.LEFT)))
    assert stage.at_least == 3


@pytest.mark.parametrize(
    "text",
    [
        "schema = ",
        "",
        "schema = 3",
        "schema = 2",
        "schema = 2\nprotocol = 5",
        'schema = 2\n[[protocol]]\nid = "a"\nname = "A"',
        'schema = 2\n[[protocol]]\nid = "a"\nname = "A"\nstage = [{name = "s", rows = [["RXX"]]}]',
        'schema = 2\n[[protocol]]\nid = "a"\nname = "A"\nrole = "boss"\nstage = [{name = "s", rows = [["RCC"]]}]',
    ],
)
def test_a_damaged_file_of_the_user_is_kept_and_told(text, tmp_path: Path) -> None:
    path = tmp_path / "hanging.toml"
    path.write_text(text, encoding="utf-8")
    protocols, problem = load(path)
    assert protocols == shipped()
    assert problem is not None
    assert "hanging.toml.kept" in problem.hint
    assert (tmp_path / "hanging.toml.kept").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "wrong",
    [
        (),
        (MINE, MINE),
        (replace(MINE, id="my own"),),
        (replace(MINE, name=" "),),
        (replace(MINE, stages=()),),
        (replace(MINE, role=Role.AFTER),),
        (replace(MINE, stages=(replace(MINE.stages[0], at_least=9),)),),
        (replace(MINE, stages=(replace(MINE.stages[0], at_least=0),)),),
        (replace(MINE, stages=(replace(MINE.stages[0], rows=((None,),)),)),),
        (replace(MINE, stages=(replace(MINE.stages[0], rows=((RCC,),) * 5),)),),
        (replace(MINE, stages=(replace(MINE.stages[0], name=""),)),),
    ],
)
def test_what_cannot_hang_is_not_saved(wrong, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        save(wrong, tmp_path / "hanging.toml")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "hanging.toml"
    save((MINE,), path)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError):
        save(shipped(), path)
    assert read(path) == (MINE,)


def test_the_users_file_lies_beside_the_settings_and_reset_keeps_it() -> None:
    save((MINE,))
    assert load()[0] == (MINE,)
    reset()
    assert load()[0] == shipped()
    assert read(user_hanging().with_name("hanging.toml.kept")) == (MINE,)


def test_the_shipped_protocols_are_sound_and_cover_what_readers_ask_for() -> None:
    check(shipped())
    assert {"cc_over_mlo", "mlo_over_cc", "one_row", "pairs", "breasts", "with_prior", "implant", "two_breasts"} <= {
        protocol.id for protocol in shipped()
    }
    assert parse(to_text(shipped()), "text") == shipped()
