"""What each kind of plug-in promises."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from smartpark.core.values import Alert, Event, Frame

if TYPE_CHECKING:
    import supervision as sv

    from smartpark.vision.observation import Observation


@runtime_checkable
class Detector(Protocol):
    """Anything that finds boxes in frames.

    Attributes:
        name: the name it is found by, such as `nanodet-g`.
        version: digest or release of the weights; written into each report.
        labels: class names, in the order of `class_id`.
        input_size: `(width, height)` in pixels that frames should be scaled to before `detect`;
            None takes frames of any size.
    """

    name: str
    version: str
    labels: tuple[str, ...]
    input_size: tuple[int, int] | None

    def detect(self, frames: Sequence[Frame]) -> "list[sv.Detections]":
        """Return one `Detections` for each frame, in order, in pixels of that frame's image.

        Each carries `confidence`, `class_id` and `data["class_name"]`.
        """


@runtime_checkable
class FittingDetector(Detector, Protocol):
    """A detector whose picture follows the shape of the clip instead of having one size."""

    def input_size_for(self, width: int, height: int) -> tuple[int, int]:
        """Return the size that frames of `width` x `height` pixels are best scaled to."""


@runtime_checkable
class Rule(Protocol):
    """Anything that turns what is seen over time into events.

    Attributes:
        kind: the name it is found by, such as `intrusion`.
        needs_thumbnail: whether `observe` wants `Observation.thumbnail`.
    """

    kind: str
    needs_thumbnail: bool

    def observe(self, observation: "Observation") -> list[Event]:
        """Return events that began, grew or ended at this moment; the same id is the same event."""

    def finish(self, time_s: float) -> list[Event]:
        """Return the events still open when the clip ends at `time_s`, now closed."""


@runtime_checkable
class Notifier(Protocol):
    """Anything that tells somebody of an alert; raises when it could not."""

    name: str

    def send(self, alert: Alert) -> None:
        """Deliver `alert`, or raise."""


@runtime_checkable
class Runner(Protocol):
    """Anything that sees to it that a queued job is run."""

    def submit(self, job_id: int) -> None:
        """Make sure that the job will run; return at once unless the runner is `inline`."""
