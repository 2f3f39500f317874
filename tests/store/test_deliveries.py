"""Who is told of which alert, and how often it is tried."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from smartpark.store import deliveries
from smartpark.store.alerts import list_alerts, set_alert_state
from smartpark.store.clips import StoredClip
from smartpark.store.database import reading, session
from smartpark.testing.rows import intrusion, put_report


@pytest.fixture
def raised(engine: Engine, clip: StoredClip) -> None:
    seen = [intrusion(1, severity="low"), intrusion(2), intrusion(3, severity="high")]
    with session(engine) as work:
        put_report(work, clip.id, events=seen)


@pytest.mark.usefixtures("raised")
def test_each_alert_from_the_lowest_severity_on_is_entered_once_per_notifier(
    engine: Engine, clip: StoredClip, now: datetime
) -> None:
    with session(engine) as work:
        assert deliveries.announce_new(work, ("log", "email"), lowest="medium", now=now) == 4
    with session(engine) as work:
        put_report(work, clip.id, events=[intrusion(2)])
        assert deliveries.announce_new(work, ("log", "email"), lowest="low", now=now) == 0
        found = deliveries.list_deliveries(work)

    assert [(row.notifier, row.state) for row in found] == [
        ("log", "pending"),
        ("email", "pending"),
    ] * 2


@pytest.mark.usefixtures("raised")
def test_an_alert_that_was_dealt_with_is_not_announced(engine: Engine, now: datetime) -> None:
    with session(engine) as work:
        for alert in list_alerts(work):
            set_alert_state(work, alert.id, "acknowledged", by="li", note="", now=now)
        assert deliveries.announce_new(work, ("log",), lowest="info", now=now) == 0


@pytest.mark.usefixtures("raised")
def test_a_claimed_delivery_is_nobody_elses_until_its_sender_must_be_dead(
    engine: Engine, now: datetime
) -> None:
    with session(engine) as work:
        deliveries.announce_new(work, ("log",), lowest="high", now=now)
        claimed = deliveries.claim_delivery(work, now=now)
        assert claimed is not None
        assert deliveries.claim_delivery(work, now=now + timedelta(seconds=60)) is None
        again = deliveries.claim_delivery(work, now=now + timedelta(seconds=130))
        message = deliveries.message_of(work, claimed.alert_id)

    assert again is not None
    assert (again.id, again.attempts) == (claimed.id, 2)
    assert (message.clip_name, message.raised_at) == ("门口 gate.mp4", now)
    assert message.alert.severity == "high"


@pytest.mark.usefixtures("raised")
def test_a_failure_is_tried_again_with_growing_waits_and_five_times_in_all(
    engine: Engine, now: datetime
) -> None:
    waits, at = [], now
    with session(engine) as work:
        deliveries.announce_new(work, ("log",), lowest="high", now=now)
    for _ in range(5):
        with session(engine) as work:
            claimed = deliveries.claim_delivery(work, now=at)
            assert claimed is not None
            deliveries.mark_failed(work, claimed.id, "no answer", now=at)
            [row] = deliveries.list_deliveries(work, alert_id=claimed.alert_id)
        if row.next_try is not None:
            waits.append((row.next_try - at).total_seconds())
            at = row.next_try

    assert waits == [15, 60, 240, 960]
    assert (row.state, row.error, row.next_try) == ("failed", "no answer", None)


@pytest.mark.usefixtures("raised")
def test_what_went_out_is_not_due_again(engine: Engine, now: datetime) -> None:
    with session(engine) as work:
        deliveries.announce_new(work, ("log",), lowest="high", now=now)
        claimed = deliveries.claim_delivery(work, now=now)
        assert claimed is not None
        deliveries.mark_sent(work, claimed.id, now=now)
    with reading(engine) as work:
        [row] = deliveries.list_deliveries(work)

    assert (row.state, row.sent_at, row.next_try) == ("sent", now, None)
