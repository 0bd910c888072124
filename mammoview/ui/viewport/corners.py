"""Where the lines of a pane go, so that nothing overlaps and nothing is cut off at any size. No Qt.

Lines stand at the edge away from the chest wall. Where room is short, lines are wrapped, then left out by their
weight, then shortened; the side and the view stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from mammoview.ui.viewport.annotation import Line, Tone
from mammoview.ui.viewport.beside import Beside

#: Text reaches no further into the pane than this share of it, but at least as far as `_ROOM_LINES` line heights.
_MOST_SHARE: Final = 0.62
_ROOM_LINES: Final = 14.0
#: Below this share of line heights a pane is narrow: the breast is close, so lines are short and few.
_NARROW_LINES: Final = 26.0
#: Lines heavier than this are left out of a narrow pane.
_NARROW_WEIGHT: Final = 7
#: Banners stand in the middle of the upper edge where that leaves so many line heights beside them.
_BESIDE_BADGE_LINES: Final = 9.0
#: A warning may take so many lines.
_MOST_WRAPS: Final = 3
#: Lines as heavy as this, and heavier, never lie over the breast as it hangs: they are left out.
_OFF_BREAST_WEIGHT: Final = 5
#: Between the breast and the end of a line, line heights.
_CLEAR_LINES: Final = 0.5
#: Lines are not broken for the breast's sake where it leaves less than so many line heights.
_LEAST_LINES: Final = 7.0


class Measure(Protocol):
    """How large text is, device pixels."""

    def width(self, text: str, tone: Tone) -> float:
        """From the first letter's left to the last one's right."""

    def height(self, tone: Tone) -> float:
        """From one line to the next."""


@dataclass(frozen=True)
class Rect:
    """Rows [top, bottom) and columns [left, right), device pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Rect) -> bool:
        """Whether both share a pixel."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


@dataclass(frozen=True)
class Placed:
    """A line and its place."""

    text: str
    tone: Tone
    rect: Rect


@dataclass(frozen=True)
class Layout:
    """Everything that is written into one pane.

    Attributes
    ----------
    lines, letters, badges
        What is written, each within its rectangle.
    caption
        The room for the window's values.
    gap
        (top, bottom) of the rows at the outer edge that no line uses.
    left_out
        How many lines found no room.
    """

    lines: tuple[Placed, ...]
    letters: tuple[Placed, ...]
    badges: tuple[Placed, ...]
    caption: Rect
    gap: tuple[float, float]
    left_out: int = 0


@dataclass(frozen=True)
class _Frame:
    rows: int
    columns: int
    margin: float
    is_right: bool
    measure: Measure
    beside: Beside | None = None

    def clear(self, top: float, bottom: float) -> float:
        """How wide text may be between these rows without touching the breast."""
        if self.beside is None:
            return float(self.columns)
        return self.beside.room(top, bottom) - self.margin - _CLEAR_LINES * self.measure.height(Tone.PLAIN)

    def at_edge(self, width: float, top: float, height: float) -> Rect:
        """A rectangle at the edge away from the chest wall."""
        left = self.columns - self.margin - width if self.is_right else self.margin
        return Rect(left, top, left + width, top + height)

    def at_wall(self, width: float, top: float, height: float) -> Rect:
        """A rectangle at the chest wall's edge."""
        left = 0.0 if self.is_right else self.columns - width
        return Rect(left, top, left + width, top + height)

    def at_top(self, width: float, top: float, height: float) -> Rect:
        """A rectangle at the upper edge, off the axilla where there is room, else at the chest wall's edge."""
        beside = (self.columns - width) / 2
        if beside < _BESIDE_BADGE_LINES * self.measure.height(Tone.PLAIN):
            return self.at_wall(width, top, height)
        return Rect(beside, top, beside + width, top + height)

    @property
    def is_narrow(self) -> bool:
        """Whether lines of the usual length would lie over the breast."""
        return self.columns < _NARROW_LINES * self.measure.height(Tone.PLAIN)

    @property
    def widest(self) -> float:
        """How far text may reach into the pane."""
        room = self.columns - 2 * self.margin
        return max(0.0, min(room, max(self.columns * _MOST_SHARE, _ROOM_LINES * self.measure.height(Tone.PLAIN))))


