"""Exports in which nobody can be recognised."""

from pathlib import Path

import numpy as np
import pytest

from smartpark.core.errors import Cancelled, ClipError, StorageError
from smartpark.core.text import Text
from smartpark.testing.clips import ClipForm, MovingBox, make_clip
from smartpark.vision.blur import blur_boxes, blur_clip
from smartpark.vision.canvas import i420_planes
from smartpark.vision.masks import PrivacyMask
from smartpark.vision.read import ClipReader

HEADER = "frame,id,label,x,y,w,h,score\n"


def noise(width: int = 160, height: int = 120) -> np.ndarray:
    return np.random.default_rng(0).integers(16, 235, (height * 3 // 2, width), dtype=np.uint8)


def detail(picture: np.ndarray) -> float:
    """Return how much neighbouring pixels differ."""
    return float(np.abs(np.diff(picture.astype(float), axis=1)).mean())


def test_a_body_keeps_only_a_few_blocks() -> None:
    i420 = noise()

    blur_boxes(i420, np.array([[60, 20, 100, 110]], np.float32))

    body = i420_planes(i420)[0][20:110, 60:100]
    assert len(np.unique(body)) <= 3 * 8
    assert len(np.unique(i420_planes(i420)[1][10:55, 30:50])) <= 3 * 8


def test_a_margin_around_the_body_is_hidden_too_and_the_rest_stays() -> None:
    i420, before = noise(), noise()

    blur_boxes(i420, np.array([[60, 20, 100, 110]], np.float32))

    after, first = i420_planes(i420)[0], i420_planes(before)[0]
    assert detail(after[12:20, 52:108]) < 0.5 * detail(first[12:20, 52:108])
    assert np.array_equal(after[:, :48], first[:, :48])
    assert np.array_equal(after[:, 114:], first[:, 114:])


@pytest.mark.parametrize(
    "box",
    [
        (-30, -30, 10, 10),
        (150, 100, 300, 300),
        (0, 0, 160, 120),
        (50, 50, 50, 50),
        (60, 60, 61, 61),
    ],
)
def test_boxes_of_any_place_and_size_are_hidden(box: tuple[float, float, float, float]) -> None:
    i420 = noise()

    blur_boxes(i420, np.array([box], np.float32))

    assert i420.shape == (180, 160)


def test_no_boxes_change_nothing() -> None:
    i420 = noise()

    blur_boxes(i420, np.empty((0, 4), np.float32))

    assert np.array_equal(i420, noise())


def stripes(tmp_path: Path, frames: int = 30) -> Path:
    """Return a clip with fine stripes, a person to be hidden by the tracks alone."""
    boxes = [MovingBox((x, 30, x + 2, 90), step=(0, 0)) for x in range(40, 80, 4)]
    form = ClipForm(options=(("crf", "8"),))
    return make_clip(tmp_path / "walk.mp4", frames=frames, boxes=boxes, form=form)


def write_tracks(tmp_path: Path, rows: list[str]) -> Path:
    path = tmp_path / "tracks.csv"
    path.write_text(HEADER + "".join(row + "\n" for row in rows))
    return path


def details(clip: Path) -> list[float]:
    with ClipReader(clip) as reader:
        return [detail(frame.rgb()[32:88, 42:78]) for frame in reader]


def test_people_are_blurred_while_tracked_and_half_a_second_around(tmp_path: Path) -> None:
    clip = stripes(tmp_path)
    tracks = write_tracks(tmp_path, [f"{n},1,person,40,30,40,60,0.9" for n in range(12, 19)])

    warnings = blur_clip(clip, tracks, tmp_path / "blurred.mp4")

    sharp = np.array(details(tmp_path / "blurred.mp4")) > 10
    assert warnings == []
    assert sharp.tolist() == [n < 12 - 5 or n > 18 + 5 for n in range(1, 31)]


def test_cars_stay_sharp(tmp_path: Path) -> None:
    clip = stripes(tmp_path, frames=5)
    tracks = write_tracks(tmp_path, [f"{n},1,car,40,30,40,60,0.9" for n in range(1, 6)])

    blur_clip(clip, tracks, tmp_path / "blurred.mp4")

    assert min(details(tmp_path / "blurred.mp4")) > 10


def test_a_blurred_clip_keeps_size_times_and_masks(tmp_path: Path) -> None:
    clip = stripes(tmp_path, frames=8)
    mask = PrivacyMask([((0, 0), (30, 0), (30, 120), (0, 120))], width=160, height=120)
    told: list[float] = []

    blur_clip(
        clip,
        write_tracks(tmp_path, []),
        tmp_path / "blurred.mp4",
        mask=mask,
        on_progress=told.append,
    )

    with ClipReader(tmp_path / "blurred.mp4") as reader:
        frames = list(reader)
    assert len(frames) == 8
    assert reader.info.duration_s == pytest.approx(0.8)
    assert frames[3].rgb()[:, :28].max() < 30
    assert told == pytest.approx([n / 8 for n in range(1, 9)])


def test_a_cancelled_export_leaves_no_file(tmp_path: Path) -> None:
    def stop(share: float) -> None:
        if share > 0.4:
            raise Cancelled(Text(en="Stopped.", zh="已停止。"))

    with pytest.raises(Cancelled):
        blur_clip(
            stripes(tmp_path),
            write_tracks(tmp_path, []),
            tmp_path / "blurred.mp4",
            on_progress=stop,
        )

    assert not (tmp_path / "blurred.mp4").exists()


@pytest.mark.parametrize(
    "content", [None, "", "frame,id\n1,2\n", HEADER + "1,1,person,a,b,c,d,1\n", "\0\0\0"]
)
def test_missing_or_damaged_tracks_stop_the_export(tmp_path: Path, content: str | None) -> None:
    tracks = tmp_path / "tracks.csv"
    if content is not None:
        tracks.write_text(content)

    with pytest.raises(StorageError, match=r"Analyse the clip again"):
        blur_clip(stripes(tmp_path, frames=3), tracks, tmp_path / "blurred.mp4")

    assert not (tmp_path / "blurred.mp4").exists()


def test_a_clip_that_cannot_be_read_leaves_nothing(tmp_path: Path) -> None:
    clip = tmp_path / "empty.mp4"
    clip.touch()

    with pytest.raises(ClipError):
        blur_clip(clip, write_tracks(tmp_path, []), tmp_path / "blurred.mp4")

    assert not (tmp_path / "blurred.mp4").exists()
