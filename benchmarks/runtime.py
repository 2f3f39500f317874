"""Which runtime serves the shipped detector fastest here, and at what cost in memory.

    python -m benchmarks.runtime --data ../shared/data [--docs docs/runtime.md]

Each variant runs in a process of its own on frames of `vtest.avi`, with two threads; one JSON line
each. The variants take turns, several rounds long, and the best round counts. Ratios compare
processor time, which other work on the machine disturbs least; waiting threads sleep in all of
them. With `--docs`, the table in that document is replaced.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from smartpark.models.card import BUILT_IN

THREADS = 2
FRAMES = 48
ROUNDS = 5
EXACT, SERVED = "nanodet_g.onnx", "nanodet_g.int8.onnx"
MARKS = ("<!-- table: begin -->", "<!-- table: end -->")

# name: engine, file, (width, height), streams, frames in one call, frames in one tensor
VARIANTS: dict[str, tuple[str, str, tuple[int, int], int, int, int]] = {
    "ONNX Runtime, float32": ("onnxruntime", EXACT, (416, 416), 1, 1, 1),
    "ONNX Runtime, float32, the clip's shape": ("onnxruntime", EXACT, (384, 288), 1, 1, 1),
    "ONNX Runtime, 8 bits": ("onnxruntime", SERVED, (384, 288), 1, 1, 1),
    "ONNX Runtime, 8 bits, batch of 4": ("onnxruntime", SERVED, (384, 288), 1, 4, 4),
    "ONNX Runtime, 8 bits, batch of 8": ("onnxruntime", SERVED, (384, 288), 1, 8, 8),
    "OpenVINO, float32": ("openvino", EXACT, (384, 288), 1, 1, 1),
    "OpenVINO, 8 bits, square": ("openvino", SERVED, (416, 416), 1, 1, 1),
    "OpenVINO, 8 bits, 1 stream of 2 threads": ("openvino", SERVED, (384, 288), 1, 1, 1),
    "OpenVINO, 8 bits, batch of 4": ("openvino", SERVED, (384, 288), 1, 4, 4),
    "OpenVINO, 8 bits, batch of 8": ("openvino", SERVED, (384, 288), 1, 8, 8),
    "OpenVINO, 8 bits, 2 streams, 4 frames a call": ("openvino", SERVED, (384, 288), 2, 4, 1),
    "OpenVINO, 8 bits, 2 streams, 8 frames a call": ("openvino", SERVED, (384, 288), 2, 8, 1),
}
BASE = next(iter(VARIANTS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--docs", type=Path, help="document whose table is replaced")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    clip = given.data / "samples" / "vtest.avi"
    if not clip.is_file():
        raise SystemExit(f"There is no {clip}: name the data folder with --data.")
    if given.one:
        measure(VARIANTS[given.one], clip)
        return
    results = _take_turns(clip.resolve())
    for line in results:
        print(json.dumps(line), flush=True)
    if given.docs:
        _write_table(given.docs, results)


def _take_turns(clip: Path) -> list[dict[str, Any]]:
    """Return each variant's figures: the workers wait until their turn comes."""
    workers = {name: _Worker(name, clip) for name in VARIANTS}
    rounds: dict[str, list[list[float]]] = {name: [] for name in VARIANTS}
    for _ in range(ROUNDS):
        for name, worker in workers.items():
            rounds[name].append(worker.round())
    base = min(spent for _, spent in rounds[BASE])
    results = []
    for name, worker in workers.items():
        walls, spent = zip(*rounds[name], strict=True)
        results.append(
            {
                "runtime": name,
                "frame_ms": round(min(walls), 2),
                "processor_ms": round(min(spent), 2),
                "times_base": round(base / min(spent), 2),
                "memory_mb": round(worker.finish()),
            }
        )
    return results


class _Worker:
    def __init__(self, name: str, clip: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.runtime", "--one", name]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [*command, "--data", str(clip.parents[1])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(THREADS)},
        )
        self._ask("ready")

    def round(self) -> list[float]:
        return self._ask("go")

    def finish(self) -> float:
        memory_mb: float = self._ask("memory")
        self._process.communicate()
        return memory_mb

    def _ask(self, what: str) -> Any:
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def measure(variant: tuple[str, str, tuple[int, int], int, int, int], clip: Path) -> None:
    """Answer on standard output: what one frame takes, and what the runtime holds in memory."""
    engine, file, size, streams, together, stacked = variant
    frames = list(_frames(clip, size))
    before_mb = _memory_mb()
    run = _openvino(file, streams, stacked) if engine == "openvino" else _onnxruntime(file, stacked)
    calls = [frames[i : i + together] for i in range(0, FRAMES, together)]
    run(calls[0])
    for wish in sys.stdin:
        if wish.strip() == "go":
            wall, spent = time.perf_counter(), time.process_time()
            for call in calls:
                run(call)
            wall, spent = time.perf_counter() - wall, time.process_time() - spent
            answer: Any = [wall * 1000 / FRAMES, spent * 1000 / FRAMES]
        else:
            answer = _memory_mb() - before_mb
        print(json.dumps(answer), flush=True)


def _onnxruntime(file: str, stacked: int) -> Callable[[list[NDArray[np.uint8]]], None]:
    from smartpark.models.runtime import OnnxNetwork

    network = OnnxNetwork(BUILT_IN / file, threads=THREADS)
    return lambda frames: [list(network.run(part)) for part in _parts(frames, stacked)]


def _openvino(file: str, streams: int, stacked: int) -> Callable[[list[NDArray[np.uint8]]], None]:
    from smartpark.models.runtime import OpenVinoNetwork

    network = OpenVinoNetwork(BUILT_IN / file, threads=THREADS, streams=streams)
    if stacked == 1:
        return lambda frames: list(network.run(frames))
    request = network._requests[0]
    return lambda frames: [
        request.infer({0: np.stack(part)}, share_inputs=True, share_outputs=True)
        for part in _parts(frames, stacked)
    ]


def _parts(frames: list[NDArray[np.uint8]], size: int) -> list[list[NDArray[np.uint8]]]:
    return [frames[i : i + size] for i in range(0, len(frames), size)]


def _frames(clip: Path, size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    capture = cv2.VideoCapture(str(clip))
    for _ in range(FRAMES):
        image = cv2.resize(capture.read()[1], size)
        yield np.ascontiguousarray(image[..., ::-1])


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _write_table(path: Path, results: list[dict[str, Any]]) -> None:
    shown = ("runtime", "processor_ms", "times_base", "memory_mb")
    rows = [
        "| Runtime | processor ms a frame | times as fast | memory, MB |",
        "|---|---|---|---|",
        *("| " + " | ".join(str(line[key]) for key in shown) + " |" for line in results),
    ]
    text = path.read_text("utf-8")
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    machine = f"Measured on {os.cpu_count()} cores, {platform.machine()}."
    table = "\n".join([MARKS[0], "", machine, "", *rows, "", MARKS[1]])
    path.write_text(before + table + after, "utf-8")


if __name__ == "__main__":
    main()
