"""Stages of a stream that work at the same time."""

import threading
from collections.abc import Iterator

import pytest

from smartpark.vision.overlap import overlap


def test_items_come_in_order() -> None:
    assert list(overlap(range(100), depth=3)) == list(range(100))


def test_an_empty_stream_ends() -> None:
    assert list(overlap([])) == []


def test_an_error_comes_after_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise LookupError("the third is missing")

    stream = overlap(failing())

    assert [next(stream), next(stream)] == [1, 2]
    with pytest.raises(LookupError, match="third"):
        next(stream)


def test_no_more_than_the_depth_is_prepared() -> None:
    made: list[int] = []
    fifth = threading.Event()

    def counting() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            if number == 4:
                fifth.set()
            yield number

    stream = overlap(counting(), depth=3)
    next(stream)
    assert fifth.wait(10)
    # One handed over, three wait, one is held by the thread that found the queue full.
    assert len(made) == 5
    stream.close()


def test_leaving_early_ends_the_thread_and_closes_the_stream() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    before = threading.active_count()
    stream = overlap(endless(), depth=2)
    next(stream)
    stream.close()

    assert closed.is_set()
    assert threading.active_count() == before


def test_stages_can_be_chained() -> None:
    doubled = (2 * item for item in overlap(range(10), depth=1))

    assert list(overlap(doubled, depth=1)) == list(range(0, 20, 2))
