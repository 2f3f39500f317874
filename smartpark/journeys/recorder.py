"""Turn what is seen, moment by moment, into events, tallies, pictures and rows of files."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpark.core.protocols import Rule
from smartpark.core.scene import Scene
from smartpark.core.text import Language
from smartpark.core.values import ClipInfo, Event
from smartpark.events.build import build_rules
from smartpark.events.forms import forms_by_kind
from smartpark.events.tallies import Tallies
from smartpark.journeys.outputs import HeatMap, Snapshots, TracksFile
from smartpark.vision.draw import OverlayPainter, paint_rgb
from smartpark.vision.observation import Observation
from smartpark.vision.pipeline import Sight

# An event's name stays on the overlay a little after its end, so that it can be read.
BANNER_LINGERS_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One finished picture of the overlay.

    Attributes:
        i420: (h * 3 // 2, w) uint8 planar YUV 4:2:0.
        index: frame number from 1.
        time_s: seconds from the clip's start.
    """

    i420: NDArray[np.uint8]
    index: int
    time_s: float


class Recorder:
    """Everything that is kept of one clip while it streams by; a context manager.

    Attributes:
        inferred_frames: how many frames the detector has looked at.
        raised_s: when each event was first reported, by event id, seconds from the clip's start.
    """

    def __init__(
        self,
        folder: Path,
        info: ClipInfo,
        scene: Scene,
        *,
        load_rule: Callable[[str], Any],
        language: Language = "en",
    ) -> None:
        size = (info.width, info.height)
        self._scene = scene
        self._language = language
        self._rules: list[Rule] = build_rules(scene, fps=info.fps, size=size, load=load_rule)
        self._tallies = Tallies(scene)
        self._painter = OverlayPainter(info, scene, language=language)
        self._heat = HeatMap(info)
        self._tracks = TracksFile(folder / "tracks.csv")
        self._pictures = Snapshots(folder)
        self._events: dict[str, Event] = {}
        self._shown: dict[str, Event] = {}
        self.raised_s: dict[str, float] = {}
        self.inferred_frames = 0

    @property
    def thumbnail_every_s(self) -> float | None:
        """Seconds between the small pictures that the rules ask for; None where none does."""
        wanted = [
            float(getattr(rule, "thumbnail_interval_s", 0.2))
            for rule in self._rules
            if rule.needs_thumbnail
        ]
        return min(wanted, default=None)

    @property
    def snapshots(self) -> dict[str, str]:
        """File name of each event's picture, by event id."""
        return self._pictures.names

    def record(self, sights: Iterable[Sight]) -> Iterator[Picture]:
        """Yield the overlay's pictures while events, tallies and rows are gathered."""
        last_s = 0.0
        for sight in sights:
            self._take(sight, frame_s=max(0.0, sight.observation.time_s - last_s))
            last_s = sight.observation.time_s
            yield Picture(sight.i420, sight.observation.index, last_s)
        for rule in self._rules:
            self._note(rule.finish(last_s), at_s=last_s)

    def events(self) -> list[Event]:
        """Return all events, in order of their starts."""
        return sorted(self._events.values(), key=lambda event: (event.start_s, event.id))

    def figures(self) -> dict[str, Any]:
        """Return the counted figures in the form of `report.json`."""
        return {
            "lines": self._tallies.lines,
            "zones": self._tallies.zones,
            "tracks": len(self._tracks.ids),
            "heat_map": self._heat.as_dict(),
        }

    def _take(self, sight: Sight, *, frame_s: float) -> None:
        observation = sight.observation
        self.inferred_frames = sight.inferred_frames
        for index, detections in sight.rows:
            self._tracks.write(index, detections)
        self._heat.add(observation.detections, frame_s=frame_s)
        self._tallies.observe(observation)
        raised = [event for rule in self._rules for event in rule.observe(observation)]
        self._note(raised, at_s=observation.time_s)
        for event in raised:
            if self._pictures.wants(event):
                image = sight.rgb()
                paint_rgb(image, observation.detections, self._scene)
                self._pictures.take(event, image)
        self._painter.paint(
            sight.i420,
            observation.detections,
            counts=self._tallies.counts(),
            banners=self._banners(observation),
        )

    def _note(self, events: Iterable[Event], *, at_s: float) -> None:
        for event in events:
            self.raised_s.setdefault(event.id, at_s)
            self._events[event.id] = event
            self._shown[event.id] = event

    def _banners(self, observation: Observation) -> list[str]:
        gone = [
            event.id
            for event in self._shown.values()
            if not event.ongoing and observation.time_s > event.end_s + BANNER_LINGERS_S
        ]
        for event_id in gone:
            del self._shown[event_id]
        return [_banner(event, self._language) for event in self._shown.values()]

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        self._tracks.__exit__()


def _banner(event: Event, language: Language) -> str:
    form = forms_by_kind().get(event.kind)
    name = form.label.say(language) if form else event.kind
    place = event.zone or event.line
    return f"{name}: {place}" if place else name
