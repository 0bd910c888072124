from __future__ import annotations

import tomllib
from dataclasses import fields, replace

import pytest

from mammoview.core.errors import OutputError
from mammoview.core.paths import user_config
from mammoview.core.study import Study
from mammoview.session.analysis import request_for
from mammoview.session.settings import RECORDS, SCHEMA, Record, Settings, load, migrate, record, save


def other_value(r: Record) -> object:
    if r.choices:
        return next(choice for choice, _ in r.choices if choice != r.default)
    if isinstance(r.default, bool):
        return not r.default
    if isinstance(r.default, str):
        return 'naïve "quoted" \\ 😀\ttext'
    assert r.maximum is not None
    return type(r.default)(r.maximum)


def test_every_field_has_a_record_that_accepts_its_default() -> None:
    assert [r.key for r in RECORDS] == [f.name for f in fields(Settings)]
    for r in RECORDS:
        assert r.label
        assert r.help.endswith(".")
        assert not r.complaint(r.default)


@pytest.mark.parametrize("r", RECORDS, ids=lambda r: r.key)
def test_each_setting_survives_the_disk(r) -> None:
    changed = replace(Settings(), **{r.key: other_value(r)})
    save(changed)
    assert load() == (changed, ())
    assert set(tomllib.loads(user_config().read_text())) == {"schema", r.key}


def test_defaults_are_not_written() -> None:
    save(Settings())
    assert tomllib.loads(user_config().read_text()) == {"schema": SCHEMA}


def test_no_file_means_defaults() -> None:
    assert load() == (Settings(), ())


@pytest.mark.parametrize(
    "line", ["threads = -1", "threads = 'two'", "threads = true", "overlay_opacity = nan", "device = 'abacus'"]
)
def test_an_unusable_value_is_told_and_the_rest_is_used(line, tmp_path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"schema = {SCHEMA}\n{line}\nsaliency = 'guided'\n")
    settings, problems = load(file)
    assert settings == replace(Settings(), saliency="guided")
    (problem,) = problems
    assert line.split()[0] in problem.message
    assert problem.path == str(file)


def test_an_unknown_key_is_told(tmp_path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("colour_of_the_bikeshed = 'red'\n")
    settings, (problem,) = load(file)
    assert settings == Settings()
    assert "colour_of_the_bikeshed" in problem.message


def test_a_whole_number_will_do_for_a_number(tmp_path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("overlay_opacity = 1\n")
    settings, problems = load(file)
    assert (settings.overlay_opacity, problems) == (1.0, ())
    assert isinstance(settings.overlay_opacity, float)


@pytest.mark.parametrize("content", [b"device = ", b"\xff\xfe\x00", b"= ="])
def test_a_damaged_file_is_kept_aside(content, tmp_path) -> None:
    file = tmp_path / "settings.toml"
    for number in range(2):
        file.write_bytes(content)
        settings, (problem,) = load(file)
        assert settings == Settings()
        assert problem.hint
        save(settings, file)
        assert len(list(tmp_path.glob("*kept*"))) == number + 1
    assert all(kept.read_bytes() == content for kept in tmp_path.glob("*kept*"))


def test_a_newer_file_is_used_as_far_as_it_is_understood_and_kept_aside(tmp_path) -> None:
    file = tmp_path / "settings.toml"
    text = f"schema = {SCHEMA + 1}\nthreads = 3\n"
    file.write_text(text)
    settings, problems = load(file)
    assert settings.threads == 3
    assert "newer" in problems[0].message
    (kept,) = tmp_path.glob("*kept*")
    assert kept.read_text() == text


def test_older_values_are_brought_up_to_date_step_by_step() -> None:
    steps = {
        1: lambda values: {"thread_count" if key == "cores" else key: value for key, value in values.items()},
        2: lambda values: {"threads" if key == "thread_count" else key: value for key, value in values.items()},
    }
    assert migrate({"cores": 3, "device": "cpu"}, 1, migrations=steps) == {"threads": 3, "device": "cpu"}
    assert migrate({"thread_count": 3}, 2, migrations=steps) == {"threads": 3}
    assert migrate({"threads": 3}, SCHEMA, migrations={}) == {"threads": 3}


def test_a_folder_that_cannot_be_written_is_said(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be saved"):
        save(Settings(), tmp_path / "file" / "settings.toml")


def test_a_file_that_cannot_be_read_is_said(tmp_path) -> None:
    settings, (problem,) = load(tmp_path)
    assert settings == Settings()
    assert "cannot be read" in problem.message


def test_record_finds_by_key() -> None:
    assert record("device").default == "auto"


def test_models_flips_and_dropout_reach_the_engine() -> None:
    wished = replace(Settings(), model_whole_image="a,b", model_patch="c", flips=False, dropout_passes=12)
    request = request_for(Study("1.2", "", "", "", ()), wished)
    assert request.models == ("a", "b", "c")
    assert (request.flips, request.dropout_passes) == (False, 12)
    assert request_for(Study("1.2", "", "", "", ()), Settings()).models == ()
