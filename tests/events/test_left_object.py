"""Left object: a thing that rests while its owner walks away, and what only looks like one."""

import os
from pathlib import Path

import numpy as np
import pytest

from smartpark.testing.scene import Stage
from smartpark.vision.static import StaticForeground
from tests.events.play import in_zone, seen, told

# Comes in from the left, puts something down at (300, 250) after 4 s, leaves at 8 s, gone by 14 s.
THERE_AND_AWAY = [(0, (20, 250)), (4, (280, 250)), (8, (280, 250)), (14, (620, 250))]


def left_behind(*, seconds: float = 30, seed: int = 0) -> Stage:
    stage = Stage(seconds=seconds, jitter_px=1.0, seed=seed)
    return stage.actor(THERE_AND_AWAY, height=90).thing((310, 255), from_s=5)


@pytest.mark.parametrize("seed", range(3))
def test_a_thing_whose_owner_walks_away_is_reported_soon_after(seed) -> None:
    stage = left_behind(seed=seed)

    events = told(stage, in_zone("left_object", min_s=5.0))

    assert {event.id for event in events} == {"left_object-Lawn-1"}
    first, last = events[0], events[-1]
    assert first.ongoing
    assert 9 < first.end_s < 18  # away from about 10.5 s on
    assert not last.ongoing
    assert last.end_s == pytest.approx(29.5)
    assert first.track_ids == (1,)
    assert first.severity == "high"
    x1, _, x2, y2 = first.evidence["box"]
    assert abs((x1 + x2) / 2 - 310) < 12
    assert abs(y2 - 255) < 12
    assert 12 < x2 - x1 < 60


def test_a_thing_whose_owner_stays_beside_it_is_not_reported() -> None:
    stage = Stage(seconds=40).actor([(0, (20, 250)), (4, (270, 250)), (40, (270, 250))], height=90)
    stage.thing((310, 255), from_s=5)

    assert seen(stage, in_zone("left_object", min_s=5.0)) == []


def test_a_thing_that_is_fetched_in_time_is_not_reported() -> None:
    stage = Stage(seconds=30)
    stage.actor([(0, (20, 250)), (4, (280, 250)), (9, (280, 250)), (13, (620, 250))], height=90)
    stage.thing((310, 255), from_s=5, until_s=9)

    assert seen(stage, in_zone("left_object", min_s=5.0)) == []


def test_the_event_ends_when_the_thing_is_fetched() -> None:
    stage = Stage(seconds=40).actor(THERE_AND_AWAY, height=90)
    stage.actor([(24, (20, 250)), (28, (280, 250)), (32, (20, 250))], height=90)
    stage.thing((310, 255), from_s=5, until_s=29)

    (event,) = seen(stage, in_zone("left_object", min_s=5.0))

    assert 26 < event.end_s < 31


def test_a_thing_outside_the_zone_is_not_reported() -> None:
    away = [(0, (20, 250)), (4, (80, 250)), (8, (80, 250)), (14, (620, 250))]
    stage = Stage(seconds=30).actor(away, height=90).thing((110, 255), from_s=5)

    assert seen(stage, in_zone("left_object", min_s=5.0)) == []


def test_what_was_there_from_the_start_is_background() -> None:
    stage = Stage(seconds=40).thing((310, 255)).actor(THERE_AND_AWAY, height=90)

    assert seen(stage, in_zone("left_object", min_s=5.0)) == []


def test_what_was_there_from_the_start_and_is_taken_away_is_not_left() -> None:
    stage = Stage(seconds=40).thing((310, 255), until_s=6).actor(THERE_AND_AWAY, height=90)

    assert seen(stage, in_zone("left_object", min_s=5.0)) == []


def test_something_that_nobody_brought_is_not_reported() -> None:
    stage = Stage(seconds=40).thing((310, 255), from_s=5)

    assert seen(stage, in_zone("left_object", min_s=5.0)) == []


def test_a_thing_is_found_although_its_owner_was_never_detected() -> None:
    stage = left_behind().unseen(1, from_s=0, until_s=30)

    (event,) = seen(stage, in_zone("left_object", min_s=5.0))

    assert event.track_ids == ()
    assert event.score < 0.7
    assert "walked away" not in event.text.en


