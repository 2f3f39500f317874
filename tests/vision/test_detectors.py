"""Every detector keeps the same promise, and the shipped one reads its cells rightly."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import supervision as sv

from smartpark.core.errors import ModelError
from smartpark.core.protocols import FittingDetector
from smartpark.core.values import Frame
from smartpark.models.card import BUILT_IN, read_card
from smartpark.testing.contracts import check_detector
from smartpark.vision.detectors import from_card, nanodet
from smartpark.vision.detectors.cells import STRIDES, Limits, boxes_from_cells
from smartpark.vision.detectors.nanodet import NanoDet, fit, open_detector
from smartpark.vision.read import ClipReader

SAMPLE = Path(__file__).parents[2] / "assets" / "sample.mp4"
LABELS = np.array(["person", "car", "truck"])


def blank_cells(width: int, height: int) -> tuple[np.ndarray, ...]:
    shapes = [(len(LABELS) + 44, height // stride, width // stride) for stride in STRIDES]
    levels = [np.zeros(shape, np.float32) for shape in shapes]
    for level in levels:
        level[: len(LABELS)] = -10.0
    return finished(levels)


def finished(levels: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    best = np.concatenate([level[: len(LABELS)].max(axis=0).ravel() for level in levels])
    return (best, *levels)


def mark(
    level: np.ndarray, at: tuple[int, int], *, label: int, logit: float, bins: tuple[int, ...]
) -> None:
    """Put a box into a cell: its sides are that many strides away from the cell's middle."""
    column, row = at
    level[label, row, column] = logit
    sides = level[len(LABELS) :, row, column].reshape(4, 11)
    sides[:] = -30.0
    sides[np.arange(4), list(bins)] = 30.0


def read(levels: list[np.ndarray], frame_size: tuple[int, int]) -> sv.Detections:
    cells = finished(levels)
    return boxes_from_cells(cells, labels=LABELS, frame_size=frame_size, limits=Limits())


def test_a_box_lies_around_the_middle_of_its_cell() -> None:
    _, *levels = blank_cells(128, 64)
    mark(levels[0], (5, 3), label=0, logit=2.0, bins=(1, 2, 3, 4))

    found = read(levels, (128, 64))

    # The cell's middle is (5.5, 3.5) x 8 = (44, 28).
    np.testing.assert_allclose(found.xyxy, [[36, 12, 68, 60]], atol=1e-3)
    np.testing.assert_allclose(found.confidence, [1 / (1 + np.exp(-2.0))], rtol=1e-5)
    assert found.data["class_name"].tolist() == ["person"]


def test_boxes_are_scaled_to_the_frame_and_end_at_its_edges() -> None:
    _, *levels = blank_cells(128, 64)
    mark(levels[2], (0, 0), label=1, logit=2.0, bins=(9, 0, 1, 9))

    found = read(levels, (256, 192))

    # In the network's picture -272..48 by 16..304 around (16, 16); twice as wide, thrice as high.
    np.testing.assert_allclose(found.xyxy, [[0, 48, 96, 192]], atol=1e-2)


def test_a_distance_between_two_bins_is_their_mean() -> None:
    _, *levels = blank_cells(128, 64)
    mark(levels[1], (3, 2), label=0, logit=1.0, bins=(1, 1, 1, 1))
    levels[1][len(LABELS) :, 2, 3].reshape(4, 11)[:, 2] = 30.0

    found = read(levels, (128, 64))

    np.testing.assert_allclose(found.xyxy, [[32, 16, 80, 64]], atol=1e-3)


def test_of_two_boxes_of_one_thing_the_better_stays() -> None:
    _, *levels = blank_cells(128, 64)
    mark(levels[0], (5, 3), label=0, logit=1.0, bins=(2, 2, 2, 2))
    mark(levels[0], (6, 3), label=0, logit=2.0, bins=(2, 2, 2, 2))
    mark(levels[0], (12, 3), label=0, logit=0.0, bins=(2, 2, 2, 2))

    found = read(levels, (128, 64))

    np.testing.assert_allclose(found.xyxy[:, 0], [36, 84], atol=1e-3)


def test_one_van_is_not_a_car_and_a_truck_at_once() -> None:
    _, *levels = blank_cells(128, 64)
    mark(levels[0], (5, 3), label=1, logit=1.0, bins=(2, 2, 2, 2))
    levels[0][2, 3, 5] = 2.0

    found = read(levels, (128, 64))

    assert found.data["class_name"].tolist() == ["truck"]


def test_a_picture_without_anything_gives_no_boxes() -> None:
    found = boxes_from_cells(
        blank_cells(64, 64), labels=LABELS, frame_size=(64, 64), limits=Limits()
    )

    assert len(found) == 0
    assert found.data["class_name"].tolist() == []


