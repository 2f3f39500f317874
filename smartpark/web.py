"""The ASGI application: the screens, and routes for streamed uploads, media and health."""

import argparse
import logging
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import anyio
import uvicorn
from anyio import to_thread
from sqlalchemy import Engine
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from streamlit.starlette import App

from smartpark import __version__
from smartpark.config import Settings
from smartpark.core.errors import ClipError, InputError, SmartParkError, StorageError
from smartpark.core.text import Text
from smartpark.store.clips import StoredClip, get_clip
from smartpark.store.database import database_url, open_database, reading
from smartpark.store.events import list_events
from smartpark.store.reports import get_report
from smartpark.store.workers import list_workers

# Read by the screens, which then link to these routes; absent in a plain `streamlit run`.
ROUTES_FLAG = "SMARTPARK_ROUTES"
UPLOAD_HEADER = "x-smartpark-upload"
STALE_UPLOAD_S = 24 * 3600  # an upload that old was broken off together with its server
_BUFFER_BYTES = 1 << 20
WEBSOCKET_BYTES = 200 << 20  # as large as Streamlit's own largest message
# What a report folder may hand out beside the snapshots named in the store.
REPORT_FILES = {
    "overlay.mp4": "video/mp4",
    "blurred.mp4": "video/mp4",
    "report.html": "text/html",
    "report.json": "application/json",
    "events.json": "application/json",
    "tracks.csv": "text/csv",
}
_SAFE_HEADERS = {
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-cache",
    # A stored page or picture is shown, but runs nothing and asks nobody.
    "content-security-policy": "default-src 'none'; img-src 'self' data:; media-src 'self'; "
    "style-src 'unsafe-inline'; sandbox",
}


class Site:
    """The routes beside the screens, over one data folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Engine | None = None

    def routes(self) -> list[BaseRoute]:
        """Return the routes, to be mounted beside Streamlit's own."""
        return [
            Route("/health", self.health, methods=["GET"]),
            Route("/footage/upload", self.upload, methods=["PUT", "POST"]),
            Route("/footage/clip/{clip_id:int}", self.clip, methods=["GET"]),
            Route("/footage/media/{report_id:int}/{file}", self.media, methods=["GET"]),
        ]

    def tidy_incoming(self) -> None:
        """Remove what uploads left behind when the server ended in their middle."""
        folder = self._settings.data_dir / "incoming"
        for path in folder.glob("*") if folder.is_dir() else ():
            if time.time() - path.stat().st_mtime > STALE_UPLOAD_S:
                path.unlink(missing_ok=True)

    async def health(self, _: Request) -> Response:
        """Say whether the database answers and a worker is alive."""
        try:
            workers = await to_thread.run_sync(self._workers)
        except SmartParkError as error:
            return _refusal(error.text, 503)
        return JSONResponse({"status": "ok", "version": __version__, "workers": workers})

    async def upload(self, request: Request) -> Response:
        """Take one clip in, streamed to the disk, and put it into the library."""
        if not _is_own_page(request):
            return _refusal(_FOREIGN, 403)
        limit = self._settings.max_upload_mb * 1_000_000
        if int(request.headers.get("content-length") or 0) > limit:
            return _refusal(_too_large(self._settings.max_upload_mb), 413)
        path = self._settings.data_dir / "incoming" / secrets.token_hex(16)
        try:
            await _save_stream(request, path, limit_mb=self._settings.max_upload_mb)
            clip, is_new = await to_thread.run_sync(self._receive, path, request)
        except ClientDisconnect:
            return Response(status_code=499)
        except InputError as error:
            return _refusal(error.text, 422)
        except SmartParkError as error:
            return _refusal(error.text, 507)
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(lambda: path.unlink(missing_ok=True))
        return JSONResponse({"clip_id": clip.id, "is_new": is_new})

    async def clip(self, request: Request) -> Response:
        """Hand out a clip as it was uploaded."""
        try:
            clip = await to_thread.run_sync(self._clip, request.path_params["clip_id"])
        except SmartParkError as error:
            return _refusal(error.text, 404)
        return await self._file(Path(clip.file), download=clip.name)

    async def media(self, request: Request) -> Response:
        """Hand out a file of a report; the browser may ask for any range of its bytes."""
        report_id, file = request.path_params["report_id"], request.path_params["file"]
        try:
            folder, stem = await to_thread.run_sync(self._report_folder, report_id, file)
        except SmartParkError as error:
            return _refusal(error.text, 404)
        wants_file = "download" in request.query_params
        return await self._file(folder / file, download=f"{stem}-{file}" if wants_file else None)

    async def _file(self, name: Path, *, download: str | None) -> Response:
        path = self._settings.data_dir / name
        if not await anyio.Path(path).is_file():
            return _refusal(_GONE, 404)
        kind = REPORT_FILES.get(name.name, "image/jpeg" if name.suffix == ".jpg" else None)
        return FileResponse(
            path,
            media_type=kind or "application/octet-stream",
            filename=download,
            headers=_SAFE_HEADERS,
        )

    def _open(self) -> Engine:
        if self._engine is None:
            url = database_url(self._settings.data_dir, self._settings.database_url)
            self._engine = open_database(url)
        return self._engine

    def _workers(self) -> int:
        with reading(self._open()) as db:
            return len(list_workers(db, now=datetime.now(UTC)))

    def _clip(self, clip_id: int) -> StoredClip:
        with reading(self._open()) as db:
            return get_clip(db, clip_id)

    def _report_folder(self, report_id: int, file: str) -> tuple[Path, str]:
        with reading(self._open()) as db:
            report = get_report(db, report_id)
            snapshots = {event.snapshot for event in list_events(db, report_id)}
            stem = Path(get_clip(db, report.clip_id).name).stem
        if file not in REPORT_FILES and file not in snapshots:
            raise StorageError(_GONE)
        return Path(report.folder), stem

    def _receive(self, path: Path, request: Request) -> tuple[StoredClip, bool]:
        # Probing a clip takes the video libraries, which the screens do without until now.
        from smartpark.journeys.intake import receive

        name = unquote(request.headers.get("x-smartpark-name", "clip"))
        by = unquote(request.cookies.get("smartpark_operator", ""))[:60] or "operator"
        return receive(self._open(), self._settings, path, name=name, by=by)


