"""Which events a person should see: one alert for each cause."""

from collections.abc import Iterable

from smartpark.core.values import SEVERITIES, Alert, Event

COOL_DOWN_S = 10.0  # the same cause again within this time is the same alert


def alerts_from(events: Iterable[Event]) -> list[Alert]:
    """Return an alert for each event that matters, in the order of their starts.

    An event of severity `info` raises none. The same kind, at the same place, with the same
    participants, that starts again within `COOL_DOWN_S` of its end raises no second one. Of
    several versions of one event (the same id) the last one holds.

    Example:
        >>> from smartpark.core.text import Text
        >>> def seen(number: int, start_s: float) -> Event:
        ...     return Event(
        ...         f"crowd-Gate-{number}",
        ...         "crowd",
        ...         start_s,
        ...         start_s + 2,
        ...         Text(en="Crowd.", zh="聚集。"),
        ...         zone="Gate",
        ...     )
        >>> [alert.key for alert in alerts_from([seen(1, 0), seen(2, 5), seen(3, 60)])]
        ['crowd|Gate|', 'crowd|Gate||2']
    """
    latest = {event.id: event for event in events}
    alerts: list[Alert] = []
    last_end_s: dict[str, float] = {}
    raised: dict[str, int] = {}
    for event in sorted(latest.values(), key=lambda event: (event.start_s, event.id)):
        if SEVERITIES.index(event.severity) < SEVERITIES.index("low"):
            continue
        cause = _cause(event)
        repeats = event.start_s <= last_end_s.get(cause, float("-inf")) + COOL_DOWN_S
        last_end_s[cause] = max(event.end_s, last_end_s.get(cause, event.end_s))
        if repeats:
            continue
        raised[cause] = raised.get(cause, 0) + 1
        key = cause if raised[cause] == 1 else f"{cause}|{raised[cause]}"
        alerts.append(Alert(event=event, key=key))
    return alerts


def _cause(event: Event) -> str:
    place = event.zone or event.line or ""
    # Whoever gathers is another crowd by its people, but the same crowd to a person who looks.
    who = "" if event.kind == "crowd" else ",".join(map(str, event.track_ids[:1]))
    return f"{event.kind}|{place}|{who}"
