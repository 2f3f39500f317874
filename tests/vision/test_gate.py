"""The gate lets a frame through where something moves, and only there."""

import numpy as np
from numpy.typing import NDArray

from smartpark.vision.gate import Gate

FPS = 10.0
SIZE = (768, 576)


class Calm:
    pause_s = 0.33
    restless = False


class Restless:
    pause_s = 0.1
    restless = True


def picture(gate: Gate, *, square_at: int | None = None, level: int = 100) -> NDArray[np.uint8]:
    width, height = gate.luma_size
    image = np.full((height, width), level, np.uint8)
    if square_at is not None:
        image[60:72, square_at : square_at + 6] = 200
    return image


def looks(
    gate: Gate, pictures: list[NDArray[np.uint8]], *, tracks: Calm | Restless | None = None
) -> list[int]:
    """Return the numbers, from 0, of the frames that were let through."""
    tracks = tracks or Calm()
    wanted = [gate.wants(p, time_s=n / FPS, tracks=tracks) for n, p in enumerate(pictures)]
    return [number for number, yes in enumerate(wanted) if yes]


def gate(mode: str = "fast") -> Gate:
    return Gate("exact" if mode == "exact" else "fast", fps=FPS, size=SIZE)


def test_exact_lets_every_frame_through() -> None:
    exact = gate("exact")

    assert looks(exact, [picture(exact)] * 5) == [0, 1, 2, 3, 4]


def test_a_still_scene_gets_the_first_look_and_a_heartbeat() -> None:
    fast = gate()

    found = looks(fast, [picture(fast)] * 40)

    assert found[0] == 0
    assert set(np.diff(found)) == {10}


def test_motion_is_looked_at_once_the_pause_is_over() -> None:
    fast = gate()

    found = looks(fast, [picture(fast, square_at=5 + 3 * n) for n in range(30)])

    assert set(np.diff(found)) == {3}


def test_something_that_comes_in_is_seen_before_the_next_heartbeat() -> None:
    fast = gate()
    pictures = [picture(fast)] * 14 + [picture(fast, square_at=80)] * 6

    assert 14 in looks(fast, pictures)


def test_a_restless_follower_gets_its_second_look_at_once() -> None:
    fast = gate()

    assert looks(fast, [picture(fast)] * 4, tracks=Restless()) == [0, 1, 2, 3]


def test_noise_and_a_change_of_light_are_not_motion() -> None:
    fast = gate()
    rng = np.random.default_rng(3)
    pictures = []
    for n in range(40):
        noisy = picture(fast, level=100 + n) + rng.normal(0, 3, picture(fast).shape)
        pictures.append(noisy.clip(0, 255).astype(np.uint8))

    assert set(np.diff(looks(fast, pictures))) == {10}


def test_a_flickering_lamp_is_learned_as_noise() -> None:
    fast = gate()
    pictures = [picture(fast, square_at=50 if n % 2 else None) for n in range(120)]

    late = [number for number in looks(fast, pictures) if number >= 60]

    assert len(late) <= 20


def test_the_pause_is_in_seconds_whatever_the_frame_rate() -> None:
    for fps in (7.0, 12.5, 25.0, 30.0):
        fast = Gate("fast", fps=fps, size=SIZE)
        wanted = [
            fast.wants(picture(fast, square_at=(5 + n) % 180), time_s=n / fps, tracks=Calm())
            for n in range(int(10 * fps))
        ]
        assert 2.3 <= sum(wanted) / 10 <= 3.8
