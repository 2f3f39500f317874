"""Find a detector, rule, notifier or runner by name, importing only what was asked for."""

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal

from smartpark.core.errors import PluginError
from smartpark.core.text import Text

Kind = Literal["detector", "rule", "notifier", "runner"]

BUILT_IN: dict[Kind, dict[str, str]] = {
    "detector": {
        "nanodet-g": "smartpark.vision.detectors.nanodet:load",
        "nanodet-g-fp32": "smartpark.vision.detectors.nanodet:load_fp32",
        "torchvision": "smartpark.vision.detectors.from_torchvision:load",
        "transformers": "smartpark.vision.detectors.from_transformers:load",
        "card": "smartpark.vision.detectors.from_card:load",
    },
    "rule": {
        "intrusion": "smartpark.events.rules.intrusion:Intrusion",
        "loitering": "smartpark.events.rules.loitering:Loitering",
        "crowd": "smartpark.events.rules.crowd:Crowd",
        "count": "smartpark.events.rules.count:Count",
        "wrong_way": "smartpark.events.rules.wrong_way:WrongWay",
        "speed": "smartpark.events.rules.speed:Speed",
        "left_object": "smartpark.events.rules.left_object:LeftObject",
        "stopped_vehicle": "smartpark.events.rules.stopped_vehicle:StoppedVehicle",
        "running": "smartpark.events.rules.running:Running",
    },
    "notifier": {
        "log": "smartpark.notifiers.log:LogNotifier",
        "webhook": "smartpark.notifiers.webhook:WebhookNotifier",
        "email": "smartpark.notifiers.email:EmailNotifier",
    },
    "runner": {
        "inline": "smartpark.jobs.runners:InlineRunner",
        "local": "smartpark.jobs.runners:LocalRunner",
    },
}

# The extra that brings a library which a built-in plug-in may lack.
_EXTRA_OF = {"torch": "train", "torchvision": "train", "transformers": "hub", "psycopg": "postgres"}


def names(kind: Kind) -> list[str]:
    """Return the names of all plug-ins of a kind, built-in ones first."""
    return [*BUILT_IN[kind], *(entry.name for entry in entry_points(group=f"smartpark.{kind}"))]


def load(kind: Kind, name: str) -> Any:
    """Return the class or function that makes the named plug-in.

    Raises:
        PluginError: the name is unknown (the message lists the known ones), or a library that the
            plug-in needs is not installed (the message names the command that installs it).
    """
    target = BUILT_IN[kind].get(name)
    try:
        if target is not None:
            module, attribute = target.split(":")
            return getattr(import_module(module), attribute)
        for entry in entry_points(group=f"smartpark.{kind}", name=name):
            return entry.load()
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("smartpark."):
            raise  # a part of ours is broken: nothing that the user could install
        raise PluginError(_missing(kind, name, (error.name or "").split(".")[0])) from error
    known = ", ".join(names(kind))
    raise PluginError(
        Text(
            en=f"There is no {kind} named {name!r}. Choose one of: {known}.",
            zh=f"没有名为“{name}”的插件（{kind}）。可选：{known}。",
        )
    )


def _missing(kind: Kind, name: str, library: str) -> Text:
    extra = _EXTRA_OF.get(library)
    command = f"pip install 'smartpark[{extra}]'" if extra else f"pip install {library}"
    return Text(
        en=f"The {kind} {name!r} needs {library}, which is not installed. Run: {command}",
        zh=f"插件“{name}”（{kind}）需要 {library}，但尚未安装。请运行：{command}",
    )
