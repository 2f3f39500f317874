"""Stopped vehicle and running: who stands still, and who is too fast."""

import pytest

from smartpark.testing.scene import Stage
from tests.events.play import FLAT, everywhere, in_zone, seen, told


def test_a_car_that_stops_in_the_zone_is_reported_when_the_limit_is_passed() -> None:
    stage = Stage(seconds=30, jitter_px=1.0).actor(
        [(0, (600, 200)), (4, (320, 200)), (24, (320, 200)), (27, (20, 200))],
        label="car", height=50,
    )  # fmt: skip
    scene = in_zone("stopped_vehicle", min_s=10.0)

    first, *_, last = told(stage, scene)

    assert first.ongoing
    assert first.end_s - first.start_s == pytest.approx(10, abs=0.2)
    assert last.evidence["stood_s"] == pytest.approx(20, abs=1.0)
    assert len({event.id for event in told(stage, scene)}) == 1


def test_a_car_that_creeps_through_the_zone_has_not_stopped() -> None:
    stage = Stage(seconds=30).vehicle((440, 200), to=(200, 200))

    assert seen(stage, in_zone("stopped_vehicle", min_s=10.0)) == []


def test_a_car_that_waits_shorter_than_the_limit_is_not_reported() -> None:
    stage = Stage(seconds=20).actor(
        [(0, (600, 200)), (4, (320, 200)), (11, (320, 200)), (14, (20, 200))],
        label="car", height=50,
    )  # fmt: skip

    assert seen(stage, in_zone("stopped_vehicle", min_s=10.0)) == []


def test_a_car_that_parks_outside_the_zone_is_not_reported() -> None:
    stage = Stage(seconds=30).vehicle((100, 200), to=(100, 200))

    assert seen(stage, in_zone("stopped_vehicle", min_s=10.0)) == []


def test_a_parked_car_hidden_by_a_bus_and_renumbered_is_one_event() -> None:
    stage = Stage(seconds=40).vehicle((320, 200), to=(320, 200)).unseen(1, from_s=15, until_s=18)
    stage.renumber(1, 9, at_s=18)

    (event,) = seen(stage, in_zone("stopped_vehicle", min_s=10.0))

    assert event.track_ids == (1, 9)
    assert event.evidence["stood_s"] == pytest.approx(39.9)


def test_two_boxes_on_one_vehicle_are_one_event_even_when_one_is_lost() -> None:
    stage = Stage(seconds=40).vehicle((320, 200), to=(320, 200), until_s=20)
    stage.vehicle((322, 201), to=(322, 201), label="truck")

    (event,) = seen(stage, in_zone("stopped_vehicle", min_s=10.0))

    assert event.evidence["stood_s"] == pytest.approx(39.9)


def test_somebody_who_runs_is_reported_in_metres_with_a_calibration() -> None:
    # 16 px are a metre: 4 m/s.
    stage = Stage(seconds=8, jitter_px=0.7).walker((60, 200), to=(572, 200))

    (event,) = seen(stage, everywhere("running", calibration=FLAT))

    assert event.evidence["basis"] == "calibration"
    assert event.evidence["speed_mps"] == pytest.approx(4.0, abs=0.4)
    assert (event.zone, event.line, event.severity) == (None, None, "low")
    assert event.text.en.startswith("Person 1 ran at 4")


def test_somebody_who_runs_is_reported_in_body_heights_without_a_calibration() -> None:
    stage = Stage(seconds=5, jitter_px=0.7).walker((60, 200), to=(600, 200), height=50)

    (event,) = seen(stage, everywhere("running"))

    assert event.evidence["basis"] == "body heights"
    assert event.evidence["speed_heights_per_s"] == pytest.approx(2.16, abs=0.2)


def test_somebody_who_walks_is_not_running() -> None:
    # 1.5 m/s, and 0.9 body heights a second.
    walk = Stage(seconds=10, jitter_px=1.5).walker((60, 200), to=(300, 200), height=27)

    assert seen(walk, everywhere("running", calibration=FLAT)) == []
    assert seen(walk, everywhere("running")) == []


def test_a_dash_of_a_few_steps_is_not_running() -> None:
    stage = Stage(seconds=10).actor(
        [(0, (100, 200)), (4, (160, 200)), (4.5, (200, 200)), (10, (280, 200))], height=50
    )

    assert seen(stage, everywhere("running")) == []


def test_a_box_that_jumps_to_somebody_else_is_not_running() -> None:
    stage = Stage(seconds=10).actor(
        [(0, (100, 200)), (4, (130, 200)), (4.1, (300, 210)), (10, (350, 210))], height=50
    )

    assert seen(stage, everywhere("running")) == []


def test_somebody_on_a_bicycle_is_not_running() -> None:
    stage = Stage(seconds=5).walker((60, 200), to=(600, 200), height=50)
    stage.vehicle((60, 205), to=(600, 205), label="bicycle")

    assert seen(stage, everywhere("running")) == []
