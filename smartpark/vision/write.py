"""Write an overlay: H.264 in MP4 that a browser plays, with the clip's own frame times."""

import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from smartpark.core.errors import StorageError
from smartpark.core.text import Text
from smartpark.core.values import ClipInfo
from smartpark.vision.frames import frame_of

# 90 kHz divides every usual frame rate, 29.97 included, to a few microseconds.
_TICKS_PER_S = 90_000
# A key frame at least this often, so that a jump in the player lands at once.
_KEY_S = 4.0
# The cheapest preset with what pays for itself: B frames save a third of the size at no cost,
# deblocking keeps flat ground calm. Figures: docs/media.md.
_OPTIONS = {
    "preset": "ultrafast",
    "crf": "25",
    "x264-params": "bframes=3:b-adapt=0:b-pyramid=none:no-deblock=0",
}


class OverlayWriter:
    """Writes frames as H.264, yuv420p, in MP4 with its table of contents first.

    A context manager; left by an exception, it removes the unfinished file.

    Args:
        path: the file to write.
        info: the clip that the frames come from: size and frame rate. Odd sizes are written as the
            next even one, which 4:2:0 needs.
        threads: threads of the encoder.

    Raises:
        StorageError: the file cannot be written, for example because the disk is full.
    """

    def __init__(self, path: Path, info: ClipInfo, *, threads: int = 1) -> None:
        self._path = path
        self._step = max(1, round(_TICKS_PER_S / info.fps))
        self._last = -1
        self._first_dts: int | None = None
        try:
            # FFmpeg opens the file at the first frame only; a folder that refuses says so now.
            path.touch()
            self._container: OutputContainer = av.open(
                "file:" + os.fspath(path), "w", format="mp4", options={"movflags": "+faststart"}
            )
        except OSError as error:
            raise _unwritable(path, error) from error
        self._stream = self._add_stream(info, threads)

    def _add_stream(self, info: ClipInfo, threads: int) -> VideoStream:
        stream = self._container.add_stream(
            "libx264", rate=Fraction(info.fps).limit_denominator(1001)
        )
        stream.width, stream.height = info.width + info.width % 2, info.height + info.height % 2
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, _TICKS_PER_S)
        stream.codec_context.time_base = Fraction(1, _TICKS_PER_S)
        stream.codec_context.gop_size = max(1, round(info.fps * _KEY_S))
        stream.codec_context.thread_count = threads
        stream.options = dict(_OPTIONS)
        return stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self._abandon()

    def write(self, i420: NDArray[np.uint8], time_s: float) -> None:
        """Append a frame.

        Args:
            i420: (h * 3 / 2, w) contiguous planar 4:2:0; not to be changed afterwards.
            time_s: seconds from the clip's start, later than the frame before.
        """
        frame = frame_of(i420)
        ticks = max(round(time_s * _TICKS_PER_S), self._last + 1)
        if self._last >= 0:
            self._step = ticks - self._last
        self._last = ticks
        frame.pts, frame.time_base = ticks, Fraction(1, _TICKS_PER_S)
        self._mux(frame)

    def close(self) -> None:
        """Finish the file."""
        try:
            self._mux(None)
            self._container.close()
        except OSError as error:
            self._abandon()
            raise _unwritable(self._path, error) from error
        except StorageError:
            self._abandon()
            raise

    def _mux(self, frame: av.VideoFrame | None) -> None:
        try:
            packets = self._stream.encode(frame)
            self._state_lengths(packets, at_end=frame is None)
            self._container.mux(packets)
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def _state_lengths(self, packets: "list[av.Packet[VideoStream]]", *, at_end: bool) -> None:
        """Say how long each packet lasts; left alone, FFmpeg takes the mean and ends off time."""
        for packet in packets:
            packet.duration = self._step
            if self._first_dts is None:
                self._first_dts = packet.dts
        if at_end and packets:
            # The file lasts from the first decoding time on; B frames move that ahead.
            spent = (packets[-1].dts or 0) - (self._first_dts or 0)
            packets[-1].duration = max(1, self._last + self._step - spent)

    def _abandon(self) -> None:
        # The file is given up: what its end would say of a full disk was said already.
        with suppress(OSError):
            self._container.close()
        self._path.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> StorageError:
    reason = error.strerror or str(error)
    return StorageError(
        Text(
            en=f"Cannot write {path.name!r}: {reason}. Make room or check the folder's"
            " permissions, then try again.",
            zh=f"无法写入“{path.name}”：{reason}。请清理磁盘空间或检查文件夹权限后重试。",
        )
    )
