"""NanoDet-g, the shipped detector: 80 everyday classes, fast on a processor."""

import re
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import supervision as sv

from smartpark.core.errors import ModelError
from smartpark.core.text import Text
from smartpark.core.values import Frame
from smartpark.models.card import BUILT_IN, DetectorCard, read_card
from smartpark.models.runtime import Engine, Network, Pixels, best_engine, open_network
from smartpark.vision.detectors.cells import Limits, boxes_from_cells

PIXELS = 384 * 288
"""How large a picture the network is given by default; its shape follows the clip's."""
STEP = 32
"""Both sides of the network's picture are multiples of this, in pixels."""
MAX_SIDE = 2048


class NanoDet:
    """A detector whose network gives scores and side distances for each cell of three grids.

    Attributes:
        limits: which boxes are kept.
    """

    def __init__(
        self,
        network: Network,
        *,
        name: str,
        version: str,
        labels: Sequence[str],
        input_size: tuple[int, int] | None = None,
    ) -> None:
        self.name = name
        self.version = version
        self.labels = tuple(labels)
        self.limits = Limits()
        self._network = network
        self._names = np.array(self.labels)
        self._fixed_size = input_size
        self.input_size: tuple[int, int] | None = input_size or (384, 288)

    def input_size_for(self, width: int, height: int) -> tuple[int, int]:
        """Return the size that frames of `width` x `height` pixels are best scaled to."""
        return self._fixed_size or fit(width, height, pixels=PIXELS)

    def detect(self, frames: Sequence[Frame]) -> list[sv.Detections]:
        """Return one `Detections` for each frame, in order, in pixels of that frame's image."""
        answers = self._network.run([self._scaled(frame.image) for frame in frames])
        return [
            boxes_from_cells(
                outputs,
                labels=self._names,
                frame_size=(frame.image.shape[1], frame.image.shape[0]),
                limits=self.limits,
            )
            for frame, outputs in zip(frames, answers, strict=True)
        ]

    def _scaled(self, image: Pixels) -> Pixels:
        height, width = image.shape[:2]
        size = self.input_size_for(width, height)
        if (width, height) in (size, self.input_size):
            return np.ascontiguousarray(image)
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def load(*, threads: int = 2, argument: str = "") -> NanoDet:
    """Return the shipped detector, in 8 bits on a processor.

    Args:
        threads: of the processor.
        argument: `WIDTHxHEIGHT` in pixels to give the network pictures of that size; without it
            the size follows the clip's shape.

    Raises:
        ModelError: the argument is no such size, or a file of the model is missing or damaged.
    """
    card = read_card(BUILT_IN, "nanodet_g.json")
    return open_detector(card, threads=threads, name="nanodet-g", argument=argument)


def load_fp32(*, threads: int = 2, argument: str = "") -> NanoDet:
    """Return the shipped detector in float32; the arguments are those of `load`."""
    card = read_card(BUILT_IN, "nanodet_g.json")
    network = open_network(card.checked(card.exact), threads=threads, engine=best_engine())
    return NanoDet(
        network,
        name="nanodet-g-fp32",
        version=card.version(card.exact),
        labels=card.labels,
        input_size=_size(argument),
    )


def open_detector(
    card: DetectorCard,
    *,
    threads: int,
    name: str,
    argument: str = "",
    engine: Engine | None = None,
) -> NanoDet:
    """Return the detector of a card, on the best engine of this machine unless one is named."""
    engine = engine or best_engine()
    # 8 bits help processors only; a graphics card runs the float32 file.
    file = card.exact if engine == "cuda" else card.served
    return NanoDet(
        open_network(card.checked(file), threads=threads, engine=engine),
        name=name,
        version=card.version(file),
        labels=card.labels,
        input_size=_size(argument),
    )


@lru_cache(maxsize=64)
def fit(width: int, height: int, *, pixels: int) -> tuple[int, int]:
    """Return the size within `pixels` that keeps most detail of a `width` x `height` frame.

    Example:
        >>> fit(768, 576, pixels=416 * 320), fit(1920, 1080, pixels=416 * 320)
        ((416, 320), (480, 256))
    """
    sizes = [
        (w, h)
        for w in range(STEP, pixels // STEP + 1, STEP)
        for h in range(STEP, pixels // w + 1, STEP)
    ]
    return max(sizes, key=lambda size: (min(size[0] / width, size[1] / height), -size[0] * size[1]))


def _size(argument: str) -> tuple[int, int] | None:
    if not argument:
        return None
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", argument)
    size = (int(match[1]), int(match[2])) if match else (0, 0)
    if any(side % STEP or not STEP <= side <= MAX_SIDE for side in size):
        raise ModelError(
            Text(
                en=f"{argument!r} is no picture size for this detector. Write WIDTHxHEIGHT, both "
                f"multiples of {STEP} up to {MAX_SIDE}, for example nanodet-g:640x480.",
                zh=f"“{argument}”不是该检测器可用的画面尺寸。请写成“宽x高”，两者均为 {STEP} 的倍数"
                f"且不超过 {MAX_SIDE}，例如 nanodet-g:640x480。",
            )
        )
    return size
