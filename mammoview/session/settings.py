"""The user's settings: each a record with its default, range, label and help; on disk only what is not default."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeAlias

from mammoview.core.errors import Problem
from mammoview.core.paths import user_config
from mammoview.core.small_files import keep_aside, write_whole
from mammoview.pipeline.request import MOST_DROPOUT_PASSES

Value: TypeAlias = str | int | float | bool

SCHEMA: Final = 1

#: ``MIGRATIONS[n]`` turns the values of a file of schema n into those of schema n + 1.
MIGRATIONS: Final[Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {}


@dataclass(frozen=True)
class Record:
    """What there is to know about one setting.

    Attributes
    ----------
    key
        Its name in `Settings` and in the file.
    default
        Its value unless the user says otherwise; its type is the setting's type.
    group
        The page of the settings dialog.
    label, help
        A few words, and a sentence.
    choices
        (value, label) pairs; empty where any value of the type within the range will do.
    minimum, maximum
        Inclusive range of a number, or None.
    takes_several
        Whether any number of the choices may be taken together; the value names them, separated by commas.
    """

    key: str
    default: Value
    group: str
    label: str
    help: str
    choices: tuple[tuple[str, str], ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    takes_several: bool = False

    def complaint(self, value: object) -> str:
        """What is wrong with ``value`` in a few words; empty when it is fine."""
        if isinstance(self.default, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(self.default):
            return f"is not a {_TYPE_WORDS[type(self.default)]}"
        if self.choices and value not in {choice for choice, _ in self.choices}:
            return "is none of " + ", ".join(choice for choice, _ in self.choices)
        if isinstance(value, int | float) and not isinstance(value, bool):
            # Written so that NaN complains, too.
            if self.minimum is not None and not value >= self.minimum:
                return f"is below {self.minimum:g}"
            if self.maximum is not None and not value <= self.maximum:
                return f"is above {self.maximum:g}"
        return ""


_TYPE_WORDS: Final = {str: "text", bool: "true or false", int: "whole number", float: "number"}


def _setting(default: Any, group: str, label: str, help: str, **rest: Any) -> Any:  # noqa: A002
    return field(default=default, metadata={"group": group, "label": label, "help": help, **rest})


def _limit(label: str, help: str, maximum: float) -> Any:  # noqa: A002
    """A limit of the display check. There are none to begin with: the rules differ from place to place."""
    return _setting(0.0, "Display check", label, f"{help} 0 sets no limit.", minimum=0.0, maximum=maximum)


@dataclass(frozen=True)
class Settings:
    """The values in force. `RECORDS` says what each field means; make changes with `dataclasses.replace`."""

    device: str = _setting(
        "auto",
        "Engine",
        "Device",
        "Where the models run. Automatic takes an NVIDIA card, then an Apple one, then the processor.",
        choices=(
            ("auto", "Automatic"),
            ("cpu", "Processor"),
            ("cuda", "NVIDIA card"),
            *((f"cuda:{index}", f"NVIDIA card {index}") for index in range(8)),
            ("mps", "Apple card"),
        ),
    )
    threads: int = _setting(
        0, "Engine", "Threads", "Processor threads for the models; 0 uses all cores.", minimum=0, maximum=256
    )
    backend: str = _setting(
        "onnx",
        "Engine",
        "Backend on the processor",
        "ONNX Runtime gives the same scores on every machine. bf16 is faster on some and has its own operating points.",
        choices=(
            ("onnx", "ONNX Runtime, 32 bits"),
            ("torch", "PyTorch, 32 bits"),
            ("torch-bf16", "PyTorch, bfloat16"),
        ),
    )
    analyse_on_open: bool = _setting(
        True, "Engine", "Analyse on opening", "Start the analysis as soon as a study is shown."
    )
    model_whole_image: str = _setting(
        "",
        "Models",
        "Whole image",
        "Packages that score whole images; the scores of several are averaged.",
        takes_several=True,
    )
    model_patch: str = _setting(
        "", "Models", "Patches", "Packages that score regions; several are averaged.", takes_several=True
    )
    model_segmentation: str = _setting(
        "", "Models", "Segmentation", "Packages that outline lesions; several are averaged.", takes_several=True
    )
    flips: bool = _setting(
        True,
        "Models",
        "Average mirror images",
        "Scores are means over the four mirror images of each input. Off is four times faster and less steady.",
    )
    dropout_passes: int = _setting(
        0,
        "Models",
        "Dropout passes",
        "For the spread beside the scores, each network is asked so many times more with parts of it left out.",
        minimum=0,
        maximum=MOST_DROPOUT_PASSES,
    )
    outlining: str = _setting(
        "auto",
        "Models",
        "Lesions are outlined",
        "Segmenters made for crops look around findings; over the whole breast theirs are experimental.",
        choices=(
            ("auto", "As each model was made for"),
            ("findings", "Around findings"),
            ("breast", "All over the breast"),
        ),
    )
    saliency: str = _setting(
        "attention",
        "Models",
        "Saliency",
        "How the map of what mattered to the score is made. Guided back-propagation takes some seconds an image.",
        choices=(
            ("attention", "Attention, or Grad-CAM without"),
            ("gradcam", "Grad-CAM"),
            ("guided", "Guided back-propagation"),
            ("none", "None"),
        ),
    )
    hanging: str = _setting(
        "cc_over_mlo", "Display", "Hanging", "Which protocol hangs a study that has all it needs. Ctrl+H makes others."
    )
    as_stored: str = _setting(
        "",
        "Display",
        "Never turn studies described as",
        "Parts of study descriptions, with semicolons between them: images of these studies lie as they are stored.",
    )
    turn_specimens: bool = _setting(
        False,
        "Display",
        "Turn specimen and biopsy images",
        "Lay specimen, stereotactic and biopsy images down as the header says, like any other view.",
    )
    overlay_opacity: float = _setting(
        0.4, "Display", "Overlay opacity", "How strongly maps cover the image.", minimum=0.0, maximum=1.0
    )
    overlay_threshold: float = _setting(
        0.3, "Display", "Overlay threshold", "Map values below this are not painted.", minimum=0.0, maximum=1.0
    )
    layer_opacity: float = _setting(
        0.3,
        "Display",
        "Layer opacity",
        "How strongly the benign and malignant layers cover the image.",
        minimum=0.0,
        maximum=1.0,
    )
    is_tool_kept: bool = _setting(
        False,
        "Display",
        "Keep the drawing tool",
        "A tool stays in the hand after a mark. Off, it is put down; with Shift it stays for once.",
    )
    clahe_clip: float = _setting(
        2.0,
        "Display",
        "Local contrast limit",
        "How hard local contrast (CLAHE) works: 1 does next to nothing, 4 is harsh.",
        minimum=1.0,
        maximum=8.0,
    )
    asks_views: bool = _setting(
        True,
        "Display",
        "Ask for side and view",
        "Ask about images whose files do not say which side and view they show.",
    )
    is_synchronous: bool = _setting(True, "Display", "Synchronous pan and zoom", "Move all images together.")
    cine_rate: int = _setting(
        10, "Display", "Cine rate", "Slices a second while they go by themselves.", minimum=1, maximum=30
    )
    cine_way: str = _setting(
        "back_and_forth",
        "Display",
        "Cine at the last slice",
        "Turn round there, or begin again.",
        choices=(("back_and_forth", "Turn round"), ("loop", "Begin again")),
    )
    lock_minutes: int = _setting(
        15, "Worklist", "Lock after (minutes)", "Idle time until all is covered; 0 never.", minimum=0, maximum=480
    )
    check_days: int = _setting(
        7,
        "Display check",
        "Remind after (days)",
        "A line at the start says that a display was not checked for so long; 0 never does.",
        minimum=0,
        maximum=366,
    )
    limit_deviation: float = _limit("Most deviation from the standard (%)", "Of the contrast of two levels.", 100.0)
    limit_ratio: float = _limit("Least luminance ratio", "White over black.", 5000.0)
    limit_white: float = _limit("Least white (cd/m²)", "With the room's light.", 3993.0)
    limit_pair: float = _limit("Most difference in a pair (%)", "Of white, as a part of the mean.", 100.0)
    gray_depth: str = _setting(
        "10",
        "Monitor",
        "Gray depth",
        "Ten bits need a screen that the system runs with them. Dithering mixes neighbouring pixels to look like ten.",
        choices=(
            ("8", "8 bits"),
            ("10", "10 bits where the screen has them"),
            ("dithered", "10 bits, dithered where the screen has 8"),
        ),
    )
    monitor_response: str = _setting(
        "calibrated",
        "Monitor",
        "The monitor is",
        "One calibrated to the DICOM gray scale (GSDF) needs no help; others are corrected from the values below.",
        choices=(
            ("calibrated", "Calibrated to the DICOM gray scale"),
            ("srgb", "An sRGB monitor"),
            ("gamma22", "A monitor of gamma 2.2"),
            ("measured", "As measured in the file below"),
        ),
    )
    monitor_black_cd_m2: float = _setting(
        0.5, "Monitor", "Black (cd/m²)", "Luminance of black without the room's light.", minimum=0.0, maximum=100.0
    )
    monitor_white_cd_m2: float = _setting(
        350.0, "Monitor", "White (cd/m²)", "Luminance of white without the room's light.", minimum=1.0, maximum=4000.0
    )
    ambient_cd_m2: float = _setting(
        0.2, "Monitor", "Room light (cd/m²)", "What the dark screen reflects of the room.", minimum=0.0, maximum=100.0
    )
    monitor_file: str = _setting(
        "",
        "Monitor",
        "Measured luminance",
        "A table (CSV) with two columns: driving level from 0 to 255 and cd/m², measured without the room's light.",
    )
    contrast: str = _setting(
        "normal",
        "Window",
        "Contrast",
        "High draws letters white on black and bright frames; images and overlays stay as they are.",
        choices=(("normal", "Usual"), ("high", "High")),
    )
    ui_scale: int = _setting(
        100,
        "Window",
        "Size of letters and controls (%)",
        "Of the panels, and of what is written over the images.",
        minimum=80,
        maximum=250,
    )
    offers_tour: bool = _setting(
        True, "Window", "Tour at the next start", "A few steps over the window, when no files are opened with it."
    )
    decode_workers: int = _setting(
        2, "Loading", "Decoders", "Processes that read images; takes effect at the next start.", minimum=1, maximum=8
    )
    cache_mib: int = _setting(
        1024, "Loading", "Image memory (MiB)", "Decoded images kept in memory.", minimum=256, maximum=65_536
    )


#: One for each field of `Settings`, in the order of the dialog.
RECORDS: Final[tuple[Record, ...]] = tuple(
    Record(key=f.name, default=getattr(Settings, f.name), **f.metadata) for f in fields(Settings)
)


def record(key: str) -> Record:
    """The record of one setting."""
    return next(r for r in RECORDS if r.key == key)


def load(path: Path | None = None) -> tuple[Settings, tuple[Problem, ...]]:
    """Read the settings file.

    Parameters
    ----------
    path
        The file; None for `mammoview.core.paths.user_config`.

    Returns
    -------
    settings
        Defaults where the file is absent or says nothing usable.
    problems
        What could not be used. A file that is no TOML, or comes from a newer version, is kept beside the new one.
    """
    path = path or user_config()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings(), ()
    except OSError as error:
        message = f"The settings cannot be read ({error.strerror})."
        return Settings(), (Problem(str(path), "settings", message, "The defaults are used for now."),)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        kept = keep_aside(path)
        hint = f"The defaults are used; the old file was kept as {kept.name}." if kept else "The defaults are used."
        return Settings(), (Problem(str(path), "settings", "The settings file is damaged.", hint),)
    return _interpret(values, path)


def _interpret(values: dict[str, Any], path: Path) -> tuple[Settings, tuple[Problem, ...]]:
    problems = []
    schema = values.pop("schema", SCHEMA)
    if not isinstance(schema, int) or schema > SCHEMA:
        kept = keep_aside(path)
        hint = f"What this version knows is used; a copy was kept as {kept.name}." if kept else ""
        problems.append(Problem(str(path), "settings", "The settings file comes from a newer version.", hint))
    else:
        values = migrate(values, schema)
    usable: dict[str, Any] = {}
    records = {r.key: r for r in RECORDS}
    for key, value in values.items():
        complaint = records[key].complaint(value) if key in records else "is not a setting of this version"
        if complaint:
            message = f"The setting {key} {complaint}."
            problems.append(Problem(str(path), "settings", message, "Its default is used." if key in records else ""))
        else:
            usable[key] = type(records[key].default)(value)
    return Settings(**usable), tuple(problems)


def migrate(
    values: dict[str, Any],
    schema: int,
    *,
    migrations: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = MIGRATIONS,
) -> dict[str, Any]:
    """Bring the values of an older file up to date, one schema at a time."""
    for version in range(schema, max([SCHEMA, *(v + 1 for v in migrations)])):
        values = migrations[version](values)
    return values


def save(settings: Settings, path: Path | None = None) -> None:
    """Write what differs from the defaults, all or nothing.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    path = path or user_config()
    lines = [f"schema = {SCHEMA}"]
    for r in RECORDS:
        value = getattr(settings, r.key)
        if value != r.default:
            # JSON's text, numbers and truth values are TOML's, too.
            lines.append(f"{r.key} = {json.dumps(value, ensure_ascii=False)}")
    write_whole(path, "\n".join(lines) + "\n", "The settings")
