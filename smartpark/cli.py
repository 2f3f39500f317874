"""The commands: parse, call a journey, print a table or one JSON document."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from smartpark import __version__
from smartpark.config import Settings
from smartpark.core.errors import InputError, SettingsError, SmartParkError
from smartpark.core.text import Text

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="SmartPark: footage in, events and alerts out.",
)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]

_screen = Console(stderr=True, highlight=False)
_out = Console(highlight=False)


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,  # noqa: FBT002 - a flag on the command line
) -> None:
    """Set what every command shares."""
    if version:
        _out.print(__version__)
        raise typer.Exit


@app.command()
def analyse(  # noqa: PLR0913 - each one is an option of the command
    clip: Annotated[Path, typer.Argument(help="A clip, or a folder of clips.")],
    out: Annotated[Path, typer.Option(help="Folder for the report; one below it for each clip.")],
    scene: Annotated[Path | None, typer.Option(help="Zones, lines and rules as JSON.")] = None,
    detector: Annotated[str | None, typer.Option(help="Name of the detector.")] = None,
    mode: Annotated[
        Literal["fast", "exact"] | None,
        typer.Option(help="exact looks at every frame; fast only where something changes."),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, max=64, help="Processor threads.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag on the command line
) -> None:
    """Analyse clips: overlay, tracks, events and a report in a folder."""
    from smartpark.journeys.analyse import analyse_file
    from smartpark.journeys.library import clips_in

    with _errors_told():
        settings = _settings()
        reports, failures = [], []
        clips = clips_in(clip)
        for path in clips:
            folder = out if path == clip else out / path.stem
            try:
                with _progress(path.name) as on_progress:
                    analysis = analyse_file(
                        path,
                        folder,
                        scene_path=scene,
                        detector_name=detector or settings.detector,
                        mode=mode or settings.mode,
                        threads=threads or settings.threads,
                        max_pixels=settings.max_frame_pixels,
                        on_progress=on_progress,
                        language=settings.language,
                    )
            except InputError as error:
                if len(clips) == 1:
                    raise
                failures.append(error)
                _say_error(error)
                continue
            for warning in analysis.warnings:
                _screen.print(warning.say(_language()), style="yellow")
            reports.append(analysis.report)
            if not as_json:
                _print_report(analysis.report, folder)
        if as_json:
            _print_json(reports if clip.is_dir() else reports[0])
        if failures:
            raise typer.Exit(2)


@app.command()
def demo(
    out: Annotated[Path | None, typer.Option(help="Folder for the report.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag on the command line
) -> None:
    """Analyse the sample clip without a screen and print what was found."""
    from smartpark.journeys.analyse import analyse_file
    from smartpark.journeys.samples import sample_clip, sample_scene

    with _errors_told():
        settings = _settings()
        folder = out or settings.data_dir / "demo"
        with _progress("sample") as on_progress:
            analysis = analyse_file(
                sample_clip(),
                folder,
                scene_path=sample_scene(),
                detector_name=settings.detector,
                mode=settings.mode,
                threads=settings.threads,
                max_pixels=settings.max_frame_pixels,
                on_progress=on_progress,
                language=settings.language,
            )
        if as_json:
            _print_json({"footage": analysis.report, "guide": None, "signals": None})
            return
        _print_report(analysis.report, folder)
        _out.print("This version has no park guide and no signal plan yet; the demo shows footage.")


@app.command()
def run(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the app.")] = 8501,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Start the app and one worker; stop both with Ctrl-C."""
    import signal
    import subprocess
    from threading import Event, Thread

    from smartpark.jobs.runners import InlineRunner, environment_of, supervise
    from smartpark.journeys.samples import add_sample_park
    from smartpark.store.database import database_url, open_database

    with _errors_told():
        settings = _settings()
        engine = open_database(database_url(settings.data_dir, settings.database_url))
        # The worker that starts below finds the row by itself.
        add_sample_park(engine, settings, runner=InlineRunner(lambda _job_id: None))
        engine.dispose()
        # Ctrl-C and a service manager's SIGTERM both end app and worker in order.
        for wish in (signal.SIGINT, signal.SIGTERM):
            signal.signal(wish, signal.default_int_handler)
        stop = Event()
        keeper = Thread(target=supervise, args=(settings, stop))
        keeper.start()
        command = [sys.executable, "-m", "smartpark.web", "--host", host, "--port", str(port)]
        web = subprocess.Popen(command, env=environment_of(settings))  # noqa: S603 - our own module
        _screen.print(f"SmartPark: http://{'localhost' if host == '127.0.0.1' else host}:{port}")
        try:
            status = web.wait()
        except KeyboardInterrupt:
            web.terminate()
            status = 0
        finally:
            stop.set()
            web.wait()
            keeper.join()
        raise typer.Exit(status)


@app.command()
def worker(
    once: Annotated[bool, typer.Option(help="Stop when nothing waits.")] = False,  # noqa: FBT002 - a flag on the command line
) -> None:
    """Run one more worker in this terminal."""
    from smartpark.worker import work

    with _errors_told():
        work(_settings(), once=once)


