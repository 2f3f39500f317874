"""Alerts: one for each cause, and the words that say why."""

import pytest

from smartpark.core.text import Text
from smartpark.core.values import Event
from smartpark.events.alerts import alerts_from
from smartpark.events.wording import label_text, reason
from smartpark.testing.scene import Stage
from tests.events.play import in_zone, told


def event(number, start_s, end_s, *, kind="intrusion", zone="Lawn", **changes):
    fields = {"track_ids": (1,), "severity": "high", "text": Text(en="Why.", zh="原因。")}
    return Event(
        f"{kind}-{zone}-{number}", kind, start_s, end_s, zone=zone, **{**fields, **changes}
    )


def keys(*events):
    return [alert.key for alert in alerts_from(events)]


def test_each_cause_raises_one_alert() -> None:
    assert keys(event(1, 0, 4), event(2, 1, 5, track_ids=(2,))) == [
        "intrusion|Lawn|1", "intrusion|Lawn|2",
    ]  # fmt: skip


def test_the_same_cause_soon_after_raises_no_second_alert() -> None:
    assert keys(event(1, 0, 4), event(2, 9, 12), event(3, 20, 21)) == ["intrusion|Lawn|1"]


def test_the_same_cause_much_later_is_a_new_alert_with_its_own_key() -> None:
    assert keys(event(1, 0, 4), event(2, 60, 70)) == ["intrusion|Lawn|1", "intrusion|Lawn|1|2"]


def test_another_place_or_kind_is_another_cause() -> None:
    assert len(keys(event(1, 0, 4), event(1, 0, 4, zone="Pond"), event(1, 0, 4, kind="crowd"))) == 3


def test_the_last_version_of_an_event_holds() -> None:
    (alert,) = alerts_from([event(1, 0, 1), event(1, 0, 9)])

    assert alert.event.end_s == 9


def test_what_is_only_good_to_know_raises_no_alert() -> None:
    assert keys(event(1, 0, 4, severity="info")) == []


def test_a_crowd_is_the_same_crowd_whoever_is_in_it() -> None:
    first = event(1, 0, 4, kind="crowd", track_ids=(1, 2, 3))
    again = event(2, 8, 9, kind="crowd", track_ids=(4, 5, 6))

    assert keys(first, again) == ["crowd|Lawn|"]


def test_keys_and_ids_are_the_same_when_the_clip_is_analysed_again() -> None:
    def run():
        stage = Stage(seconds=20, jitter_px=2.0, seed=5).crowd(4, around=(320, 200))
        return [(alert.key, alert.event.id, alert.text) for alert in
                alerts_from(told(stage, in_zone("intrusion")))]  # fmt: skip

    assert run() == run()
    assert len(run()) == 4


@pytest.mark.parametrize(
    ("kind", "evidence", "en", "zh"),
    [
        (
            "crowd", {"count": 14, "limit_count": 10},
            "14 people were in “Gate” at once; the limit is 10.",
            "“Gate”内同时有 14 人；上限为 10 人。",
        ),
        (
            "speed", {"label": "car", "speed_kmh": 31.6, "limit_kmh": 20.0},
            "Car 7 crossed “Gate” at 32 km/h; the limit is 20 km/h.",
            "汽车 7 以 32 公里/小时越过“Gate”；限速 20 公里/小时。",
        ),
        (
            "stopped_vehicle", {"label": "truck", "stood_s": 42.4, "limit_s": 30.0},
            "Truck 7 stood still in “Gate” for 42 s; the limit is 30 s.",
            "卡车 7 在“Gate”停了 42 秒；上限为 30 秒。",
        ),
        (
            "left_object", {"label": "person", "alone_s": 6.5, "owner_id": 7},
            "Something was left in “Gate” and has been alone for 6.5 s; person 7 put it down and "
            "walked away.",
            "“Gate”内有遗留物品，无人看管已 6.5 秒；行人 7 放下后离开。",
        ),
        (
            "running", {"label": "person", "speed_heights_per_s": 2.13},
            "Person 7 ran at 2.1 body heights per second.",
            "行人 7 奔跑，每秒移动约 2.1 个身高。",
        ),
    ],
)  # fmt: skip
def test_each_reason_names_the_figure_and_the_limit(kind, evidence, en, zh) -> None:
    text = reason(kind, evidence, track_ids=(7,), place="Gate")

    assert (text.en, text.zh) == (en, zh)


def test_a_rule_of_a_stranger_has_at_least_a_plain_sentence() -> None:
    assert reason("flood", {}, place="Gate").en == "flood at “Gate”."


def test_a_label_without_translation_stays_as_it_is() -> None:
    assert label_text("kite") == Text(en="Kite", zh="kite")
