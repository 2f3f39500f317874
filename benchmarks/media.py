"""What decoding, converting, drawing and encoding cost, beside the bound and two peers.

    python -m benchmarks.media --data ../shared/data

One JSON line per size: CPU milliseconds per frame of each step, and of the whole chain (read, draw,
write) beside its bound (PyAV alone: decode and encode with the same settings, nothing drawn) and
its peers (OpenCV in and out; the same with supervision's annotators and VideoSink). Each figure is
the least of several rounds taken in turn, so that a busy machine slows all of them down alike.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import supervision as sv

from smartpark.core.scene import Line, Scene, Zone
from smartpark.core.values import ClipInfo
from smartpark.vision.draw import OverlayPainter
from smartpark.vision.overlap import overlap
from smartpark.vision.read import ClipReader, DecodedFrame
from smartpark.vision.write import _OPTIONS, OverlayWriter

FRAMES = 300
INPUT = (416, 416)  # pixels: what the shipped detector looks at
PEOPLE = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    campus = options.data / "samples" / "vtest.avi"
    still = options.data / "surveillance" / "aboda_video4_abandoned_object.avi"
    with tempfile.TemporaryDirectory() as folder:
        wide = _enlarged(campus, Path(folder) / "wide.mp4")
        for clip in (still, campus, wide):
            print(json.dumps(_measure(clip, Path(folder), options.rounds)), flush=True)


def _measure(clip: Path, folder: Path, rounds: int) -> dict[str, object]:
    bench = Bench(clip, folder / "out.mp4")
    steps: dict[str, Callable[[], None]] = {
        "decode": bench.decode,
        "i420": bench.planes,
        "rgb_416": bench.small,
        "rgb_full": bench.full,
        "luma": bench.luma,
        "draw": bench.draw,
        "encode": bench.encode,
        "chain": bench.chain,
        "bound": bench.bare,
        "opencv": bench.opencv,
        "supervision": bench.supervision,
    }
    cpu: dict[str, list[float]] = {name: [] for name in steps}
    wall: dict[str, list[float]] = {"chain_1": [], "chain_2": []}
    sizes: dict[str, float] = {}
    for _ in range(rounds):
        for name, step in steps.items():
            cpu[name].append(_clocked(step, time.process_time))
            sizes[name] = bench.out.stat().st_size if bench.out.exists() else 0
        wall["chain_1"].append(_clocked(lambda: bench.chain(1), time.perf_counter))
        wall["chain_2"].append(_clocked(lambda: bench.chain(2), time.perf_counter))
    least = {name: round(min(values), 3) for name, values in cpu.items()}
    return {
        "figure": "media",
        "clip": clip.name,
        "size": f"{bench.info.width}x{bench.info.height}",
        "cpu_ms_per_frame": least,
        "chain_over_bound": round(least["chain"] / least["bound"], 2),
        "supervision_over_chain": round(least["supervision"] / least["chain"], 2),
        "wall_ms_per_frame": {name: round(min(values), 3) for name, values in wall.items()},
        "kb_per_frame": {
            name: round(sizes[name] / bench.count / 1000, 2)
            for name in ("chain", "opencv", "supervision")
        },
    }


def _clocked(step: Callable[[], None], clock: Callable[[], float]) -> float:
    """Return milliseconds per frame."""
    start = clock()
    step()
    return (clock() - start) / FRAMES * 1e3


class Bench:
    """The first frames of one clip, and every way to handle them."""

    def __init__(self, clip: Path, out: Path) -> None:
        self.clip, self.out = clip, out
        with ClipReader(clip) as reader:
            self.info: ClipInfo = reader.info
            self.frames: list[DecodedFrame] = list(islice(reader, FRAMES))
        self.count = len(self.frames)
        self.pictures = [frame.i420() for frame in self.frames]
        self.scene = _scene(self.info)
        self.seen = [_people(self.info, index) for index in range(FRAMES)]

    def decode(self) -> None:
        with ClipReader(self.clip) as reader:
            for _ in islice(reader, FRAMES):
                pass

    def planes(self) -> None:
        for frame in self.frames:
            frame.i420()

    def small(self) -> None:
        for frame in self.frames:
            frame.rgb(INPUT)

    def full(self) -> None:
        for frame in self.frames:
            frame.rgb()

    def luma(self) -> None:
        for frame in self.frames:
            frame.luma((160, 120))

    def draw(self) -> None:
        painter = OverlayPainter(self.info, self.scene)
        for i420, seen in zip(self.pictures, self.seen, strict=False):
            painter.paint(i420, seen, counts={"Gate": (3, 12)}, banners=["Person 7 is here"])

    def encode(self) -> None:
        with OverlayWriter(self.out, self.info) as writer:
            for frame, i420 in zip(self.frames, self.pictures, strict=True):
                writer.write(i420, frame.time_s)

    def chain(self, threads: int = 1) -> None:
        painter = OverlayPainter(self.info, self.scene)
        with ClipReader(self.clip) as reader, OverlayWriter(self.out, self.info) as writer:
            frames: Iterator[DecodedFrame] = islice(reader, FRAMES)
            painted = self._paint_all(overlap(frames) if threads > 1 else frames, painter)
            for i420, time_s in overlap(painted) if threads > 1 else painted:
                writer.write(i420, time_s)

    def _paint_all(
        self, frames: Iterator[DecodedFrame], painter: OverlayPainter
    ) -> Iterator[tuple[np.ndarray, float]]:
        for frame in frames:
            i420 = frame.i420()
            seen = self.seen[frame.index - 1]
            painter.paint(i420, seen, counts={"Gate": (3, 12)}, banners=["Person 7 is here"])
            yield i420, frame.time_s

    def bare(self) -> None:
        """Decode and encode with PyAV alone: what any chain that ends in H.264 has to pay."""
        with av.open(str(self.clip)) as source, av.open(str(self.out), "w") as target:
            stream = source.streams.video[0]
            stream.thread_type = "NONE"
            rate = Fraction(self.info.fps).limit_denominator(1001)
            made = target.add_stream("libx264", rate=rate)
            made.width, made.height = self.info.width, self.info.height
            made.pix_fmt = "yuv420p"
            made.codec_context.thread_count = 1
            made.codec_context.gop_size = round(4 * self.info.fps)
            made.options = dict(_OPTIONS)
            for frame in islice(source.decode(stream), FRAMES):
                frame.pict_type = 0
                target.mux(made.encode(frame))
            target.mux(made.encode(None))

    def opencv(self) -> None:
        source = cv2.VideoCapture(str(self.clip))
        size = (self.info.width, self.info.height)
        code = cv2.VideoWriter_fourcc(*"mp4v")
        target = cv2.VideoWriter(str(self.out), code, self.info.fps, size)
        for _ in range(FRAMES):
            more, image = source.read()
            if not more:
                break
            target.write(image)
        source.release()
        target.release()

    def supervision(self) -> None:
        boxes, labels, traces = sv.BoxAnnotator(), sv.LabelAnnotator(), sv.TraceAnnotator()
        with sv.VideoSink(str(self.out), sv.VideoInfo.from_video_path(str(self.clip))) as sink:
            frames = sv.get_video_frames_generator(str(self.clip))
            for image, seen in zip(frames, self.seen, strict=False):
                names = [f"person {mark}" for mark in seen.tracker_id]
                image = boxes.annotate(image, seen)
                labels.annotate(image, seen, names)
                traces.annotate(image, seen)
                sink.write_frame(image)


def _scene(info: ClipInfo) -> Scene:
    w, h = info.width, info.height
    lawn = ((0.1 * w, 0.5 * h), (0.4 * w, 0.45 * h), (0.5 * w, 0.85 * h), (0.1 * w, 0.9 * h))
    return Scene(
        "bench",
        zones=(Zone("Lawn", lawn),),
        lines=(Line("Gate", (0.55 * w, 0.3 * h), (0.8 * w, 0.85 * h)),),
    )


def _people(info: ClipInfo, index: int) -> sv.Detections:
    """Return people who walk to the right, each at a height of their own."""
    order = np.arange(PEOPLE)
    x = (0.05 + 0.12 * order + 0.002 * (index % 100)) * info.width
    y = (0.1 + 0.1 * order) * info.height
    xyxy = np.stack([x, y, x + 0.06 * info.width, y + 0.2 * info.height], axis=1)
    return sv.Detections(
        xyxy=xyxy.astype(np.float32),
        confidence=np.ones(PEOPLE, np.float32),
        class_id=np.zeros(PEOPLE, int),
        tracker_id=order + 1,
        data={"class_name": np.array(["person"] * PEOPLE)},
    )


def _enlarged(clip: Path, target: Path) -> Path:
    """Write a clip's first frames at 1920 x 1080, in good quality."""
    with ClipReader(clip) as reader, av.open(str(target), "w") as out:
        made = out.add_stream("libx264", rate=Fraction(reader.info.fps).limit_denominator(1001))
        made.width, made.height, made.pix_fmt = 1920, 1080, "yuv420p"
        made.options = {"preset": "superfast", "crf": "16"}
        for frame in islice(reader, FRAMES):
            wide = av.VideoFrame.from_ndarray(frame.rgb((1920, 1080)), format="rgb24")
            wide.pts = frame.index - 1
            out.mux(made.encode(wide))
        out.mux(made.encode(None))
    return target


if __name__ == "__main__":
    main()
