"""Rows for tests of the store, the queue and the screens: a clip, an event, a report."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from smartpark.core.text import Text
from smartpark.core.values import Alert, ClipInfo, Event, Severity
from smartpark.store.clips import StoredClip, add_clip
from smartpark.store.reports import StoredReport, replace_report

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def put_clip(session: Session, name: str = "门口 gate.mp4", *, now: datetime = NOON) -> StoredClip:
    """Return a stored clip of 4 s whose files do not exist."""
    return add_clip(
        session,
        name=name,
        sha256=name.encode().hex().ljust(64, "0")[:64],
        file=f"clips/{name}",
        size_bytes=5_000_000_000,
        info=ClipInfo(name, 640, 360, 25.0, 100, 4.0, "h264", "mp4", 90),
        thumbnail=f"thumbnails/{name}.jpg",
        by="mei",
        now=now,
    )


def intrusion(number: int = 1, *, start_s: float = 1.0, severity: Severity = "medium") -> Event:
    """Return the event that person `number` entered the lawn."""
    return Event(
        id=f"intrusion-Lawn-{number}",
        kind="intrusion",
        start_s=start_s,
        end_s=start_s + 2.5,
        text=Text(en=f"Person {number} entered “Lawn”.", zh=f"人员 {number} 进入了“草坪”。"),
        track_ids=(number,),
        zone="Lawn",
        severity=severity,
        score=0.75,
        evidence={"stayed_s": 2.5, "limit_s": 1.0, "position": [3.0, 4.5]},
    )


def put_report(
    session: Session,
    clip_id: int,
    job_id: int | None = None,
    *,
    events: Sequence[Event] = (),
    now: datetime = NOON,
) -> StoredReport:
    """Return a stored report in which every event raised an alert."""
    return replace_report(
        session,
        clip_id=clip_id,
        job_id=job_id,
        detector="nanodet-g",
        detector_version="1",
        mode="fast",
        settings_digest="d1",
        folder=f"reports/{job_id}",
        report={"clip": {"name": "gate"}, "events": len(events)},
        warnings=[Text(en="The tail is damaged.", zh="文件尾部已损坏。")],
        events=[(event, f"{event.id}.jpg") for event in events],
        alerts=[Alert(event, f"{event.kind}:{event.zone}:{event.track_ids}") for event in events],
        now=now,
    )