def test_somebody_who_was_never_detected_and_stands_still_is_not_a_thing() -> None:
    stage = Stage(seconds=60).actor([(0, (20, 250)), (4, (300, 250)), (60, (300, 250))], height=90)
    stage.unseen(1, from_s=0, until_s=60)

    assert seen(stage, in_zone("left_object", min_s=5.0)) == []


def test_a_parked_car_that_was_never_detected_is_not_a_thing() -> None:
    stage = Stage(seconds=40).actor(
        [(0, (600, 250)), (4, (300, 250)), (40, (300, 250))], label="car", height=50
    )
    stage.unseen(1, from_s=0, until_s=40)

    assert seen(stage, in_zone("left_object", min_s=5.0)) == []


def test_somebody_who_stands_still_and_is_no_longer_detected_is_not_a_thing() -> None:
    stage = Stage(seconds=60).actor([(0, (20, 250)), (4, (300, 250)), (60, (300, 250))], height=90)
    stage.unseen(1, from_s=12, until_s=50)

    assert seen(stage, in_zone("left_object", min_s=5.0)) == []


def test_a_parked_car_is_not_a_thing() -> None:
    stage = Stage(seconds=40).actor(
        [(0, (600, 250)), (4, (300, 250)), (40, (300, 250))], label="car", height=50
    )
    stage.actor([(5, (300, 255)), (12, (620, 260))], height=60).unseen(1, from_s=20, until_s=40)

    assert seen(stage, in_zone("left_object", min_s=5.0)) == []


@pytest.mark.parametrize("factor", [0.75, 1.3])
def test_a_change_of_light_is_not_a_thing(factor) -> None:
    stage = Stage(seconds=40).actor(THERE_AND_AWAY, height=90).light(factor, from_s=7)

    assert seen(stage, in_zone("left_object", min_s=5.0)) == []


def test_a_change_of_light_does_not_hide_a_thing() -> None:
    stage = left_behind(seconds=40).light(0.8, from_s=10)

    assert len(seen(stage, in_zone("left_object", min_s=5.0))) == 1


def test_an_owner_who_gets_a_new_number_is_still_the_owner() -> None:
    stage = Stage(seconds=40).actor([(0, (20, 250)), (4, (270, 250)), (40, (270, 250))], height=90)
    stage.thing((310, 255), from_s=5).unseen(1, from_s=14, until_s=15).renumber(1, 8, at_s=15)

    assert seen(stage, in_zone("left_object", min_s=5.0)) == []


def test_passers_by_neither_hide_nor_take_over_a_thing() -> None:
    stage = left_behind(seconds=40)
    for start_s in (16, 20, 24, 28):
        stage.walker((620, 262), to=(20, 262), from_s=start_s, until_s=start_s + 6, height=95)

    (event,) = seen(stage, in_zone("left_object", min_s=5.0))

    assert event.track_ids == (1,)
    assert event.end_s > 38


def test_a_camera_that_is_turned_starts_afresh_and_reports_nothing() -> None:
    still, turned = Stage(seconds=9, seed=1), Stage(seconds=9, seed=2)
    foreground = StaticForeground()
    none = np.zeros((0, 4), np.float32)
    for step in range(60):
        stage = still if step < 20 else turned
        foreground.observe(stage.picture(step % 20 * 0.4), step * 0.4, none)

    assert foreground.blobs == []


@pytest.fixture
def aboda() -> Path:
    folder = Path(os.environ.get("SMARTPARK_TEST_DATA", "../shared/data"))
    clip = folder / "surveillance" / "aboda_video4_abandoned_object.avi"
    if not clip.exists():
        pytest.skip(f"{clip} is not there; set SMARTPARK_TEST_DATA to the folder of test clips")
    return clip


def test_on_real_footage_the_bag_is_found_as_one_new_thing_and_nothing_else_rests(aboda) -> None:
    import av

    foreground = StaticForeground()
    none = np.zeros((0, 4), np.float32)
    with av.open(str(aboda)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index % 15 == 0:
                picture = frame.to_ndarray(width=320, height=213, format="rgb24")
                foreground.observe(picture, index / 29.97, none)

    (bag,) = [blob for blob in foreground.blobs if blob.is_new_thing]

    assert bag.box == pytest.approx((199, 163, 227, 187), abs=6)
    assert 12 < bag.since_s < 20