def lay_out(
    upper: Sequence[Line],
    lower: Sequence[Line],
    *,
    size: tuple[int, int],
    margin: float,
    is_right: bool,
    measure: Measure,
    letters: dict[str, str] | None = None,
    badges: Sequence[str] = (),
    beside: Beside | None = None,
) -> Layout:
    """Give every line its place.

    Parameters
    ----------
    upper, lower
        From top to bottom.
    size
        (rows, columns) of the pane, device pixels.
    margin
        Between text and the pane's edges.
    is_right
        Whether the edge away from the chest wall is the right one.
    letters
        Directions by edge; the chest wall's own edge left out by the caller.
    badges
        Banners at the upper edge, in its middle or at the chest wall where that is too short; never shortened.
    beside
        The room beside the breast; None where it is unknown.
    """
    frame = _Frame(size[0], size[1], margin, is_right, measure, beside)
    made_badges = _badges(frame, badges)
    made_letters, caption = _letters(frame, letters or {}, made_badges)
    inner = [one for edge, one in made_letters.items() if edge in {"top", "bottom"}]
    obstacles = [one.rect for one in (*made_badges, *inner)]
    outer = next((one for edge, one in made_letters.items() if edge in {"left", "right"}), None)
    reserve = (outer.rect.bottom - outer.rect.top if outer else 0.0) + margin
    all_lines = [*((line, True) for line in upper if line.text), *((line, False) for line in lower if line.text)]
    count = len(all_lines)
    chosen = [(fitted, is_upper) for line, is_upper in all_lines if (fitted := _fitted(frame, line)) is not None]
    while True:
        _leave_out(frame, chosen, caption.top - margin - reserve)
        down = _stack_down(frame, [line for line, is_upper in chosen if is_upper], obstacles)
        up = _stack_up(frame, [line for line, is_upper in chosen if not is_upper], caption.top, obstacles)
        written = [one for _, one in (*down, *up)]
        gap = (
            max([margin, *(one.rect.bottom for _, one in down)]),
            min([caption.top, *(one.rect.top for _, one in up)]),
        )
        if len(chosen) > 1 and gap[1] - gap[0] < reserve:
            # Around banners and letters lines took more room than reckoned.
            _leave_out(frame, chosen, 0.0, at_most=1)
        elif not _leave_out_of_breast(frame, chosen, (*down, *up)):
            break
    if outer is not None:
        high = outer.rect.bottom - outer.rect.top
        top = min(max((frame.rows - high) / 2, gap[0]), gap[1] - high)
        made_letters = {edge: one for edge, one in made_letters.items() if one is not outer}
        if gap[1] - gap[0] >= high:
            moved = replace(outer.rect, top=top, bottom=top + high)
            made_letters["outer"] = replace(outer, rect=moved)
    return Layout(tuple(written), tuple(made_letters.values()), made_badges, caption, gap, count - len(chosen))


def _fitted(frame: _Frame, line: Line) -> Line | None:
    """The line as it stands in a pane of this width; None where it does not."""
    if not frame.is_narrow:
        return line
    if line.weight > _NARROW_WEIGHT:
        return None
    return replace(line, text=line.short or line.text)


def _badges(frame: _Frame, texts: Sequence[str]) -> tuple[Placed, ...]:
    made: list[Placed] = []
    top = 0.0
    for text in texts:
        # In small letters: bright enough as it is, and there is tissue below.
        tone = Tone.WARNING
        high = frame.measure.height(tone)
        wide = min(float(frame.columns), frame.measure.width(text, tone) + high)
        made.append(Placed(text, tone, frame.at_top(wide, top, high)))
        top += high + 1
    return tuple(made)


def _letters(frame: _Frame, letters: dict[str, str], badges: Sequence[Placed]) -> tuple[dict[str, Placed], Rect]:
    """The letters in the middle of their edges, or nearer to the chest wall where text needs the middle."""
    high = frame.measure.height(Tone.QUIET)
    caption_room = 18 * frame.measure.width("0", Tone.PLAIN)
    is_narrow = frame.columns / 2 - frame.margin < caption_room
    share = 0.2 if is_narrow else 0.5
    middle = frame.columns * (share if frame.is_right else 1 - share)
    below = max([frame.margin * 0.5, *(badge.rect.bottom for badge in badges)])
    made: dict[str, Placed] = {}
    for edge, letter in letters.items():
        wide = frame.measure.width(letter, Tone.QUIET)
        if edge in {"top", "bottom"}:
            top = below if edge == "top" else frame.rows - frame.margin * 0.5 - high
            left = min(max(0.0, middle - wide / 2), frame.columns - wide)
            made[edge] = Placed(letter, Tone.QUIET, Rect(left, top, left + wide, top + high))
        else:
            made[edge] = Placed(letter, Tone.QUIET, frame.at_edge(wide, (frame.rows - high) / 2, high))
    line = frame.measure.height(Tone.PLAIN)
    room = frame.columns - 2 * frame.margin
    if "bottom" in made:
        rect = made["bottom"].rect
        room = (frame.columns - rect.right if frame.is_right else rect.left) - 2 * frame.margin
    return made, frame.at_edge(max(0.0, room), frame.rows - frame.margin - line, line)


