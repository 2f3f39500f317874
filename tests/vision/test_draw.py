"""What is drawn on an overlay, and where."""

import cv2
import numpy as np
import pytest
import supervision as sv

from smartpark.core.geometry import side_of_line
from smartpark.core.scene import Line, Scene, Zone
from smartpark.core.values import ClipInfo
from smartpark.vision.canvas import i420_planes, i420_to_rgb, tag, to_yuv
from smartpark.vision.draw import OverlayPainter, paint_rgb

GRAY = 110
ZONE = Zone("Lawn", ((20, 120), (120, 120), (120, 220), (20, 220)))
LINE = Line("Gate", (200, 60), (200, 220))


def info(width: int = 320, height: int = 240, fps: float = 10.0) -> ClipInfo:
    return ClipInfo("walk.mp4", width, height, fps, 100, 10.0, "h264", "mov")


def ground(width: int = 320, height: int = 240) -> np.ndarray:
    i420 = np.full((height * 3 // 2, width), 128, np.uint8)
    i420[:height] = GRAY
    return i420


def seen(
    *boxes: tuple[float, float, float, float], ids: list[int] | None = None, name: str = "person"
) -> sv.Detections:
    count = len(boxes)
    return sv.Detections(
        xyxy=np.array(boxes, np.float32).reshape(-1, 4),
        confidence=np.ones(count, np.float32),
        class_id=np.zeros(count, int),
        tracker_id=None if ids is None else np.array(ids),
        data={"class_name": np.array([name] * count)},
    )


def touched(i420: np.ndarray) -> np.ndarray:
    """Return (h, w) bool: where brightness or colour was changed."""
    luma, blue, red = i420_planes(i420)
    colour = (blue != 128) | (red != 128)
    return (luma != GRAY) | colour.repeat(2, axis=0).repeat(2, axis=1)


def paint(
    detections: sv.Detections,
    *,
    scene: Scene | None = None,
    counts: dict[str, tuple[int, int]] | None = None,
    banners: list[str] | None = None,
    width: int = 320,
    height: int = 240,
) -> np.ndarray:
    i420 = ground(width, height)
    painter = OverlayPainter(info(width, height), scene or Scene("empty"))
    painter.paint(i420, detections, counts=counts or {}, banners=banners or [])
    return i420


def test_nothing_seen_and_nothing_planned_leaves_the_picture_as_it_was() -> None:
    assert not touched(paint(sv.Detections.empty())).any()


def test_a_box_is_outlined_in_the_colour_of_its_class() -> None:
    person = paint(seen((100, 80, 140, 180), ids=[7]))
    car = paint(seen((100, 80, 140, 180), ids=[7], name="car"))

    outline = touched(person)
    assert outline[130, 100]
    assert outline[130, 140]
    assert outline[180, 120]
    assert not outline[120:160, 106:134].any()
    assert not np.array_equal(i420_to_rgb(person)[130, 100], i420_to_rgb(car)[130, 100])


@pytest.mark.parametrize(
    "box", [(-50, -40, 20, 30), (300, 220, 400, 300), (0, 0, 320, 240), (10, 10, 10, 10)]
)
def test_boxes_at_and_over_the_edge_are_drawn_without_complaint(
    box: tuple[float, float, float, float],
) -> None:
    assert touched(paint(seen(box, ids=[1]))).any()


def test_detections_without_tracks_or_names_are_drawn() -> None:
    bare = sv.Detections(xyxy=np.array([[10, 30, 50, 90]], np.float32))

    assert touched(paint(bare)).any()


def test_a_trail_shows_where_a_track_came_from_and_is_forgotten() -> None:
    painter = OverlayPainter(info(), Scene("empty"))
    for step in range(10):
        i420 = ground()
        box = (20 + 20 * step, 60, 40 + 20 * step, 100)
        painter.paint(i420, seen(box, ids=[1]), counts={}, banners=[])
    assert touched(i420)[100, 130:150].any()

    for _ in range(40):
        painter.paint(ground(), sv.Detections.empty(), counts={}, banners=[])
    i420 = ground()
    painter.paint(i420, seen((20, 60, 40, 100), ids=[1]), counts={}, banners=[])
    assert not touched(i420)[100, 60:].any()


def test_trails_of_many_tracks_do_not_pile_up() -> None:
    painter = OverlayPainter(info(fps=2.0), Scene("empty"))
    for mark in range(1, 200):
        painter.paint(ground(), seen((20, 60, 40, 100), ids=[mark]), counts={}, banners=[])

    assert len(painter._trails._points) <= 5


def test_a_zone_is_outlined_tinted_and_named_while_its_details_stay() -> None:
    i420 = paint(sv.Detections.empty(), scene=Scene("park", zones=(ZONE,)))

    luma, blue, _ = i420_planes(i420)
    assert (luma[140:200, 40:100] == GRAY).all()
    assert (blue[75:95, 25:45] > 128).all()
    assert (blue[10:40, :] == 128).all()
    assert touched(i420)[170, 20]
    assert (luma[120:140, 20:60] != GRAY).mean() > 0.5


def test_a_line_shows_its_name_and_counts() -> None:
    scene = Scene("park", lines=(LINE,))

    plain = paint(sv.Detections.empty(), scene=scene)
    counted = paint(sv.Detections.empty(), scene=scene, counts={"Gate": (3, 12)})

    assert touched(plain)[100, 200]
    assert touched(counted).sum() > touched(plain).sum()


@pytest.mark.parametrize("ends", [((60, 120), (260, 120)), ((260, 120), (60, 120))])
def test_the_arrow_of_a_line_points_where_in_leads(
    ends: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    line = Line("Gate", *ends)
    i420 = paint(sv.Detections.empty(), scene=Scene("park", lines=(line,)))
    rows, columns = np.nonzero(touched(i420))
    tag_rows = tag("Gate", (250, 204, 21), 12).height
    sides = side_of_line(*ends, np.stack([columns, rows], axis=1).astype(np.float32))

    # The tag lies behind the line, the tip of the arrow before it.
    inside = rows[sides > 200 * 8]
    assert len(inside) > 0
    assert np.ptp(inside) < 24
    assert len(rows[sides < -200 * 8]) >= tag_rows * 10


def test_a_banner_stands_at_the_top_and_many_are_cut_short() -> None:
    one = touched(paint(sv.Detections.empty(), banners=["Person 12 is in “Lawn”"]))
    many = touched(paint(sv.Detections.empty(), banners=[f"Event {i}" for i in range(40)]))

    assert one[:24].any()
    assert not one[40:].any()
    assert not many[130:].any()


@pytest.mark.parametrize("size", [(640, 360), (768, 576), (1920, 1080)])
def test_letters_grow_with_the_picture(size: tuple[int, int]) -> None:
    width, height = size
    i420 = paint(
        seen((100, 200, 300, 320), ids=[5]), width=width, height=height, scene=Scene("empty")
    )
    plate = touched(i420)[: 200 - 3, 100:200]

    rows = int(plate.any(axis=1).sum())
    assert height / 32 <= rows <= height / 14


@pytest.mark.parametrize("text", ["person 12", "行人 12 进入“草坪”", "Größe ½ €", "🚲", " ", ""])
def test_any_text_can_be_written(text: str) -> None:
    sprite = tag(text, (190, 32, 46), 16)

    assert sprite.width % 2 == 0
    assert sprite.height % 2 == 0
    assert sprite.planes[0].shape == (sprite.height, sprite.width)


def test_chinese_characters_are_drawn_and_differ() -> None:
    one, other = tag("入侵", (190, 32, 46), 20), tag("徘徊", (190, 32, 46), 20)

    assert one.planes[0].max() > 200
    assert one.width == other.width
    assert not np.array_equal(one.planes[0], other.planes[0])


def test_a_tag_wider_than_the_picture_is_cut() -> None:
    assert touched(paint(sv.Detections.empty(), banners=["long " * 100])).any()


@pytest.mark.parametrize(
    "colour", [(255, 255, 255), (0, 0, 0), (190, 32, 46), (45, 212, 191), (17, 99, 240)]
)
def test_colours_become_limited_range_components(colour: tuple[int, int, int]) -> None:
    picture = np.full((2, 2, 3), colour, np.uint8)
    reference = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420).reshape(-1)[[0, 4, 5]]

    assert np.abs(np.array(to_yuv(colour)) - reference).max() <= 1


@pytest.mark.parametrize("size", [(320, 240), (161, 121)])
def test_a_snapshot_is_drawn_in_place(size: tuple[int, int]) -> None:
    image = np.full((size[1], size[0], 3), 90, np.uint8)

    paint_rgb(image, seen((60, 40, 100, 110), ids=[3]), Scene("park", zones=(ZONE,)))

    assert (np.abs(image[80, 60].astype(int) - 90) > 20).any()
    assert (np.abs(image[60:100, 70:90].astype(int) - 90) <= 2).all()
