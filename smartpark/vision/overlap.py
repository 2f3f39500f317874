"""Let one stage of a stream work while the next one does."""

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

T = TypeVar("T")

# Seconds between two looks at the wish to stop while a queue is full.
_PATIENCE_S = 0.05


class _End:
    """What ends a stream: nothing more to come, or the error that stopped it."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def overlap(items: Iterable[T], *, depth: int = 8) -> Generator[T]:
    """Yield `items` in order while a thread of their own prepares the next ones.

    Args:
        items: any stream; it is only touched by the thread, and closed by it.
        depth: how many items may wait; the bound on memory.

    Yields:
        The items. An error inside `items` is raised here, after the items before it.

    Example:
        >>> list(overlap(range(3)))
        [0, 1, 2]
    """
    waiting: queue.Queue[T | _End] = queue.Queue(maxsize=depth)
    stop = threading.Event()
    worker = threading.Thread(target=_fill, args=(items, waiting, stop), daemon=True)
    worker.start()
    try:
        while True:
            item = waiting.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stop.set()
        worker.join()


def _fill(items: Iterable[T], waiting: "queue.Queue[T | _End]", stop: threading.Event) -> None:
    end = _End()
    stream = iter(items)
    try:
        for item in stream:
            if not _put(waiting, item, stop):
                break
    except BaseException as error:  # noqa: BLE001 - handed over and raised again by the consumer
        end = _End(error)
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()
    _put(waiting, end, stop)


def _put(waiting: "queue.Queue[T | _End]", item: T | _End, stop: threading.Event) -> bool:
    while not stop.is_set():
        try:
            waiting.put(item, timeout=_PATIENCE_S)
        except queue.Full:
            continue
        return True
    return False
