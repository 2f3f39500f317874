"""Counting, wrong way and speed: what crosses a line."""

import pytest

from smartpark.core.errors import SceneError
from smartpark.core.scene import Line, RuleSpec, Scene
from smartpark.events.rules.count import Count
from smartpark.events.tallies import Tallies
from smartpark.testing.scene import Stage
from tests.events.play import FLAT, LAWN, MIDDLE, in_zone, on_line, seen


def counted(stage: Stage, line: Line) -> tuple[int, int]:
    tallies = Tallies(Scene("Test", lines=(line,)))
    for observation in stage.observations():
        tallies.observe(observation)
    return tallies.counts()[line.name]


def test_to_cross_from_negative_to_positive_is_in() -> None:
    # For the line from the top down, s(p) = -360 (x - 320): positive on the left.
    line = Line("Gate", *MIDDLE)

    assert counted(Stage(seconds=5).walker((500, 200), to=(100, 200)), line) == (1, 0)
    assert counted(Stage(seconds=5).walker((100, 200), to=(500, 200)), line) == (0, 1)


def test_a_line_drawn_the_other_way_turns_in_and_out_round() -> None:
    line = Line("Gate", MIDDLE[1], MIDDLE[0])

    assert counted(Stage(seconds=5).walker((500, 200), to=(100, 200)), line) == (0, 1)


def test_who_passes_beyond_the_ends_of_the_line_is_not_counted() -> None:
    line = Line("Gate", (320, 0), (320, 150))

    assert counted(Stage(seconds=5).walker((500, 200), to=(100, 200)), line) == (0, 0)


def test_who_walks_around_the_end_and_back_across_is_counted_once() -> None:
    stage = Stage(seconds=9).actor(
        [(0, (400, 100)), (3, (400, 250)), (5, (200, 250)), (6, (200, 100)), (9, (400, 100))],
        height=60,
    )

    assert counted(stage, Line("Gate", (320, 0), (320, 200))) == (0, 1)


@pytest.mark.parametrize("seed", range(6))
def test_somebody_who_stands_trembling_on_the_line_is_not_counted_over_and_over(seed) -> None:
    stage = Stage(seconds=30, jitter_px=2.0, seed=seed).actor(
        [(0, (500, 200)), (5, (321, 200)), (25, (319, 200)), (30, (100, 200))], height=80
    )

    assert counted(stage, Line("Gate", *MIDDLE)) == (1, 0)


def test_there_and_back_again_is_one_in_and_one_out() -> None:
    stage = Stage(seconds=10).actor([(0, (500, 200)), (5, (100, 200)), (10, (500, 200))], height=60)

    assert counted(stage, Line("Gate", *MIDDLE)) == (1, 1)


def test_a_track_that_is_lost_on_the_line_is_counted_when_it_comes_back() -> None:
    stage = Stage(seconds=10).walker((500, 200), to=(100, 200)).unseen(1, from_s=4, until_s=5)

    assert counted(stage, Line("Gate", *MIDDLE)) == (1, 0)


def test_a_track_that_begins_beyond_the_line_has_not_crossed_it() -> None:
    assert counted(Stage(seconds=5).walker((300, 200), to=(100, 200)), Line("G", *MIDDLE)) == (0, 0)


def test_crossings_are_tallied_by_label_direction_and_time() -> None:
    line = Line("Gate", *MIDDLE)
    stage = Stage(seconds=12).walker((500, 200), to=(140, 200), until_s=4)
    stage.vehicle((100, 300), to=(600, 300), from_s=6, until_s=11)
    tallies = Tallies(Scene("Test", lines=(line,)))
    for observation in stage.observations():
        tallies.observe(observation)

    (figures,) = tallies.lines

    assert figures["in"] == {"person": 1}
    assert figures["out"] == {"car": 1}
    assert [(step["start_s"], step["in"], step["out"]) for step in figures["intervals"]] == [
        (0.0, 1, 0), (5.0, 0, 1), (10.0, 0, 0),
    ]  # fmt: skip
    assert figures["intervals"][-1]["end_s"] == 11.9


def test_a_count_rule_narrows_its_line_to_its_labels_and_raises_nothing() -> None:
    stage = Stage(seconds=5).walker((500, 200), to=(100, 200)).vehicle((100, 300), to=(600, 300))
    scene = on_line("count", labels=("car",))
    tallies = Tallies(scene)
    for observation in stage.observations():
        tallies.observe(observation)

    assert tallies.counts() == {"Gate": (0, 1)}
    assert seen(stage, scene) == []


