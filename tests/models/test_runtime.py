"""Both engines give the same answers, in the order of the questions."""

import numpy as np
import pytest

from smartpark.models.card import BUILT_IN
from smartpark.models.runtime import Engine, describe_device, open_network

FLOAT, EIGHT_BITS = BUILT_IN / "nanodet_g.onnx", BUILT_IN / "nanodet_g.int8.onnx"


def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    sizes = [(64, 96), (64, 96), (96, 64), (64, 96), (128, 128), (64, 96)]
    return [rng.integers(0, 256, (*size, 3), np.uint8) for size in sizes]


def best_logits(engine: Engine, path: object) -> list[np.ndarray]:
    network = open_network(path, threads=2, engine=engine)
    return [outputs[0].copy() for outputs in network.run(pictures())]


def test_both_engines_agree_on_the_float32_network() -> None:
    for one, other in zip(
        best_logits("openvino", FLOAT), best_logits("onnxruntime", FLOAT), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-3)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_eight_bits_stay_close_to_float32(engine: Engine) -> None:
    for one, other in zip(best_logits(engine, EIGHT_BITS), best_logits(engine, FLOAT), strict=True):
        assert np.abs(one - other).mean() < 0.25


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_answers_come_in_the_order_of_the_pictures(engine: Engine) -> None:
    network = open_network(FLOAT, threads=2, engine=engine)
    alone = [next(iter(network.run([picture])))[0].copy() for picture in pictures()]

    together = [outputs[0].copy() for outputs in network.run(pictures())]

    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_a_walk_that_is_left_early_does_not_spoil_the_next() -> None:
    network = open_network(FLOAT, threads=2, engine="openvino")
    expected = [outputs[0].copy() for outputs in network.run(pictures())]
    for _ in network.run(pictures()):
        break

    again = [outputs[0].copy() for outputs in network.run(pictures())]

    for one, other in zip(expected, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_device_is_described_in_both_languages() -> None:
    text = describe_device()

    assert text.en.startswith("Inference runs on the ")
    assert text.zh.startswith("推理在")
