"""The decoded images: what is asked for first comes first, and memory is bounded."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from mammoview.core.image import DisplayImage
from mammoview.core.jobs import JobDone, JobFailed
from mammoview.core.study import Mammogram
from mammoview.session.blocks import Block, Decoded, DecodeRequest, Layout, check_size
from mammoview.session.events import Event, Level, PixelsFailed, PixelsReady
from mammoview.session.jobs import Crew, JobRetried, Order, Report
from mammoview.session.messages import Messages
from mammoview.session.orientation import Side


class Pixels:
    """Fetches pixels through the decoders and keeps the images used last.

    Parameters
    ----------
    on_event
        Told `PixelsReady` and `PixelsFailed`, never while the lock is held.
    most_mib
        Images above this are forgotten, the one unused for longest first; what is shown now is kept.
    """

    def __init__(self, crew: Crew, on_event: Callable[[Event], None], messages: Messages, most_mib: int) -> None:
        self._crew = crew
        self._on_event = on_event
        self._messages = messages
        self._most_bytes = most_mib * 2**20
        self._reserved_bytes = 0
        self._lock = threading.Lock()
        self._images: OrderedDict[str, PixelsReady] = OrderedDict()
        self._chest_walls: dict[str, Side] = {}
        self._pending: dict[str, _Decode] = {}
        self._ahead: set[str] = set()
        self._kept: frozenset[str] = frozenset()
        self._round = 0

    @property
    def chest_walls(self) -> Mapping[str, Side]:
        """The side of the native pixels where the chest wall was seen, by image id."""
        with self._lock:
            return dict(self._chest_walls)

    def get(self, image_id: str) -> DisplayImage | None:
        """The image, if it is in memory."""
        with self._lock:
            ready = self._images.get(image_id)
            return ready.image if ready else None

    def are_pending(self, image_ids: Iterable[str]) -> bool:
        """Whether any of the images is still to come."""
        with self._lock:
            return any(image_id in self._pending for image_id in image_ids)

    def request(self, images: Sequence[Mammogram], *, keep: bool = False, is_prefetch: bool = False) -> None:
        """Fetch pixels, the first ones first, before everything asked for earlier.

        Parameters
        ----------
        keep
            These, and no others, stay in memory whatever comes.
        is_prefetch
            Behind everything that is asked for in earnest.
        """
        ready, orders = [], []
        with self._lock:
            self._round += 1
            self._ahead.difference_update(image.id for image in images)
            if keep:
                self._kept = frozenset(image.id for image in images)
            for index, image in enumerate(images):
                if image.id in self._images:
                    self._images.move_to_end(image.id)
                    ready.append(self._images[image.id])
                    continue
                decode = _Decode(image, self._ended)
                self._pending.setdefault(image.id, decode)
                orders.append(decode.order((int(is_prefetch), -self._round, index)))
        for order in orders:
            self._crew.submit(order)
        for event in ready:
            self._on_event(event)

    def fetch_ahead(self, images: Sequence[Mammogram]) -> None:
        """Fetch pixels of images that nobody asked to see yet, behind everything else, as far as there is room for all.

        Nobody is told when one cannot be read: that is tried again, and told, when it is asked for.
        """
        orders = []
        with self._lock:
            self._round += 1
            taken = self._held_bytes() + sum(decode.size_bytes for decode in self._pending.values())
            for index, image in enumerate(images):
                decode = _Decode(image, self._ended)
                if image.id in self._images or image.id in self._pending:
                    continue
                taken += decode.size_bytes
                if taken > self._most_bytes - self._reserved_bytes:
                    break
                self._ahead.add(image.id)
                self._pending[image.id] = decode
                orders.append(decode.order((2, self._round, index)))
        for order in orders:
            self._crew.submit(order)

    def release(self, image_ids: Collection[str]) -> None:
        """Drop images that are no longer wanted, those on their way as well."""
        self.forget(image_ids)
        with self._lock:
            for image_id in image_ids:
                self._pending.pop(image_id, None)
                self._ahead.discard(image_id)
        self._crew.cancel(f"decode {image_id}" for image_id in image_ids)

    def forget(self, image_ids: Iterable[str]) -> None:
        """Drop images whose files may have changed."""
        with self._lock:
            for image_id in image_ids:
                self._images.pop(image_id, None)
                self._chest_walls.pop(image_id, None)

    def make_room(self, reserved_bytes: int) -> int:
        """Leave so much of the memory to others.

        Parameters
        ----------
        reserved_bytes
            What they hold now; images that are not kept are forgotten for it.

        Returns
        -------
        int
            What they may hold at most, bytes.
        """
        with self._lock:
            self._reserved_bytes = reserved_bytes
            return max(0, self._most_bytes - self._shrunk())

    def clear(self) -> None:
        """Drop all images."""
        with self._lock:
            self._images.clear()

    def _ended(self, decode: _Decode, report: Report) -> None:
        event: Event | None = None
        if isinstance(report, JobRetried):
            if decode.image.id not in self._ahead:
                self._messages.tell(report.problem, Level.WARNING)
        elif isinstance(report, JobDone):
            event = decode.taken(report.value)
            self._keep(event)
        elif isinstance(report, JobFailed):
            decode.drop()
            with self._lock:
                if self._pending.get(decode.image.id) is decode:
                    del self._pending[decode.image.id]
                is_wanted = decode.image.id not in self._ahead
                self._ahead.discard(decode.image.id)
            if is_wanted and not report.is_cancelled:
                self._messages.tell(report.problem)
                event = PixelsFailed(decode.image.id, report.problem)
        if event is not None:
            self._on_event(event)

    def _keep(self, ready: PixelsReady) -> None:
        image_id = ready.image.image_id
        with self._lock:
            self._pending.pop(image_id, None)
            self._ahead.discard(image_id)
            self._images[image_id] = ready
            if ready.chest_wall is not None:
                self._chest_walls[image_id] = ready.chest_wall
            self._shrunk(image_id)

    def _held_bytes(self) -> int:
        return sum(map(_size_bytes, self._images.values()))

    def _shrunk(self, newest: str = "") -> int:
        """Forget images until the rest fits, the one unused for longest first; returns what is held, bytes."""
        total = self._held_bytes()
        for old in [old for old in self._images if old not in self._kept and old != newest]:
            if total <= self._most_bytes - self._reserved_bytes:
                break
            total -= _size_bytes(self._images.pop(old))
        return total


def _size_bytes(ready: PixelsReady) -> int:
    return sum(a.nbytes for a in ready.image.levels) + sum(a.nbytes for a in ready.image.padding)


class _Decode:
    """One image on its way. The block is made when a decoder is free, so that a long queue takes no memory."""

    def __init__(self, image: Mammogram, on_report: Callable[[_Decode, Report], None]) -> None:
        self.image = image
        self._on_report = on_report
        self._block: Block | None = None

    @property
    def size_bytes(self) -> int:
        """Memory that the image will take."""
        return Layout.of(self.image).size_bytes

    def order(self, priority: tuple[int, ...]) -> Order:
        """The order for the crew."""
        return Order(
            key=f"decode {self.image.id}",
            kind="decode",
            subject=self.image.path,
            make_payload=self._payload,
            on_report=lambda report: self._on_report(self, report),
            priority=priority,
            fingerprint=self.image.path,
        )

    def _payload(self) -> DecodeRequest:
        self.drop()
        check_size(self.image)
        self._block = Block(Layout.of(self.image))
        return DecodeRequest(self.image, self._block.name)

    def taken(self, decoded: object) -> PixelsReady:
        """Wrap what the child left in the block."""
        assert isinstance(decoded, Decoded)
        assert self._block is not None
        levels, padding = self._block.take()
        return PixelsReady(
            DisplayImage(self.image.id, levels, padding, decoded.value_offset), chest_wall=decoded.chest_wall
        )

    def drop(self) -> None:
        """Give the block back, unless the image was taken."""
        if self._block is not None:
            self._block.drop()
            self._block = None
