"""The routes beside the screens: uploads, media with byte ranges, health."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from smartpark.config import Settings
from smartpark.core.text import Text
from smartpark.core.values import ClipInfo, Event
from smartpark.store.clips import add_clip, list_clips
from smartpark.store.database import database_url, open_database, reading, session
from smartpark.store.reports import replace_report
from smartpark.web import Site, screen_dir

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
OWN = {"x-smartpark-upload": "1", "x-smartpark-name": "gate.mp4"}
SNAPSHOT = "snapshot-0001.jpg"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", database_url=None, max_upload_mb=5)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=Site(settings).routes())) as client:
        yield client


def stored_clips(settings: Settings) -> list[str]:
    engine = open_database(database_url(settings.data_dir, None))
    with reading(engine) as db:
        names = [clip.name for clip in list_clips(db)]
    engine.dispose()
    return names


def incoming(settings: Settings) -> list[Path]:
    return list((settings.data_dir / "incoming").glob("*"))


@pytest.fixture
def report_id(settings: Settings) -> int:
    """A stored report whose folder holds an overlay of 1000 bytes and one snapshot."""
    folder = settings.data_dir / "reports" / "1"
    folder.mkdir(parents=True)
    (folder / "overlay.mp4").write_bytes(bytes(range(250)) * 4)
    (folder / SNAPSHOT).write_bytes(b"\xff\xd8picture")
    (folder / "notes.txt").write_text("private")
    engine = open_database(database_url(settings.data_dir, None))
    info = ClipInfo("gate.mp4", 640, 360, 25.0, 250, 10.0, "h264", "mov,mp4")
    event = Event("intrusion-Lawn-1", "intrusion", 1.0, 2.0, Text(en="In.", zh="入侵。"))
    with session(engine) as db:
        clip = add_clip(
            db,
            name='北门 "gate".mp4',
            sha256="0" * 64,
            file="clips/gate.mp4",
            size_bytes=1000,
            info=info,
            thumbnail=None,
            by="Li Wei",
            now=NOW,
        )
        report = replace_report(
            db,
            clip_id=clip.id,
            job_id=None,
            detector="nanodet-g",
            detector_version="1",
            mode="fast",
            settings_digest="0",
            folder="reports/1",
            report={},
            warnings=[],
            events=[(event, SNAPSHOT)],
            alerts=[],
            now=NOW,
        )
    engine.dispose()
    return report.id


def test_the_health_route_says_that_the_database_answers(client: TestClient) -> None:
    assert client.get("/health").json()["status"] == "ok"


def test_a_page_of_somebody_else_cannot_upload(client: TestClient) -> None:
    assert client.put("/footage/upload", content=b"x").status_code == 403
    foreign = {**OWN, "origin": "https://elsewhere.example"}
    assert client.put("/footage/upload", content=b"x", headers=foreign).status_code == 403


def test_a_file_that_is_no_clip_is_refused_in_both_languages_and_leaves_nothing(
    client: TestClient, settings: Settings
) -> None:
    reply = client.put("/footage/upload", content=b"only words\n" * 99, headers=OWN)

    assert reply.status_code == 422
    assert set(reply.json()["error"]) == {"en", "zh"}
    assert incoming(settings) == []
    assert stored_clips(settings) == []


def test_an_upload_over_the_limit_is_refused_before_it_is_read(
    client: TestClient, settings: Settings
) -> None:
    reply = client.put("/footage/upload", content=bytes(5_000_001), headers=OWN)

    assert reply.status_code == 413
    assert "5 MB" in reply.json()["error"]["en"]
    assert incoming(settings) == []


def test_an_upload_that_hides_its_length_is_stopped_at_the_limit(
    client: TestClient, settings: Settings
) -> None:
    pieces = (bytes(500_000) for _ in range(20))

    reply = client.put("/footage/upload", content=pieces, headers=OWN)

    assert reply.status_code == 422
    assert incoming(settings) == []


def test_a_clip_is_taken_in_once_under_its_clean_name(
    client: TestClient, settings: Settings, sample_clip: Path
) -> None:
    hostile = {**OWN, "x-smartpark-name": "..%2F..%2F%E5%8C%97%E9%97%A8.mp4"}

    first = client.put("/footage/upload", content=sample_clip.read_bytes(), headers=hostile)
    again = client.put("/footage/upload", content=sample_clip.read_bytes(), headers=OWN)

    assert first.json() == {"clip_id": 1, "is_new": True}
    assert again.json() == {"clip_id": 1, "is_new": False}
    assert stored_clips(settings) == ["北门.mp4"]
    assert incoming(settings) == []


def test_an_upload_that_breaks_off_leaves_nothing(settings: Settings, sample_clip: Path) -> None:
    messages = [
        {"type": "http.request", "body": sample_clip.read_bytes()[:100_000], "more_body": True},
        {"type": "http.disconnect"},
    ]
    headers = [(name.encode(), value.encode()) for name, value in OWN.items()]
    scope = {
        "type": "http",
        "method": "PUT",
        "path": "/footage/upload",
        "query_string": b"",
        "headers": headers,
    }

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(_: object) -> None:
        return None

    app = Starlette(routes=Site(settings).routes())
    anyio.run(app, scope, receive, send)

    assert messages == []
    assert incoming(settings) == []
    assert stored_clips(settings) == []


def test_the_browser_gets_the_bytes_of_the_overlay_that_it_asks_for(
    client: TestClient, report_id: int
) -> None:
    part = client.get(f"/footage/media/{report_id}/overlay.mp4", headers={"range": "bytes=10-19"})

    assert part.status_code == 206
    assert part.content == bytes(range(10, 20))
    assert part.headers["content-range"] == "bytes 10-19/1000"
    assert part.headers["content-type"] == "video/mp4"


def test_only_named_files_and_stored_snapshots_of_a_report_are_handed_out(
    client: TestClient, report_id: int
) -> None:
    address = f"/footage/media/{report_id}"

    assert client.get(f"{address}/{SNAPSHOT}").status_code == 200
    assert client.get(f"{address}/notes.txt").status_code == 404
    assert client.get(f"{address}/..%2F..%2Fsmartpark.db").status_code == 404
    assert client.get(f"/footage/media/{report_id + 1}/overlay.mp4").status_code == 404
    assert client.get("/footage/clip/999").status_code == 404


def test_a_download_carries_the_name_of_its_clip(client: TestClient, report_id: int) -> None:
    reply = client.get(f"/footage/media/{report_id}/overlay.mp4?download=1")

    named = reply.headers["content-disposition"]
    assert named.startswith("attachment")
    assert "%E5%8C%97%E9%97%A8" in named


def test_the_screens_are_found_beside_the_package() -> None:
    assert (screen_dir() / "app.py").is_file()
