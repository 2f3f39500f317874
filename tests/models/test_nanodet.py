"""Our network is the published one, and every file made from it says the same."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from smartpark.models.card import BUILT_IN, read_card  # noqa: E402 - after the check for torch
from smartpark.models.nanodet import (  # noqa: E402
    MEAN_RGB,
    STD_RGB,
    FromPixels,
    NanoDetG,
    export_onnx,
    load_network,
)

REPOSITORY = Path(__file__).parents[2]
MODELS = Path(os.environ.get("SMARTPARK_TEST_MODELS", REPOSITORY.parent / "shared" / "models"))
PUBLISHED = MODELS / "nanodet_g.onnx"


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def network() -> NanoDetG:
    return load_network(BUILT_IN / "nanodet_g.safetensors")


def picture(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.skipif(not PUBLISHED.is_file(), reason=f"{PUBLISHED} is not on this machine")
def test_our_network_answers_as_the_published_one(network: NanoDetG) -> None:
    image = picture(416, 416)
    x = ((image - np.array(MEAN_RGB)) / np.array(STD_RGB)).astype(np.float32)
    bgr = np.ascontiguousarray(x[..., ::-1].transpose(2, 0, 1)[None])
    session = onnxruntime.InferenceSession(str(PUBLISHED), providers=["CPUExecutionProvider"])

    with torch.no_grad():
        ours = network(torch.from_numpy(bgr))

    for theirs, level in zip(session.run(None, {"x": bgr}), ours, strict=True):
        # The only difference is that our weights are stored in 16 bits.
        np.testing.assert_allclose(level.numpy(), theirs, atol=0.03)


def test_the_network_that_takes_pixels_is_the_network_behind_its_normalisation(
    network: NanoDetG,
) -> None:
    image = picture(96, 64)
    x = ((image - np.array(MEAN_RGB)) / np.array(STD_RGB)).astype(np.float32)
    bgr = np.ascontiguousarray(x[..., ::-1].transpose(2, 0, 1)[None])

    with torch.no_grad():
        best, *levels = FromPixels(network)(torch.from_numpy(image[None]))
        expected = network(torch.from_numpy(bgr))

    for level, wanted in zip(levels, expected, strict=True):
        torch.testing.assert_close(level, wanted, atol=1e-3, rtol=1e-3)
    first = wanted_best(expected)
    torch.testing.assert_close(best, first, atol=1e-3, rtol=1e-3)


def wanted_best(levels: tuple["torch.Tensor", ...]) -> "torch.Tensor":
    return torch.cat([level[:, :80].amax(1).flatten(1) for level in levels], 1)


def test_an_export_takes_batches_and_pictures_of_any_shape(
    network: NanoDetG, tmp_path: Path
) -> None:
    export_onnx(network, tmp_path / "network.onnx")
    session = onnxruntime.InferenceSession(
        str(tmp_path / "network.onnx"), providers=["CPUExecutionProvider"]
    )
    frames = np.stack([picture(160, 96), picture(160, 96)[::-1]])

    outputs = session.run(None, {"frames": frames})

    with torch.no_grad():
        expected = FromPixels(network)(torch.from_numpy(frames))
    for output, wanted in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(output, wanted.numpy(), atol=1e-3)


def test_the_float32_file_reads_its_weights_from_the_safetensors(network: NanoDetG) -> None:
    path = read_card(BUILT_IN, "nanodet_g.json").checked("nanodet_g.onnx")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    frames = picture(128, 96)[None]

    outputs = session.run(None, {"frames": frames})

    with torch.no_grad():
        expected = FromPixels(network)(torch.from_numpy(frames))
    assert path.stat().st_size < 100_000
    for output, wanted in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(output, wanted.numpy(), atol=1e-3)
