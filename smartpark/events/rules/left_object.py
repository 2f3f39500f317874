"""Left object: something was put down, stays as it is, and whoever brought it has walked away."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import dist, hypot
from typing import TYPE_CHECKING, Unpack

import numpy as np

from smartpark.core.scene import RuleSpec
from smartpark.core.values import Event, Evidence
from smartpark.events.forms import LeftObjectParams
from smartpark.events.placed import zone_of
from smartpark.events.sights import Box, Sight, Where, box_iou, labels_for, rounded, sights_of
from smartpark.events.stays import Area
from smartpark.events.wording import reason
from smartpark.vision.static import Movement, StaticBlob, StaticForeground

if TYPE_CHECKING:
    from smartpark.vision.observation import Observation

VEHICLES = frozenset({"bicycle", "car", "motorcycle", "bus", "truck", "train"})
NEAR_HEIGHTS = 0.35  # a gap of this many body heights is within reach
AWAY_HEIGHTS = 1.5  # feet this far from the thing: nobody minds it
ALONE_S = 2.0  # away for this long, not a step aside
OWNER_BEFORE_S = 3.0  # whoever was beside it from so long before it came to rest ...
OWNER_AFTER_S = 2.0  # ... to so long after
HANDOVER_S = 3.0  # a lost owner who is found again beside sooner has only a new number
REACH_HEIGHTS = 0.75  # how near to where the owner was lost
ALIKE_HEIGHTS = (0.4, 1.8)  # of the owner's height; others are no whole person
REMEMBER_S = 60.0
MOST_BORN = 1000  # tracks whose beginning is remembered before old ones are dropped
MOST_OF_OWNER = 0.75  # share of its owner's height or of half their box: larger is no bag
PERSON_OVERLAP = 0.4  # a region like this on its owner's box is the owner, standing still
EMPTY_SHARE = 0.25  # less than this of a place is new: nobody stands there unseen
LEAST_JUDGEMENTS = 2
LARGER = 1.4  # whoever brings a thing is so much taller than it
AWAY_GAP_HEIGHTS = 0.75  # nothing moves within so many of their heights: they are away
LEAVES_S = 0.5
UNSEEN_OWNER_S = 8.0
UNOWNED_S = 90.0  # nobody brought it: after this long it is background


@dataclass(slots=True)
class _Owner:
    sight: Sight
    last_s: float
    track_ids: list[int]
    tallest: float
    near_box: Box


@dataclass(slots=True)
class _Thing:
    blob: StaticBlob
    box: Box
    owners: list[_Owner] = field(default_factory=list)
    is_vehicle: bool = False
    alone_since_s: float | None = None
    number: int = 0
    start_s: float = 0.0

    @property
    def foot(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, self.box[3]


class LeftObject:
    """Raises an event once a thing has been still for `min_s` and its owner has left.

    The detector need not know the thing: it is found as a region that is new and holds still.
    People are the tracks. A thing that nobody was seen to bring raises nothing.
    """

    kind = "left_object"
    needs_thumbnail = True
    thumbnail_interval_s = 0.5
    Params = LeftObjectParams

    def __init__(self, spec: RuleSpec, **where: Unpack[Where]) -> None:
        self._min_s = self.Params.model_validate(dict(spec.params)).min_s
        self._labels = labels_for(spec, ("person",))
        zone = zone_of(self.kind, where)
        self._zone, self._area = zone.name, Area(zone)
        self._size = where["size"]
        self._name = where["name"]
        self._events = 0
        self._foreground = StaticForeground()
        self._things: dict[int, _Thing] = {}
        self._lately: deque[tuple[float, list[Sight]]] = deque()
        self._born: dict[int, tuple[float, Sight]] = {}

    def observe(self, observation: "Observation") -> list[Event]:
        """Return the left objects that were found or fetched at this moment."""
        if observation.thumbnail is None:
            return []
        time_s = observation.time_s
        everything = sights_of(observation)
        people = [sight for sight in everything if sight.label in self._labels]
        vehicles = [sight for sight in everything if sight.label in VEHICLES]
        self._remember(people, time_s)
        height, width = observation.thumbnail.shape[:2]
        to_thumbnail = np.array([width / self._size[0], height / self._size[1]] * 2, np.float32)
        boxes = np.array([sight.box for sight in people + vehicles], np.float32).reshape(-1, 4)
        seen = self._foreground.observe(observation.thumbnail, time_s, boxes * to_thumbnail)
        events = self._fetched()
        for blob in seen:
            thing = self._thing_of(blob)
            self._learn(thing, people, vehicles, time_s)
            events += self._judge(thing, time_s)
        return events

    def finish(self, time_s: float) -> list[Event]:  # noqa: ARG002 - it ends at its last sight
        """Return the left objects still there when the clip ends."""
        return [self._event(thing, ongoing=False) for thing in self._things.values()
                if thing.number]  # fmt: skip

    def _remember(self, people: list[Sight], time_s: float) -> None:
        self._lately.append((time_s, people))
        while time_s - self._lately[0][0] > REMEMBER_S:
            self._lately.popleft()
        for sight in people:
            self._born.setdefault(sight.track_id, (time_s, sight))
        if len(self._born) > MOST_BORN:
            present = {sight.track_id for _, sights in self._lately for sight in sights}
            self._born = {key: value for key, value in self._born.items() if key in present}

    def _fetched(self) -> list[Event]:
        present = {blob.id for blob in self._foreground.blobs}
        gone = [thing for number, thing in self._things.items() if number not in present]
        self._things = {
            number: thing for number, thing in self._things.items() if number in present
        }
        return [self._event(thing, ongoing=False) for thing in gone if thing.number]

    def _thing_of(self, blob: StaticBlob) -> _Thing:
        thing = self._things.setdefault(blob.id, _Thing(blob, (0, 0, 0, 0)))
        across, down = self._per_pixel()
        left, top, right, bottom = blob.box
        thing.blob = blob
        thing.box = (left * across, top * down, right * across, bottom * down)
        return thing

    def _per_pixel(self) -> tuple[float, float]:
        width, height = self._foreground.size
        return self._size[0] / width, self._size[1] / height

    def _learn(
        self, thing: _Thing, people: list[Sight], vehicles: list[Sight], time_s: float
    ) -> None:
        """Note who brought the thing and where they are now."""
        thing.is_vehicle = thing.is_vehicle or any(
            _covered_share(thing.box, vehicle.box) > 0.7 or box_iou(thing.box, vehicle.box) > 0.3
            for vehicle in vehicles
        )
        self._find_owners(thing)
        in_view = {sight.track_id: sight for sight in people}
        for owner in thing.owners:
            now = in_view.get(owner.track_ids[-1]) or self._found_again(
                owner, people, thing, time_s
            )
            if now is not None:
                owner.sight, owner.last_s = now, time_s
                if _is_beside(thing, now):
                    owner.tallest = max(owner.tallest, now.height)

    def _find_owners(self, thing: _Thing) -> None:
        if thing.number:
            return  # whoever passes later did not bring it
        since_s = thing.blob.since_s
        for seen_s, sights in self._lately:
            if since_s - OWNER_BEFORE_S <= seen_s <= since_s + OWNER_AFTER_S:
                for sight in sights:
                    if _is_beside(thing, sight):
                        _note_owner(thing, sight, seen_s)

    def _found_again(
        self, owner: _Owner, people: list[Sight], thing: _Thing, time_s: float
    ) -> Sight | None:
        """Return the new track that a lost owner goes on under.

        It began beside the place where the owner was lost, soon after, or beside the thing: who
        comes from elsewhere is somebody else.
        """
        if _is_far(owner, thing):
            return None
        taken = {track_id for other in thing.owners for track_id in other.track_ids}
        for sight in people:
            low, high = ALIKE_HEIGHTS
            if sight.track_id in taken or not low < sight.height / owner.tallest < high:
                continue
            near = dist(sight.foot, owner.sight.foot) < REACH_HEIGHTS * owner.tallest
            soon = time_s - owner.last_s <= HANDOVER_S
            born_s, born = self._born[sight.track_id]
            if (near and soon) or (born_s >= owner.last_s and _is_beside(thing, born)):
                owner.track_ids.append(sight.track_id)
                return sight
        return None

    def _judge(self, thing: _Thing, time_s: float) -> list[Event]:
        if thing.number:
            return []
        if not thing.owners and time_s - thing.blob.since_s > UNOWNED_S:
            self._foreground.absorb(thing.blob)
            return []
        if not self._is_unminded(thing, time_s):
            thing.alone_since_s = None
        elif thing.alone_since_s is None:
            thing.alone_since_s = time_s
        if not self._is_left(thing, time_s):
            return []
        self._events += 1
        thing.number, thing.start_s = self._events, thing.blob.since_s
        return [self._event(thing, ongoing=True)]

    def _is_unminded(self, thing: _Thing, time_s: float) -> bool:
        if thing.owners:
            return all(self._is_away(owner, thing, time_s) for owner in thing.owners)
        return was_brought(thing.blob, self._foreground.movements)

    def _is_left(self, thing: _Thing, time_s: float) -> bool:
        blob = thing.blob
        if thing.alone_since_s is None or thing.is_vehicle or not self._is_inside(thing):
            return False
        rested = time_s - blob.since_s >= self._min_s
        alone = time_s - thing.alone_since_s >= min(ALONE_S, self._min_s)
        judged = blob.is_new_thing and blob.yes >= LEAST_JUDGEMENTS
        if not thing.owners:  # less is known, so more is asked
            sure = blob.no == 0 and not self._touches_edge(blob)
            judged = judged and sure and time_s - blob.since_s >= UNSEEN_OWNER_S
        return rested and alone and judged and all(_fits(thing, owner) for owner in thing.owners)

    def _touches_edge(self, blob: StaticBlob) -> bool:
        """Whether the picture cuts the region off, so that its size is not known."""
        width, height = self._foreground.size
        left, top, right, bottom = blob.box
        return left < 2 or top < 2 or right > width - 2 or bottom > height - 2

    def _is_inside(self, thing: _Thing) -> bool:
        return bool(self._area.inside([Sight(0, "", thing.box, 1.0)]))

    def _is_away(self, owner: _Owner, thing: _Thing, time_s: float) -> bool:
        if _is_far(owner, thing):
            return True
        if owner.last_s == time_s:
            return False
        # Lost from sight near the thing: away only where the place is empty, and not just hidden.
        left, top, right, bottom = owner.sight.box
        across, down = self._per_pixel()
        place = (left / across, top / down, right / across, bottom / down)
        empty = self._foreground.new_share(place, beside=thing.blob) < EMPTY_SHARE
        return empty and time_s - owner.last_s > HANDOVER_S

    def _event(self, thing: _Thing, *, ongoing: bool) -> Event:
        blob = thing.blob
        owner_ids = tuple(thing.owners[0].track_ids) if thing.owners else ()
        alone_since_s = blob.last_s if thing.alone_since_s is None else thing.alone_since_s
        evidence: dict[str, Evidence] = {
            "label": thing.owners[0].sight.label if thing.owners else "person",
            "still_s": round(blob.last_s - thing.start_s, 2),
            "alone_s": round(blob.last_s - alone_since_s, 2),
            "limit_s": self._min_s,
            "owner_id": owner_ids[-1] if owner_ids else 0,
            "box": rounded(thing.box),
            "position": rounded(thing.foot),
            "at_s": round(blob.last_s, 3),
        }
        return Event(
            id=f"{self._name}-{thing.number}",
            kind=self.kind,
            start_s=thing.start_s,
            end_s=blob.last_s,
            text=reason(self.kind, evidence, track_ids=owner_ids, place=self._zone),
            track_ids=owner_ids,
            zone=self._zone,
            severity="high",
            score=round(blob.yes / max(1, blob.yes + blob.no) * (1 if owner_ids else 0.6), 3),
            ongoing=ongoing,
            evidence=evidence,
        )


def was_brought(blob: StaticBlob, movements: Iterable[Movement]) -> bool:
    """Return whether something larger moved beside a region when it came to rest, and left.

    This stands in for an owner whom the detector did not see. What stopped by itself, such as a
    car, has nothing beside it that leaves.
    """
    high = blob.box[3] - blob.box[1]
    tallest = 0.0
    last_beside_s = latest_s = float("-inf")
    came = False
    for movement in movements:
        latest_s = movement.time_s
        for box in movement.boxes:
            height = box[3] - box[1]
            gap = _gap(blob.box, box)
            if height >= high * LARGER and gap <= NEAR_HEIGHTS * height:
                came = came or abs(movement.time_s - blob.since_s) <= OWNER_BEFORE_S
                tallest = max(tallest, height)
            if gap <= AWAY_GAP_HEIGHTS * max(tallest, high):
                last_beside_s = movement.time_s
    left_later = last_beside_s > blob.since_s + LEAVES_S
    return came and left_later and latest_s > last_beside_s


def _note_owner(thing: _Thing, sight: Sight, seen_s: float) -> None:
    for owner in thing.owners:
        if sight.track_id in owner.track_ids:
            return
    thing.owners.append(_Owner(sight, seen_s, [sight.track_id], sight.height, sight.box))
    thing.owners.sort(key=lambda owner: _gap(thing.box, owner.near_box))


def _is_far(owner: _Owner, thing: _Thing) -> bool:
    return dist(owner.sight.foot, thing.foot) > AWAY_HEIGHTS * owner.tallest


def _is_beside(thing: _Thing, sight: Sight) -> bool:
    return _gap(thing.box, sight.box) <= NEAR_HEIGHTS * sight.height


def _fits(thing: _Thing, owner: _Owner) -> bool:
    """Whether the thing is small enough to be the owner's bag and not the owner."""
    wide, high = thing.box[2] - thing.box[0], thing.box[3] - thing.box[1]
    left, top, right, bottom = owner.near_box
    small = high <= MOST_OF_OWNER * owner.tallest and wide <= 1.5 * owner.tallest
    return small and box_iou(thing.box, (left, top, right, bottom)) < PERSON_OVERLAP


def _gap(first: Box, second: Box) -> float:
    """Return the distance between two boxes, 0 where they touch."""
    across = max(0.0, first[0] - second[2], second[0] - first[2])
    down = max(0.0, first[1] - second[3], second[1] - first[3])
    return hypot(across, down)


def _covered_share(inner: Box, outer: Box) -> float:
    wide = min(inner[2], outer[2]) - max(inner[0], outer[0])
    high = min(inner[3], outer[3]) - max(inner[1], outer[1])
    area = (inner[2] - inner[0]) * (inner[3] - inner[1])
    return max(0.0, wide) * max(0.0, high) / area if area > 0 else 0.0
