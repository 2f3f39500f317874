"""Tell people of new alerts: after the commit, with retries, and never at a report's expense."""

import logging
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine

from smartpark import plugins
from smartpark.config import Settings
from smartpark.core.protocols import Notifier
from smartpark.core.values import Alert
from smartpark.store import deliveries
from smartpark.store.database import session
from smartpark.store.deliveries import Delivery, Message

_LOG = logging.getLogger(__name__)


def announce(engine: Engine, settings: Settings, *, now: datetime) -> int:
    """Enter new alerts for every configured notifier and send what is due; return how many went."""
    with session(engine) as work:
        deliveries.announce_new(work, settings.notifiers, lowest=settings.notify_from, now=now)
    sent = 0
    while (claimed := _claim(engine, now)) is not None:
        sent += _send(engine, settings, *claimed, now=now)
    return sent


def build_notifier(name: str, settings: Settings) -> Notifier:
    """Return the named notifier, set up from the settings.

    Raises:
        PluginError: there is none of that name.
        SettingsError: a setting that it needs is missing.
    """
    notifier: Notifier = plugins.load("notifier", name).from_options(settings.model_dump())
    return notifier


def _claim(engine: Engine, now: datetime) -> tuple[Delivery, Message] | None:
    with session(engine) as work:
        delivery = deliveries.claim_delivery(work, now=now)
        if delivery is None:
            return None
        return delivery, deliveries.message_of(work, delivery.alert_id)


def _send(
    engine: Engine, settings: Settings, delivery: Delivery, message: Message, *, now: datetime
) -> bool:
    try:
        build_notifier(delivery.notifier, settings).send(_with_clip(message))
    except Exception as error:  # noqa: BLE001 - a notifier is anybody's code; the reason is kept
        reason = str(error) or type(error).__name__
        _LOG.warning("alert %d by %s failed: %s", delivery.alert_id, delivery.notifier, reason)
        with session(engine) as work:
            deliveries.mark_failed(work, delivery.id, reason, now=now)
        return False
    with session(engine) as work:
        deliveries.mark_sent(work, delivery.id, now=now)
    return True


def _with_clip(message: Message) -> Alert:
    """Return the alert with what its receiver cannot look up: the clip and the time."""
    event = message.alert.event
    known = {"clip": message.clip_name, "raised_at": message.raised_at.isoformat()}
    return replace(message.alert, event=replace(event, evidence={**event.evidence, **known}))
