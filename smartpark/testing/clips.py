"""Make small clips with known contents, so that tests need no footage."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from smartpark.core.geometry import Boxes

_TICKS_PER_S = 90_000
_BACKGROUND = (96, 104, 96)


@dataclass(frozen=True, slots=True)
class MovingBox:
    """A filled rectangle that moves on a straight path.

    Attributes:
        box: `x1 y1 x2 y2` in pixels at the first frame.
        step: pixels `(x, y)` per frame.
        colour: RGB.
        first: frame number from 1 at which it appears.
        last: frame number at which it is seen last; None means the clip's end.
    """

    box: tuple[float, float, float, float]
    step: tuple[float, float] = (2.0, 0.0)
    colour: tuple[int, int, int] = (220, 60, 40)
    first: int = 1
    last: int | None = None

    def at(self, index: int) -> Boxes | None:
        """Return (4,) `x1 y1 x2 y2` at frame `index` (from 1), or None where it is absent."""
        if index < self.first or (self.last is not None and index > self.last):
            return None
        moved = np.asarray(self.box) + np.tile(self.step, 2) * (index - 1)
        return np.asarray(moved, np.float32)


@dataclass(frozen=True, slots=True)
class ClipForm:
    """How a made clip is encoded.

    Attributes:
        size: stored width and height, pixels.
        fps: frames per second.
        codec: an encoder of FFmpeg: `libx264`, `mpeg4`, `mjpeg`, `libvpx-vp9`, `libx265`.
        pixels: FFmpeg's name of the pixel format; None takes the encoder's usual one.
        rotation_deg: clockwise turn that the file asks the player for (MP4 and MOV).
        times_s: time of each frame, for a variable frame rate; replaces `fps`.
        key_every: frames from one key frame to the next.
        options: further options of the encoder, by name.
    """

    size: tuple[int, int] = (160, 120)
    fps: float = 10.0
    codec: str = "libx264"
    pixels: str | None = None
    rotation_deg: int = 0
    times_s: tuple[float, ...] | None = None
    key_every: int = 12
    options: tuple[tuple[str, str], ...] = ()


def make_clip(
    path: Path,
    *,
    frames: int = 20,
    boxes: Sequence[MovingBox] = (MovingBox((10, 40, 40, 100)),),
    form: ClipForm | None = None,
) -> Path:
    """Write a clip of boxes that move over a gray ground; its suffix chooses the container.

    Args:
        path: the file to write, such as `tmp_path / "walk.mp4"`.
        frames: number of frames.
        boxes: what moves, later ones in front.
        form: size, rate, codec and the like.

    Returns:
        `path`.

    Example:
        `make_clip(tmp_path / "turned.mp4", form=ClipForm(rotation_deg=90))`
    """
    form = form or ClipForm()
    with av.open(str(path), "w") as container:
        rate = Fraction(form.fps).limit_denominator(1001)
        stream = cast(VideoStream, container.add_stream(form.codec, rate=rate))
        stream.width, stream.height = form.size
        stream.pix_fmt = form.pixels or _usual_pixels(form.codec)
        stream.codec_context.gop_size = form.key_every
        stream.options = {**_QUICK.get(form.codec, {}), **dict(form.options)}
        if form.times_s is not None:
            stream.time_base = stream.codec_context.time_base = Fraction(1, _TICKS_PER_S)
        for index in range(1, frames + 1):
            frame = av.VideoFrame.from_ndarray(picture(index, form.size, boxes), format="rgb24")
            frame.pts, frame.time_base = _stamp(form, index)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    if form.rotation_deg:
        _ask_for_turn(path, form.rotation_deg)
    return path


def picture(index: int, size: tuple[int, int], boxes: Sequence[MovingBox]) -> NDArray[np.uint8]:
    """Return frame `index` (from 1) as (h, w, 3) RGB."""
    width, height = size
    image = np.full((height, width, 3), _BACKGROUND, np.uint8)
    # A gentle slope of brightness, so that a scaled or turned picture can be told from another.
    image[..., 1] += np.linspace(0, 60, width, dtype=np.uint8)
    for moving in boxes:
        at = moving.at(index)
        if at is not None:
            x1, y1, x2, y2 = np.clip(np.rint(at), 0, [width, height, width, height]).astype(int)
            image[y1:y2, x1:x2] = moving.colour
    return image


_QUICK = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=error"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
}


def _usual_pixels(codec: str) -> str:
    return "yuvj420p" if codec == "mjpeg" else "yuv420p"


def _stamp(form: ClipForm, index: int) -> tuple[int, Fraction]:
    if form.times_s is not None:
        return round(form.times_s[index - 1] * _TICKS_PER_S), Fraction(1, _TICKS_PER_S)
    return index - 1, 1 / Fraction(form.fps).limit_denominator(1001)


def _ask_for_turn(path: Path, rotation_deg: int) -> None:
    """Set the display matrix of the first track header (ISO/IEC 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44
    one = 1 << 16
    cos, sin = {90: (0, one), 180: (-one, 0), 270: (0, -one)}[rotation_deg]
    matrix = (cos, sin, 0, -sin, cos, 0, 0, 0, 1 << 30)
    data[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    path.write_bytes(data)