def test_occupancy_is_sampled_each_second_and_keeps_its_greatest_number() -> None:
    scene = in_zone("intrusion", LAWN)
    stage = Stage(seconds=4).stander((300, 200)).stander((350, 200), from_s=2.2, until_s=2.6)
    tallies = Tallies(scene)
    for observation in stage.observations():
        tallies.observe(observation)

    (figures,) = tallies.zones

    assert figures["occupancy"] == [{"t_s": float(second), "count": 1} for second in range(4)]
    assert figures["max_count"] == 2


def test_a_car_against_the_direction_is_reported() -> None:
    stage = Stage(seconds=5).vehicle((100, 300), to=(600, 300))

    (event,) = seen(stage, on_line("wrong_way", allowed="in"))

    assert (event.severity, event.line, event.zone) == ("high", "Gate", None)
    assert event.start_s == pytest.approx(2.2, abs=0.1)
    assert event.text.en == "Car 1 crossed “Gate” going out; only in is allowed."


def test_a_car_in_the_allowed_direction_is_not_reported() -> None:
    stage = Stage(seconds=5).vehicle((600, 300), to=(100, 300))

    assert seen(stage, on_line("wrong_way", allowed="in")) == []


def test_a_car_that_rolls_back_a_little_on_the_line_is_not_reported() -> None:
    stage = Stage(seconds=9, jitter_px=1.0).actor(
        [(0, (600, 300)), (3, (316, 300)), (5, (324, 300)), (9, (100, 300))],
        label="car", height=60,
    )  # fmt: skip

    assert seen(stage, on_line("wrong_way", allowed="in")) == []


def test_people_may_walk_either_way_unless_the_operator_says_otherwise() -> None:
    stage = Stage(seconds=5).walker((100, 200), to=(500, 200))

    assert seen(stage, on_line("wrong_way", allowed="in")) == []
    assert len(seen(stage, on_line("wrong_way", labels=("person",), allowed="in"))) == 1


@pytest.mark.parametrize("jitter_px", [0.0, 1.0])
@pytest.mark.parametrize("fps", [7.0, 25.0])
def test_the_speed_at_the_line_is_measured_in_kmh(jitter_px, fps) -> None:
    # 480 px in 3 s are 30 m in 3 s: 36 km/h.
    stage = Stage(seconds=4, fps=fps, jitter_px=jitter_px).vehicle(
        (560, 300), to=(80, 300), until_s=3
    )

    (event,) = seen(stage, on_line("speed", calibration=FLAT, max_kmh=30))

    assert event.evidence["speed_kmh"] == pytest.approx(36, abs=0.1 + 2 * jitter_px)
    assert event.severity == "medium"
    assert "the limit is 30 km/h" in event.text.en


def test_a_car_below_the_limit_is_not_reported() -> None:
    stage = Stage(seconds=4, jitter_px=0.5).vehicle((560, 300), to=(80, 300), until_s=3)

    assert seen(stage, on_line("speed", calibration=FLAT, max_kmh=40)) == []


def test_a_car_that_leaves_the_picture_just_behind_the_line_is_still_measured() -> None:
    stage = Stage(seconds=3).vehicle((560, 300), to=(240, 300), until_s=2)

    (event,) = seen(stage, on_line("speed", calibration=FLAT, max_kmh=30))

    assert event.evidence["speed_kmh"] == pytest.approx(36, abs=1)


def test_perspective_is_taken_out_of_the_speed() -> None:
    # A road that narrows: 10 m wide and 40 m long between y 350 and y 150.
    from smartpark.core.scene import Calibration

    road = Calibration(
        ((100.0, 350.0), (540.0, 350.0), (380.0, 150.0), (260.0, 150.0)),
        ((0.0, 0.0), (10.0, 0.0), (10.0, 40.0), (0.0, 40.0)),
    )
    import numpy as np

    back = np.linalg.inv(road.homography())
    metres = [(second, 2.0 + 10.0 * second) for second in np.arange(0, 3.6, 0.05)]
    path = []
    for second, along in metres:
        x, y, depth = back @ [5.0, along, 1.0]
        path.append((float(second), (float(x / depth), float(y / depth))))
    stage = Stage(seconds=3.5, fps=20).actor(path, label="car", height=20)
    scene = on_line("speed", ((150.0, 250.0), (490.0, 250.0)), calibration=road, max_kmh=20)

    (event,) = seen(stage, scene)

    assert event.evidence["speed_kmh"] == pytest.approx(36, abs=0.5)


def test_a_rule_without_its_line_says_so() -> None:
    with pytest.raises(SceneError, match="was given none"):
        Count(
            RuleSpec("count"), zone=None, line=None, calibration=None, fps=10, size=(9, 9), name="x"
        )
