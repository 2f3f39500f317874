"""Reading clips: every usual kind, odd ones, and broken ones with one clear sentence each."""

import os
import shutil
import struct
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from smartpark.core.errors import ClipError
from smartpark.testing.clips import ClipForm, MovingBox, make_clip, picture
from smartpark.vision.read import ClipReader, DecodedFrame, probe
from smartpark.vision.times import Clock

BOX = MovingBox((20, 40, 60, 100), step=(2, 0), colour=(230, 40, 30))
EXACT = ClipForm(options=(("crf", "4"),))


def read(path: Path, **options: int) -> tuple[ClipReader, list[DecodedFrame]]:
    with ClipReader(path, **options) as reader:
        return reader, list(reader)


def distance(seen: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(seen.astype(float) - expected).mean())


def redness(image: np.ndarray) -> np.ndarray:
    return image[..., 0].astype(int) - image[..., 1]


# What can be read


@pytest.mark.parametrize(
    ("name", "form", "codec"),
    [
        ("walk.mp4", ClipForm(), "h264"),
        ("walk.mov", ClipForm(codec="mpeg4"), "mpeg4"),
        ("walk.avi", ClipForm(codec="mjpeg"), "mjpeg"),
        ("walk.avi", ClipForm(codec="mpeg4", options=(("bf", "2"),)), "mpeg4"),
        ("walk.mkv", ClipForm(codec="libx265"), "hevc"),
        ("walk.webm", ClipForm(codec="libvpx-vp9"), "vp9"),
        ("walk.ts", ClipForm(), "h264"),
        ("walk.mpg", ClipForm(codec="mpeg2video", fps=25), "mpeg2video"),
        ("walk.mp4", ClipForm(pixels="yuv420p10le"), "h264"),
        ("walk.mp4", ClipForm(pixels="yuv444p"), "h264"),
        ("walk.mkv", ClipForm(codec="ffv1", pixels="bgr0"), "ffv1"),
    ],
)
def test_every_usual_kind_of_clip_is_read(
    tmp_path: Path, name: str, form: ClipForm, codec: str
) -> None:
    clip = make_clip(tmp_path / name, frames=12, boxes=[BOX], form=form)

    reader, frames = read(clip)

    info = reader.info
    assert (info.width, info.height, info.frames, info.codec) == (160, 120, 12, codec)
    assert info.duration_s == pytest.approx(12 / form.fps, abs=0.01)
    assert reader.warnings == []
    assert [frame.index for frame in frames] == list(range(1, 13))
    expected = np.arange(12) / form.fps
    assert [frame.time_s for frame in frames] == pytest.approx(expected, abs=0.002)
    assert distance(frames[5].rgb(), picture(6, (160, 120), [BOX])) < 8


@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_decoded_does_not_depend_on_the_number_of_threads(
    tmp_path: Path, threads: int
) -> None:
    clip = make_clip(tmp_path / "walk.mp4", frames=30, boxes=[BOX], form=EXACT)

    _, frames = read(clip, threads=threads)

    assert len(frames) == 30
    assert distance(frames[29].rgb(), picture(30, (160, 120), [BOX])) < 3


