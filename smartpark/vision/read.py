"""Read a clip: frames in order, with their times, as pictures of the wanted size."""

import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.reformatter import ColorRange, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from smartpark.core.text import Text
from smartpark.core.values import ClipInfo
from smartpark.vision.canvas import Picture, i420_planes
from smartpark.vision.containers import (
    READABLE_SUFFIXES,
    accepted,
    avi_frames_if_cut,
    open_container,
    refusal,
)
from smartpark.vision.frames import is_plain, plane_views, scaled, shrink_into
from smartpark.vision.times import Clock

__all__ = ["MAX_PIXELS", "READABLE_SUFFIXES", "ClipReader", "DecodedFrame", "probe"]

# 8K UHD (7680 x 4320) is the largest picture that is read.
MAX_PIXELS = 33_200_000

_FALLBACK_FPS = 25.0
# Rates outside come from damaged headers; one frame an hour is a slow time lapse.
_MIN_FPS, _MAX_FPS = 1 / 3600, 1000
# Shares of the stated length that may be missing before it is said.
_MISSING_SHARE = 0.01
_ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class _Converter:
    """Converts frames with swscale, keeping its tables from one frame to the next."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._lock = threading.Lock()

    def __call__(self, frame: av.VideoFrame, **wanted: Any) -> av.VideoFrame:
        # One frame at a time: the tables belong to one conversion, the stages to several threads.
        with self._lock:
            return self._reformatter.reformat(frame, threads=1, **wanted)


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFrame:
    """One frame as the decoder left it; pictures are made of it on demand.

    Attributes:
        index: place in the clip, counted from 1.
        time_s: seconds from the clip's start.
        width: pixels, as displayed.
        height: pixels, as displayed.
    """

    index: int
    time_s: float
    width: int
    height: int
    _frame: av.VideoFrame
    _rotation_deg: int
    _to_rgb: _Converter

    def rgb(self, size: tuple[int, int] | None = None) -> Picture:
        """Return the frame as (h, w, 3) RGB.

        Args:
            size: wanted `(width, height)` in pixels; the size as displayed where None.
        """
        width, height = self._stored(size or (self.width, self.height))
        frame = self._frame
        if (width, height) != (frame.width, frame.height):
            frame = scaled(frame, (width, height))
        image = self._to_rgb(frame, format="rgb24").to_ndarray()
        return np.ascontiguousarray(self._turn(image[:height, :width]))

    def luma(self, size: tuple[int, int]) -> Picture:
        """Return the brightness as (h, w), scaled to `size` `(width, height)`; cheap."""
        width, height = self._stored(size)
        small = np.empty((height, width), np.uint8)
        shrink_into(plane_views(self._frame)[0], small)
        return self._turn(small)

    def i420(self) -> Picture:
        """Return a writable copy as planar 4:2:0: Y, then U, then V.

        Returns:
            (h * 3 / 2, w) uint8, limited range. Odd sizes are padded to even ones by repeating
            the last row or column.
        """
        width, height = self.width + self.width % 2, self.height + self.height % 2
        out = np.empty((height * 3 // 2, width), np.uint8)
        for target, source in zip(i420_planes(out), plane_views(self._frame), strict=True):
            turned = self._turn(source)
            rows, columns = turned.shape
            target[:rows, :columns] = turned
            target[rows:, :columns] = turned[-1:]
            target[:, columns:] = target[:, columns - 1 : columns]
        return out

    def _stored(self, size: tuple[int, int]) -> tuple[int, int]:
        return size[::-1] if self._rotation_deg in (90, 270) else size

    def _turn(self, picture: NDArray[Any]) -> Picture:
        if not self._rotation_deg:
            return np.asarray(picture, np.uint8)
        return np.asarray(cv2.rotate(picture, _ROTATIONS[self._rotation_deg]))


class ClipReader:
    """Reads one clip from start to end, once; a context manager.

    Attributes:
        info: what is known of the clip; `frames`, `fps` and `duration_s` are exact after the last
            frame.
        warnings: what was wrong with the clip but did not stop the reading.

    Raises:
        ClipError: the file is no clip that can be read; nothing was decoded.
    """

    def __init__(self, path: Path, *, threads: int = 1, max_pixels: int = MAX_PIXELS) -> None:
        self.warnings: list[Text] = []
        self._name = path.name
        self._container = open_container(path, max_pixels=max_pixels)
        try:
            self._stream = _video_stream(self._container, self._name)
            _check_size(self._stream.width, self._stream.height, max_pixels, self._name)
            self._stream.thread_type = "AUTO" if threads > 1 else "NONE"
            self._stream.codec_context.thread_count = threads
            # Later pictures may differ from what the header says.
            self._stream.codec_context.options = {"max_pixels": str(max_pixels)}
            self._skipped = 0
            self._pictures = self._decode()
            self._first = self._first_picture()
            _check_size(self._first.width, self._first.height, max_pixels, self._name)
            self._stated_s = self._stated_duration(path)
            self.info = self._describe()
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._pictures.close()
        self._container.close()

    def __iter__(self) -> Iterator[DecodedFrame]:
        """Yield each frame that can be decoded, in the order of display."""
        to_plain, to_rgb = _Converter(), _Converter()
        clock = Clock(step_s=1.0 / self.info.fps, stated_s=self._stated_s)
        size = (self._first.width, self._first.height)
        index = 0
        for index, picture in enumerate(self._all_pictures(), start=1):
            frame = picture
            if not is_plain(frame) or (frame.width, frame.height) != size:
                frame = to_plain(
                    picture,
                    width=size[0],
                    height=size[1],
                    format="yuv420p",
                    dst_color_range=ColorRange.MPEG,
                )
            yield DecodedFrame(
                index,
                clock.tick(picture.time, _length_s(picture)),
                self.info.width,
                self.info.height,
                frame,
                self.info.rotation_deg,
                to_rgb,
            )
        self._conclude(index, clock.end_s)

    def _all_pictures(self) -> Iterator[av.VideoFrame]:
        yield self._first
        yield from self._pictures

    def _decode(self) -> Generator[av.VideoFrame, None, None]:
        """Yield pictures; packets that cannot be decoded are counted and passed over."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.error.EOFError):
                return
            except av.error.FFmpegError:
                # The rest of the file cannot be read; `_conclude` says how much is missing.
                self._skipped += 1
                return
            try:
                yield from packet.decode()
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                self._skipped += 1

    def _first_picture(self) -> av.VideoFrame:
        for picture in self._pictures:
            return picture
        raise refusal(
            self._name,
            "no picture in it could be decoded. Export it again, for example as H.264 MP4.",
            "其中没有可以解码的画面。请重新导出，例如导出为 H.264 编码的 MP4。",
        )

    def _stated_duration(self, path: Path) -> float | None:
        """Return how long the file says that its pictures last, in seconds, or None."""
        stream, container = self._stream, self._container
        cut_frames = avi_frames_if_cut(path)
        if cut_frames is not None:
            return cut_frames / _frame_rate(stream)
        if container.format.name == "matroska":
            # It counts from zero on, wherever the first picture lies, and over all its streams
            # unless a stream carries a tag of its own.
            end_s = _seconds(stream.metadata.get("DURATION", ""))
            if end_s is None and len(container.streams) == 1:
                end_s = (container.duration or 0) / 1_000_000
            return end_s - (self._first.time or 0.0) if end_s else None
        if stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        return None

    def _describe(self) -> ClipInfo:
        stream, first = self._stream, self._first
        fps = _frame_rate(stream)
        rotation = _clockwise(first)
        width, height = first.width, first.height
        if rotation in (90, 270):
            width, height = height, width
        duration_s = self._stated_s or (stream.frames or 1) / fps
        return ClipInfo(
            name=self._name,
            width=width,
            height=height,
            fps=fps,
            frames=stream.frames or max(1, round(duration_s * fps)),
            duration_s=duration_s,
            codec=stream.codec_context.codec.canonical_name,
            container=self._container.format.name,
            rotation_deg=rotation,
        )

    def _conclude(self, frames: int, end_s: float) -> None:
        stated_s = self._stated_s
        self.info = replace(self.info, frames=frames, fps=frames / end_s, duration_s=end_s)
        missing_s = (stated_s or 0.0) - end_s
        if stated_s and missing_s > max(2.5 / self.info.fps, _MISSING_SHARE * stated_s):
            self.warnings.append(
                Text(
                    en=f"The clip is damaged: only the first {end_s:.1f} s of {stated_s:.1f} s"
                    " could be read.",
                    zh=f"视频已损坏：{stated_s:.1f} 秒中只读出了前 {end_s:.1f} 秒。",
                )
            )
        elif self._skipped:
            self.warnings.append(
                Text(
                    en=f"The clip is damaged: {self._skipped} frames could not be decoded and"
                    " were left out.",
                    zh=f"视频已损坏：有 {self._skipped} 帧无法解码，已跳过。",
                )
            )


