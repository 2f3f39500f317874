"""Clips, scenes and the audit table."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from smartpark.core.errors import StorageError
from smartpark.store import audit, clips, jobs, labels, scenes
from smartpark.store.alerts import list_alerts, set_alert_state
from smartpark.store.clips import StoredClip
from smartpark.store.database import reading, session
from smartpark.store.reports import latest_report
from smartpark.testing.rows import intrusion, put_clip, put_report


def test_a_clip_comes_back_as_it_was_stored(engine: Engine, clip: StoredClip) -> None:
    with reading(engine) as work:
        assert clips.get_clip(work, clip.id) == clip

    assert clip.info.rotation_deg == 90
    assert clip.size_bytes == 5_000_000_000
    assert clip.uploaded_at.utcoffset() == timedelta(0)


def test_the_same_digest_gives_the_clip_that_is_there(engine: Engine, clip: StoredClip) -> None:
    with session(engine) as work:
        again = put_clip(work)
        assert len(clips.list_clips(work)) == 1

    assert again == clip


def test_clips_are_listed_newest_first(engine: Engine, clip: StoredClip, now: datetime) -> None:
    with session(engine) as work:
        later = put_clip(work, "later", now=now + timedelta(hours=1))

        assert [found.id for found in clips.list_clips(work)] == [later.id, clip.id]
        assert clips.list_clips(work, before=now + timedelta(minutes=1)) == [clip]


def test_a_clip_without_scene_stays_when_its_scene_goes(
    engine: Engine, clip: StoredClip, now: datetime
) -> None:
    spec = {"name": "门口", "zones": []}
    with session(engine) as work:
        scene = scenes.save_scene(work, name="门口", spec=spec, by="mei", now=now)
        assert clips.assign_scene(work, clip.id, scene.id).scene_id == scene.id
    with session(engine) as work:
        scenes.remove_scene(work, scene.id, by="mei", now=now)
    with reading(engine) as work:
        assert clips.get_clip(work, clip.id).scene_id is None


def test_saving_a_scene_again_replaces_it(engine: Engine, now: datetime) -> None:
    with session(engine) as work:
        scene = scenes.save_scene(work, name="Gate", spec={"zones": []}, by="mei", now=now)
    with session(engine) as work:
        scenes.save_scene(
            work, name="Gate", spec={"zones": [1]}, by="li", now=now, scene_id=scene.id
        )
    with reading(engine) as work:
        [found] = scenes.list_scenes(work)

    assert (found.spec, found.updated_by) == ({"zones": [1]}, "li")


def test_removing_a_clip_takes_what_hangs_on_it_and_names_its_files(
    engine: Engine, clip: StoredClip, now: datetime
) -> None:
    with session(engine) as work:
        waiting = jobs.add_job(
            work, kind="analyse_clip", arguments={}, clip_id=clip.id, by="mei", now=now
        )
        report = put_report(work, clip.id, waiting.id, events=[intrusion()])
        [alert] = list_alerts(work)
        set_alert_state(work, alert.id, "false_alarm", by="mei", note="a dog", now=now)
    with session(engine) as work:
        names = clips.remove_clip(work, clip.id, by="system", now=now)
    with reading(engine) as work:
        assert latest_report(work, clip.id) is None
        assert list_alerts(work, states=("open", "false_alarm")) == []
        [label] = labels.list_labels(work)
        stopped = jobs.get_job(work, waiting.id)

    assert names == (clip.file, clip.thumbnail, report.folder)
    assert (label.clip_id, label.clip_sha256) == (None, clip.sha256)
    assert (stopped.state, stopped.clip_id) == ("cancelled", None)


def test_a_clip_that_is_gone_is_said_to_be_gone(engine: Engine) -> None:
    with pytest.raises(StorageError, match="There is no clip 7"), reading(engine) as work:
        clips.get_clip(work, 7)


def test_the_audit_table_says_who_did_what(engine: Engine, clip: StoredClip, now: datetime) -> None:
    with session(engine) as work:
        clips.remove_clip(work, clip.id, by="li", now=now + timedelta(days=30))
    with reading(engine) as work:
        found = audit.list_audit(work)

    assert [(row.who, row.action, row.subject, row.detail) for row in found] == [
        ("li", "clip.remove", f"clip {clip.id}", clip.name),
        ("mei", "clip.add", f"clip {clip.id}", clip.name),
    ]


def test_a_time_without_zone_is_refused(engine: Engine) -> None:
    def store_a_naive_time() -> None:
        with session(engine) as work:
            put_clip(work, now=datetime(2026, 5, 1, 12))  # noqa: DTZ001 - the point of the test

    with pytest.raises(Exception, match="no time zone"):
        store_a_naive_time()


def test_a_long_name_is_kept_whole(engine: Engine) -> None:
    with session(engine) as work:
        clip = put_clip(work, "很长的名字 " * 100)

        assert clips.get_clip(work, clip.id).name == "很长的名字 " * 100


def test_the_number_of_a_removed_clip_is_never_given_out_again(
    engine: Engine, clip: StoredClip, now: datetime
) -> None:
    with session(engine) as work:
        clips.remove_clip(work, clip.id, by="li", now=now)
    with session(engine) as work:
        assert put_clip(work, "next").id > clip.id
