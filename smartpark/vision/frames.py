"""Between PyAV's frames and planar 4:2:0 pictures, without copying where that is possible."""

from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange

from smartpark.vision.canvas import Picture, i420_planes


def is_plain(frame: av.VideoFrame) -> bool:
    """Return whether a frame is 8-bit 4:2:0 of limited range, as overlays are."""
    return frame.format.name == "yuv420p" and frame.color_range != ColorRange.JPEG


def plane_views(frame: av.VideoFrame) -> list[Picture]:
    """Return Y, U and V of a plain frame as views; the decoder may still use them: read only."""
    views = []
    for shrink, plane in zip((0, 1, 1), frame.planes, strict=True):
        data: Any = plane  # PyAV does not declare that planes are buffers
        whole = np.frombuffer(data, np.uint8).reshape(-1, plane.line_size)
        rows, columns = (frame.height + shrink) >> shrink, (frame.width + shrink) >> shrink
        views.append(whole[:rows, :columns])
    return views


def frame_of(i420: Picture) -> av.VideoFrame:
    """Return a contiguous I420 picture as a frame that shares its memory where it can."""
    height = i420.shape[0] * 2 // 3
    # PyAV 14 to 18 drop the last two rows of a shared picture unless four divides its height.
    if height % 4:
        return av.VideoFrame.from_ndarray(i420, format="yuv420p")
    return av.VideoFrame.from_numpy_buffer(i420, format="yuv420p")


def scaled(frame: av.VideoFrame, size: tuple[int, int]) -> av.VideoFrame:
    """Return a plain frame scaled plane by plane: a third of swscale's time, and no aliasing.

    The result has even sides; an odd `size` `(width, height)` lies in its top left corner.
    """
    width, height = size
    small = np.zeros(((height + height % 2) * 3 // 2, width + width % 2), np.uint8)
    for shrink, plane, source in zip(
        (0, 1, 1), i420_planes(small), plane_views(frame), strict=True
    ):
        shrink_into(source, plane[: (height + shrink) >> shrink, : (width + shrink) >> shrink])
    result = frame_of(small)
    result.colorspace = frame.colorspace
    return result


def shrink_into(source: Picture, target: Picture) -> None:
    """Scale `source` into `target`: halve while possible, then interpolate."""
    height, width = target.shape
    while source.shape[0] >= 2 * height and source.shape[1] >= 2 * width:
        half = (source.shape[1] // 2, source.shape[0] // 2)
        source = np.asarray(cv2.resize(source, half, interpolation=cv2.INTER_AREA), np.uint8)
    target[:] = cv2.resize(source, (width, height), interpolation=cv2.INTER_LINEAR)
