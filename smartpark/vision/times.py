"""Mend the time stamps of a clip: seconds that start at 0 and always rise."""

# A time stamp that jumps back by more than this starts a new count: recordings were joined. One
# that jumps ahead by more than this, past the stated end, is damaged.
_JUMP_S = 1.0
# No pause of a recording is believed to be longer than this.
_FORWARD_S = 6 * 3600.0
# A frame's own length is believed up to this many usual steps.
_LONGEST_STEPS = 10


class Clock:
    """Turns the time stamps of frames, in the order of display, into a clip's own time.

    Args:
        step_s: usual time from one frame to the next, seconds.
        stated_s: how long the file says that it is, seconds, or None.

    Attributes:
        end_s: when the frame seen last ends, seconds from the clip's start.

    Example:
        >>> clock = Clock(step_s=0.1)
        >>> [round(clock.tick(stamp, None), 3) for stamp in (7.0, 7.1, None, 7.3)]
        [0.0, 0.1, 0.2, 0.3]
    """

    def __init__(self, *, step_s: float, stated_s: float | None = None) -> None:
        self._step_s = step_s
        self._stated_s = stated_s
        self._shift_s: float | None = None
        self._last_s = -step_s
        self.end_s = 0.0

    def tick(self, stamp_s: float | None, length_s: float | None) -> float:
        """Return the time of the next frame.

        Args:
            stamp_s: what the file says, seconds on its own clock; None where it says nothing.
            length_s: how long the file says the frame lasts, seconds, or None.
        """
        self._last_s = self._next(stamp_s)
        believed = length_s and 0 < length_s <= _LONGEST_STEPS * self._step_s
        self.end_s = self._last_s + (length_s if length_s and believed else self._step_s)
        return self._last_s

    def _next(self, stamp_s: float | None) -> float:
        expected_s = self._last_s + self._step_s
        if stamp_s is None:
            return expected_s
        if self._shift_s is None:
            self._shift_s = expected_s - stamp_s
        now_s = stamp_s + self._shift_s
        if now_s < self._last_s - _JUMP_S or self._leaps(now_s):
            self._shift_s = expected_s - stamp_s
            return expected_s
        # A stamp that repeats or steps back a little: keep the order, stay close to the stamp.
        return now_s if now_s > self._last_s else self._last_s + self._step_s / 2

    def _leaps(self, now_s: float) -> bool:
        past_end = self._stated_s is not None and now_s > self._stated_s
        return now_s > self._last_s + (self._step_s + _JUMP_S if past_end else _FORWARD_S)