@pytest.mark.parametrize(
    ("frame", "expected"),
    [((768, 576), (384, 288)), ((1920, 1080), (416, 256)), ((1080, 1920), (256, 416))],
)
def test_the_networks_picture_has_the_shape_of_the_clip(
    frame: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert fit(*frame, pixels=nanodet.PIXELS) == expected


@pytest.fixture(scope="module")
def shipped() -> NanoDet:
    return nanodet.load()


@pytest.fixture(scope="module")
def sample_frames() -> list[Frame]:
    frames = []
    with ClipReader(SAMPLE) as reader:
        for frame in reader:
            if frame.index % 20 == 1:
                frames.append(Frame(frame.rgb(), frame.index, frame.time_s))
            if len(frames) == 4:
                break
    return frames


def test_the_shipped_detector_keeps_the_promise(shipped: NanoDet) -> None:
    check_detector(shipped)
    assert isinstance(shipped, FittingDetector)


def test_frames_of_different_shapes_may_come_together(
    shipped: NanoDet, sample_frames: list[Frame]
) -> None:
    wide = sample_frames[0]
    tall = Frame(np.ascontiguousarray(wide.image[:, 200:440]), 2, 0.1)

    together = shipped.detect([wide, tall, wide])

    alone = [shipped.detect([frame])[0] for frame in (wide, tall, wide)]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one.xyxy, other.xyxy)


def test_the_shipped_detector_sees_the_people_of_the_sample(
    shipped: NanoDet, sample_frames: list[Frame]
) -> None:
    for detections in shipped.detect(sample_frames):
        people = detections[(detections.class_id == 0) & (detections.confidence > 0.5)]
        assert len(people) >= 1


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_eight_bits_find_the_people_that_float32_finds(
    engine: str, sample_frames: list[Frame]
) -> None:
    card = read_card(BUILT_IN, "nanodet_g.json")
    served = open_detector(card, threads=2, name="nanodet-g", engine=engine)
    exact = nanodet.load_fp32()

    for one, other in zip(served.detect(sample_frames), exact.detect(sample_frames), strict=True):
        firm = other[(other.class_id == 0) & (other.confidence > 0.5)]
        overlap = sv.box_iou_batch(firm.xyxy, one[one.class_id == 0].xyxy)
        assert len(firm) >= 1
        assert (overlap > 0.6).any(axis=1).all()


def test_frames_scaled_beforehand_give_the_same_boxes(
    shipped: NanoDet, sample_frames: list[Frame]
) -> None:
    frame = sample_frames[0]
    height, width = frame.image.shape[:2]
    size = shipped.input_size_for(width, height)
    scaled = Frame(cv2.resize(frame.image, size), frame.index, frame.time_s)

    whole, small = shipped.detect([frame])[0], shipped.detect([scaled])[0]

    factor = np.array([width / size[0], height / size[1]] * 2)
    np.testing.assert_allclose(small.xyxy * factor, whole.xyxy, atol=0.05)


def test_the_size_can_be_chosen_in_the_name() -> None:
    assert nanodet.load(argument="640x480").input_size == (640, 480)


@pytest.mark.parametrize("argument", ["640x470", "big", "64x4096", "0x0"])
def test_a_size_that_cannot_be_is_explained(argument: str) -> None:
    with pytest.raises(ModelError, match="Write WIDTHxHEIGHT, both multiples of 32"):
        nanodet.load(argument=argument)


@pytest.fixture
def model_folder(tmp_path: Path) -> Iterator[Path]:
    shutil.copy(BUILT_IN / "nanodet_g.int8.onnx", tmp_path)
    card = json.loads((BUILT_IN / "nanodet_g.json").read_text("utf-8"))
    served = card["served"]
    mine = {"name": "gate-camera", "exact": served, "files": {served: card["files"][served]}}
    (tmp_path / "card.json").write_text(json.dumps(card | mine))
    return tmp_path


def test_a_folder_with_a_card_is_a_detector(model_folder: Path) -> None:
    detector = from_card.load(argument=str(model_folder))

    assert detector.name == "gate-camera"
    check_detector(detector)


def test_a_damaged_network_is_refused_before_it_is_opened(model_folder: Path) -> None:
    path = model_folder / "nanodet_g.int8.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"!")

    with pytest.raises(ModelError, match="damaged or was changed"):
        from_card.load(argument=str(model_folder))


def test_a_network_that_is_none_is_explained(model_folder: Path) -> None:
    from smartpark.models.card import digest

    (model_folder / "nanodet_g.int8.onnx").write_bytes(b"no network at all")
    card = json.loads((model_folder / "card.json").read_text())
    card["files"][card["served"]] = digest(model_folder / card["served"])
    (model_folder / "card.json").write_text(json.dumps(card))

    with pytest.raises(ModelError, match="'gate-camera' cannot be read"):
        from_card.load(argument=str(model_folder))
