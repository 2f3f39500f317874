"""Any detection network of torchvision, by name."""

from collections.abc import Sequence

import numpy as np
import supervision as sv
import torch
import torchvision
from torch import Tensor, nn

from smartpark.core.errors import ModelError
from smartpark.core.text import Text
from smartpark.core.values import Frame

MIN_SCORE = 0.1


class TorchvisionDetector:
    """A detector around a torchvision model; on the graphics card where there is one.

    Attributes:
        min_score: boxes below it are dropped.
    """

    def __init__(self, model: nn.Module, *, name: str, version: str, labels: Sequence[str]) -> None:
        self.name = name
        self.version = version
        self.labels = tuple(labels)
        self.input_size: tuple[int, int] | None = None
        self.min_score = MIN_SCORE
        self._names = np.array(self.labels)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = model.to(self._device).eval()

    def detect(self, frames: Sequence[Frame]) -> list[sv.Detections]:
        """Return one `Detections` for each frame, in order, in pixels of that frame's image."""
        if not frames:
            return []
        with torch.inference_mode():
            found = self._model([self._tensor(frame) for frame in frames])
        return [self._detections(one) for one in found]

    def _tensor(self, frame: Frame) -> Tensor:
        image = np.ascontiguousarray(frame.image.transpose(2, 0, 1))
        return torch.from_numpy(image).to(self._device).float() / 255

    def _detections(self, found: dict[str, Tensor]) -> sv.Detections:
        kept = found["scores"] >= self.min_score
        class_id = found["labels"][kept].cpu().numpy()
        return sv.Detections(
            xyxy=found["boxes"][kept].float().cpu().numpy(),
            confidence=found["scores"][kept].float().cpu().numpy(),
            class_id=class_id,
            data={"class_name": self._names[class_id]},
        )


def load(*, threads: int = 2, argument: str) -> TorchvisionDetector:
    """Return a detector with torchvision's own weights, from the user's cache or its download.

    Args:
        threads: of the processor.
        argument: name of the architecture, such as `fasterrcnn_mobilenet_v3_large_fpn`.

    Raises:
        ModelError: the name is unknown, or its weights are neither in the cache nor reachable.
    """
    known = torchvision.models.list_models(module=torchvision.models.detection)
    if argument not in known:
        names = ", ".join(known)
        raise ModelError(
            Text(
                en=f"torchvision has no detector named {argument!r}. Choose one of: {names}.",
                zh=f"torchvision 没有名为“{argument}”的检测器。可选：{names}。",
            )
        )
    torch.set_num_threads(threads)
    weights = torchvision.models.get_model_weights(argument).DEFAULT
    try:
        model = torchvision.models.get_model(argument, weights=weights, weights_backbone=None)
    except OSError as error:
        folder = f"{torch.hub.get_dir()}/checkpoints"
        raise ModelError(
            Text(
                en=f"The weights of {argument!r} are not on this machine and could not be fetched "
                f"({error}). Put the file of {weights.url} into {folder}, then try again.",
                zh=f"本机没有“{argument}”的权重，也无法下载（{error}）。"
                f"请将 {weights.url} 对应的文件放入 {folder} 后重试。",
            )
        ) from error
    return TorchvisionDetector(
        model,
        name=f"torchvision:{argument}",
        version=weights.url.rsplit("/", 1)[-1],
        labels=_distinct(weights.meta["categories"]),
    )


def _distinct(names: Sequence[str]) -> list[str]:
    """Number the names that stand for no class: COCO's list has several `N/A`."""
    return [name if names.count(name) == 1 else f"{name} {i}" for i, name in enumerate(names)]
