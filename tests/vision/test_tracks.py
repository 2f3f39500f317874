"""Small scenes with known answers for following and gap filling."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import supervision as sv

from benchmarks._mot import read_mot, score_rows
from smartpark.vision.tracks import Follower, GapFiller, Moment, Released, Sighting, TrackStream

SIZE = (640, 480)
DATA = Path(os.environ.get("SMARTPARK_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))

Thing = tuple[float, float, float, str]
"""Centre x, foot y, score, label."""


def boxes(*things: Thing) -> sv.Detections:
    """Return 30 x 80 pixel boxes."""
    xyxy = [(x - 15, y - 80, x + 15, y) for x, y, _, _ in things]
    return sv.Detections(
        xyxy=np.array(xyxy, np.float32).reshape(-1, 4),
        confidence=np.array([score for *_, score, _ in things], np.float32),
        class_id=np.array([0 if name == "person" else 2 for *_, name in things], np.int64),
        data={"class_name": np.array([name for *_, name in things], dtype=np.str_)},
    )


def follow(
    scene: Callable[[float], list[Thing]], *, seconds: float, fps: float
) -> Iterator[sv.Detections]:
    follower = Follower(fps=fps, size=SIZE)
    for index in range(1, round(seconds * fps) + 1):
        time_s = (index - 1) / fps
        yield follower.update(boxes(*scene(time_s)), index=index, time_s=time_s)


def places(found: sv.Detections) -> dict[int, float]:
    assert found.tracker_id is not None
    middles = (found.xyxy[:, 0] + found.xyxy[:, 2]) / 2
    return {int(key): float(x) for key, x in zip(found.tracker_id, middles, strict=True)}


@pytest.mark.parametrize("fps", [7, 10, 30])
def test_two_people_who_cross_keep_their_identity(fps: float) -> None:
    def scene(t: float) -> list[Thing]:
        return [(100 + 60 * t, 300, 0.8, "person"), (460 - 60 * t, 330, 0.8, "person")]

    found = [places(moment) for moment in follow(scene, seconds=6, fps=fps)]

    first, last = found[2], found[-1]
    assert set(first) == set(last) == {1, 2}
    assert (first[1] < first[2]) != (last[1] < last[2])


@pytest.mark.parametrize("fps", [7, 10, 30])
def test_a_person_hidden_for_one_second_keeps_the_identity(fps: float) -> None:
    def scene(t: float) -> list[Thing]:
        return [] if 3 <= t < 4 else [(100 + 50 * t, 300, 0.8, "person")]

    found = list(follow(scene, seconds=7, fps=fps))

    assert set().union(*(places(moment) for moment in found)) == {1}
    assert places(found[-1])


def test_ids_count_from_one_in_order_of_confirmation() -> None:
    def scene(t: float) -> list[Thing]:
        late = [(400.0, 300.0, 0.8, "person")] if t >= 1 else []
        return [(100, 300, 0.8, "person"), *late]

    *_, last = follow(scene, seconds=2, fps=10)

    assert places(last) == pytest.approx({1: 100, 2: 400})


def test_the_class_of_a_track_is_the_one_it_was_given_most_often() -> None:
    def scene(t: float) -> list[Thing]:
        return [(300, 300, 0.8, "truck" if round(t * 10) % 5 == 4 else "car")]

    found = list(follow(scene, seconds=2, fps=10))

    assert {str(name) for moment in found for name in moment.data["class_name"]} == {"car"}


def test_a_person_and_a_car_at_the_same_place_are_two_tracks() -> None:
    def scene(_: float) -> list[Thing]:
        return [(300, 300, 0.8, "person"), (302, 300, 0.7, "car")]

    *_, last = follow(scene, seconds=1, fps=10)

    assert sorted(last.data["class_name"]) == ["car", "person"]


def test_a_faint_pole_never_becomes_a_track() -> None:
    found = list(follow(lambda _: [(300, 300, 0.45, "person")], seconds=20, fps=10))

    assert not any(len(moment) for moment in found)


def test_a_track_does_not_cling_to_a_faint_pole_after_its_person_has_gone() -> None:
    def scene(t: float) -> list[Thing]:
        walker = [(200 + 50 * t, 300.0, 0.8, "person")] if t < 2 else []
        return [*walker, *([(300.0, 300.0, 0.4, "person")] if t >= 2 else [])]

    stream = TrackStream(fps=10, size=SIZE)
    moments = run(stream, scene, frames=120, fps=10)

    assert max(moment.index for moment in moments.settled if len(moment.detections)) <= 21


def test_a_tracks_first_frame_is_known_although_it_was_confirmed_later() -> None:
    stream = TrackStream(fps=10, size=SIZE)

    moments = run(stream, lambda t: [(100 + 20 * t, 300, 0.8, "person")], frames=20, fps=10)

    assert [len(moment.detections) for moment in moments.settled] == [1] * 20


def test_a_gap_is_filled_with_the_line_between() -> None:
    filler = GapFiller(lag=8)
    moments: list[Moment] = []
    for index in range(1, 13):
        seen = [] if 5 <= index <= 8 else [sighting(index, 10.0 * index)]
        moments += filler.push(index, index / 10, seen)
    moments += filler.finish()

    left = [float(moment.detections.xyxy[0, 0]) for moment in moments]
    assert left == pytest.approx([10.0 * index for index in range(1, 13)], abs=1e-3)


def test_a_gap_longer_than_the_lag_stays_open() -> None:
    filler = GapFiller(lag=4)
    moments: list[Moment] = []
    for index in range(1, 13):
        moments += filler.push(index, index / 10, [sighting(index, 5)] if index in (1, 9) else [])
    moments += filler.finish()

    assert [moment.index for moment in moments if len(moment.detections)] == [1, 9]


def test_what_was_there_at_the_last_look_stays_until_the_next() -> None:
    filler = GapFiller(lag=3)
    moments: list[Moment] = []
    for index in range(1, 21):
        looked = index in (1, 11)
        seen = [sighting(index, 5)] if looked else []
        moments += filler.push(index, index / 10, seen, looked=looked)
    moments += filler.finish()

    assert [len(moment.detections) for moment in moments] == [1] * 20


def test_a_trembling_box_is_steadied_without_lag() -> None:
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 3, 60)
    filler = GapFiller(lag=8)
    moments: list[Moment] = []
    for index in range(1, 61):
        seen = [sighting(index, 10.0 * index + noise[index - 1])]
        moments += filler.push(index, index / 10, seen)
    moments += filler.finish()

    left = np.array([moment.detections.xyxy[0, 0] for moment in moments])
    error = left - 10.0 * np.arange(1, 61)
    assert np.abs(error).mean() < 0.6 * np.abs(noise).mean()
    assert abs(error.mean()) < 1


def test_every_frame_is_released_once_in_order_and_with_a_bounded_delay() -> None:
    stream = TrackStream(fps=30, size=SIZE)
    shown: list[int] = []
    for index in range(1, 201):
        released = stream.skip(index=index, time_s=index / 30)
        shown += [moment.index for moment in released.shown]
        assert index - len(shown) <= 16
    rest = stream.finish()

    assert shown + [moment.index for moment in rest.shown] == list(range(1, 201))


def test_an_empty_clip_releases_nothing() -> None:
    released = TrackStream(fps=10, size=SIZE).finish()

    assert (released.shown, released.settled) == ([], [])


@pytest.mark.slow
def test_memory_stays_flat_over_ten_thousand_frames() -> None:
    filler = GapFiller(lag=30)
    follower = Follower(fps=10, size=SIZE)
    for index in range(1, 10_001):
        # A new person every 50 frames.
        x = 20.0 + 10 * (index % 50)
        follower.update(boxes((x, 300, 0.8, "person")), index=index, time_s=index / 10)
        list(filler.push(index, index / 10, follower.sightings))

    assert len(follower._tracks) < 10
    assert len(filler._trails) < 10
    assert sum(len(trail.rows) for trail in filler._trails.values()) < 1000


def test_mota_and_idf1_agree_with_the_published_reference() -> None:
    folder = DATA / "tracking_metrics"
    if not folder.is_dir():
        pytest.skip(f"the data folder {folder} is absent; set SMARTPARK_TEST_DATA")
    expected = json.loads((folder / "TUD-Campus_expected.json").read_text())

    found = score_rows(
        read_mot(folder / "TUD-Campus_gt.txt"), read_mot(folder / "TUD-Campus_test.txt")
    )

    assert found["mota"] == pytest.approx(expected["mota"], abs=1e-6)
    assert found["idf1"] == pytest.approx(expected["idf1"], abs=1e-6)
    assert found["switches"] == expected["num_switches"]
    assert found["misses"] == expected["num_misses"]


def run(
    stream: TrackStream, scene: Callable[[float], list[Thing]], *, frames: int, fps: float
) -> Released:
    every = Released()
    for index in range(1, frames + 1):
        time_s = (index - 1) / fps
        released = stream.infer(boxes(*scene(time_s)), index=index, time_s=time_s)
        every.shown.extend(released.shown)
        every.settled.extend(released.settled)
    rest = stream.finish()
    every.shown.extend(rest.shown)
    every.settled.extend(rest.settled)
    return every


def sighting(index: int, x: float) -> Sighting:
    box = np.array([x, 0, x + 20, 50], np.float32)
    return Sighting(index, index / 10, 1, box, 0.8, 0, "person")
