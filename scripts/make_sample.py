"""Cut the sample clip of the sample park out of the campus clip.

The campus clip is `vtest.avi` of OpenCV's samples; Debian ships it in the package `opencv-doc`:

    python scripts/make_sample.py vtest.avi

writes `assets/sample.mp4`: 40 s in which two people walk onto the lawn while a van is parked.
"""

import sys
from fractions import Fraction
from pathlib import Path

import av
import av.video

FIRST_FRAME = 395  # counted from 0: the first two people are about to step onto the lawn
FRAMES = 400
FRAMES_PER_S = 10
QUALITY_CRF = "23"  # libx264: small, and the detector finds the same people as in the original
MAX_BYTES = 6_000_000
TARGET = Path(__file__).parents[1] / "assets" / "sample.mp4"


def make_sample(source: Path, target: Path) -> None:
    """Write frames `FIRST_FRAME` to `FIRST_FRAME + FRAMES` of `source` as H.264 to `target`."""
    with (
        av.open(source) as clip,
        av.open(target, "w", options={"movflags": "+faststart"}) as sample,
    ):
        picture = clip.streams.video[0]
        stream = sample.add_stream(
            "libx264", rate=FRAMES_PER_S, options={"crf": QUALITY_CRF, "preset": "veryslow"}
        )
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
        for index, frame in enumerate(clip.decode(picture)):
            if FIRST_FRAME <= index < FIRST_FRAME + FRAMES:
                frame.pts = index - FIRST_FRAME
                frame.time_base = Fraction(1, FRAMES_PER_S)
                frame.pict_type = av.video.frame.PictureType.NONE
                sample.mux(stream.encode(frame))
        sample.mux(stream.encode(None))
    if target.stat().st_size > MAX_BYTES:
        raise SystemExit(f"{target} is larger than {MAX_BYTES} bytes; raise QUALITY_CRF.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("Usage: python scripts/make_sample.py vtest.avi")
    make_sample(Path(sys.argv[1]), TARGET)
