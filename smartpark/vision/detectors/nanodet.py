"""NanoDet-g, the shipped detector: 80 everyday classes, fast on a processor."""

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

import cv2
import numpy as np
import onnxruntime
import supervision as sv
from numpy.typing import NDArray

from smartpark.core.errors import ModelError
from smartpark.core.text import Text
from smartpark.core.values import Frame

INPUT_SIZE = (416, 416)
STRIDES = (8, 16, 32)
DISTANCE_BINS = 11
_FILES = resources.files("smartpark.models") / "files"


class NanoDet:
    """The shipped detector."""

    def __init__(self, session: onnxruntime.InferenceSession, *, name: str, version: str) -> None:
        self.name = name
        self.version = version
        self.labels = tuple(json.loads((_FILES / "nanodet_g.json").read_text("utf-8"))["labels"])
        self.input_size: tuple[int, int] | None = INPUT_SIZE
        self.min_score = 0.1
        self.max_overlap = 0.45
        self._session = session
        self._names = np.array(self.labels)

    def detect(self, frames: Sequence[Frame]) -> list[sv.Detections]:
        """Return one `Detections` for each frame, in order, in pixels of that frame's image."""
        if not frames:
            return []
        batch = np.stack([_fitted(frame.image) for frame in frames])
        cells, best = self._session.run(None, {"frames": batch})
        return [
            self._decode(cells[i], best[i], frame.image.shape[1], frame.image.shape[0])
            for i, frame in enumerate(frames)
        ]

    def _decode(
        self, cells: NDArray[np.float32], best: NDArray[np.float32], width: int, height: int
    ) -> sv.Detections:
        limit = np.log(self.min_score / (1 - self.min_score))
        rows = np.flatnonzero(best > limit)
        table = cells[rows]
        count = len(self.labels)
        cell, class_id = np.nonzero(table[:, :count] > limit)
        scores = 1 / (1 + np.exp(-table[cell, class_id]))
        bins = np.exp(table[:, count:].reshape(-1, 4, DISTANCE_BINS))
        distance = bins @ np.arange(DISTANCE_BINS, dtype=np.float32) / bins.sum(-1)
        centres, strides = _grid(*INPUT_SIZE)
        reach = distance * strides[rows, None]
        boxes = np.concatenate([centres[rows] - reach[:, :2], centres[rows] + reach[:, 2:]], 1)
        sides = np.array([width, height] * 2, np.float32)
        boxes *= sides / np.array([*INPUT_SIZE] * 2, np.float32)
        boxes = np.clip(boxes, 0, sides)[cell]
        xywh = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)
        kept = np.array(
            cv2.dnn.NMSBoxesBatched(
                xywh.tolist(),
                scores.tolist(),
                class_id.tolist(),
                self.min_score,
                self.max_overlap,
            ),
            np.intp,
        ).reshape(-1)
        return sv.Detections(
            xyxy=boxes[kept],
            confidence=scores[kept],
            class_id=class_id[kept],
            data={"class_name": self._names[class_id[kept]]},
        )


def load(*, threads: int = 2, argument: str = "") -> NanoDet:
    """Return the shipped detector."""
    return load_fp32(threads=threads, argument=argument)


def load_fp32(*, threads: int = 2, argument: str = "") -> NanoDet:
    """Return the detector with its original float32 arithmetic."""
    _refuse(argument)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    path = _FILES / "nanodet_g.onnx"
    session = onnxruntime.InferenceSession(str(path), options)
    return NanoDet(session, name="nanodet-g-fp32", version="1")


def _refuse(argument: str) -> None:
    if argument:
        raise ModelError(
            Text(
                en=f"The detector nanodet-g takes nothing after its name, but got {argument!r}.",
                zh=f"检测器 nanodet-g 的名称后不能再带参数，却得到“{argument}”。",
            )
        )


def _fitted(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.shape[1::-1] == INPUT_SIZE:
        return image
    return np.asarray(cv2.resize(image, INPUT_SIZE, interpolation=cv2.INTER_LINEAR), np.uint8)


@lru_cache(maxsize=8)
def _grid(width: int, height: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    centres, strides = [], []
    for stride in STRIDES:
        x, y = np.meshgrid(np.arange(width // stride), np.arange(height // stride))
        xy = np.stack([x.ravel(), y.ravel()], 1).astype(np.float32)
        centres.append((xy + 0.5) * stride)
        strides.append(np.full(len(xy), stride, np.float32))
    return np.concatenate(centres), np.concatenate(strides)
