"""Contrast presets by vendor, and the reader's own: relative to each image's own window or table (MG-D14)."""

from __future__ import annotations

import json
import math
import shutil
import tomllib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from mammoview.core.errors import Problem
from mammoview.core.paths import resource, user_config
from mammoview.core.small_files import write_whole
from mammoview.core.study import Mammogram

SCHEMA: Final = 1
#: What a preset may do; the same range as a reader's drag.
MOST_STRETCH: Final = 64.0
MOST_SHIFT: Final = 8.0


@dataclass(frozen=True)
class GrayPreset:
    """A change of contrast and brightness with a name.

    Attributes
    ----------
    stretch
        Width relative to the image's own window.
    shift
        By how many widths the window moves towards darker values: above 0 is brighter.
    manufacturers, models
        Parts of names, one of which the image's must contain; none means any.
    is_own
        Whether the reader made it.
    """

    name: str
    stretch: float = 1.0
    shift: float = 0.0
    manufacturers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    is_own: bool = False

    def suits(self, image: Mammogram) -> bool:
        """Whether it is offered for an image."""
        model = next((fact.text for fact in image.technique if fact.keyword == "ManufacturerModelName"), "")
        return _contains(image.manufacturer, self.manufacturers) and _contains(model, self.models)


def _contains(text: str, parts: Sequence[str]) -> bool:
    return not parts or any(part.casefold() in text.casefold() for part in parts)


@cache
def shipped() -> tuple[GrayPreset, ...]:
    """The presets that come with the program (``resources/config/gray_presets.toml``).

    Raises
    ------
    InputError
        When the installation lacks the file.
    """
    return _interpret(tomllib.loads(resource("config/gray_presets.toml").read_text(encoding="utf-8")), is_own=False)


def own_file() -> Path:
    """Where the reader's presets are kept."""
    return user_config().with_name("gray_presets.toml")


def load_own(path: Path | None = None) -> tuple[tuple[GrayPreset, ...], tuple[Problem, ...]]:
    """The reader's presets, and what was wrong with their file.

    Parameters
    ----------
    path
        The file; None for `own_file`. A damaged one is kept beside it.
    """
    path = path or own_file()
    try:
        return _interpret(tomllib.loads(path.read_text(encoding="utf-8")), is_own=True), ()
    except FileNotFoundError:
        return (), ()
    except OSError as error:
        message = f"The gray presets cannot be read ({error.strerror})."
        return (), (Problem(str(path), "presets", message, "Yours are missing for now."),)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError, ValueError):
        kept = path.with_name(f"{path.name}.kept")
        with suppress(OSError):
            shutil.copyfile(path, kept)
        hint = f"It was kept as {kept.name}; save your presets again."
        return (), (Problem(str(path), "presets", "The file of gray presets is damaged.", hint),)


def _interpret(values: dict[str, Any], *, is_own: bool) -> tuple[GrayPreset, ...]:
    """The presets of a file.

    Raises
    ------
    ValueError, TypeError
        When it is of a newer version or one of its presets makes no sense.
    """
    if values.get("schema", SCHEMA) != SCHEMA:
        raise ValueError("newer version")
    made = []
    for row in values.get("preset", []):
        stretch, shift = float(row.get("stretch", 1.0)), float(row.get("shift", 0.0))
        name = str(row["name"]).strip() if "name" in row else ""
        is_sound = math.isfinite(shift) and abs(shift) <= MOST_SHIFT and 1 / MOST_STRETCH <= stretch <= MOST_STRETCH
        if not name or not is_sound:
            raise ValueError("a preset makes no sense")
        manufacturers, models = (tuple(map(str, row.get(key, []))) for key in ("manufacturers", "models"))
        made.append(GrayPreset(name, stretch, shift, manufacturers, models, is_own))
    return tuple(made)


def save_own(presets: Iterable[GrayPreset], path: Path | None = None) -> None:
    """Write the reader's presets, all or nothing.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    path = path or own_file()
    lines = [f"schema = {SCHEMA}"]
    for preset in presets:
        # JSON's text, numbers and lists of text are TOML's, too.
        lines += ["", "[[preset]]", f"name = {json.dumps(preset.name, ensure_ascii=False)}"]
        lines += [f"stretch = {preset.stretch!r}", f"shift = {preset.shift!r}"]
        for key, parts in (("manufacturers", preset.manufacturers), ("models", preset.models)):
            if parts:
                lines.append(f"{key} = {json.dumps(list(parts), ensure_ascii=False)}")
    write_whole(path, "\n".join(lines) + "\n", "The gray presets")
