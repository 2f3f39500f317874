"""The reason of each event in words, in both languages, made from its evidence."""

from collections.abc import Callable, Mapping

from smartpark.core.text import Text
from smartpark.core.values import Evidence

_LABELS_ZH = {
    "person": "行人",
    "bicycle": "自行车",
    "car": "汽车",
    "motorcycle": "摩托车",
    "bus": "公交车",
    "truck": "卡车",
    "train": "列车",
    "dog": "狗",
    "cat": "猫",
    "backpack": "背包",
    "handbag": "手提包",
    "suitcase": "行李箱",
    "umbrella": "雨伞",
    "skateboard": "滑板",
    "boat": "船",
    "bird": "鸟",
}


def label_text(label: str) -> Text:
    """Return a class name for a sentence; a name without translation stays as it is.

    Example:
        >>> label_text("car").zh
        '汽车'
    """
    return Text(en=label[:1].upper() + label[1:], zh=_LABELS_ZH.get(label, label))


def reason(
    kind: str,
    evidence: Mapping[str, Evidence],
    *,
    track_ids: tuple[int, ...] = (),
    place: str | None = None,
) -> Text:
    """Return why an event was raised.

    Args:
        kind: the rule that raised it.
        evidence: its measured figures.
        track_ids: who took part, the latest number last.
        place: the name of the zone or line.

    Example:
        >>> figures = {"label": "person", "stayed_s": 14.2, "limit_s": 10.0}
        >>> reason("loitering", figures, track_ids=(12,), place="Lawn").en
        'Person 12 stayed in “Lawn” for 14 s; the limit is 10 s.'
    """
    sentence = _SENTENCES.get(kind)
    if sentence is None:
        where_en, where_zh = (f" at “{place}”", f"“{place}”") if place else ("", "")
        return Text(en=f"{kind}{where_en}.", zh=f"{where_zh}{kind}。")
    return sentence(evidence, _who(evidence, track_ids), place or "")


def seconds(value: Evidence | None) -> str:
    """Return a duration for a sentence: whole from 10 s on, one decimal below.

    Example:
        >>> seconds(14.23), seconds(1.5), seconds(2.0)
        ('14', '1.5', '2')
    """
    number = float(value) if isinstance(value, int | float) else 0.0
    return f"{number:.0f}" if number >= 10 else f"{number:.1f}".removesuffix(".0")


def _who(evidence: Mapping[str, Evidence], track_ids: tuple[int, ...]) -> Text:
    label = label_text(str(evidence.get("label", "person")))
    if not track_ids:
        return label
    return Text(en=f"{label.en} {track_ids[-1]}", zh=f"{label.zh} {track_ids[-1]}")


def _figure(evidence: Mapping[str, Evidence], name: str, digits: int = 0) -> str:
    value = evidence.get(name)
    return f"{float(value):.{digits}f}" if isinstance(value, int | float) else "?"


def _intrusion(evidence: Mapping[str, Evidence], who: Text, place: str) -> Text:
    stayed = seconds(evidence.get("stayed_s"))
    return Text(
        en=f"{who.en} was in “{place}” for {stayed} s; nobody should be there.",
        zh=f"{who.zh} 进入禁入区域“{place}”，停留了 {stayed} 秒。",
    )


def _loitering(evidence: Mapping[str, Evidence], who: Text, place: str) -> Text:
    stayed, limit = seconds(evidence.get("stayed_s")), seconds(evidence.get("limit_s"))
    return Text(
        en=f"{who.en} stayed in “{place}” for {stayed} s; the limit is {limit} s.",
        zh=f"{who.zh} 在“{place}”停留了 {stayed} 秒；上限为 {limit} 秒。",
    )


def _crowd(evidence: Mapping[str, Evidence], who: Text, place: str) -> Text:
    del who  # a crowd has no single participant
    count, limit = evidence.get("count"), evidence.get("limit_count")
    return Text(
        en=f"{count} people were in “{place}” at once; the limit is {limit}.",
        zh=f"“{place}”内同时有 {count} 人；上限为 {limit} 人。",
    )


def _wrong_way(evidence: Mapping[str, Evidence], who: Text, place: str) -> Text:
    went, allowed = str(evidence.get("direction")), str(evidence.get("allowed"))
    ways = {"in": "进入", "out": "离开"}
    return Text(
        en=f"{who.en} crossed “{place}” going {went}; only {allowed} is allowed.",
        zh=f"{who.zh} 以“{ways.get(went, went)}”方向越过“{place}”；"
        f"只允许“{ways.get(allowed, allowed)}”方向。",
    )


def _speed(evidence: Mapping[str, Evidence], who: Text, place: str) -> Text:
    speed, limit = _figure(evidence, "speed_kmh"), _figure(evidence, "limit_kmh")
    return Text(
        en=f"{who.en} crossed “{place}” at {speed} km/h; the limit is {limit} km/h.",
        zh=f"{who.zh} 以 {speed} 公里/小时越过“{place}”；限速 {limit} 公里/小时。",
    )


def _left_object(evidence: Mapping[str, Evidence], who: Text, place: str) -> Text:
    alone = seconds(evidence.get("alone_s"))
    owned = bool(evidence.get("owner_id"))
    owner_en = f"; {who.en[:1].lower()}{who.en[1:]} put it down and walked away" if owned else ""
    owner_zh = f"；{who.zh} 放下后离开" if owned else ""
    return Text(
        en=f"Something was left in “{place}” and has been alone for {alone} s{owner_en}.",
        zh=f"“{place}”内有遗留物品，无人看管已 {alone} 秒{owner_zh}。",
    )


def _stopped_vehicle(evidence: Mapping[str, Evidence], who: Text, place: str) -> Text:
    stood, limit = seconds(evidence.get("stood_s")), seconds(evidence.get("limit_s"))
    return Text(
        en=f"{who.en} stood still in “{place}” for {stood} s; the limit is {limit} s.",
        zh=f"{who.zh} 在“{place}”停了 {stood} 秒；上限为 {limit} 秒。",
    )


def _running(evidence: Mapping[str, Evidence], who: Text, place: str) -> Text:
    del place  # running is watched for in the whole scene
    if "speed_mps" in evidence:
        speed = _figure(evidence, "speed_mps", 1)
        return Text(en=f"{who.en} ran at {speed} m/s.", zh=f"{who.zh} 以 {speed} 米/秒奔跑。")
    speed = _figure(evidence, "speed_heights_per_s", 1)
    return Text(
        en=f"{who.en} ran at {speed} body heights per second.",
        zh=f"{who.zh} 奔跑，每秒移动约 {speed} 个身高。",
    )


_SENTENCES: dict[str, Callable[[Mapping[str, Evidence], Text, str], Text]] = {
    "intrusion": _intrusion,
    "loitering": _loitering,
    "crowd": _crowd,
    "wrong_way": _wrong_way,
    "speed": _speed,
    "left_object": _left_object,
    "stopped_vehicle": _stopped_vehicle,
    "running": _running,
}
