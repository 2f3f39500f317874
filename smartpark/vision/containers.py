"""Open a clip's container safely: known formats only, and nothing outside the file itself."""

import os
import struct
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer

from smartpark.core.errors import ClipError
from smartpark.core.text import Text

READABLE_SUFFIXES: tuple[str, ...] = (
    ".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".ts", ".mpg", ".3gp",
)  # fmt: skip

# Seconds that FFmpeg may wait for data of a local file before it gives up.
_TIMEOUT_S = 30.0
_PROBE_SHARE = 4
_MOV_BOXES = frozenset(
    (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"sidx")
)
_NESTED_BOXES = frozenset((b"moov", b"trak", b"mdia", b"minf", b"dinf"))
_PACKET_TS = 188
_MAX_BOXES = 10_000


def accepted() -> str:
    """Return the suffixes that can be read, as one list for a sentence."""
    return ", ".join(suffix.lstrip(".").upper() for suffix in READABLE_SUFFIXES)


def refusal(name: str, en: str, zh: str) -> ClipError:
    """Return the error for the clip `name`, with a reason that ends in what to do next."""
    return ClipError(
        Text(en=f"Cannot read the clip “{name}”: {en}", zh=f"无法读取视频“{name}”：{zh}")
    )


def open_container(path: Path, *, max_pixels: int) -> InputContainer:
    """Open a clip by what is inside it, whatever it is called.

    The demuxer is chosen from the file's first bytes among a short list of formats that hold their
    own data. Playlists and other files that name files or addresses are refused before FFmpeg sees
    them, and FFmpeg is told to open nothing else.

    Raises:
        ClipError: the file is missing, empty, of another kind, damaged at its start, or keeps its
            pictures in another file.
    """
    name = path.name
    kind = _kind_of(path)
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": kind,
        "enable_drefs": "0",
        "use_absolute_path": "0",
    }
    try:
        opened = av.open(
            "file:" + os.fspath(path),
            format=kind,
            # FFmpeg looks at a few pictures to know the clip; `ClipReader` says what is too large.
            options={"max_pixels": str(_PROBE_SHARE * max_pixels)},
            container_options=options,
            timeout=_TIMEOUT_S,
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _damaged(name, kind) from error
    return opened


def avi_frames_if_cut(path: Path) -> int | None:
    """Return how many frames an AVI says it has where the file is shorter than it says, else None.

    FFmpeg quietly takes the length of what is left. RIFF and `avih`: Microsoft, "AVI RIFF File
    Reference".
    """
    with path.open("rb") as file:
        head = file.read(4096)
    at = head.find(b"avih")
    if head[:4] != b"RIFF" or not 0 < at < len(head) - 28:
        return None
    stated_bytes = int.from_bytes(head[4:8], "little") + 8
    frames = int.from_bytes(head[at + 24 : at + 28], "little")
    return frames if path.stat().st_size < stated_bytes else None


def _kind_of(path: Path) -> str:
    name = path.name
    try:
        if not path.is_file():
            raise refusal(
                name,
                "there is no such file. Check the path and try again.",
                "文件不存在。请检查路径后重试。",
            )
        with path.open("rb") as file:
            head = file.read(3 * _PACKET_TS)
            kind = _sniff(head)
            if kind == "mov":
                _refuse_outside_data(file, path)
    except OSError as error:
        raise refusal(
            name,
            f"the file cannot be opened ({error.strerror}). Check its permissions and try again.",
            "文件无法打开。请检查文件权限后重试。",
        ) from error
    if not head:
        raise refusal(
            name,
            "the file is empty. Copy or upload it again.",
            "文件为空。请重新复制或上传。",
        )
    if kind is None:
        raise refusal(
            name,
            f"it is not a video file that SmartPark knows. Use one of: {accepted()}.",
            f"它不是 SmartPark 能识别的视频文件。请使用以下格式之一：{accepted()}。",
        )
    return kind


def _sniff(head: bytes) -> str | None:
    """Return FFmpeg's name of the demuxer for a file that begins with `head`."""
    if head[:4] == b"RIFF" and head[8:11] == b"AVI":
        return "avi"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[4:8] in _MOV_BOXES:
        return "mov"
    if head[:4] == b"\x00\x00\x01\xba":
        return "mpeg"
    marks = head[::_PACKET_TS]
    return "mpegts" if len(marks) == 3 and set(marks) == {0x47} else None


def _refuse_outside_data(file: BinaryIO, path: Path) -> None:
    """Refuse a QuickTime file whose pictures lie in another file.

    Data reference boxes: ISO/IEC 14496-12, 8.7.2; flag 1 means "in this file".
    """
    file.seek(0)
    found_moov = False
    for kind, start, end in _boxes(file, 0, path.stat().st_size):
        found_moov = found_moov or kind == b"moov"
        if kind == b"dref" and any(not flags & 1 for flags in _references(file, start, end)):
            raise refusal(
                path.name,
                "its pictures lie in another file. Export it as one self-contained MP4.",
                "它的画面保存在另一个文件中。请导出为单个独立的 MP4 文件。",
            )
        if kind == b"moof":
            found_moov = True
    if not found_moov:
        raise _damaged(path.name, "mov")


def _boxes(file: BinaryIO, start: int, end: int) -> "list[tuple[bytes, int, int]]":
    """Return kind, start and end of what the boxes of a QuickTime file hold, nested ones too."""
    found: list[tuple[bytes, int, int]] = []
    spans = [(start, end)]
    while spans and len(found) < _MAX_BOXES:
        at, stop = spans.pop()
        while at + 8 <= stop and len(found) < _MAX_BOXES:
            file.seek(at)
            size, kind = struct.unpack(">I4s", file.read(8).ljust(8, b"\0"))
            header = 8
            if size == 1:
                size, header = struct.unpack(">Q", file.read(8).ljust(8, b"\0"))[0], 16
            elif size == 0:
                size = stop - at
            if size < header:
                break
            inside = (at + header, min(at + size, stop))
            found.append((kind, *inside))
            if kind in _NESTED_BOXES:
                spans.append(inside)
            at += size
    return found


def _references(file: BinaryIO, start: int, end: int) -> list[int]:
    """Return the flags of each entry of a data reference box."""
    return [
        int.from_bytes(_read_at(file, entry + 1, 3)) for _, entry, _ in _boxes(file, start + 8, end)
    ]


def _read_at(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)


def _damaged(name: str, kind: str) -> ClipError:
    if kind == "mov":
        return refusal(
            name,
            "its table of contents is missing or damaged, so the recording was cut off."
            " Copy it again, or repair it, for example with untrunc.",
            "文件的索引缺失或损坏，录像可能被截断。请重新复制，或先用 untrunc 等工具修复。",
        )
    return refusal(
        name,
        "the start of the file is damaged. Copy or export it again.",
        "文件开头已损坏。请重新复制或导出。",
    )
