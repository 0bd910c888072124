"""The frames of volumes: the one wanted now, then those wanted next, within what memory is left (MG-I08)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from mammoview.core.errors import CancelledError, Problem
from mammoview.core.image import DisplayImage, RangePadding
from mammoview.core.jobs import JobDone, JobFailed
from mammoview.core.study import Mammogram, ScanResult
from mammoview.core.volume import Volume
from mammoview.session.blocks import Block, Decoded, FrameRequest, Layout, check_size
from mammoview.session.events import Event, FrameFailed, FrameReady, Level
from mammoview.session.jobs import Crew, JobRetried, Order, Report
from mammoview.session.messages import Messages
from mammoview.session.pixels import Pixels

#: Messages about the frames of a volume that is shown all the same.
VOLUME_CODE = "volume"
#: Frames that are held whatever the budget says: the one shown, and the next two.
_LEAST_FRAMES = 3
#: Behind the reader's back a frame is worth as much as one twice as far ahead.
_BEHIND = 2

Key = tuple[str, int]


@dataclass(frozen=True)
class _Wish:
    """Where a reader is in a volume, and which way the frames go by."""

    image: Mammogram
    position: int
    step: int
    reach: int
    turn: int

    @property
    def volume(self) -> Volume:
        assert self.image.volume is not None
        return self.image.volume

    def rank(self, position: int) -> int:
        """How soon that position will be wanted; 0 is now."""
        ahead = (position - self.position) * self.step
        return ahead if ahead >= 0 else -_BEHIND * ahead

    def soon(self) -> Iterator[tuple[int, int]]:
        """(rank, position) of what is wanted, soonest first."""
        ranks = [(self.rank(position), position) for position in range(self.volume.frames)]
        # Of two that are worth the same, the one ahead.
        ranks.sort(key=lambda pair: (pair[0], (self.position - pair[1]) * self.step))
        return (pair for pair in ranks if pair[0] <= self.reach)


class Volumes:
    """Fetches frames through the decoders, and forgets those that will be wanted last.

    What is decoded next is chosen when a decoder is free, not when it was asked for: a reader who scrolls on does not
    wait for frames passed by.

    Parameters
    ----------
    crew
        The decoders.
    pixels
        Shares its memory budget, and holds the frame shown first of each volume.
    on_event
        Told `FrameReady` and `FrameFailed`, never while the lock is held.
    workers
        How many decoders there are.
    """

    def __init__(
        self, crew: Crew, pixels: Pixels, on_event: Callable[[Event], None], messages: Messages, *, workers: int
    ) -> None:
        self._crew, self._pixels, self._on_event, self._messages = crew, pixels, on_event, messages
        self._workers = workers
        self._lock = threading.RLock()
        self._wishes: dict[str, _Wish] = {}
        self._frames: dict[Key, DisplayImage] = {}
        self._failed: set[Key] = set()
        self._coming: set[Key] = set()
        self._tickets = 0
        self._count = 0
        self._turn = 0

    @property
    def held_bytes(self) -> int:
        """Memory of the frames held here."""
        with self._lock:
            return sum(map(_size_bytes, self._frames.values()))

    def get(self, image: Mammogram, position: int) -> DisplayImage | None:
        """The frame at a position, if it is in memory."""
        with self._lock:
            frame = self._frames.get((image.id, position))
        if frame is None and image.volume is not None and position == image.volume.middle:
            return self._pixels.get(image.id)
        return frame

    def has_failed(self, image_id: str, position: int) -> bool:
        """Whether that frame cannot be read."""
        with self._lock:
            return (image_id, position) in self._failed

    def want(self, image: Mammogram, position: int, *, step: int = 1, reach: int | None = None) -> None:
        """Say where a reader is; `FrameReady` or `FrameFailed` follows for that frame unless it is in memory.

        Parameters
        ----------
        image
            A volume.
        position
            Shown, or to be shown as soon as it is here. Whatever was wanted of this volume before is not any more.
        step
            Which way the reader goes: 1 or −1.
        reach
            How many frames ahead are fetched as well; None for as many as memory holds.
        """
        with self._lock:
            self._turn += 1
            frames = image.frames
            self._wishes[image.id] = _Wish(image, position, step, 2 * frames if reach is None else reach, self._turn)
            is_urgent = self.get(image, position) is None and (image.id, position) not in self._coming | self._failed
        if is_urgent:
            self._submit(is_urgent=True)
        self._pump()

    def keep_only(self, image_ids: Iterable[str]) -> None:
        """Fetch no more frames of other volumes; those in memory are the first to go."""
        kept = frozenset(image_ids)
        with self._lock:
            self._wishes = {key: wish for key, wish in self._wishes.items() if key in kept}

    def forget(self, image_ids: Iterable[str]) -> None:
        """Drop the frames of volumes whose files may have changed."""
        gone = frozenset(image_ids)
        with self._lock:
            self._frames = {key: frame for key, frame in self._frames.items() if key[0] not in gone}
            self._failed = {key for key in self._failed if key[0] not in gone}
        self._pixels.make_room(self.held_bytes)

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._wishes, self._frames = {}, {}

    # What is fetched

    def _pump(self) -> None:
        """Have as many decoders at work as there are, while something is wanted."""
        with self._lock:
            missing = self._workers - self._tickets if self._next() is not None else 0
        for _ in range(missing):
            self._submit(is_urgent=False)

    def _submit(self, *, is_urgent: bool) -> None:
        with self._lock:
            self._tickets += 1
            self._count += 1
            ticket = _Ticket(self._take, self._ended)
            # Before all images when the reader waits, behind all that was asked for when not.
            order = ticket.order(f"frame {self._count}", (0,) if is_urgent else (2,))
        self._crew.submit(order)

    def _next(self) -> tuple[_Wish, int] | None:
        """The most wanted frame that is neither here nor on its way."""
        best: tuple[int, int, _Wish, int] | None = None
        for wish in self._wishes.values():
            for rank, position in wish.soon():
                key = (wish.image.id, position)
                if key in self._coming or key in self._failed or self.get(wish.image, position) is not None:
                    continue
                if best is None or (rank, -wish.turn) < best[:2]:
                    best = (rank, -wish.turn, wish, position)
                break
        if best is None or (best[0] and not self._is_worth_it(best[2].image, best[0])):
            return None
        return best[2], best[3]

    def _is_worth_it(self, image: Mammogram, rank: int) -> bool:
        """Whether there is room for a frame, or one that will be wanted later than it."""
        size = Layout.of_frame(image).size_bytes
        coming = len(self._coming) * size
        if len(self._frames) + len(self._coming) < _LEAST_FRAMES:
            return True
        if self.held_bytes + coming + size <= self._pixels.make_room(self.held_bytes):
            return True
        return any(self._worth(key) > rank for key in self._frames)

    def _worth(self, key: Key) -> float:
        """The rank of a frame in memory; infinite where its volume is not wanted any more."""
        wish = self._wishes.get(key[0])
        return wish.rank(key[1]) if wish else float("inf")

    def _take(self) -> tuple[Mammogram, int]:
        with self._lock:
            chosen = self._next()
            if chosen is None:
                raise CancelledError("No frame is wanted any more.", "Scroll on.")
            wish, position = chosen
            self._coming.add((wish.image.id, position))
            return wish.image, position

    # What comes back

    def _ended(self, ticket: _Ticket, report: Report) -> None:
        if isinstance(report, JobRetried):
            self._messages.tell(ticket.concerning(report.problem), Level.WARNING)
            return
        if not isinstance(report, JobDone | JobFailed):
            return
        event: Event | None = None
        if isinstance(report, JobDone):
            event = self._keep(ticket, report.value)
        else:
            ticket.drop()
            event = self._lost(ticket, report)
        with self._lock:
            self._tickets -= 1
        if event is not None:
            self._on_event(event)
        # While the crew goes home it takes no more orders.
        if not (isinstance(report, JobFailed) and report.is_cancelled):
            self._pump()

    def _keep(self, ticket: _Ticket, decoded: object) -> FrameReady:
        assert isinstance(decoded, Decoded)
        image, position = ticket.choice
        frame = ticket.taken(decoded)
        with self._lock:
            self._coming.discard((image.id, position))
            self._frames[image.id, position] = frame
            held = self.held_bytes
            room = self._pixels.make_room(held)
            by_worth = sorted(self._frames, key=self._worth)
            while held > room and len(by_worth) > _LEAST_FRAMES:
                held -= _size_bytes(self._frames.pop(by_worth.pop()))
            self._pixels.make_room(held)
        return FrameReady(image.id, position, frame)

    def _lost(self, ticket: _Ticket, report: JobFailed) -> FrameFailed | None:
        if not ticket.has_choice:
            return None
        image, position = ticket.choice
        with self._lock:
            self._coming.discard((image.id, position))
            if report.is_cancelled:
                return None
            self._failed.add((image.id, position))
        problem = Problem(
            image.path,
            report.problem.code,
            f"Frames of {image.label} cannot be read; they are left out. {report.problem.message}",
            report.problem.hint,
        )
        self._messages.tell(problem)
        return FrameFailed(image.id, position, problem)


def problems_of_volumes(scan: ScanResult) -> list[Problem]:
    """What was wrong with the frames of volumes, one message for each."""
    images = (image for study in scan.studies for image in study.images if image.volume is not None)
    return [
        Problem(image.path, VOLUME_CODE, f"{image.label}: {said}", "What is there is shown.")
        for image in images
        for said in (image.volume.warnings if image.volume else ())
    ]


def _size_bytes(frame: DisplayImage) -> int:
    return sum(level.nbytes for level in frame.levels)


class _Ticket:
    """A place in the queue of the decoders. Which frame it is for is settled when its turn comes."""

    def __init__(self, take: Callable[[], tuple[Mammogram, int]], on_report: Callable[[_Ticket, Report], None]) -> None:
        self._take, self._on_report = take, on_report
        self._choice: tuple[Mammogram, int] | None = None
        self._block: Block | None = None

    @property
    def has_choice(self) -> bool:
        """Whether a frame was settled on."""
        return self._choice is not None

    @property
    def choice(self) -> tuple[Mammogram, int]:
        """Image and position."""
        assert self._choice is not None
        return self._choice

    def order(self, key: str, priority: tuple[int, ...]) -> Order:
        """The order for the crew."""
        return Order(
            key=key,
            kind="frame",
            subject="",
            make_payload=self._payload,
            on_report=lambda report: self._on_report(self, report),
            priority=priority,
        )

    def _payload(self) -> FrameRequest:
        self.drop()
        if self._choice is None:
            self._choice = self._take()
        image, position = self._choice
        check_size(image)
        self._block = Block(Layout.of_frame(image))
        return FrameRequest(image.frame_alone(position), self._block.name)

    def taken(self, decoded: Decoded) -> DisplayImage:
        """Wrap what the child left in the block."""
        assert self._block is not None
        image, position = self.choice
        levels, _ = self._block.take()
        padding = image.frame_alone(position).grayscale.padding
        if padding is None:
            return DisplayImage(image.id, levels, (), decoded.value_offset)
        low, high = (limit - decoded.value_offset for limit in padding)
        return DisplayImage(image.id, levels, RangePadding(levels, low, high), decoded.value_offset)

    def concerning(self, problem: Problem) -> Problem:
        """The problem, with the file that it is about."""
        return replace(problem, path=self.choice[0].path) if self.has_choice else problem

    def drop(self) -> None:
        """Give the block back, unless the frame was taken."""
        if self._block is not None:
            self._block.drop()
            self._block = None
