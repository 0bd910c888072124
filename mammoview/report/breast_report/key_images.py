"""Key images: the view with the outlines of what is described, its patient, and a scale where one is known."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from mammoview.core.errors import InputError
from mammoview.core.geometry import Dihedral
from mammoview.core.plain_text import date_text, name_text, printable
from mammoview.core.reading import ReaderFinding
from mammoview.report.breast_report.drafting import named_lesions
from mammoview.report.breast_report.fonts import apart, drawable, font_file, in_visual_order
from mammoview.report.breast_report.values import Content, Draft, ReportImage

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

#: Long side of the view in a key image, pixels.
VIEW_PX: Final = 1100
#: The bands above and below the view: the upper one holds the name.
BAND_PX: Final = 88
_LETTER_PX: Final = 30
_OUTLINE: Final = (255, 210, 60)
_TEXT: Final = (235, 235, 235)
_DIM: Final = (170, 170, 170)
#: Lengths that a scale bar may have, mm; it takes the longest that fits into a quarter of the view.
_BARS_MM: Final = (5, 10, 20, 50, 100)


@dataclass(frozen=True)
class KeyImage:
    """One picture.

    Attributes
    ----------
    names
        Of the lesions that are outlined: ``R1``.
    caption
        One line.
    png
        The file's bytes.
    width_px, height_px
        Its size.
    """

    image_id: str
    label: str
    names: tuple[str, ...]
    caption: str
    png: bytes = field(repr=False)
    width_px: int
    height_px: int


@dataclass(frozen=True, eq=False)
class Shown:
    """The pixels of an image as a reader saw it.

    Attributes
    ----------
    pixels
        P-values in native orientation, shape (rows, columns), uint8 or uint16 over their whole range.
    orientation
        How it hung.
    """

    pixels: NDArray[np.integer]
    orientation: Dihedral = Dihedral()  # noqa: RUF009 - frozen


def key_images(written: Draft | Content, shown: Mapping[tuple[str, int], Shown]) -> tuple[KeyImage, ...]:
    """One picture for each image that shows a described finding.

    Parameters
    ----------
    written
        The report.
    shown
        By image id and frame (0 for an image of one frame). Images that are not in it have no picture.

    Returns
    -------
    tuple of KeyImage
        In the order of the exam's images; for a volume one picture for each frame with a finding.

    Raises
    ------
    InputError
        When an array has not the size of its image.
    """
    marked: dict[tuple[str, int], list[tuple[str, ReaderFinding]]] = {}
    for one in named_lesions(written):
        for finding in one.lesion.findings:
            marked.setdefault((finding.image_id, finding.frame), []).append((one.name, finding))
    pictures = []
    for image in written.exam.images:
        for (image_id, frame), findings in sorted(marked.items(), key=lambda entry: entry[0][1]):
            if image_id == image.id and (image_id, frame) in shown:
                pictures.append(_picture(written, image, frame, findings, shown[image_id, frame]))
    return tuple(pictures)


def _picture(
    written: Draft | Content,
    image: ReportImage,
    frame: int,
    findings: Sequence[tuple[str, ReaderFinding]],
    seen: Shown,
) -> KeyImage:
    import cv2
    from PIL import Image, ImageDraw, ImageFont

    pixels = seen.pixels
    if pixels.shape != (image.rows, image.columns) or pixels.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"The pixels of {image.label} are not those of its header ({pixels.shape}, {pixels.dtype}).",
            "Open the study again.",
        )
    laid = seen.orientation.transform(image.rows, image.columns)
    gray = _laid(pixels, seen.orientation)
    scale = VIEW_PX / max(gray.shape)
    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    view = np.asarray(cv2.resize(gray, size, interpolation=how), dtype=np.uint8)
    # A narrow view leaves no room for a name.
    width = max(size[0], 700)
    canvas = Image.new("RGB", (width, size[1] + 2 * BAND_PX), (0, 0, 0))
    left = 0 if image.side is None or image.side.value == "L" else width - size[0]
    canvas.paste(Image.fromarray(view).convert("RGB"), (left, BAND_PX))
    draw = ImageDraw.Draw(canvas)
    # Text comes in visual order: the other layout engine would turn it round again, where it is installed.
    basic = ImageFont.Layout.BASIC
    font = ImageFont.truetype(str(font_file("DejaVuSans-Bold")), _LETTER_PX, layout_engine=basic)
    small = ImageFont.truetype(str(font_file("DejaVuSans")), _LETTER_PX - 6, layout_engine=basic)
    _bands(draw, written, image, frame, (font, small), canvas.size)
    placer = _Placer(draw, font, canvas.size)
    for name, finding in findings:
        places = laid.apply(np.asarray(finding.contour, dtype=np.float64))
        points = [(left + column * scale, BAND_PX + row * scale) for row, column in places.tolist()]
        _outline(draw, points)
        placer.put(name, points)
    if image.spacing_mm is not None:
        along = image.spacing_mm[0] if seen.orientation.transpose else image.spacing_mm[1]
        _scale_bar(draw, small, size, canvas.size, along / scale)
    data = io.BytesIO()
    canvas.save(data, "PNG")
    names = tuple(dict.fromkeys(name for name, _ in findings))
    slice_words = f", slice {frame + 1}" if frame else ""
    return KeyImage(
        image.id, image.label, names, f"{image.label}{slice_words}: {', '.join(names)}", data.getvalue(), *canvas.size
    )


def _laid(pixels: NDArray[np.integer], how: Dihedral) -> NDArray[np.uint8]:
    gray = (pixels >> 8).astype(np.uint8) if pixels.dtype == np.uint16 else pixels.astype(np.uint8)
    gray = gray.T if how.transpose else gray
    gray = gray[::-1] if how.flip_rows else gray
    return np.ascontiguousarray(gray[:, ::-1] if how.flip_columns else gray)


def _bands(
    draw: ImageDraw,
    written: Draft | Content,
    image: ReportImage,
    frame: int,
    fonts: tuple[FreeTypeFont, FreeTypeFont],
    size: tuple[int, int],
) -> None:
    """The patient and the view above; below, what the picture is not."""
    font, small = fonts
    exam = written.exam
    label = f"{image.label} {frame + 1}" if frame else image.label
    label_px = draw.textlength(label, font=font)
    draw.text((size[0] - 12 - label_px, 8), label, font=font, fill=_TEXT)
    room = size[0] - 36 - label_px
    draw.text((12, 8), _fitting(draw, _name(exam.patient_name), font, room), font=font, fill=_TEXT)
    parts = (date_text(exam.date), drawable(printable(exam.patient_id)))
    under = " · ".join(apart(part) for part in parts if part)
    draw.text((12, 50), _fitting(draw, under, small, size[0] - 24), font=small, fill=_DIM)
    draw.text((12, size[1] - 40), "Not for diagnosis. Reduced copy.", font=small, fill=_DIM)


def _name(person: str) -> str:
    """The patient's name in the scripts that the font has; what it lacks only where no other form is given."""
    groups = person.split("=")[:2]
    for form in (name_text(person), *(name_text(group) for group in groups)):
        if form and drawable(form) == form:
            return form
    return drawable(name_text(person))


