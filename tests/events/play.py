"""Run one rule over a synthetic view."""

from functools import partial

from smartpark import plugins
from smartpark.core.scene import Calibration, Line, RuleSpec, Scene, Zone
from smartpark.core.values import Event
from smartpark.events.build import build_rules
from smartpark.testing.scene import Stage

LAWN = ((200.0, 50.0), (440.0, 50.0), (440.0, 350.0), (200.0, 350.0))
MIDDLE = ((320.0, 0.0), (320.0, 360.0))  # s > 0 on its left side: to walk left is `in`

# 16 pixels are one metre everywhere: a camera that looks straight down.
FLAT = Calibration(
    ((0.0, 0.0), (640.0, 0.0), (640.0, 360.0), (0.0, 360.0)),
    ((0.0, 0.0), (40.0, 0.0), (40.0, 22.5), (0.0, 22.5)),
)


def in_zone(kind: str, polygon=LAWN, *, labels=(), name="Lawn", **params) -> Scene:
    return Scene("Test", zones=(Zone(name, polygon, (RuleSpec(kind, labels, params),)),))


def on_line(kind: str, ends=MIDDLE, *, labels=(), calibration=None, **params) -> Scene:
    line = Line("Gate", *ends, (RuleSpec(kind, labels, params),))
    return Scene("Test", lines=(line,), calibration=calibration)


def everywhere(kind: str, *, labels=(), calibration=None, **params) -> Scene:
    return Scene("Test", rules=(RuleSpec(kind, labels, params),), calibration=calibration)


def told(stage: Stage, scene: Scene) -> list[Event]:
    """Return each version of each event, in the order in which it was told."""
    load = partial(plugins.load, "rule")
    (rule,) = build_rules(scene, fps=stage.fps, size=stage.size, load=load)
    interval_s = getattr(rule, "thumbnail_interval_s", None)
    events = []
    for observation in stage.observations(thumbnail_interval_s=interval_s):
        events += rule.observe(observation)
    return events + rule.finish(stage.seconds)


def seen(stage: Stage, scene: Scene) -> list[Event]:
    """Return the last version of each event."""
    return list({event.id: event for event in told(stage, scene)}.values())
