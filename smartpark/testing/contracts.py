"""One contract for each kind of plug-in: call it in a test of your own plug-in.

Example of a whole test::

    def test_my_rule_keeps_the_contract() -> None:
        check_rule(MyRule, RuleSpec("my_rule"))
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import supervision as sv

from smartpark.core.protocols import Detector, Notifier, Rule, Runner
from smartpark.core.scene import Calibration, Line, RuleSpec, Zone
from smartpark.core.text import Text
from smartpark.core.values import SEVERITIES, Alert, Event, Frame
from smartpark.testing.scene import Stage

SIZE = (640, 360)
EDGE_SLACK_PX = 1.0


def check_rule(rule_class: Callable[..., Any], spec: RuleSpec) -> list[Event]:
    """Check that a rule keeps its promises on a lively view; return the events it raised.

    Raises:
        AssertionError: a promise is broken; the sentence says which.
    """
    first, second = _play(rule_class, spec), _play(rule_class, spec)
    _require(_told(first) == _told(second), "the same view must give the same events")
    latest = {event.id: event for event in first}
    for event in latest.values():
        _check_event(event, kind=spec.kind)
        _require(not event.ongoing, f"{event.id} must be closed when the clip ends")
    empty = _make(rule_class, spec)
    for observation in Stage(seconds=2).observations(thumbnail_interval_s=0.5):
        _require(empty.observe(observation) == [], "an empty view must raise nothing")
    _require(empty.finish(2.0) == [], "an empty view must raise nothing at its end")
    return list(latest.values())


def check_detector(detector: Detector) -> None:
    """Check that a detector keeps its promises on noise and on plain pictures.

    Raises:
        AssertionError: a promise is broken; the sentence says which.
    """
    _require(isinstance(detector, Detector), "it must have name, version, labels, input_size")
    _require(bool(detector.name and detector.version), "name and version must not be empty")
    _require(len(set(detector.labels)) == len(detector.labels) > 0, "labels must be distinct")
    width, height = detector.input_size or (320, 240)
    rng = np.random.default_rng(0)
    images = [
        rng.integers(0, 255, (height, width, 3), np.uint8),
        np.zeros((height, width, 3), np.uint8),
    ]
    frames = [Frame(image, index, index / 10) for index, image in enumerate(images, 1)]
    _require(detector.detect([]) == [], "no frames must give no detections")
    found, again = detector.detect(frames), detector.detect(frames)
    _require(len(found) == len(frames), "there must be one Detections for each frame")
    for detections, repeated in zip(found, again, strict=True):
        _require(np.array_equal(detections.xyxy, repeated.xyxy), "the same frame, the same boxes")
        _check_detections(detections, detector.labels, (width, height))


def check_notifier(notifier: Notifier, *, received: Callable[[], Sequence[Any]]) -> None:
    """Check that a notifier delivers; `received` returns what has arrived so far.

    Raises:
        AssertionError: a promise is broken; the sentence says which.
    """
    _require(isinstance(notifier, Notifier), "it must have a name and a send method")
    _require(bool(notifier.name), "the name must not be empty")
    before = len(received())
    for zone in ("Lawn", "草坪 <b>&\"'"):
        text = Text(en=f"Person 1 was in “{zone}”.", zh=f"行人 1 进入“{zone}”。")
        event = Event(f"intrusion-{zone}-1", "intrusion", 1.0, 2.0, text, (1,), zone)
        notifier.send(Alert(event=event, key=f"intrusion|{zone}|1"))
    _require(len(received()) == before + 2, "each alert must arrive once")


def check_notifier_fails_loudly(notifier: Notifier) -> None:
    """Check that a notifier whose receiver is out of reach raises instead of keeping silent.

    Raises:
        AssertionError: it kept silent.
    """
    event = Event("crowd-Gate-1", "crowd", 0.0, 1.0, Text(en="Crowd.", zh="聚集。"), zone="Gate")
    try:
        notifier.send(Alert(event=event, key="crowd|Gate|"))
    except Exception:  # noqa: BLE001 - any failure will do, silence will not
        return
    _require(False, "an alert that could not be delivered must raise")  # noqa: FBT003 - a plain no


def check_runner(runner: Runner, job_id: int, *, is_done: Callable[[], bool]) -> None:
    """Check that a runner sees to it that a queued job is run; `is_done` may wait for it.

    Raises:
        AssertionError: a promise is broken; the sentence says which.
    """
    _require(isinstance(runner, Runner), "it must have a submit method")
    runner.submit(job_id)
    _require(is_done(), "a submitted job must be run")
    runner.submit(job_id)
    _require(is_done(), "a job that is submitted twice must stay done")


def _require(holds: bool, promise: str) -> None:  # noqa: FBT001 - the name of an assertion
    if not holds:
        raise AssertionError(f"Contract broken: {promise}.")


def _make(rule_class: Callable[..., Any], spec: RuleSpec) -> Rule:
    width, height = SIZE
    corners = ((0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height)))
    rule: Rule = rule_class(
        spec,
        zone=Zone("Gate", corners),
        line=Line("Gate", (width / 2, 0), (width / 2, float(height))),
        calibration=Calibration(corners, ((0, 0), (40, 0), (40, 22.5), (0, 22.5))),
        fps=10.0,
        size=SIZE,
        name=f"{spec.kind}-Gate",
    )
    _require(isinstance(rule, Rule), "it must have kind, needs_thumbnail, observe and finish")
    _require(rule.kind == spec.kind, "its kind must be the name it is found by")
    return rule


def _play(rule_class: Callable[..., Any], spec: RuleSpec) -> list[Event]:
    rule = _make(rule_class, spec)
    stage = (
        Stage(seconds=60, size=SIZE, jitter_px=1.0)
        .walker((20, 200), to=(600, 220))
        .actor([(0, (600, 150)), (4, (20, 150)), (6, (600, 150))], height=60)
        .vehicle((20, 300), to=(600, 300), until_s=5)
        .vehicle((600, 340), to=(40, 340), from_s=10, until_s=14)
        .actor([(5, (600, 120)), (8, (200, 120)), (59, (200, 120))], label="truck", height=50)
        .crowd(15, around=(320, 200), from_s=20)
        .thing((430, 300), from_s=10)
        .actor([(7, (639, 300)), (10, (440, 300)), (14, (440, 300)), (18, (20, 330))], height=90)
    )
    interval_s = getattr(rule_class, "thumbnail_interval_s", 1.0) if rule.needs_thumbnail else None
    events: list[Event] = []
    for observation in stage.observations(thumbnail_interval_s=interval_s):
        events += rule.observe(observation)
    return events + rule.finish(stage.seconds)


def _told(events: Sequence[Event]) -> list[tuple[Any, ...]]:
    return [(event.id, event.start_s, event.end_s, event.ongoing, event.text) for event in events]


def _check_event(event: Event, *, kind: str) -> None:
    _require(event.kind == kind, f"{event.id} must carry the rule's kind")
    _require(event.id.startswith(f"{kind}-Gate-"), f"{event.id} must start with the rule's name")
    _require(0 <= event.start_s <= event.end_s <= 60, f"{event.id} must lie within the clip")
    _require(0 <= event.score <= 1, f"{event.id} must have a score between 0 and 1")
    _require(event.severity in SEVERITIES, f"{event.id} must have a known severity")
    _require(bool(event.text.en and event.text.zh), f"{event.id} must have a text in two languages")
    json.dumps(dict(event.evidence), allow_nan=False)
    _require(len(event.evidence) > 0, f"{event.id} must carry its evidence")


def _check_detections(
    detections: sv.Detections, labels: tuple[str, ...], size: tuple[int, int]
) -> None:
    if not len(detections):
        return
    boxes, scores, numbers = detections.xyxy, detections.confidence, detections.class_id
    if scores is None or numbers is None:
        raise AssertionError("Contract broken: there must be a confidence and a class_id.")
    _require(bool(np.all((scores >= 0) & (scores <= 1))), "scores must lie between 0 and 1")
    _require(bool(np.all(boxes[:, 2:] > boxes[:, :2])), "boxes must be x1 y1 x2 y2")
    limits = np.array([*size, *size]) + EDGE_SLACK_PX
    _require(bool(np.all((boxes >= -EDGE_SLACK_PX) & (boxes <= limits))), "boxes must be inside")
    names = [labels[number] for number in numbers]
    _require(names == list(detections.data["class_name"]), "class_name must be the label")
