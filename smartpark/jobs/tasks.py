"""The catalogue of heavy work: each task is a small, checked set of arguments."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from smartpark.core.errors import JobError
from smartpark.core.text import Text
from smartpark.store.jobs import Job


class _Task(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnalyseClip(_Task):
    """Find tracks, events and alerts in a clip.

    Attributes:
        clip_id: the clip.
        scene_id: the scene to analyse it with; None analyses without zones and lines.
        detector: name of the detector.
        mode: `exact` infers every frame, `fast` only where it is needed.
    """

    kind: Literal["analyse_clip"] = "analyse_clip"
    clip_id: int
    scene_id: int | None = None
    detector: str = "nanodet-g"
    mode: Literal["fast", "exact"] = "fast"


class BlurExport(_Task):
    """Write a copy of a clip in which people cannot be recognised.

    Attributes:
        clip_id: the clip.
        report_id: the report whose tracks say where people are.
    """

    kind: Literal["blur_export"] = "blur_export"
    clip_id: int
    report_id: int


class Tidy(_Task):
    """Remove what is older than the retention allows."""

    kind: Literal["tidy"] = "tidy"


Task = Annotated[AnalyseClip | BlurExport | Tidy, Field(discriminator="kind")]

_ANY: TypeAdapter[AnalyseClip | BlurExport | Tidy] = TypeAdapter(Task)


def task_of(job: Job) -> AnalyseClip | BlurExport | Tidy:
    """Return the task that a job's row describes.

    Raises:
        JobError: this program knows no such task, or its arguments do not fit.
    """
    try:
        return _ANY.validate_python({**job.arguments, "kind": job.kind})
    except ValidationError as error:
        raise JobError(
            Text(
                en=f"Job {job.id} ({job.kind}) cannot be read by this version of SmartPark. "
                "Ask for the work again.",
                zh=f"当前版本的 SmartPark 无法识别任务 {job.id}（{job.kind}）。请重新提交。",
            )
        ) from error
