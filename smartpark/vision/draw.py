"""Draw what was seen on a frame: boxes, trails, zones, lines with counts, ongoing events."""

from collections import deque
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import supervision as sv

from smartpark.core.geometry import Points, feet
from smartpark.core.scene import Line, Scene, Zone
from smartpark.core.text import Language
from smartpark.core.values import ClipInfo
from smartpark.vision.canvas import (
    Canvas,
    Colour,
    Picture,
    Stencil,
    Stroke,
    Tint,
    i420_to_rgb,
    rgb_to_i420,
    tag,
)

# One colour per class, apart from each other on grass and on asphalt.
_COLOURS: dict[str, Colour] = {
    "person": (45, 212, 191),
    "bicycle": (132, 204, 22),
    "motorcycle": (232, 121, 249),
    "car": (251, 191, 36),
    "bus": (251, 146, 60),
    "truck": (248, 113, 113),
    "train": (251, 146, 60),
    "dog": (196, 181, 253),
    "cat": (196, 181, 253),
}
_OTHER: Colour = (147, 197, 253)
_ZONE: Colour = (96, 165, 250)
_LINE: Colour = (250, 204, 21)
_SHADOW: Colour = (12, 16, 20)
_BANNER: Colour = (190, 32, 46)

_NAMES_ZH = {
    "person": "行人",
    "bicycle": "自行车",
    "motorcycle": "摩托车",
    "car": "汽车",
    "bus": "公交车",
    "truck": "卡车",
    "train": "火车",
    "dog": "狗",
    "cat": "猫",
    "backpack": "背包",
    "handbag": "手提包",
    "suitcase": "行李箱",
}
_TRAIL_S = 1.5
_TRAIL_POINTS = 10
_TINT = 0.22
_MOST_BANNERS = 4


class OverlayPainter:
    """Paints frames of one clip, in order; remembers short trails.

    Args:
        info: the clip.
        scene: its zones and lines, in pixels of the clip.
        language: of class names and counts; banners are given as they shall appear.
    """

    def __init__(self, info: ClipInfo, scene: Scene, *, language: Language = "en") -> None:
        self._language = language
        self._scene = scene
        # Letters of 1/36 of the height can be read at 360p and do not shout at 1080p.
        self._letters = max(12, round(info.height / 36))
        self._stroke = max(2, round(info.height / 540) * 2)
        width, height = info.width + info.width % 2, info.height + info.height % 2
        self._tints = [
            Tint(width, height, _points(zone.polygon), _ZONE, _TINT) for zone in scene.zones
        ]
        paths = [path for zone in scene.zones for path in self._zone_paths(zone)]
        paths += [path for line in scene.lines for path in self._line_paths(line)]
        self._anchors = [_anchor(line) for line in scene.lines]
        self._stencil = Stencil(width, height, paths)
        self._zone_tags = [self._zone_tag(zone) for zone in scene.zones]
        self._trails = _Trails(info.fps)

    def paint(
        self,
        i420: Picture,
        detections: sv.Detections,
        *,
        counts: Mapping[str, tuple[int, int]],
        banners: Sequence[str],
    ) -> None:
        """Draw on one frame, in place.

        Args:
            i420: (h * 3 / 2, w) contiguous planar 4:2:0 of even size.
            detections: boxes in pixels of the clip; `tracker_id` and `data["class_name"]` are
                shown where present.
            counts: by name of the line, how many went `in` and `out`.
            banners: sentences about what is going on now.
        """
        canvas = Canvas(i420)
        for tint in self._tints:
            tint.lay(i420)
        self._stencil.lay(i420)
        for text, x, y in self._zone_tags:
            canvas.blit(tag(text, _ZONE, self._letters), x, y)
        self._paint_boxes(canvas, detections)
        self._paint_counts(canvas, counts)
        self._paint_banners(canvas, banners)

    def _paint_boxes(self, canvas: Canvas, detections: sv.Detections) -> None:
        boxes = np.asarray(detections.xyxy, np.float32)
        names = [str(name) for name in detections.data.get("class_name", [""] * len(boxes))]
        ids = detections.tracker_id
        marks = [0] * len(boxes) if ids is None else [int(mark) for mark in ids]
        trails = self._trails.grow(marks, feet(boxes))
        colours = [_COLOURS.get(name, _OTHER) for name in names]
        for colour, trail in zip(colours, trails, strict=True):
            if trail is not None:
                canvas.path(trail, colour, self._stroke)
        for box, colour in zip(np.rint(boxes).astype(int).tolist(), colours, strict=True):
            self._paint_box(canvas, box, colour)
        for box, name, mark, colour in zip(boxes.tolist(), names, marks, colours, strict=True):
            self._paint_tag(canvas, box, self._title(name, mark, box[2] - box[0]), colour)

    def _paint_box(self, canvas: Canvas, box: list[int], colour: Colour) -> None:
        x1, y1, x2, y2 = box
        around = self._stroke // 2 + 1
        # A thin shadow keeps the box visible on ground of its own colour.
        cv2.rectangle(
            canvas.planes[0],
            (x1 & ~1, y1 & ~1),
            (x2 & ~1, y2 & ~1),
            16,
            self._stroke + around,
        )
        canvas.rectangle(box, colour, self._stroke)

    def _paint_tag(self, canvas: Canvas, box: list[float], text: str, colour: Colour) -> None:
        if not text:
            return
        sprite = tag(text, colour, self._letters)
        x, y = round(box[0]) - self._stroke // 2, round(box[1]) - sprite.height
        canvas.blit(sprite, x, y if y >= 0 else round(box[1]) + self._stroke)

    def _title(self, name: str, mark: int, width: float) -> str:
        """Return what stands on a box: small ones carry only the number."""
        if mark and width < 2.5 * self._letters:
            return str(mark)
        shown = _NAMES_ZH.get(name, name) if self._language == "zh" else name
        return f"{shown} {mark}" if mark else shown

    def _paint_counts(self, canvas: Canvas, counts: Mapping[str, tuple[int, int]]) -> None:
        for line, (middle, inward) in zip(self._scene.lines, self._anchors, strict=True):
            sprite = tag(self._line_text(line, counts.get(line.name)), _LINE, self._letters)
            half = np.array([sprite.width, sprite.height], np.float32) / 2
            # Behind the line, clear of the arrow.
            away = float(np.abs(inward) @ half) + self._letters / 2
            x, y = middle - inward * away - half
            canvas.blit(sprite, round(float(x)), round(float(y)))

    def _line_text(self, line: Line, count: tuple[int, int] | None) -> str:
        if count is None:
            return line.name
        went_in, went_out = count
        if self._language == "zh":
            return f"{line.name} 进 {went_in} 出 {went_out}"
        return f"{line.name}  in {went_in}  out {went_out}"

    def _paint_banners(self, canvas: Canvas, banners: Sequence[str]) -> None:
        shown = list(banners[:_MOST_BANNERS])
        rest = len(banners) - len(shown)
        if rest:
            shown.append(f"另有 {rest} 项" if self._language == "zh" else f"{rest} more")
        gap = self._letters // 2
        y = gap
        for text in shown:
            sprite = tag(text, _BANNER, round(self._letters * 1.15))
            canvas.blit(sprite, gap, y)
            y += sprite.height + 2

    def _zone_paths(self, zone: Zone) -> list[Stroke]:
        corners = _points((*zone.polygon, zone.polygon[0]))
        return [(corners, _SHADOW, self._stroke + 2), (corners, _ZONE, self._stroke)]

    def _zone_tag(self, zone: Zone) -> tuple[str, int, int]:
        corners = _points(zone.polygon)
        top = corners[np.argmin(corners[:, 1])]
        return zone.name, round(float(top[0])), round(float(top[1])) + self._stroke

    def _line_paths(self, line: Line) -> list[Stroke]:
        middle, inward = _anchor(line)
        side = np.array([inward[1], -inward[0]], np.float32)
        reach = 2.0 * self._letters
        tip = middle + inward * reach
        back = tip - inward * (0.4 * reach)
        head = np.stack([back + side * (0.3 * reach), tip, back - side * (0.3 * reach)])
        strokes = (_points((line.start, line.end)), np.stack([middle, tip]), head)
        shadow: list[Stroke] = [(points, _SHADOW, self._stroke + 2) for points in strokes]
        return shadow + [(points, _LINE, self._stroke) for points in strokes]


