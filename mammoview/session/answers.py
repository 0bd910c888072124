"""What the reader said of images whose files do not say which side or view they show, kept over restarts (MG-A07)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from mammoview.core.errors import OutputError, Problem
from mammoview.core.paths import user_data
from mammoview.core.small_files import keep_aside, write_whole
from mammoview.core.study import Inferred, Laterality, Mammogram, ScanResult, Study, ViewPosition
from mammoview.session.messages import Messages

SCHEMA: Final = 1
#: Stands as the source of what was said.
SOURCE: Final = "said by the reader"


@dataclass(frozen=True)
class Answer:
    """What was said of one image; None where nothing was."""

    laterality: Laterality | None = None
    view: ViewPosition | None = None


def answers_path() -> Path:
    """The file that holds the answers."""
    return user_data() / "said.json"


def load(path: Path | None = None) -> tuple[dict[str, Answer], Problem | None]:
    """Read the answers by image id.

    Parameters
    ----------
    path
        The file; None for `answers_path`.

    Returns
    -------
    answers
        None where the file is absent or not usable.
    problem
        Why a file that is there is not used; it is kept beside the next one.
    """
    path = path or answers_path()
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["schema"] != SCHEMA:
            raise ValueError("another version")
        return {str(name): _answer(said) for name, said in values["said"].items()}, None
    except FileNotFoundError:
        return {}, None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        kept = keep_aside(path)
        hint = f"The old file was kept as {kept.name}." if kept else ""
        return {}, Problem(str(path), "answers", "The list of sides and views that you gave cannot be used.", hint)


def _answer(said: Mapping[str, str]) -> Answer:
    side, view = said.get("laterality"), said.get("view")
    return Answer(Laterality(side) if side else None, ViewPosition(view) if view else None)


def save(answers: Mapping[str, Answer], path: Path | None = None) -> None:
    """Write the answers, all or nothing.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    said = {name: {"laterality": one.laterality, "view": one.view} for name, one in sorted(answers.items())}
    text = json.dumps({"schema": SCHEMA, "said": said}, indent=1)
    write_whole(path or answers_path(), text + "\n", "The list of sides and views")


def lacks(image: Mammogram) -> Answer | None:
    """What is known of an image that may be asked about; None for one whose file says its side and its view.

    What the reader said before may be said again.
    """
    own = _without_answer(image)
    is_known = own.laterality is not None and own.view is not None
    return None if is_known or own.is_biopsy else Answer(own.laterality, own.view)


def _without_answer(image: Mammogram) -> Mammogram:
    said = {entry.attribute for entry in image.inferred if entry.source == SOURCE}
    return replace(
        image,
        laterality=None if "laterality" in said else image.laterality,
        view=None if "view" in said else image.view,
        inferred=tuple(entry for entry in image.inferred if entry.source != SOURCE),
    )


class Answers:
    """The answers of one session.

    Parameters
    ----------
    messages
        Told what could not be read or written.
    """

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._answers, problem = load()
        if problem is not None:
            messages.tell(problem)

    def say(self, image_id: str, answer: Answer) -> None:
        """Keep an answer; an empty one takes it back."""
        self._answers[image_id] = answer
        if answer == Answer():
            del self._answers[image_id]
        try:
            save(self._answers)
        except OutputError as error:
            self._messages.tell(Problem.from_error(error))

    def applied(self, scan: ScanResult) -> ScanResult:
        """The studies with what was said filled in where the files say nothing, marked as such."""
        return replace(scan, studies=tuple(map(self._study, scan.studies)))

    def _study(self, study: Study) -> Study:
        return replace(study, images=tuple(map(self._image, study.images)))

    def _image(self, image: Mammogram) -> Mammogram:
        own, said = _without_answer(image), self._answers.get(image.id, Answer())
        side, view = own.laterality or said.laterality, own.view or said.view
        added = [
            Inferred(name, value.value, SOURCE)
            for name, value, known in (("laterality", side, own.laterality), ("view", view, own.view))
            if value is not None and known is None
        ]
        return replace(own, laterality=side, view=view, inferred=(*own.inferred, *added))
