"""The peer: a plain loop of supervision, trackers and VideoSink on the fp32 weights.

This is the loop of the libraries' own introductions, with nothing of ours in it: read, infer,
track, annotate, write. It runs in a process of its own:
`python -m benchmarks._peer CLIP MODEL OUT THREADS`.
"""

import json
import sys
import time

import cv2
import numpy as np
import onnxruntime
import supervision as sv
from trackers import ByteTrackTracker

SIDE, BINS, CLASSES = 416, 11, 80
MEAN = np.array([103.53, 116.28, 123.675], np.float32)
SPREAD = np.array([57.375, 57.12, 58.395], np.float32)


def main(clip: str, model: str, out: str, threads: int) -> None:
    cv2.setNumThreads(threads)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    info = sv.VideoInfo.from_video_path(clip)
    tracker = ByteTrackTracker(frame_rate=float(info.fps))
    boxes, labels, traces = sv.BoxAnnotator(), sv.LabelAnnotator(), sv.TraceAnnotator()
    started, frames = time.perf_counter(), 0
    with sv.VideoSink(out, info) as sink:
        for frame in sv.get_video_frames_generator(clip):
            detections = tracker.update(detect(session, frame))
            detections = detections[detections.tracker_id >= 0]
            scene = boxes.annotate(frame, detections)
            scene = labels.annotate(scene, detections, [f"#{i}" for i in detections.tracker_id])
            sink.write_frame(traces.annotate(scene, detections))
            frames += 1
    print(json.dumps({"frames": frames, "wall_s": time.perf_counter() - started}))


def detect(session: onnxruntime.InferenceSession, frame: np.ndarray) -> sv.Detections:
    height, width = frame.shape[:2]
    resized = cv2.resize(frame, (SIDE, SIDE)).astype(np.float32)
    blob = ((resized - MEAN) / SPREAD).transpose(2, 0, 1)[None]
    found = [_level(grid[0]) for grid in session.run(None, {"x": np.ascontiguousarray(blob)})]
    boxes, scores = np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])
    label = scores.argmax(1)
    score = scores[np.arange(len(label)), label]
    kept = score > 0.25
    scale = np.array([width, height, width, height], np.float32) / SIDE
    detections = sv.Detections(boxes[kept] * scale, confidence=score[kept], class_id=label[kept])
    return detections.with_nms(0.6)


def _level(grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    side = grid.shape[-1]
    stride = SIDE / side
    flat = grid.reshape(grid.shape[0], -1).T
    scores = 1 / (1 + np.exp(-flat[:, :CLASSES]))
    bins = np.exp(flat[:, CLASSES:].reshape(-1, 4, BINS))
    reach = (bins @ np.arange(BINS) / bins.sum(-1)) * stride
    x, y = np.meshgrid(np.arange(side) + 0.5, np.arange(side) + 0.5)
    centre = np.stack([x.ravel(), y.ravel()], 1) * stride
    return np.concatenate([centre - reach[:, :2], centre + reach[:, 2:]], 1), scores


if __name__ == "__main__":
    main(*sys.argv[1:4], threads=int(sys.argv[4]))