@app.command()
def jobs(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    as_json: AsJson = False,  # noqa: FBT002 - a flag on the command line
) -> None:
    """List the jobs: what runs, waits, failed and why."""
    from smartpark.store.database import database_url, open_database, session
    from smartpark.store.jobs import list_jobs

    with _errors_told():
        settings = _settings()
        engine = open_database(database_url(settings.data_dir, settings.database_url))
        with session(engine) as db:
            found = list_jobs(db, limit=limit)
        rows = [
            {
                "id": job.id,
                "kind": job.kind,
                "state": job.state,
                "progress": round(job.progress, 3),
                "attempts": job.attempts,
                "created_at": job.created_at.isoformat(),
                "error": job.error.say(_language()) if job.error else None,
            }
            for job in found
        ]
        if as_json:
            _print_json(rows)
        else:
            _print_table(rows, empty="No jobs yet. Upload a clip, or run: smartpark demo")


@app.command()
def doctor(as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag on the command line
    """Say what is installed, which models and device are used, and what is missing."""
    from smartpark.journeys.checkup import check_up

    with _errors_told():
        found = check_up(_settings())
        if as_json:
            _print_json([{"part": c.part, "ok": c.ok, "found": c.found, "do": c.do} for c in found])
        else:
            for check in found:
                mark = "[green]ok[/]  " if check.ok else "[yellow]miss[/]"
                _out.print(f"{mark} {check.part}: ", end="")
                _out.print(
                    f"{check.found}" + (f" → {check.do}" if check.do else ""),
                    markup=False,
                    soft_wrap=True,
                )
        if not all(check.ok or not check.needed for check in found):
            raise typer.Exit(1)


@app.command()
def plugins(as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag on the command line
    """List detectors, rules, notifiers and runners by name."""
    from smartpark.plugins import BUILT_IN, names

    listed = {kind: names(kind) for kind in BUILT_IN}
    if as_json:
        _print_json(listed)
    else:
        _print_table([{"kind": k, "names": ", ".join(v)} for k, v in listed.items()], empty="")


@app.command()
def settings(as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag on the command line
    """Print each setting, its value and where it comes from, without secrets."""
    with _errors_told():
        read = _settings()
        rows = [
            {
                "setting": f"SMARTPARK_{name.upper()}",
                "value": str(getattr(read, name)),
                "origin": "set" if name in read.model_fields_set else "default",
                "meaning": field.description or "",
            }
            for name, field in Settings.model_fields.items()
        ]
        if as_json:
            _print_json(rows)
        else:
            _print_table(rows, empty="")


@app.command()
def tidy(as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag on the command line
    """Remove clips and reports that are older than the retention time, and left-over files."""
    from smartpark.journeys.tidy import tidy as tidy_up
    from smartpark.store.database import database_url, open_database

    with _errors_told():
        read = _settings()
        engine = open_database(database_url(read.data_dir, read.database_url))
        removed = tidy_up(engine, read, datetime.now(UTC), by="command line")
        if as_json:
            _print_json({"clips": removed.clips, "files": removed.files, "bytes": removed.size})
        else:
            _out.print(
                f"Removed {removed.clips} clips and {removed.files} files, "
                f"{removed.size / 1e6:.1f} MB."
            )


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "SMARTPARK_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(
            Text(
                en=f"{name} is not valid: {first['msg']}. Correct it in the environment or .env.",
                zh=f"设置 {name} 无效：{first['msg']}。请在环境变量或 .env 中更正。",
            )
        ) from error


def _language() -> Literal["en", "zh"]:
    return "zh" if Settings().language == "zh" else "en"


@contextmanager
def _errors_told() -> Iterator[None]:
    try:
        yield
    except SmartParkError as error:
        _say_error(error)
        raise typer.Exit(2 if isinstance(error, InputError) else 1) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(130) from error


def _say_error(error: SmartParkError) -> None:
    said = error.text.en if isinstance(error, SettingsError) else error.text.say(_language())
    typer.echo(" ".join(said.split()), err=True)


@contextmanager
def _progress(name: str) -> Iterator[Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f}%"))
    with Progress(*columns, TimeRemainingColumn(), console=_screen, transient=True) as bar:
        task = bar.add_task(name[:40].replace("[", "("), total=1.0)

        def on_progress(share: float, _note: Text | None = None) -> None:
            bar.update(task, completed=share)

        yield on_progress


def _print_json(document: object) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def _print_report(report: dict[str, Any], folder: Path) -> None:
    clip, timing = report["clip"], report["timing"]
    _out.print(
        f"{clip['name']}: {clip['frames']} frames, {clip['duration_s']:.1f} s, "
        f"{report['tracks']} tracks, {len(report['events'])} events, "
        f"{timing['frames_per_s']:.0f} frames/s "
        f"({timing['inferred_frames']} frames inferred)",
        markup=False,
        soft_wrap=True,
    )
    language = _language()
    for event in report["events"]:
        said = event["text"][language]
        _out.print(
            f"  {event['start_s']:7.1f} s  {event['severity']:<6}  {said}",
            markup=False,
            soft_wrap=True,
        )
    for line in report["lines"]:
        _out.print(
            f"  {line['name']}: {sum(line['in'].values())} in, {sum(line['out'].values())} out",
            markup=False,
            soft_wrap=True,
        )
    _out.print(f"  {folder / 'report.html'}", markup=False, soft_wrap=True)


def _print_table(rows: list[dict[str, Any]], *, empty: str) -> None:
    if not rows:
        _out.print(empty)
        return
    table = Table(*rows[0].keys(), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(value if value is not None else "") for value in row.values()))
    _out.print(table)


if __name__ == "__main__":
    app()
