"""mini-MIAS (Suckling et al. 1994): ``mdb001.pgm`` to ``mdb322.pgm``, 1024 × 1024, and ``Info.txt``.

Lines read ``mdb001 G CIRC B 535 425 197``: image, tissue, abnormality, severity, x, y and radius; y counts from the
bottom. Films come in pairs of one patient, all MLO. The collection's text calls the even numbers left; the names of its
original files (``mdb001lm``, ``mdb002rl``) say that odd ones are, and they are believed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from mammoview.core.errors import InputError
from mammoview.core.findings import LesionKind
from mammoview.core.geometry import Box
from mammoview.core.study import Laterality, ViewPosition
from mammoview.training.cases.case import Case, MarkedLesion

if TYPE_CHECKING:
    from pathlib import Path

SIDE_PX = 1024
#: The list stands in a file of its own, or in the text that comes with the images.
LISTS = ("Info.txt", "info.txt", "README")
_LINE = re.compile(
    r"^mdb(?P<number>\d{3})\s+[FGD]\s+(?P<kind>CALC|CIRC|SPIC|MISC|ARCH|ASYM|NORM)"
    r"(?:\s+(?P<severity>[BM]))?(?:\s+(?P<x>\d+)\s+(?P<y>\d+)\s+(?P<radius>\d+))?\b.*$",
    re.MULTILINE,
)
_KINDS = {
    "CALC": LesionKind.CALCIFICATION,
    "CIRC": LesionKind.MASS,
    "SPIC": LesionKind.MASS,
    "MISC": LesionKind.MASS,
}


def recognises(root: Path) -> bool:
    """Whether the folder holds images of mini-MIAS and their list."""
    return _list(root) is not None and (_images(root) / "mdb001.pgm").is_file()


def read(root: Path) -> tuple[Case, ...]:
    """The images of mini-MIAS, with a box around each abnormality whose place is given.

    Parameters
    ----------
    root
        The folder of the list; the images lie in it, or in ``all-mias`` there.

    Raises
    ------
    InputError
        When files are missing, or an abnormal film has no severity.
    """
    listed = _list(root)
    if listed is None:
        raise InputError(f"{root} lacks the list of mini-MIAS.", f"Put it there as {LISTS[0]}.")
    lines: dict[int, list[re.Match[str]]] = defaultdict(list)
    for match in _LINE.finditer(listed.read_text(encoding="latin-1")):
        lines[int(match["number"])].append(match)
    cases = []
    for number, found in sorted(lines.items()):
        path = _images(root) / f"mdb{number:03d}.pgm"
        if not path.is_file():
            raise InputError(f"{path} is missing.", "Check that the data are complete.")
        cases.append(_case(path, number, found))
    if not cases:
        raise InputError(f"{listed} holds no lines of mini-MIAS.", "Check that it is complete.")
    return tuple(cases)


def _images(root: Path) -> Path:
    return root / "all-mias" if (root / "all-mias").is_dir() else root


def _list(root: Path) -> Path | None:
    places = (folder / name for folder in (root, _images(root)) for name in LISTS)
    return next((place for place in places if place.is_file()), None)


def _case(path: Path, number: int, lines: list[re.Match[str]]) -> Case:
    abnormal = [line for line in lines if line["kind"] != "NORM"]
    if any(line["severity"] is None for line in abnormal):
        raise InputError(f"The list of mini-MIAS names no severity for {path.stem}.", "Copy it again.")
    return Case(
        path,
        f"{(number + 1) // 2:03d}",
        Laterality.LEFT if number % 2 else Laterality.RIGHT,
        ViewPosition.MLO,
        any(line["severity"] == "M" for line in abnormal),
        tuple(_lesion(line) for line in abnormal if line["radius"] is not None),
    )


def _lesion(line: re.Match[str]) -> MarkedLesion:
    square = Box.square(SIDE_PX - int(line["y"]), int(line["x"]), 2 * int(line["radius"]))
    return MarkedLesion(square.clipped(SIDE_PX, SIDE_PX), _KINDS.get(line["kind"]), line["severity"] == "M")
