"""The contracts for plug-in authors: a good plug-in passes, each broken promise is named."""

import numpy as np
import pytest
import supervision as sv

from smartpark.core.scene import RuleSpec
from smartpark.core.text import Text
from smartpark.core.values import Event
from smartpark.testing.contracts import (
    check_detector,
    check_notifier,
    check_notifier_fails_loudly,
    check_rule,
    check_runner,
)


class Greeter:
    """Raises one event for the first thing it sees."""

    kind = "greeter"
    needs_thumbnail = False

    def __init__(self, spec, **where):
        del spec
        self.name, self.seen = where["name"], None

    def observe(self, observation):
        if self.seen is not None or not len(observation.detections):
            return []
        self.seen = self.event(observation.time_s, ongoing=True)
        return [self.seen]

    def finish(self, time_s):
        return [self.event(time_s, ongoing=False)] if self.seen else []

    def event(self, time_s, *, ongoing):
        text, start_s = Text(en="Hello.", zh="你好。"), self.seen.start_s if self.seen else time_s
        return Event(f"{self.name}-1", "greeter", start_s, time_s, text, ongoing=ongoing,
                     evidence={"at_s": time_s})  # fmt: skip


class NeverDone(Greeter):
    def finish(self, time_s):
        del time_s
        return []


class Moody(Greeter):
    moods = iter(range(100))

    def event(self, time_s, *, ongoing):
        event = super().event(time_s, ongoing=ongoing)
        return Event(**{name: getattr(event, name) for name in event.__slots__}
                     | {"start_s": float(next(self.moods))})  # fmt: skip


class Silent(Greeter):
    def event(self, time_s, *, ongoing):
        return Event("greeter-Gate-1", "greeter", 0.0, time_s, Text("Hello.", ""), ongoing=ongoing)


def test_a_good_rule_keeps_the_contract() -> None:
    (event,) = check_rule(Greeter, RuleSpec("greeter"))

    assert event.id == "greeter-Gate-1"


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (NeverDone, "must be closed when the clip ends"),
        (Moody, "the same view must give the same events"),
        (Silent, "a text in two languages"),
    ],
)
def test_a_rule_that_breaks_a_promise_is_told_which(broken, promise) -> None:
    with pytest.raises(AssertionError, match=promise):
        check_rule(broken, RuleSpec("greeter"))


class Finder:
    """Finds one box in each frame."""

    name, version, labels, input_size = "finder", "1", ("person",), None

    def detect(self, frames):
        return [self.found(frame) for frame in frames]

    def found(self, frame):
        height, width = frame.image.shape[:2]
        return sv.Detections(
            xyxy=np.array([[1, 1, width - 1, height - 1]], np.float32),
            confidence=np.array([0.5], np.float32),
            class_id=np.array([0]),
            data={"class_name": np.array(["person"])},
        )


class Flipped(Finder):
    def found(self, frame):
        detections = super().found(frame)
        detections.xyxy = detections.xyxy[:, ::-1]
        return detections


class Lazy(Finder):
    def detect(self, frames):
        return super().detect(frames[:1])


def test_a_good_detector_keeps_the_contract() -> None:
    check_detector(Finder())


@pytest.mark.parametrize(
    ("broken", "promise"), [(Flipped, "x1 y1 x2 y2"), (Lazy, "one Detections for each frame")]
)
def test_a_detector_that_breaks_a_promise_is_told_which(broken, promise) -> None:
    with pytest.raises(AssertionError, match=promise):
        check_detector(broken())


class Postman:
    """Keeps what it is given."""

    name = "postman"

    def __init__(self):
        self.letters = []

    def send(self, alert):
        self.letters.append(alert)


class Idler(Postman):
    def send(self, alert):
        del alert


class Honest(Postman):
    def send(self, alert):
        raise ConnectionError(alert.key)


def test_a_notifier_delivers_or_raises() -> None:
    postman, idler = Postman(), Idler()

    check_notifier(postman, received=lambda: postman.letters)
    check_notifier_fails_loudly(Honest())
    with pytest.raises(AssertionError, match="each alert must arrive once"):
        check_notifier(idler, received=lambda: idler.letters)
    with pytest.raises(AssertionError, match="must raise"):
        check_notifier_fails_loudly(idler)


def test_a_runner_runs_what_is_submitted() -> None:
    class Inline:
        def __init__(self):
            self.done = set()

        def submit(self, job_id):
            self.done.add(job_id)

    class Forgetful(Inline):
        def submit(self, job_id):
            del job_id

    runner, forgetful = Inline(), Forgetful()
    check_runner(runner, 7, is_done=lambda: 7 in runner.done)
    with pytest.raises(AssertionError, match="a submitted job must be run"):
        check_runner(forgetful, 7, is_done=lambda: 7 in forgetful.done)
