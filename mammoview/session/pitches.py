"""How large a pixel of each monitor is, as the user measured it: one small file, written all or nothing (MG-C05)."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from mammoview.core.errors import Problem
from mammoview.core.paths import user_data
from mammoview.core.small_files import write_whole

SCHEMA: Final = 1
#: Width and height of a bank card, mm (ISO/IEC 7810, ID-1).
CARD_MM: Final = (85.60, 53.98)
#: From one pixel to the next, mm: a telephone's screen and a projector's are beyond it.
PITCH_RANGE_MM: Final = (0.03, 2.0)


def pitches_path() -> Path:
    """The file."""
    return user_data() / "monitors.json"


def monitor_name(key: str, rows: int, columns: int) -> str:
    """What a pitch belongs to: a monitor, by maker, model and serial number, at one resolution in device pixels."""
    return f"{key}|{columns}×{rows}"


def pitch_from_card(width_px: float) -> float:
    """The pitch, mm, where a bank card is ``width_px`` device pixels wide."""
    return CARD_MM[0] / width_px


def is_plausible(pitch_mm: float) -> bool:
    """Whether a monitor can have this pitch."""
    return math.isfinite(pitch_mm) and PITCH_RANGE_MM[0] <= pitch_mm <= PITCH_RANGE_MM[1]


def load(path: Path | None = None) -> tuple[dict[str, float], Problem | None]:
    """Read the pitches, mm, by `monitor_name`.

    Parameters
    ----------
    path
        The file; None for `pitches_path`.

    Returns
    -------
    pitches
        None where the file is absent or cannot be used.
    problem
        Why it could not be used; a damaged file is kept beside the next one.
    """
    path = path or pitches_path()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            return {}, _kept(path, "The file of calibrated monitors comes from another version.")
        found = {str(name): float(pitch) for name, pitch in content["pitch_mm"].items()}
    except FileNotFoundError:
        return {}, None
    except OSError as error:
        message = f"The file of calibrated monitors cannot be read ({error.strerror})."
        return {}, Problem(str(path), "monitors", message, "Life size is uncalibrated for now.")
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}, _kept(path, "The file of calibrated monitors is damaged.")
    return {name: pitch for name, pitch in found.items() if is_plausible(pitch)}, None


def _kept(path: Path, message: str) -> Problem:
    kept = path.with_name(f"{path.name}.kept")
    with suppress(OSError):
        shutil.copyfile(path, kept)
    hint = f"Calibrate the monitors again (Ctrl+M); the old file was kept as {kept.name}."
    return Problem(str(path), "monitors", message, hint)


def save(pitches: Mapping[str, float], path: Path | None = None) -> None:
    """Write the pitches, mm, by `monitor_name`, all or nothing.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    path = path or pitches_path()
    content = {"schema": SCHEMA, "pitch_mm": dict(sorted(pitches.items()))}
    write_whole(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n", "The calibration")
