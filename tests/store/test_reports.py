"""Reports, events, alerts and labels."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from smartpark.core.errors import StorageError
from smartpark.store import alerts, events, labels, reports
from smartpark.store.clips import StoredClip
from smartpark.store.database import reading, session
from smartpark.store.jobs import Job, add_job
from smartpark.testing.rows import intrusion, put_report


@pytest.fixture
def job(engine: Engine, clip: StoredClip, now: datetime) -> Job:
    with session(engine) as work:
        return add_job(work, kind="analyse_clip", arguments={}, clip_id=clip.id, by="mei", now=now)


def test_a_report_comes_back_with_its_events(engine: Engine, clip: StoredClip, job: Job) -> None:
    seen = [intrusion(2, start_s=3.0), intrusion(1, start_s=1.0)]
    with session(engine) as work:
        report = put_report(work, clip.id, job.id, events=seen)
    with reading(engine) as work:
        assert reports.get_report(work, report.id) == report
        assert reports.find_report(work, job.id) == report
        found = events.list_events(work, report.id)

    assert [stored.event for stored in found] == [seen[1], seen[0]]
    assert found[0].snapshot == "intrusion-Lawn-1.jpg"
    assert report.warnings[0].zh == "文件尾部已损坏。"


def test_the_same_job_replaces_its_report(engine: Engine, clip: StoredClip, job: Job) -> None:
    with session(engine) as work:
        first = put_report(work, clip.id, job.id, events=[intrusion(1), intrusion(2)])
    with session(engine) as work:
        second = put_report(work, clip.id, job.id, events=[intrusion(2), intrusion(3)])
    with reading(engine) as work:
        assert [report.id for report in reports.list_reports(work)] == [first.id]
        assert len(events.list_events(work, second.id)) == 2
        kept = [alert.event.track_ids for alert in alerts.list_alerts(work)]

    assert kept == [(2,), (3,)]


def test_the_newest_report_of_a_clip_is_the_latest(
    engine: Engine, clip: StoredClip, now: datetime
) -> None:
    with session(engine) as work:
        put_report(work, clip.id, now=now)
        newer = put_report(work, clip.id, now=now + timedelta(hours=1))
    with reading(engine) as work:
        assert reports.latest_report(work, clip.id) == newer
        assert len(reports.list_reports(work, limit=1)) == 1
        assert len(reports.list_reports(work, limit=None)) == 2


def test_a_cause_keeps_its_state_when_the_clip_is_analysed_again(
    engine: Engine, clip: StoredClip, now: datetime
) -> None:
    with session(engine) as work:
        put_report(work, clip.id, events=[intrusion()])
        [raised] = alerts.list_alerts(work)
        alerts.set_alert_state(work, raised.id, "acknowledged", by="li", note="on my way", now=now)
    with session(engine) as work:
        again = put_report(work, clip.id, events=[intrusion()], now=now + timedelta(hours=1))
    with reading(engine) as work:
        [found] = alerts.list_alerts(work, states=alerts.ALERT_STATES)

    assert (found.state, found.changed_by, found.note) == ("acknowledged", "li", "on my way")
    assert (found.report_id, found.raised_at) == (again.id, now)


def test_the_same_cause_twice_in_a_clip_is_two_alerts(engine: Engine, clip: StoredClip) -> None:
    twice = [intrusion(), replace(intrusion(start_s=90.0), id="intrusion-Lawn-1b")]
    for _ in range(2):
        with session(engine) as work:
            put_report(work, clip.id, events=twice)
    with reading(engine) as work:
        found = alerts.list_alerts(work)

    assert [alert.event.start_s for alert in found] == [1.0, 90.0]


def test_alerts_are_filtered_counted_and_paged(engine: Engine, clip: StoredClip) -> None:
    with session(engine) as work:
        report = put_report(work, clip.id, events=[intrusion(n) for n in range(1, 6)])
    with reading(engine) as work:
        page = alerts.list_alerts(work, clip_id=clip.id, limit=2, offset=2)

        assert alerts.count_alerts(work) == 5
        assert alerts.count_alerts(work, "acknowledged") == 0
        assert [alert.event.track_ids for alert in page] == [(3,), (4,)]
        assert len(alerts.list_alerts(work, report_id=report.id)) == 5
        assert alerts.list_alerts(work, clip_id=99) == []


def test_a_false_alarm_becomes_a_labelled_example_until_it_is_opened_again(
    engine: Engine, clip: StoredClip, now: datetime
) -> None:
    with session(engine) as work:
        put_report(work, clip.id, events=[intrusion()])
        [alert] = alerts.list_alerts(work)
        alerts.set_alert_state(work, alert.id, "false_alarm", by="li", note="", now=now)
        alerts.set_alert_state(work, alert.id, "false_alarm", by="mei", note="dog", now=now)
    with reading(engine) as work:
        [label] = labels.list_labels(work, clip_id=clip.id)
    assert (label.kind, label.start_s, label.end_s, label.is_true, label.by) == (
        "intrusion",
        1.0,
        3.5,
        False,
        "mei",
    )

    with session(engine) as work:
        alerts.set_alert_state(work, alert.id, "open", by="mei", note="", now=now)
        assert labels.list_labels(work) == []


def test_an_unknown_state_lists_the_known_ones(engine: Engine, clip: StoredClip) -> None:
    with (
        pytest.raises(StorageError, match="open, acknowledged, false_alarm"),
        session(engine) as work,
    ):
        alerts.set_alert_state(work, 1, "solved", by="li", note="", now=clip.uploaded_at)


def test_a_report_of_a_clip_that_was_removed_is_refused(engine: Engine) -> None:
    with pytest.raises(StorageError, match="There is no clip 5"), session(engine) as work:
        put_report(work, 5)
