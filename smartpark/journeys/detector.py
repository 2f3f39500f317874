"""Open a detector by the name a person gives it."""

from functools import lru_cache
from pathlib import Path

from smartpark import plugins
from smartpark.core.protocols import Detector


@lru_cache(maxsize=2)  # models stay loaded between the jobs of one worker
def open_detector(name: str, *, threads: int) -> Detector:
    """Return the detector called `name`.

    Args:
        name: a plug-in (`nanodet-g`), a plug-in with an argument after a colon
            (`torchvision:fasterrcnn_mobilenet_v3_large_fpn`), or the folder of a fine-tuned model.
        threads: processor threads it may use.

    Raises:
        PluginError: the name is unknown, or a library is missing.
        ModelError: its weights are missing or damaged.
    """
    if Path(name).is_dir():
        name = f"card:{name}"
    plugin, _, argument = name.partition(":")
    detector: Detector = plugins.load("detector", plugin)(threads=threads, argument=argument)
    return detector
