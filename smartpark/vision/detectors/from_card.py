"""Detectors that fine-tuning wrote: a folder with a card, safetensors and an ONNX export."""

from pathlib import Path

from smartpark.core.errors import ModelError
from smartpark.core.text import Text
from smartpark.models.card import read_card
from smartpark.vision.detectors.nanodet import NanoDet, open_detector


def load(*, threads: int = 2, argument: str) -> NanoDet:
    """Return the detector of a folder.

    Nothing in the folder is run as a program: the card is JSON, and the network is an ONNX graph
    whose digest must be the card's.

    Args:
        threads: of the processor.
        argument: the folder.

    Raises:
        ModelError: the folder is no detector, or a file is missing, damaged or of another kind.
    """
    card = read_card(Path(argument))
    try:
        detector = open_detector(card, threads=threads, name=card.name)
    except RuntimeError as error:
        # Both engines raise it, or a child of it, for a file that is no network they can read.
        raise ModelError(
            Text(
                en=f"The network of the model {card.name!r} cannot be read: {error}",
                zh=f"无法读取模型“{card.name}”的网络：{error}",
            )
        ) from error
    return detector
