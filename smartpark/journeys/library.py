"""Find the clips that a user means by a path."""

from pathlib import Path

from smartpark.core.errors import ClipError
from smartpark.core.text import Text
from smartpark.vision.read import READABLE_SUFFIXES


def clips_in(path: Path) -> list[Path]:
    """Return `path` itself, or the clips of a folder in order of their names.

    Raises:
        ClipError: there is nothing at `path`, or the folder holds no clip.
    """
    if not path.exists():
        raise ClipError(
            Text(
                en=f"There is no file {path.name!r}. Check the path and try again.",
                zh=f"找不到文件“{path.name}”。请检查路径后重试。",
            )
        )
    if not path.is_dir():
        return [path]
    found = sorted(
        entry
        for entry in path.iterdir()
        if entry.is_file() and entry.suffix.lower() in READABLE_SUFFIXES
    )
    if not found:
        known = ", ".join(READABLE_SUFFIXES)
        raise ClipError(
            Text(
                en=f"The folder {path.name!r} holds no clip. Put files of these kinds there: "
                f"{known}.",
                zh=f"文件夹“{path.name}”中没有视频。请放入以下类型的文件：{known}。",
            )
        )
    return found
