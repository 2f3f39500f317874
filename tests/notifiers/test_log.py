"""The log notifier, and how notifiers are found by name."""

import logging

import pytest

from smartpark import plugins
from smartpark.config import Settings
from smartpark.core.errors import PluginError
from smartpark.core.protocols import Notifier
from smartpark.core.values import Alert
from smartpark.jobs.announce import build_notifier
from smartpark.testing.rows import intrusion


@pytest.mark.usefixtures("data_dir")
def test_an_alert_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        build_notifier("log", Settings()).send(Alert(intrusion(3), "k"))

    [line] = caplog.messages
    assert line.endswith("Person 3 entered “Lawn”.")


@pytest.mark.usefixtures("data_dir")
def test_every_built_in_notifier_is_made_from_the_settings() -> None:
    settings = Settings(
        webhook_url="https://example.org/", smtp_host="h", smtp_from="a@b", smtp_to="c@d"
    )
    for name in plugins.names("notifier"):
        made = build_notifier(name, settings)

        assert isinstance(made, Notifier)
        assert made.name == name


@pytest.mark.usefixtures("data_dir")
def test_an_unknown_notifier_lists_the_known_ones() -> None:
    with pytest.raises(PluginError, match="log, webhook, email"):
        build_notifier("pigeon", Settings())