def _leave_out(frame: _Frame, chosen: list[tuple[Line, bool]], room: float, *, at_most: int = 1000) -> None:
    """Leave lines out until the rest fits into ``room`` rows: the heaviest first, of equal ones the last."""
    highs = [frame.measure.height(line.tone) * len(_wrapped(frame, line, frame.widest)) for line, _is_upper in chosen]
    while len(chosen) > 1 and sum(highs) > room and at_most > 0:
        # The label comes first and is never reached.
        _, index = max((line.weight, index) for index, (line, _) in enumerate(chosen) if index)
        del chosen[index], highs[index]
        at_most -= 1


def _leave_out_of_breast(frame: _Frame, chosen: list[tuple[Line, bool]], made: Sequence[tuple[Line, Placed]]) -> bool:
    """Leave out the heaviest line that lies over the breast and may not; whether there was one."""
    over = [
        line
        for line, one in made
        if line.weight >= _OFF_BREAST_WEIGHT
        and one.rect.right - one.rect.left > frame.clear(one.rect.top, one.rect.bottom)
    ]
    if not over:
        return False
    heaviest = max(over, key=lambda line: line.weight)
    del chosen[next(index for index, (line, _) in enumerate(chosen) if line is heaviest)]
    return True


def _stack_down(frame: _Frame, lines: Sequence[Line], obstacles: Sequence[Rect]) -> list[tuple[Line, Placed]]:
    made: list[tuple[Line, Placed]] = []
    top = frame.margin
    for line in lines:
        high = frame.measure.height(line.tone)
        free = _free(frame, top, top + high, obstacles)
        wanted = min(frame.widest, frame.measure.width(line.text, line.tone))
        while free < wanted * (1.0 if line.tone is Tone.LABEL else 0.4):
            # Something stands in the way for the most part: begin below it.
            top = min(rect.bottom for rect in obstacles if rect.top < top + high and rect.bottom > top)
            free = _free(frame, top, top + high, obstacles)
        # Broken, a line would push those below it towards the breast.
        for text in _wrapped(frame, line, free):
            made.append((line, _at_edge(frame, text, line.tone, top)))
            top += high
    return made


def _stack_up(
    frame: _Frame, lines: Sequence[Line], bottom: float, obstacles: Sequence[Rect]
) -> list[tuple[Line, Placed]]:
    made: list[tuple[Line, Placed]] = []
    for line in reversed(lines):
        high = frame.measure.height(line.tone)
        rows = (bottom - high, bottom)
        for text in reversed(_texts(frame, line, _free(frame, *rows, obstacles), rows)):
            bottom -= high
            made.append((line, _at_edge(frame, text, line.tone, bottom)))
    return made[::-1]


def _at_edge(frame: _Frame, text: str, tone: Tone, top: float) -> Placed:
    return Placed(text, tone, frame.at_edge(frame.measure.width(text, tone), top, frame.measure.height(tone)))


def _free(frame: _Frame, top: float, bottom: float, obstacles: Sequence[Rect]) -> float:
    """The width between the outer edge and the first obstacle beside these rows."""
    free = frame.widest
    for rect in obstacles:
        if rect.top < bottom and rect.bottom > top:
            beside = frame.columns - rect.right if frame.is_right else rect.left
            free = min(free, beside - 2 * frame.margin)
    return max(0.0, free)


def _texts(frame: _Frame, line: Line, free: float, rows: tuple[float, float]) -> list[str]:
    """What is written of a line: in short, or in several lines, where it would touch the breast otherwise."""
    clear = frame.clear(*rows)
    if clear < min(free, frame.measure.width(line.text, line.tone)):
        if line.short:
            line = replace(line, text=line.short)
        elif line.weight <= 1 and clear >= _LEAST_LINES * frame.measure.height(Tone.PLAIN):
            broken = _wrapped(frame, line, clear)
            if " ".join(broken) == line.text:
                return broken
    return _wrapped(frame, line, free)


def _wrapped(frame: _Frame, line: Line, width: float) -> list[str]:
    """The text in one line, or in several where it must not be lost (weights 0 and 1); each fits ``width``."""
    tone = line.tone
    if tone is Tone.LABEL or frame.measure.width(line.text, tone) <= width:
        return [line.text]
    if line.weight > 1:
        return [elided(line.text, tone, width, frame.measure)]
    texts: list[str] = []
    rest = line.text.split()
    while rest and len(texts) < _MOST_WRAPS - 1:
        count = 1
        while count < len(rest) and frame.measure.width(" ".join(rest[: count + 1]), tone) <= width:
            count += 1
        texts.append(elided(" ".join(rest[:count]), tone, width, frame.measure))
        rest = rest[count:]
    if rest:
        texts.append(elided(" ".join(rest), tone, width, frame.measure))
    return texts


def elided(text: str, tone: Tone, width: float, measure: Measure) -> str:
    """As much of the text as fits ``width``, with an ellipsis where it is not all."""
    if measure.width(text, tone) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure.width(f"{text[:middle].rstrip()}…", tone) <= width:
            low = middle
        else:
            high = middle - 1
    return f"{text[:low].rstrip()}…" if low else ""
