"""Tiles find what one look misses, and find each thing once."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
import supervision as sv

from smartpark.core.scene import Tiling
from smartpark.core.values import Frame
from smartpark.testing.contracts import check_detector
from smartpark.vision.tiles import TiledDetector, cut


class WhiteRectangles:
    """Finds white rectangles, as a network does: not where they are small in its picture."""

    name = "white-rectangles"
    version = "1"
    labels = ("rectangle",)
    input_size: tuple[int, int] | None = (200, 100)

    def __init__(self, *, smallest_px: int = 6) -> None:
        self.pictures = 0
        self._smallest_px = smallest_px

    def detect(self, frames: Sequence[Frame]) -> list[sv.Detections]:
        self.pictures += len(frames)
        return [self._find(frame.image) for frame in frames]

    def _find(self, image: np.ndarray) -> sv.Detections:
        white = (image.min(axis=2) > 127).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(white)
        boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in stats[1:]], np.float32)
        boxes = boxes.reshape(-1, 4)
        large = (boxes[:, 2:] - boxes[:, :2]).min(axis=1) >= self._smallest_px
        count = int(large.sum())
        return sv.Detections(
            xyxy=boxes[large],
            confidence=np.full(count, 0.9, np.float32),
            class_id=np.zeros(count, int),
            data={"class_name": np.full(count, "rectangle")},
        )


def street(*rectangles: tuple[int, int, int, int]) -> Frame:
    image = np.zeros((400, 800, 3), np.uint8)
    for left, top, right, bottom in rectangles:
        image[top:bottom, left:right] = 255
    return Frame(image, 1, 0.0)


@pytest.mark.parametrize("tiling", [Tiling(2, 2), Tiling(3, 1, 0.3), Tiling(1, 4, 0.0)])
def test_tiles_cover_the_frame_and_overlap_as_asked(tiling: Tiling) -> None:
    tiles = cut(800, 400, tiling)

    covered = np.zeros((400, 800), int)
    for tile in tiles:
        covered[tile.top : tile.bottom, tile.left : tile.right] += 1

    assert len(tiles) == tiling.columns * tiling.rows
    assert covered.min() == 1
    assert (covered.max() > 1) == (tiling.overlap > 0)


def test_a_small_thing_is_found_in_its_tile_only() -> None:
    frame = street((100, 60, 116, 76))
    detector = WhiteRectangles()
    small = cv2.resize(frame.image, (200, 100), interpolation=cv2.INTER_AREA)
    assert len(detector.detect([Frame(small, 1, 0.0)])[0]) == 0

    found = TiledDetector(detector, Tiling(2, 2)).detect([frame])[0]

    np.testing.assert_allclose(found.xyxy, [[100, 60, 116, 76]], atol=3)
    assert found.data["class_name"].tolist() == ["rectangle"]


def test_a_thing_on_a_seam_is_found_once_and_whole() -> None:
    # The seams of 2 x 2 tiles that share 15 % lie near x = 400 and y = 200.
    frame = street((385, 185, 425, 225))

    found = TiledDetector(WhiteRectangles(), Tiling(2, 2)).detect([frame])[0]

    np.testing.assert_allclose(found.xyxy, [[385, 185, 425, 225]], atol=4)


def test_a_thing_larger_than_a_tile_is_found_once_and_whole() -> None:
    frame = street((40, 20, 760, 390))

    found = TiledDetector(WhiteRectangles(), Tiling(3, 2)).detect([frame])[0]

    np.testing.assert_allclose(found.xyxy, [[40, 20, 760, 390]], atol=5)


def test_neighbours_stay_two() -> None:
    frame = street((380, 100, 400, 140), (410, 100, 430, 140))

    found = TiledDetector(WhiteRectangles(), Tiling(2, 2)).detect([frame])[0]

    assert len(found) == 2


def test_all_tiles_of_all_frames_go_to_the_detector_in_one_call() -> None:
    detector = WhiteRectangles()
    tiled = TiledDetector(detector, Tiling(3, 2))

    found = tiled.detect([street(), street((0, 0, 80, 80)), street()])

    assert [len(one) for one in found] == [0, 1, 0]
    assert tiled.looks == 7
    assert detector.pictures == 3 * tiled.looks


def test_a_tiled_detector_is_a_detector() -> None:
    check_detector(TiledDetector(WhiteRectangles(), Tiling(2, 2)))
