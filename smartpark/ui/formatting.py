"""Figures as people read them: times in the park's zone, durations, sizes."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from smartpark.core.text import Language
from smartpark.ui.messages import say

_MARKED = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>:$&^=\"'])")


def clock(seconds: float) -> str:
    """Return a moment of a clip, as a player shows it.

    Example:
        >>> clock(7.26), clock(3661)
        ('0:07', '1:01:01')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def duration(seconds: float, language: Language) -> str:
    """Return how long something takes, in the unit that fits.

    Example:
        >>> duration(7.26, "en"), duration(200, "en"), duration(4000, "zh")
        ('7 s', '3 min', '1 小时 6 分')
    """
    if seconds < 90:
        return say("time.seconds", language, n=round(seconds))
    if seconds < 3600:
        return say("time.minutes", language, n=round(seconds / 60))
    hours, minutes = divmod(int(seconds / 60), 60)
    return say("time.hours", language, h=hours, m=minutes)


def size(size_bytes: float) -> str:
    """Return a file size in the unit that fits.

    Example:
        >>> size(900), size(8_130_690), size(2_000_000_000)
        ('1 kB', '8.1 MB', '2.0 GB')
    """
    if size_bytes >= 1e9:
        return f"{size_bytes / 1e9:.1f} GB"
    if size_bytes >= 1e6:
        return f"{size_bytes / 1e6:.1f} MB"
    return f"{max(1, round(size_bytes / 1e3))} kB"


def moment(at: datetime, zone: str) -> str:
    """Return a stored time (UTC) on the park's clock.

    Example:
        >>> moment(datetime(2026, 5, 1, 20, 30, tzinfo=UTC), "Asia/Shanghai")
        '2026-05-02 04:30'
    """
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def ago(at: datetime, *, now: datetime, zone: str, language: Language) -> str:
    """Return how long ago something was, or when, if that was yesterday or before.

    Example:
        >>> at = datetime(2026, 5, 1, 20, 30, tzinfo=UTC)
        >>> ago(at, now=at.replace(hour=22, minute=40), zone="UTC", language="en")
        '2 h ago'
    """
    seconds = (now - at).total_seconds()
    if seconds < 60:
        return say("time.now", language)
    if seconds < 3600:
        return say("time.minutes_ago", language, n=int(seconds // 60))
    if seconds < 12 * 3600:
        return say("time.hours_ago", language, n=int(seconds // 3600))
    return moment(at, zone)


def plain(text: str) -> str:
    r"""Return `text` so that Streamlit's Markdown shows it as it is, whatever it holds.

    Example:
        >>> print(plain("*a* :smile: <b>"))
        \*a\* \:smile\: \<b\>
    """
    return _MARKED.sub(r"\\\1", text.replace("\n", " "))


def figure(value: object, unit: str = "") -> str:
    """Return a measured figure with as many digits as one wants to read.

    Example:
        >>> figure(14.0312, "s"), figure(3, "")
        ('14.0 s', '3')
    """
    shown = f"{value:.1f}" if isinstance(value, float) else str(value)
    return f"{shown} {unit}".strip()


def utc_now() -> datetime:
    """Return this moment; the screens' only clock."""
    return datetime.now(UTC)
