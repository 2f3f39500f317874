"""Overlays: a file that browsers play, with the clip's size, length and frame times."""

import resource
from pathlib import Path

import av
import numpy as np
import pytest

from smartpark.core.errors import StorageError
from smartpark.core.values import ClipInfo
from smartpark.testing.clips import ClipForm, make_clip
from smartpark.vision.read import ClipReader
from smartpark.vision.write import OverlayWriter


def copy(clip: Path, target: Path) -> ClipInfo:
    """Write a clip's frames as an overlay."""
    with ClipReader(clip) as reader, OverlayWriter(target, reader.info) as writer:
        for frame in reader:
            writer.write(frame.i420(), frame.time_s)
    return reader.info


def times(clip: Path) -> list[float]:
    with ClipReader(clip) as reader:
        return [frame.time_s for frame in reader]


def length_s(clip: Path) -> tuple[float, float]:
    """Return the length of the file and of its stream, as players see them."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        return container.duration / 1e6, float(stream.duration * stream.time_base)


def test_an_overlay_is_h264_in_mp4_with_its_contents_first(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "walk.avi", form=ClipForm(codec="mjpeg"))

    copy(clip, tmp_path / "overlay.mp4")

    data = (tmp_path / "overlay.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(tmp_path / "overlay.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height, stream.frames) == (160, 120, 20)


@pytest.mark.parametrize("fps", [7.0, 10.0, 25.0, 29.97, 60.0])
def test_an_overlay_lasts_as_long_as_the_clip(tmp_path: Path, fps: float) -> None:
    clip = make_clip(tmp_path / "walk.mp4", frames=31, form=ClipForm(fps=fps))

    info = copy(clip, tmp_path / "overlay.mp4")

    assert length_s(tmp_path / "overlay.mp4") == pytest.approx(
        (info.duration_s, info.duration_s), abs=0.002
    )
    assert times(tmp_path / "overlay.mp4") == pytest.approx(times(clip), abs=2e-5)


@pytest.mark.parametrize(
    "stamps",
    [
        (0.0, 0.1, 0.2, 0.9, 1.0, 1.6, 1.7, 4.0),
        (0.0, 0.5, 1.0, 1.1, 1.2, 1.3, 1.35, 1.4),
        (0.0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 3.0),
    ],
)
def test_a_variable_frame_rate_is_kept(tmp_path: Path, stamps: tuple[float, ...]) -> None:
    clip = make_clip(tmp_path / "vfr.mp4", frames=8, form=ClipForm(times_s=stamps))

    info = copy(clip, tmp_path / "overlay.mp4")

    assert times(tmp_path / "overlay.mp4") == pytest.approx(stamps, abs=2e-5)
    last_step = stamps[-1] - stamps[-2]
    assert length_s(tmp_path / "overlay.mp4")[0] == pytest.approx(stamps[-1] + last_step, abs=0.01)
    assert info.frames == 8


def test_one_frame_makes_an_overlay(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "one.mp4", frames=1)

    copy(clip, tmp_path / "overlay.mp4")

    assert length_s(tmp_path / "overlay.mp4")[0] == pytest.approx(0.1, abs=0.001)


@pytest.mark.parametrize("size", [(161, 121), (162, 122), (98, 50), (33, 17)])
def test_odd_and_unusual_sizes_are_written_whole(tmp_path: Path, size: tuple[int, int]) -> None:
    form = ClipForm(size=size, codec="ffv1", pixels="yuv420p")
    clip = make_clip(tmp_path / "odd.mkv", frames=3, boxes=[], form=form)

    copy(clip, tmp_path / "overlay.mp4")

    with ClipReader(clip) as source, ClipReader(tmp_path / "overlay.mp4") as result:
        even = (size[0] + size[0] % 2, size[1] + size[1] % 2)
        assert (result.info.width, result.info.height) == even
        before = next(iter(source)).rgb().astype(float)
        after = next(iter(result)).rgb().astype(float)[: size[1], : size[0]]
    assert np.abs(before - after).max() < 40
    assert np.abs(before - after).mean() < 4


def test_a_turned_clip_gives_an_upright_overlay(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "phone.mp4", frames=3, form=ClipForm(rotation_deg=90))

    copy(clip, tmp_path / "overlay.mp4")

    with ClipReader(tmp_path / "overlay.mp4") as result:
        assert (result.info.width, result.info.height) == (120, 160)
        assert result.info.rotation_deg == 0


def test_an_overlay_that_is_broken_off_leaves_no_file(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "walk.mp4")

    def give_up(target: Path) -> None:
        with ClipReader(clip) as reader, OverlayWriter(target, reader.info) as writer:
            for frame in reader:
                writer.write(frame.i420(), frame.time_s)
                if frame.index == 5:
                    raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        give_up(tmp_path / "overlay.mp4")

    assert not (tmp_path / "overlay.mp4").exists()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    info = ClipInfo("walk.mp4", 160, 120, 10.0, 1, 0.1, "h264", "mov")

    with pytest.raises(StorageError, match=r"Cannot write 'overlay.mp4': No such file") as caught:
        OverlayWriter(tmp_path / "gone" / "overlay.mp4", info)

    assert "无法写入“overlay.mp4”" in caught.value.text.zh


@pytest.mark.parametrize("room", [20_000, 60_000])
def test_a_full_disk_is_said_and_leaves_no_file(tmp_path: Path, room: int) -> None:
    target = tmp_path / "overlay.mp4"
    info = ClipInfo("noise.mp4", 160, 120, 10.0, 40, 4.0, "h264", "mov")
    noise = np.random.default_rng(1).integers(16, 235, (40, 180, 160), dtype=np.uint8)

    def fill() -> None:
        with OverlayWriter(target, info) as writer:
            for index, i420 in enumerate(noise):
                writer.write(i420, index / 10)

    # A limit on the size of files stands for a disk without room.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises(StorageError, match=r"Cannot write 'overlay.mp4'.*Make room"):
            fill()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert not target.exists()