@pytest.mark.parametrize(("turn", "quarter_turns"), [(90, 1), (180, 2), (270, 3)])
def test_a_turned_clip_is_read_as_it_is_displayed(
    tmp_path: Path, turn: int, quarter_turns: int
) -> None:
    form = ClipForm(rotation_deg=turn, options=EXACT.options)
    clip = make_clip(tmp_path / "phone.mp4", frames=3, boxes=[BOX], form=form)
    upright = np.rot90(picture(2, (160, 120), [BOX]), -quarter_turns)

    reader, frames = read(clip)

    assert reader.info.rotation_deg == turn
    assert (reader.info.height, reader.info.width) == upright.shape[:2]
    assert (frames[1].height, frames[1].width) == upright.shape[:2]
    assert distance(frames[1].rgb(), upright) < 4
    half = (upright.shape[1] // 2, upright.shape[0] // 2)
    assert distance(frames[1].rgb(half), upright[::2, ::2]) < 6
    assert distance(frames[1].luma(half), upright[::2, ::2].mean(axis=2)) < 40
    assert frames[1].i420().shape == (upright.shape[0] * 3 // 2, upright.shape[1])


@pytest.mark.parametrize("size", [(160, 120), (96, 96), (80, 60), (33, 21), (320, 240)])
def test_a_frame_is_scaled_to_the_size_that_was_asked_for(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    clip = make_clip(tmp_path / "walk.mp4", frames=2, boxes=[BOX], form=EXACT)
    _, frames = read(clip)

    scaled = frames[0].rgb(size)
    luma = frames[0].luma(size)

    assert scaled.shape == (size[1], size[0], 3)
    assert luma.shape == (size[1], size[0])
    rows, columns = np.nonzero(redness(scaled) > 80)
    found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    expected = np.array(BOX.box) * np.array([size[0] / 160, size[1] / 120] * 2)
    assert np.abs(found - expected).max() <= 1.5


def test_an_odd_size_is_padded_for_drawing_but_not_for_looking(tmp_path: Path) -> None:
    form = ClipForm(size=(161, 121), codec="ffv1", pixels="yuv420p")
    clip = make_clip(tmp_path / "odd.mkv", frames=2, boxes=[BOX], form=form)

    reader, frames = read(clip)

    assert (reader.info.width, reader.info.height) == (161, 121)
    assert frames[0].rgb().shape == (121, 161, 3)
    planes = frames[0].i420()
    assert planes.shape == (183, 162)
    assert np.array_equal(planes[:122, 161], planes[:122, 160])
    assert np.array_equal(planes[121, :], planes[120, :])


def test_full_range_brightness_becomes_limited_range_for_drawing(tmp_path: Path) -> None:
    white = MovingBox((0, 0, 160, 120), step=(0, 0), colour=(255, 255, 255))
    clip = make_clip(tmp_path / "white.avi", frames=2, boxes=[white], form=ClipForm(codec="mjpeg"))

    _, frames = read(clip)

    assert frames[0].i420()[:120].mean() == pytest.approx(235, abs=1)
    assert frames[0].rgb().mean() == pytest.approx(255, abs=2)


def test_drawing_on_one_copy_leaves_the_frame_as_it_was(tmp_path: Path) -> None:
    _, frames = read(make_clip(tmp_path / "walk.mp4", frames=2))
    before = frames[0].rgb()

    frames[0].i420()[:] = 0

    assert np.array_equal(frames[0].rgb(), before)


def test_a_single_frame_is_a_clip(tmp_path: Path) -> None:
    reader, frames = read(make_clip(tmp_path / "one.mp4", frames=1))

    assert len(frames) == 1
    assert reader.info.frames == 1
    assert reader.info.duration_s == pytest.approx(0.1)
    assert reader.warnings == []


def test_an_8k_clip_is_read_and_a_larger_one_refused(tmp_path: Path) -> None:
    form = ClipForm(size=(7680, 4320), codec="mjpeg")
    clip = make_clip(tmp_path / "8k.avi", frames=1, form=form)

    reader, frames = read(clip)

    assert reader.info.width == 7680
    assert frames[0].rgb((416, 416)).shape == (416, 416, 3)
    with pytest.raises(ClipError, match=r"7680 × 4320 pixels are too large.*Scale it down"):
        probe(clip, max_pixels=7680 * 4320 - 1)


@pytest.mark.parametrize(
    "name",
    [
        'it\'s "quoted".mp4',
        "<script>alert(1)</script>.mp4".replace("/", "_"),
        "公园 北门.mp4",
        "concat:a|b.mp4",
        "http:__example.mp4",
        "-y.mp4",
        "%03d.mp4",
        "n" * 240 + ".mp4",
        "no-suffix",
        "wrong.avi",
    ],
)
def test_the_name_of_a_clip_does_not_matter(tmp_path: Path, name: str) -> None:
    made = make_clip(tmp_path / "made.mp4", frames=2)
    clip = Path(shutil.move(made, tmp_path / name))

    assert probe(clip).frames == 2
    assert probe(clip).name == name


def test_a_relative_path_is_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_clip(tmp_path / "walk.mp4", frames=2)
    monkeypatch.chdir(tmp_path)

    assert probe(Path("walk.mp4")).frames == 2


# Times


def remux(source: Path, target: Path, stamps: list[int | None], *, per_s: int = 10) -> Path:
    """Copy a clip's packets, giving each a time stamp of our own."""
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        stream = writer.add_stream_from_template(reader.streams.video[0])
        packets = [packet for packet in reader.demux(video=0) if packet.size]
        for packet, stamp in zip(packets, stamps, strict=True):
            packet.stream = stream
            packet.time_base = Fraction(1, per_s)
            packet.pts = packet.dts = stamp
            packet.duration = 1
            writer.mux(packet)
    return target


def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    times = (0.0, 0.1, 0.2, 0.9, 1.0, 1.6)
    clip = make_clip(tmp_path / "vfr.mp4", frames=6, form=ClipForm(times_s=times))

    reader, frames = read(clip)

    assert [frame.time_s for frame in frames] == pytest.approx(times, abs=1e-3)
    assert reader.info.fps == pytest.approx(6 / reader.info.duration_s)
    assert reader.warnings == []


def test_times_start_at_zero_whatever_the_clip_says(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "made.mp4", frames=5)
    clip = remux(made, tmp_path / "late.mkv", [500 + i for i in range(5)])

    reader, frames = read(clip)

    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert reader.info.duration_s == pytest.approx(0.5)
    assert reader.warnings == []


def test_times_always_rise(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "made.avi", frames=8, form=ClipForm(codec="mjpeg"))
    clip = remux(made, tmp_path / "joined.mkv", [0, 1, 2, 3, 100, 101, 102, 103])

    _, frames = read(clip)

    steps = np.diff([frame.time_s for frame in frames])
    assert len(frames) == 8
    assert (steps > 0).all()


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([0.0, 0.1, None, 0.3], [0.0, 0.1, 0.2, 0.3]),
        ([7.0, 7.1, 7.2, 7.3], [0.0, 0.1, 0.2, 0.3]),
        ([0.0, 0.1, 0.1, 0.2], [0.0, 0.1, 0.15, 0.2]),
        ([50.0, 50.1, 0.0, 0.1], [0.0, 0.1, 0.2, 0.3]),
        ([0.0, 0.1, 1e9, 1e9 + 0.1], [0.0, 0.1, 0.2, 0.3]),
        ([None, None, None, None], [0.0, 0.1, 0.2, 0.3]),
    ],
)
def test_missing_and_wild_time_stamps_are_mended(
    stamps: list[float | None], expected: list[float]
) -> None:
    clock = Clock(step_s=0.1)

    assert [clock.tick(stamp, None) for stamp in stamps] == pytest.approx(expected)


def test_a_single_damaged_stamp_does_not_make_a_clip_long() -> None:
    clock = Clock(step_s=0.1, stated_s=0.6)

    times = [clock.tick(stamp, None) for stamp in (0.0, 0.1, 9000.0, 0.3, 0.4, 0.5)]

    assert times[-1] <= 0.7
    assert (np.diff(times) > 0).all()


# Damage


def test_a_cut_off_clip_gives_what_is_left_and_says_so(tmp_path: Path) -> None:
    options = (("movflags", "faststart"),)
    for name, form in {
        "cut.avi": ClipForm(codec="mjpeg"),
        "cut.mkv": ClipForm(key_every=2),
        "cut.mp4": ClipForm(key_every=2, options=options),
    }.items():
        clip = make_clip(tmp_path / name, frames=40, form=form)
        if name.endswith("mp4"):
            clip = faststart(clip)
        clip.write_bytes(clip.read_bytes()[: int(clip.stat().st_size * 0.6)])

        reader, frames = read(clip)

        assert 5 < len(frames) < 39, name
        assert reader.info.frames == len(frames)
        assert reader.info.duration_s == pytest.approx(len(frames) / 10, abs=0.05)
        assert len(reader.warnings) == 1, name
        assert "only the first" in reader.warnings[0].en
        assert "4.0 s" in reader.warnings[0].en
        assert "只读出了前" in reader.warnings[0].zh


def faststart(clip: Path) -> Path:
    target = clip.with_name("fast-" + clip.name)
    with (
        av.open(str(clip)) as reader,
        av.open(str(target), "w", options={"movflags": "faststart"}) as writer,
    ):
        stream = writer.add_stream_from_template(reader.streams.video[0])
        for packet in reader.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                writer.mux(packet)
    return target


def test_frames_that_cannot_be_decoded_are_left_out_and_counted(tmp_path: Path) -> None:
    form = ClipForm(codec="libvpx-vp9", key_every=1)
    clip = make_clip(tmp_path / "hurt.mkv", frames=30, form=form)
    data = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    for packet in packets[10:13]:
        at = bytes(data).index(packet)
        data[at : at + len(packet)] = bytes(len(packet))
    clip.write_bytes(bytes(data))

    reader, frames = read(clip)

    expected = [i / 10 for i in range(30) if i not in (10, 11, 12)]
    assert [frame.time_s for frame in frames] == pytest.approx(expected, abs=1e-3)
    assert [frame.index for frame in frames] == list(range(1, 28))
    assert [str(text) for text in reader.warnings] == [
        "The clip is damaged: 3 frames could not be decoded and were left out."
    ]


def test_a_picture_of_another_size_in_the_middle_is_scaled_to_the_first(tmp_path: Path) -> None:
    first = make_clip(tmp_path / "first.ts", frames=10)
    second = make_clip(tmp_path / "second.ts", frames=10, form=ClipForm(size=(320, 240)))
    clip = tmp_path / "joined.ts"
    clip.write_bytes(first.read_bytes() + second.read_bytes())

    _, frames = read(clip)

    assert len(frames) >= 15
    assert {frame.i420().shape for frame in frames} == {(180, 160)}
    assert (np.diff([frame.time_s for frame in frames]) > 0).all()


@pytest.mark.parametrize("seed", range(12))
def test_random_damage_never_raises_anything_but_a_clip_error(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    name, form = [
        ("hurt.mp4", ClipForm()),
        ("hurt.avi", ClipForm(codec="mpeg4")),
        ("hurt.mkv", ClipForm(codec="libvpx-vp9")),
        ("hurt.ts", ClipForm()),
    ][seed % 4]
    clip = make_clip(tmp_path / name, frames=30, form=form)
    data = np.frombuffer(clip.read_bytes(), np.uint8).copy()
    places = rng.integers(64, len(data), size=len(data) // 50)
    data[places] = rng.integers(0, 256, size=len(places))
    clip.write_bytes(data.tobytes())

    with suppress(ClipError):
        reader, frames = read(clip)
        assert reader.info.frames == len(frames) > 0
        assert (np.diff([frame.time_s for frame in frames]) > 0).all()
        assert len(reader.warnings) <= 1


# What is refused


def refusal(path: Path) -> str:
    with pytest.raises(ClipError) as caught:
        probe(path)
    assert path.name in caught.value.text.en
    assert "无法读取视频" in caught.value.text.zh
    assert "\n" not in caught.value.text.en
    return caught.value.text.en


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "gone.mp4")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path)


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")

    assert "no such file" in refusal(tmp_path / "pipe.mp4")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    clip = tmp_path / "empty.mp4"
    clip.touch()

    assert "empty" in refusal(clip)


def test_text_called_mp4_is_refused(tmp_path: Path) -> None:
    clip = tmp_path / "notes.mp4"
    clip.write_text("Dear diary, today the park was quiet.\n" * 50)

    assert "not a video file" in refusal(clip)


@pytest.mark.parametrize("size", [1, 7, 16, 300])
def test_a_few_bytes_of_a_clip_are_refused(tmp_path: Path, size: int) -> None:
    whole = make_clip(tmp_path / "whole.mp4", frames=2)
    clip = tmp_path / "bytes.mp4"
    clip.write_bytes(whole.read_bytes()[:size])

    refusal(clip)


def test_an_mp4_that_was_cut_before_its_table_of_contents_is_refused(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "cut.mp4", frames=30)
    data = clip.read_bytes()
    clip.write_bytes(data[: data.index(b"moov") - 4])

    assert "table of contents is missing" in refusal(clip)


def sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        for start in range(0, 16000, 1024):
            frame = av.AudioFrame.from_ndarray(
                np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
            )
            frame.sample_rate, frame.pts = 16000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", ["song.mp4", "song.mkv"])
def test_sound_without_pictures_is_refused(tmp_path: Path, name: str) -> None:
    assert "perhaps only sound" in refusal(sound(tmp_path / name))


def test_a_song_with_a_cover_is_refused(tmp_path: Path) -> None:
    clip = tmp_path / "song.mp4"
    with av.open(str(sound(tmp_path / "plain.mp4"))) as source, av.open(str(clip), "w") as target:
        voice = target.add_stream_from_template(source.streams.audio[0])
        cover = target.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        art = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        target.mux(cover.encode(art))
        target.mux(cover.encode(None))
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = voice
                target.mux(packet)

    assert "perhaps only sound" in refusal(clip)


def test_pictures_of_no_size_are_refused(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "zero.avi", frames=3, form=ClipForm(codec="rawvideo"))
    data = bytearray(clip.read_bytes())
    header = data.index(b"avih")
    data[header + 40 : header + 48] = bytes(8)
    strf = data.index(b"strf")
    data[strf + 12 : strf + 20] = bytes(8)
    clip.write_bytes(bytes(data))

    refusal(clip)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXTINF:10,\n{clip}\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "#EXTM3U\n#EXTINF:10,\nfile://{clip}\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", "ffconcat version 1.0\nfile '{clip}'\n"),
        ("list.mkv", "ffconcat version 1.0\nfile '{clip}'\n"),
        ("view.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5000 RTP/AVP 96\n"),
        ("view.mpd", '<?xml version="1.0"?><MPD><BaseURL>{clip}</BaseURL></MPD>'),
        ("view.asx", '<asx version="3"><entry><ref href="{clip}"/></entry></asx>'),
        ("view.avs", 'AviSource("{clip}")'),
    ],
)
def test_a_file_that_names_another_file_is_refused(tmp_path: Path, name: str, text: str) -> None:
    clip = make_clip(tmp_path / "secret.mp4", frames=2)
    listing = tmp_path / name
    listing.write_text(text.format(clip=clip))

    assert "not a video file that SmartPark knows" in refusal(listing)