def probe(path: Path, *, max_pixels: int = MAX_PIXELS) -> ClipInfo:
    """Return what the clip says of itself, after decoding its first picture.

    Raises:
        ClipError: the file is no clip that can be read, or its pictures are too large.
    """
    with ClipReader(path, max_pixels=max_pixels) as reader:
        return reader.info


def _video_stream(container: InputContainer, name: str) -> VideoStream:
    # A picture of the cover, attached to a song, is no footage.
    moving = [
        stream
        for stream in container.streams.video
        if not stream.disposition & av.stream.Disposition.attached_pic
    ]
    if not moving:
        raise refusal(
            name,
            f"it holds no moving pictures, perhaps only sound. Use one of: {accepted()}.",
            f"其中没有视频画面，可能只有声音。请使用以下格式之一：{accepted()}。",
        )
    stream = moving[0]
    if stream.codec_context is None:
        raise refusal(
            name,
            "its codec is unknown. Export it again, for example as H.264 MP4.",
            "其编码格式未知。请重新导出，例如导出为 H.264 编码的 MP4。",
        )
    return stream


def _check_size(width: int, height: int, max_pixels: int, name: str) -> None:
    if width * height > max_pixels:
        raise refusal(
            name,
            f"its pictures of {width} × {height} pixels are too large; at most"
            f" {max_pixels / 1e6:.1f} million pixels are read. Scale it down, for example to 4K.",
            f"画面为 {width} × {height} 像素，过大；最多支持 {max_pixels / 1e4:.0f} 万像素。"
            "请先缩小，例如缩小到 4K。",
        )


def _frame_rate(stream: VideoStream) -> float:
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and _MIN_FPS <= rate <= _MAX_FPS:
            return float(rate)
    return _FALLBACK_FPS


def _seconds(text: str) -> float | None:
    """Return `hh:mm:ss.fraction` in seconds, or None where it is not of that form."""
    parts = text.split(":")
    try:
        return sum(float(part) * 60.0**place for place, part in enumerate(reversed(parts)))
    except ValueError:
        return None


def _length_s(frame: av.VideoFrame) -> float | None:
    if not frame.duration or not frame.time_base:
        return None
    return float(frame.duration * frame.time_base)


def _clockwise(frame: av.VideoFrame) -> int:
    return round(-frame.rotation / 90) * 90 % 360