async def _save_stream(request: Request, path: Path, *, limit_mb: int) -> None:
    written = 0
    try:
        await anyio.Path(path.parent).mkdir(parents=True, exist_ok=True)
        async with await anyio.open_file(path, "wb", buffering=_BUFFER_BYTES) as file:
            async for chunk in request.stream():
                written += len(chunk)
                if written > limit_mb * 1_000_000:
                    raise ClipError(_too_large(limit_mb))
                await file.write(chunk)
    except OSError as error:
        raise StorageError(_cannot_store(error)) from error


def _is_own_page(request: Request) -> bool:
    # A foreign page cannot set this header without asking us first, and we never agree.
    if UPLOAD_HEADER not in request.headers:
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _refusal(text: Text, status: int) -> Response:
    return JSONResponse({"error": {"en": text.en, "zh": text.zh}}, status_code=status)


def screen_dir() -> Path:
    """Return the folder of `app.py`: inside the installed package, or the repository's root."""
    package = Path(__file__).parent
    installed = package / "_screen"
    return installed if (installed / "app.py").is_file() else package.parent


def create_app() -> App:
    """Return the application for an ASGI server, with settings from the environment."""
    site = Site(Settings())

    @asynccontextmanager
    async def lifespan(_: App) -> AsyncIterator[None]:
        os.environ[ROUTES_FLAG] = "1"
        # Streamlit has set them to tell every request; who looks at what is nobody's business.
        for name in ("uvicorn", "uvicorn.access", "uvicorn.error"):
            logging.getLogger(name).setLevel(logging.WARNING)
        await to_thread.run_sync(site.tidy_incoming)
        yield

    return App(screen_dir() / "app.py", routes=site.routes(), lifespan=lifespan)


def serve(*, host: str, port: int) -> None:
    """Serve the application until it is told to stop."""
    uvicorn.run(
        create_app(),
        host=host,
        port=port,
        ws_max_size=WEBSOCKET_BYTES,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )


def main() -> None:
    """Serve from the command line: `python -m smartpark.web --port 8501`."""
    parser = argparse.ArgumentParser(prog="python -m smartpark.web", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="Address to listen at.")
    parser.add_argument("--port", type=int, default=8501, help="Port to listen at.")
    arguments = parser.parse_args()
    serve(host=arguments.host, port=arguments.port)


def _too_large(limit_mb: int) -> Text:
    return Text(
        en=f"The clip is larger than {limit_mb} MB, the most that is taken. Cut it into shorter "
        "clips, or raise SMARTPARK_MAX_UPLOAD_MB.",
        zh=f"视频超过上限 {limit_mb} MB。请剪成较短的片段，或调高 SMARTPARK_MAX_UPLOAD_MB。",
    )


def _cannot_store(error: OSError) -> Text:
    reason = os.strerror(error.errno) if error.errno else str(error)
    return Text(
        en=f"The clip could not be stored: {reason}. Free some space, then try again.",
        zh=f"视频无法保存：{reason}。请清理磁盘空间后重试。",
    )


_GONE = Text(
    en="There is no such file. It may have been removed; go back to the library.",
    zh="文件不存在，可能已被删除。请返回视频库。",
)
_FOREIGN = Text(
    en="Clips are only taken from SmartPark's own page. Open it and upload there.",
    zh="只接受从 SmartPark 页面上传的视频，请在该页面上传。",
)

if __name__ == "__main__":
    main()
