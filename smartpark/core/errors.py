"""Every error that a caller may want to catch, as one tree."""

from smartpark.core.text import Text


class SmartParkError(Exception):
    """Something went wrong that a person can understand.

    The text says what was wrong, what was expected and what to do next.

    Attributes:
        text: the sentence, in both languages.
    """

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class InputError(SmartParkError):
    """What the user handed over is at fault; the command line exits with 2."""


class ClipError(InputError):
    """A clip cannot be read, or is not a clip."""


class SceneError(InputError):
    """A scene (zones, lines, rules, calibration) is not valid."""


class ModelError(InputError):
    """A model is unknown, missing or damaged."""


class PluginError(InputError):
    """A plug-in is unknown or lacks its dependency."""


class SettingsError(InputError):
    """A setting has a value that cannot be used."""


class StorageError(SmartParkError):
    """The data folder or the database cannot be used."""


class JobError(SmartParkError):
    """A job is unknown or is not in a state that allows the step."""


class Cancelled(SmartParkError):  # noqa: N818 - a wish that was granted, not a failure
    """A person asked for the work to stop."""


class ShapeError(SmartParkError):
    """Arrays that belong together do not fit each other: a fault of ours."""

    def __init__(self, what: str, **shapes: tuple[int, ...]) -> None:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        super().__init__(
            Text(en=f"{what}: shapes do not fit: {listed}.", zh=f"{what}：数组形状不符：{listed}。")
        )