def _fitting(draw: ImageDraw, text: str, font: FreeTypeFont, room: float) -> str:
    """The text as it is drawn, cut where it is longer than the room."""
    shown = in_visual_order(text)
    while text and draw.textlength(shown, font=font) > room:
        text = text[:-2].rstrip()
        shown = in_visual_order(f"{text}…")
    return shown


def _outline(draw: ImageDraw, points: Sequence[tuple[float, float]]) -> None:
    if len(points) == 1:
        (x, y) = points[0]
        draw.ellipse((x - 14, y - 14, x + 14, y + 14), outline=_OUTLINE, width=3)
        return
    draw.line([*points, points[0]], fill=_OUTLINE, width=3, joint="curve")


@dataclass
class _Placer:
    """Puts names beside outlines where no other name stands."""

    draw: ImageDraw
    font: FreeTypeFont
    size: tuple[int, int]
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)

    def put(self, name: str, points: Sequence[tuple[float, float]]) -> None:
        wide, high = self.draw.textlength(name, font=self.font), _LETTER_PX + 4
        xs, ys = [x for x, _ in points], [y for _, y in points]
        right, top, bottom, left = max(xs) + 8, min(ys) - high, max(ys) + 2, min(xs) - wide - 8
        middle = (min(ys) + max(ys) - high) / 2
        places = [(right, top), (left, top), (right, bottom), (left, bottom), (right, middle), (left, middle)]
        places += [(right, top - step * high) for step in range(1, 8)] + [(right, top)]
        for place in places:
            x = min(max(place[0], 2), self.size[0] - wide - 2)
            y = min(max(place[1], BAND_PX), self.size[1] - BAND_PX - high)
            box = (x, y, x + wide, y + high)
            if not any(_meet(box, other) for other in self.taken):
                break
        self.taken.append(box)
        self.draw.text((x, y), name, font=self.font, fill=_OUTLINE, stroke_width=2, stroke_fill=(0, 0, 0))


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _scale_bar(
    draw: ImageDraw, font: FreeTypeFont, view: tuple[int, int], canvas: tuple[int, int], mm_per_px: float
) -> None:
    if not (math.isfinite(mm_per_px) and mm_per_px > 0):
        return
    fitting = [length for length in _BARS_MM if length / mm_per_px <= view[0] / 3]
    if not fitting:
        return
    length_px = fitting[-1] / mm_per_px
    right, y = canvas[0] - 14, canvas[1] - 14
    draw.line([(right - length_px, y), (right, y)], fill=_TEXT, width=3)
    for x in (right - length_px, right):
        draw.line([(x, y - 8), (x, y + 1)], fill=_TEXT, width=3)
    words = f"{fitting[-1]} mm"
    at = right - length_px / 2 - draw.textlength(words, font=font) / 2
    draw.text((at, y - 44), words, font=font, fill=_TEXT)