def test_an_unknown_codec_is_refused(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "strange.mp4", frames=3)
    clip.write_bytes(clip.read_bytes().replace(b"avc1", b"zzzz"))

    assert "H.264 MP4" in refusal(clip)


@pytest.mark.parametrize("name", ["frame.png", "frame.jpg", "frame.gif"])
def test_a_still_picture_is_refused(tmp_path: Path, name: str) -> None:
    head = {"png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff\xe0", "gif": b"GIF89a"}
    still = tmp_path / name
    still.write_bytes(head[name[-3:]] + bytes(2000))

    refusal(still)


def test_a_movie_whose_pictures_lie_in_another_file_is_refused(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "outside.mov", frames=3)
    data = clip.read_bytes()
    start = data.index(b"dref") - 4
    size = struct.unpack(">I", data[start : start + 4])[0]
    secret = b"file:///etc/passwd\0"
    secret += bytes(-len(secret) % 4)
    entry = struct.pack(">I4sI", 12 + len(secret), b"url ", 0) + secret
    dref = struct.pack(">I4sII", 16 + len(entry), b"dref", 0, 1) + entry
    grown = bytearray(data[:start] + dref + data[start + size :])
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
        at = grown.index(kind) - 4
        old = struct.unpack(">I", grown[at : at + 4])[0]
        grown[at : at + 4] = struct.pack(">I", old + len(dref) - size)
    clip.write_bytes(bytes(grown))

    assert "pictures lie in another file" in refusal(clip)


# Length


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_a_two_hour_clip_is_read_in_flat_memory(tmp_path: Path) -> None:
    form = ClipForm(size=(64, 48), fps=2, codec="mjpeg")
    clip = make_clip(tmp_path / "long.avi", frames=14_400, form=form)
    early = 0.0

    with ClipReader(clip) as reader:
        for frame in reader:
            frame.i420(), frame.rgb((32, 32)), frame.luma((16, 12))
            if frame.index == 1000:
                early = resident_mb()

    assert reader.info.duration_s == pytest.approx(7200)
    assert resident_mb() - early < 10


# Real footage


def test_the_campus_clip_is_read_to_its_last_frame(shared_data: Path) -> None:
    reader, frames = read(shared_data / "samples" / "vtest.avi")

    assert len(frames) == 795
    assert (reader.info.width, reader.info.height) == (768, 576)
    assert reader.info.duration_s == pytest.approx(79.5)
    assert reader.warnings == []
