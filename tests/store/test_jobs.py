"""The rows of the queue: claims, beats, fences, endings."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import chain

import pytest
from sqlalchemy import Engine

from smartpark.core.errors import JobError
from smartpark.core.text import Text
from smartpark.store import jobs, workers
from smartpark.store.database import reading, session
from smartpark.store.jobs import Job

WHY = Text(en="The clip is empty.", zh="视频为空。")


def put_job(engine: Engine, now: datetime) -> Job:
    with session(engine) as work:
        return jobs.add_job(
            work, kind="tidy", arguments={"days": 3}, clip_id=None, by="mei", now=now
        )


def claim(engine: Engine, worker: str, now: datetime) -> Job:
    with session(engine) as work:
        job = jobs.claim_job(work, worker, now)
    assert job is not None
    return job


def test_the_oldest_waiting_job_is_claimed_first_and_only_once(
    engine: Engine, now: datetime
) -> None:
    first, second = put_job(engine, now), put_job(engine, now)

    assert claim(engine, "a", now).id == first.id
    assert claim(engine, "b", now).id == second.id
    with session(engine) as work:
        assert jobs.claim_job(work, "c", now) is None


def test_a_named_job_is_claimed_or_none(engine: Engine, now: datetime) -> None:
    put_job(engine, now)
    second = put_job(engine, now)
    with session(engine) as work:
        claimed = jobs.claim_job(work, "a", now, job_id=second.id)
        assert jobs.claim_job(work, "a", now, job_id=second.id) is None

    assert claimed is not None
    assert (claimed.id, claimed.state, claimed.attempts) == (second.id, "running", 1)


def test_many_claimers_never_share_a_job(engine: Engine, now: datetime) -> None:
    wanted = [put_job(engine, now).id for _ in range(24)]

    def claim_all(name: str) -> list[int]:
        mine = []
        while True:
            with session(engine) as work:
                job = jobs.claim_job(work, name, now)
            if job is not None:
                mine.append(job.id)
                continue
            # On PostgreSQL a row that another claimer holds is skipped, so look until all are gone.
            with reading(engine) as work:
                if jobs.count_jobs(work, ("queued",)) == 0:
                    return mine

    with ThreadPoolExecutor(6) as pool:
        shares = list(pool.map(claim_all, "abcdef"))

    assert sorted(chain.from_iterable(shares)) == wanted


def test_a_beat_writes_progress_and_hears_the_cancel_wish(engine: Engine, now: datetime) -> None:
    put_job(engine, now)
    job = claim(engine, "a", now)
    with session(engine) as work:
        heard = jobs.beat(work, job, now=now, progress=0.25, note=WHY)
        assert (heard.is_ours, heard.cancel_wished) == (True, False)
        asked = jobs.wish_cancel(work, job.id, now=now)
        assert asked.state == "running"
        assert jobs.beat(work, job, now=now).cancel_wished
    with reading(engine) as work:
        found = jobs.get_job(work, job.id)

    assert (found.progress, found.note) == (0.25, WHY)


def test_a_waiting_job_is_cancelled_at_once(engine: Engine, now: datetime) -> None:
    job = put_job(engine, now)
    with session(engine) as work:
        assert jobs.wish_cancel(work, job.id, now=now).state == "cancelled"
        assert jobs.claim_job(work, "a", now) is None


def test_a_job_without_sign_of_life_is_queued_again_and_its_old_worker_fenced_off(
    engine: Engine, now: datetime
) -> None:
    put_job(engine, now)
    old = claim(engine, "a", now)
    later = now + timedelta(seconds=20)
    with session(engine) as work:
        [freed] = jobs.requeue_stale(work, now=later, older_than_s=15)
        assert freed.state == "queued"
    new = claim(engine, "b", later)

    assert new.attempts == 2
    with session(engine) as work:
        assert not jobs.beat(work, old, now=later).is_ours
        assert not jobs.finish_job(work, old, now=later)
        assert not jobs.fail_job(work, old, WHY, now=later)
        assert not jobs.put_back(work, old)
        assert not jobs.end_cancelled(work, old, now=later)
        assert jobs.finish_job(work, new, now=later)
        assert not jobs.finish_job(work, new, now=later)


def test_a_job_with_a_fresh_beat_is_left_alone(engine: Engine, now: datetime) -> None:
    put_job(engine, now)
    job = claim(engine, "a", now)
    with session(engine) as work:
        jobs.beat(work, job, now=now + timedelta(seconds=10))
        late = now + timedelta(seconds=20)
        assert jobs.requeue_stale(work, now=late, older_than_s=15) == []


def test_a_job_that_kills_its_worker_three_times_fails_with_a_sentence(
    engine: Engine, now: datetime
) -> None:
    job = put_job(engine, now)
    for round_ in range(3):
        at = now + timedelta(minutes=round_)
        claim(engine, "a", at)
        with session(engine) as work:
            [freed] = jobs.requeue_stale(work, now=at + timedelta(seconds=30), older_than_s=15)

    assert (freed.id, freed.state, freed.attempts) == (job.id, "failed", 3)
    assert freed.error is not None
    assert "broken off 3 times" in freed.error.en
    assert "3 次" in freed.error.zh


def test_a_stale_job_that_was_to_stop_ends_cancelled(engine: Engine, now: datetime) -> None:
    put_job(engine, now)
    job = claim(engine, "a", now)
    with session(engine) as work:
        jobs.wish_cancel(work, job.id, now=now)
        [freed] = jobs.requeue_of(work, "a", now=now)

    assert freed.state == "cancelled"


def test_a_job_put_back_does_not_lose_an_attempt(engine: Engine, now: datetime) -> None:
    put_job(engine, now)
    with session(engine) as work:
        assert jobs.put_back(work, claim_in(work, now))

    assert claim(engine, "b", now).attempts == 1


def claim_in(work, now: datetime) -> Job:
    job = jobs.claim_job(work, "a", now)
    assert job is not None
    return job


def test_a_failed_job_is_retried_in_its_own_row(engine: Engine, now: datetime) -> None:
    put_job(engine, now)
    job = claim(engine, "a", now)
    with session(engine) as work:
        jobs.fail_job(work, job, WHY, now=now)
        assert jobs.get_job(work, job.id).error == WHY
        again = jobs.queue_again(work, job.id)

    assert (again.id, again.state, again.attempts, again.error) == (job.id, "queued", 0, None)
    assert again.arguments == {"days": 3}


def test_a_job_that_is_done_cannot_be_retried(engine: Engine, now: datetime) -> None:
    put_job(engine, now)
    job = claim(engine, "a", now)
    with session(engine) as work:
        jobs.finish_job(work, job, now=now)

    with pytest.raises(JobError, match="is done"), session(engine) as work:
        jobs.queue_again(work, job.id)


def test_a_job_that_does_not_exist_is_said_not_to(engine: Engine) -> None:
    with pytest.raises(JobError, match="There is no job 9"), reading(engine) as work:
        jobs.get_job(work, 9)


def test_jobs_are_listed_newest_first_and_by_state(engine: Engine, now: datetime) -> None:
    first, second = put_job(engine, now), put_job(engine, now)
    claim(engine, "a", now)
    with reading(engine) as work:
        assert [job.id for job in jobs.list_jobs(work)] == [second.id, first.id]
        assert [job.id for job in jobs.list_jobs(work, states=("queued",))] == [second.id]
        assert jobs.count_jobs(work) == 2
        assert jobs.was_asked_since(work, "tidy", now)
        assert not jobs.was_asked_since(work, "tidy", now + timedelta(seconds=1))


def test_the_time_left_follows_from_the_pace_so_far(engine: Engine, now: datetime) -> None:
    put_job(engine, now)
    job = claim(engine, "a", now)
    with session(engine) as work:
        jobs.beat(work, job, now=now, progress=0.25)
        begun = jobs.get_job(work, job.id)

    assert begun.eta_s(now + timedelta(seconds=30)) == pytest.approx(90.0)
    assert job.eta_s(now + timedelta(seconds=30)) is None


def test_workers_are_listed_while_they_show_signs_of_life(engine: Engine, now: datetime) -> None:
    with session(engine) as work:
        workers.beat_worker(work, name="h:1", host="h", pid=1, now=now)
        workers.beat_worker(work, name="h:1", host="h", pid=1, now=now + timedelta(seconds=10))
    with session(engine) as work:
        soon, late = now + timedelta(seconds=20), now + timedelta(seconds=60)
        [alive] = workers.list_workers(work, now=soon)
        assert workers.list_workers(work, now=late) == []
        assert [worker.name for worker in workers.workers_on(work, "h")] == ["h:1"]
        workers.forget_workers(work, before=late)
        assert workers.workers_on(work, "h") == []

    assert (alive.started_at, alive.heartbeat_at) == (now, now + timedelta(seconds=10))
