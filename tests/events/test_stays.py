"""Intrusion, loitering and crowd: who is in a zone, and for how long."""

import pytest

from smartpark.testing.scene import Stage
from tests.events.play import in_zone, seen, told


def test_somebody_who_walks_into_the_zone_is_reported_once_with_the_time_inside() -> None:
    # 640 px in 10 s: inside from x 200 (3.1 s) to x 440 (6.9 s).
    stage = Stage(seconds=10).walker((0, 200), to=(640, 200))

    (event,) = seen(stage, in_zone("intrusion", min_s=1.0))

    assert event.id == "intrusion-Lawn-1"
    assert event.start_s == pytest.approx(3.2, abs=0.11)
    assert event.end_s == pytest.approx(6.8, abs=0.11)
    assert (event.zone, event.line, event.track_ids) == ("Lawn", None, (1,))
    assert event.severity == "high"
    assert not event.ongoing
    assert event.text.en == "Person 1 was in “Lawn” for 3.6 s; nobody should be there."
    assert event.text.zh == "行人 1 进入禁入区域“Lawn”，停留了 3.6 秒。"


def test_an_intrusion_is_told_at_once_and_again_when_it_ends() -> None:
    stage = Stage(seconds=10).walker((0, 200), to=(640, 200))

    first, last = told(stage, in_zone("intrusion", min_s=1.0))

    assert first.ongoing
    assert first.end_s - first.start_s == pytest.approx(1.0, abs=0.11)
    assert first.id == last.id


def test_somebody_who_walks_past_the_zone_is_not_reported() -> None:
    stage = Stage(seconds=10).walker((0, 40), to=(640, 40), height=30)

    assert seen(stage, in_zone("intrusion")) == []


def test_the_feet_decide_and_not_the_head() -> None:
    # The body reaches into the zone from below its lower edge at y 350; the feet stay outside.
    stage = Stage(seconds=10).walker((210, 358), to=(430, 358), height=80)

    assert seen(stage, in_zone("intrusion")) == []


@pytest.mark.parametrize(("stay_s", "count"), [(1.8, 0), (2.2, 1)])
def test_a_stay_counts_from_the_limit_on(stay_s, count) -> None:
    stage = Stage(seconds=8).stander((300, 200), from_s=1, until_s=1 + stay_s)

    assert len(seen(stage, in_zone("intrusion", min_s=2.0))) == count


def test_somebody_who_is_inside_from_the_first_frame_to_the_last_is_reported() -> None:
    stage = Stage(seconds=6).stander((300, 200))

    (event,) = seen(stage, in_zone("intrusion"))

    assert (event.start_s, event.end_s) == (0.0, pytest.approx(5.9))


def test_a_trembling_box_on_the_edge_is_one_stay_and_not_many() -> None:
    stage = Stage(seconds=20, jitter_px=3.0, seed=3).stander((201, 200))

    assert len(seen(stage, in_zone("intrusion"))) <= 1


def test_a_short_gap_does_not_end_a_stay() -> None:
    stage = Stage(seconds=10).stander((300, 200)).unseen(1, from_s=4, until_s=4.8)

    assert len(seen(stage, in_zone("loitering", min_s=8.0))) == 1


def test_a_new_number_for_the_same_person_goes_on_with_the_stay() -> None:
    stage = Stage(seconds=20).stander((300, 200)).unseen(1, from_s=9, until_s=10)
    stage.renumber(1, 7, at_s=10)

    (event,) = seen(stage, in_zone("loitering", min_s=15.0))

    assert event.track_ids == (1, 7)
    assert event.evidence["stayed_s"] == pytest.approx(19.9)


def test_who_walks_out_of_the_picture_is_not_the_next_one_who_walks_in() -> None:
    whole = ((0, 0), (640, 0), (640, 360), (0, 360))
    stage = Stage(seconds=20).walker((300, 200), to=(14, 200), until_s=9)
    stage.walker((14, 210), to=(300, 200), from_s=10)

    assert seen(stage, in_zone("loitering", whole, min_s=12.0)) == []


def test_two_people_side_by_side_do_not_inherit_each_others_stay() -> None:
    stage = Stage(seconds=20).stander((300, 200), until_s=12).stander((320, 200), from_s=11)

    assert seen(stage, in_zone("loitering", min_s=15.0)) == []


def test_somebody_who_leaves_and_comes_back_is_reported_twice() -> None:
    stage = Stage(seconds=20).actor(
        [(0, (300, 200)), (5, (300, 200)), (6, (100, 200)), (10, (100, 200)), (11, (300, 200)),
         (20, (300, 200))],
        height=60,
    )  # fmt: skip

    events = seen(stage, in_zone("intrusion"))

    assert [event.id for event in events] == ["intrusion-Lawn-1", "intrusion-Lawn-2"]


def test_vehicles_are_no_intruders_unless_the_operator_says_so() -> None:
    stage = Stage(seconds=6).vehicle((300, 200), to=(320, 200))

    assert seen(stage, in_zone("intrusion")) == []
    assert len(seen(stage, in_zone("intrusion", labels=("car",)))) == 1


def test_each_of_three_intruders_has_an_event_of_their_own() -> None:
    stage = Stage(seconds=6).stander((250, 100)).stander((300, 200)).stander((400, 300))

    events = seen(stage, in_zone("intrusion"))

    assert [event.track_ids for event in events] == [(1,), (2,), (3,)]


def test_loitering_says_the_limit_that_was_passed() -> None:
    stage = Stage(seconds=14.1).stander((300, 200))

    (event,) = seen(stage, in_zone("loitering", min_s=10.0))

    assert event.severity == "medium"
    assert event.evidence["limit_s"] == 10.0
    assert event.text.en == "Person 1 stayed in “Lawn” for 14 s; the limit is 10 s."


def test_a_crowd_above_the_limit_is_one_event_with_its_greatest_number() -> None:
    stage = Stage(seconds=12).crowd(4, around=(320, 200)).crowd(3, around=(320, 200), from_s=6)

    (event,) = seen(stage, in_zone("crowd", max_count=3, min_s=2.0))

    assert event.evidence["count"] == 7
    assert event.text.en == "7 people were in “Lawn” at once; the limit is 3."
    assert len(event.track_ids) == 7


def test_a_crowd_at_the_limit_is_no_event() -> None:
    stage = Stage(seconds=12).crowd(4, around=(320, 200))

    assert seen(stage, in_zone("crowd", max_count=4)) == []


def test_a_crowd_for_a_moment_is_no_event() -> None:
    stage = Stage(seconds=12).crowd(3, around=(320, 200))
    stage.stander((320, 200), from_s=4, until_s=5)

    assert seen(stage, in_zone("crowd", max_count=3, min_s=2.0)) == []


def test_a_missed_box_does_not_split_a_crowd() -> None:
    stage = Stage(seconds=12).crowd(4, around=(320, 200)).unseen(2, from_s=6, until_s=6.8)

    assert len(seen(stage, in_zone("crowd", max_count=3))) == 1
