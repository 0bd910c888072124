"""Drawing the next batches while the present one is learned from."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from torch import Tensor

#: Batches under way at most, for each thread that draws.
AHEAD = 2


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes
    ----------
    images
        Shape (n, channels, rows, columns), float32.
    targets
        What the loss compares with: class indices of shape (n,), or masks of the images' shape.
    """

    images: Tensor
    targets: Tensor


#: An epoch's batches, or callables that draw one each with random numbers of their own, so that several run at once.
Epoch = Iterator[Batch | Callable[[], Batch]]


def prefetched(epoch: Epoch, ready: Callable[[Batch], Batch], *, workers: int = 1) -> Generator[Batch]:
    """The batches of an epoch in their order, drawn in the background.

    Order and content do not depend on timing: an iterator of batches is advanced by one thread, from batch to batch;
    callables come off their iterator here, and ``workers`` threads call them.

    Parameters
    ----------
    epoch
        Batches, or callables that draw one each.
    ready
        Applied to each batch in the background.
    workers
        Threads for callables.
    """
    first = next(epoch, None)
    if first is None:
        return
    items = itertools.chain((first,), epoch)
    if isinstance(first, Batch):
        workers = 1
        draws: Iterator[Callable[[], Batch | None]] = itertools.repeat(partial(_draw_next, items, ready))
    else:
        draws = (partial(_draw, item, ready) for item in items)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="draw")
    try:
        waiting = deque(pool.submit(draw) for draw in itertools.islice(draws, AHEAD * workers))
        while waiting:
            batch = waiting.popleft().result()
            if batch is None:
                return
            waiting.extend(pool.submit(draw) for draw in itertools.islice(draws, 1))
            yield batch
    finally:
        pool.shutdown(cancel_futures=True)


def _draw(item: Batch | Callable[[], Batch], ready: Callable[[Batch], Batch]) -> Batch:
    return ready(item if isinstance(item, Batch) else item())


def _draw_next(items: Epoch, ready: Callable[[Batch], Batch]) -> Batch | None:
    """None at the end: an exhausted iterator's own signal does not cross threads."""
    item = next(items, None)
    return None if item is None else _draw(item, ready)