def paint_rgb(image: Picture, detections: sv.Detections, scene: Scene) -> None:
    """Draw boxes, zones and lines on an RGB picture of the clip's own size, in place."""
    height, width = image.shape[:2]
    padded = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    i420 = rgb_to_i420(padded)
    info = ClipInfo("", width, height, 1.0, 1, 1.0, "", "")
    OverlayPainter(info, scene).paint(i420, detections, counts={}, banners=())
    image[:] = i420_to_rgb(i420)[:height, :width]


class _Trails:
    """The last places where each track stood; a bounded number of points."""

    def __init__(self, fps: float) -> None:
        self._every = max(1, round(_TRAIL_S * fps / _TRAIL_POINTS))
        self._patience = max(1, round(_TRAIL_S * fps))
        self._count = 0
        self._points: dict[int, deque[tuple[float, float]]] = {}
        self._seen: dict[int, int] = {}

    def grow(self, marks: list[int], places: Points) -> list[Points | None]:
        """Return the trail of each track, up to its present place."""
        self._count += 1
        for mark in [m for m, seen in self._seen.items() if self._count - seen > self._patience]:
            del self._points[mark], self._seen[mark]
        return [
            self._one(mark, (float(x), float(y))) if mark else None
            for mark, (x, y) in zip(marks, places, strict=True)
        ]

    def _one(self, mark: int, place: tuple[float, float]) -> Points | None:
        trail = self._points.setdefault(mark, deque(maxlen=_TRAIL_POINTS))
        self._seen[mark] = self._count
        now = np.array([*trail, place], np.float32) if trail else None
        if self._count % self._every == 0 or not trail:
            trail.append(place)
        return now


def _anchor(line: Line) -> tuple[Points, Points]:
    """Return a line's middle and the unit step towards the side where `in` leads.

    The side is that of smartpark.core.geometry.side_of_line turning positive.
    """
    start, end = _points((line.start, line.end))
    along = end - start
    length = float(np.hypot(along[0], along[1])) or 1.0
    return (start + end) / 2, np.array([-along[1], along[0]], np.float32) / length


def _points(corners: Sequence[tuple[float, float]]) -> Points:
    return np.asarray(corners, np.float32).reshape(-1, 2)
