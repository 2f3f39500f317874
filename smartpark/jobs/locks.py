"""A lock that a process holds by having a file open; it ends with the process, however it dies."""

import fcntl
import os
from pathlib import Path


class FileLock:
    """An exclusive lock between processes of one machine.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp()) / "one.lock"
        >>> first, second = FileLock(place), FileLock(place)
        >>> first.take(), second.take()
        (True, False)
        >>> first.release()
        >>> second.take()
        True
        >>> second.release()
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self) -> bool:
        """Return whether the lock is ours now; never waits."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Give the lock back; does nothing where it is not ours."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
