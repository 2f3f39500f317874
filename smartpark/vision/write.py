"""Write an overlay: H.264 in MP4 that a browser plays, with the clip's own frame times."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.stream import VideoStream
from numpy.typing import NDArray

from smartpark.core.values import ClipInfo

# 90 kHz divides every usual frame rate, 29.97 included, to a few microseconds.
_TICKS_PER_S = 90_000
# A key frame at least this often, so that a jump in the player lands at once.
_KEY_S = 4.0
_OPTIONS = {"preset": "superfast", "crf": "25"}


class OverlayWriter:
    """Writes frames as H.264, yuv420p, in MP4 with its table of contents first.

    A context manager; left by an exception, it removes the unfinished file.

    Args:
        path: the file to write.
        info: the clip that the frames come from: size and frame rate.
        threads: threads of the encoder.
    """

    def __init__(self, path: Path, info: ClipInfo, *, threads: int = 1) -> None:
        self._path = path
        self._step = max(1, round(_TICKS_PER_S / info.fps))
        self._last: int | None = None
        self._container: OutputContainer = av.open(
            "file:" + str(path), "w", format="mp4", options={"movflags": "+faststart"}
        )
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
        frame = av.VideoFrame.from_numpy_buffer(i420, format="yuv420p")
        ticks = round(time_s * _TICKS_PER_S)
        if self._last is not None:
            ticks = max(ticks, self._last + 1)
            self._step = ticks - self._last
        self._last = ticks
        frame.pts = ticks
        frame.time_base = Fraction(1, _TICKS_PER_S)
        frame.pict_type = PictureType.NONE
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Finish the file."""
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def _abandon(self) -> None:
        self._container.close()
        self._path.unlink(missing_ok=True)
