"""Privacy masks: nothing of what they cover is left."""

import numpy as np

from smartpark.testing.clips import ClipForm, MovingBox, make_clip
from smartpark.vision.canvas import i420_planes, i420_to_rgb
from smartpark.vision.masks import PrivacyMask
from smartpark.vision.read import ClipReader

SQUARE = ((40.0, 30.0), (100.0, 30.0), (100.0, 90.0), (40.0, 90.0))


def bright(width: int = 160, height: int = 120) -> np.ndarray:
    return np.full((height * 3 // 2, width), 200, np.uint8)


def test_a_masked_polygon_is_black_and_the_rest_untouched() -> None:
    i420 = bright()

    PrivacyMask([SQUARE], width=160, height=120).burn_i420(i420)

    luma, blue, red = i420_planes(i420)
    assert (luma[30:91, 40:101] == 16).all()
    assert (blue[15:46, 20:51] == 128).all()
    assert (red[15:46, 20:51] == 128).all()
    assert (luma[:28] == 200).all()
    assert (luma[:, 104:] == 200).all()
    assert (i420_to_rgb(i420)[40:80, 50:90] == 0).all()


def test_where_two_masks_overlap_nothing_shows() -> None:
    i420 = bright()
    other = ((60.0, 50.0), (150.0, 50.0), (150.0, 110.0), (60.0, 110.0))

    PrivacyMask([SQUARE, other], width=160, height=120).burn_i420(i420)

    assert (i420[50:91, 60:101] == 16).all()


def test_a_mask_fits_a_picture_of_another_scale() -> None:
    mask = PrivacyMask([SQUARE], width=160, height=120)
    for width, height in ((416, 416), (80, 60), (40, 30)):
        image = np.full((height, width, 3), 200, np.uint8)

        mask.burn_rgb(image)

        x, y = width / 160, height / 120
        inside = image[int(30 * y) : int(90 * y), int(40 * x) : int(100 * x)]
        assert (inside == 0).all()
        assert (image[: int(30 * y) - 3] == 200).all()
        assert (image[:, int(101 * x) + 3 :] == 200).all()


def test_a_gray_picture_can_be_masked_too() -> None:
    image = np.full((60, 80), 200, np.uint8)

    PrivacyMask([SQUARE], width=160, height=120).burn_rgb(image)

    assert (image[16:44, 21:49] == 0).all()
    assert image[5, 5] == 200


def test_a_mask_over_the_edge_of_the_picture_is_cut() -> None:
    i420 = bright()
    outside = ((-50.0, -50.0), (20.0, -50.0), (20.0, 400.0), (-50.0, 400.0))

    PrivacyMask([outside], width=160, height=120).burn_i420(i420)

    assert (i420_planes(i420)[0][:, :20] == 16).all()


def test_no_masks_change_nothing() -> None:
    i420 = bright()
    mask = PrivacyMask([], width=160, height=120)

    mask.burn_i420(i420)

    assert not mask
    assert (i420 == 200).all()


def test_what_is_scaled_down_first_hides_as_much(tmp_path) -> None:
    """A white thing that ends where the mask ends must not shine through when scaled."""
    white = MovingBox((40, 30, 100, 90), step=(0, 0), colour=(255, 255, 255))
    form = ClipForm(codec="ffv1", pixels="yuv420p")
    clip = make_clip(tmp_path / "white.mkv", frames=1, boxes=[white], form=form)
    mask = PrivacyMask([SQUARE], width=160, height=120)

    with ClipReader(clip) as reader:
        small = next(iter(reader)).rgb((52, 40))
    mask.burn_rgb(small)

    assert small.max() < 185
