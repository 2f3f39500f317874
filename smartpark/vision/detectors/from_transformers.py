"""Any object detector of transformers (RT-DETR v2, D-FINE, ...), by hub name or folder."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import supervision as sv
import torch
from huggingface_hub import HfApi
from transformers import AutoImageProcessor, AutoModelForObjectDetection

from smartpark.core.errors import ModelError
from smartpark.core.text import Text
from smartpark.core.values import Frame

MIN_SCORE = 0.1
HUB_WAIT_S = 5.0


class TransformersDetector:
    """A detector around a transformers model; on the graphics card where there is one.

    Attributes:
        min_score: boxes below it are dropped.
    """

    def __init__(self, model: Any, processor: Any, *, name: str, version: str) -> None:
        self.name = name
        self.version = version
        names = model.config.id2label
        self.labels = tuple(str(names[number]) for number in sorted(names))
        self.input_size: tuple[int, int] | None = None
        self.min_score = MIN_SCORE
        self._names = np.array(self.labels)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = model.to(self._device).eval()
        self._processor = processor

    def detect(self, frames: Sequence[Frame]) -> list[sv.Detections]:
        """Return one `Detections` for each frame, in order, in pixels of that frame's image."""
        if not frames:
            return []
        images = [frame.image for frame in frames]
        inputs = self._processor(images=images, return_tensors="pt").to(self._device)
        with torch.inference_mode():
            outputs = self._model(**inputs)
        found = self._processor.post_process_object_detection(
            outputs,
            threshold=self.min_score,
            target_sizes=[image.shape[:2] for image in images],
        )
        return [self._detections(one) for one in found]

    def _detections(self, found: dict[str, torch.Tensor]) -> sv.Detections:
        class_id = found["labels"].cpu().numpy()
        return sv.Detections(
            xyxy=found["boxes"].float().cpu().numpy().reshape(-1, 4),
            confidence=found["scores"].float().cpu().numpy(),
            class_id=class_id,
            data={"class_name": self._names[class_id]},
        )


def load(*, threads: int = 2, argument: str) -> TransformersDetector:
    """Return a detector of the hub, of the hub's cache on this machine, or of a folder.

    Only safetensors weights are opened, and no code that comes with a model is run.

    Args:
        threads: of the processor.
        argument: name on the hub, such as `PekingU/rtdetr_v2_r18vd`, or a folder.

    Raises:
        ModelError: there is no such model here and the hub did not give it, or it is no detector.
    """
    torch.set_num_threads(threads)
    try:
        processor, model = _open(argument)
    except (OSError, ValueError) as error:
        raise ModelError(
            Text(
                en=f"The detector {argument!r} cannot be loaded: {error}. Without a network, name "
                "a folder that holds its config.json, preprocessor_config.json and "
                f"model.safetensors, or run `hf download {argument}` beforehand.",
                zh=f"无法载入检测器“{argument}”：{error}。没有网络时，请给出包含 config.json、"
                "preprocessor_config.json 和 model.safetensors 的文件夹，"
                f"或事先运行 hf download {argument}。",
            )
        ) from error
    version = getattr(model.config, "_commit_hash", None) or _digest(Path(argument))
    return TransformersDetector(
        model, processor, name=f"transformers:{argument}", version=version[:12]
    )


def _open(name: str) -> tuple[Any, Any]:
    try:
        return _parts(name, here=True)
    except OSError:
        if Path(name).exists():
            raise
        _ask_hub(name)
        return _parts(name, here=False)


def _ask_hub(name: str) -> None:
    """Ask once, and briefly: the loaders themselves would try for minutes without a network."""
    try:
        HfApi().model_info(name, timeout=HUB_WAIT_S)
    except Exception as error:  # it is that of whichever HTTP library the hub's client has
        raise ConnectionError(str(error)) from error


def _parts(name: str, *, here: bool) -> tuple[Any, Any]:
    processor = AutoImageProcessor.from_pretrained(name, local_files_only=here)  # type: ignore[no-untyped-call]  # theirs
    model = AutoModelForObjectDetection.from_pretrained(
        name, local_files_only=here, use_safetensors=True
    )
    return processor, model


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
