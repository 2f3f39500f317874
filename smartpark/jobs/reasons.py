"""Why a job failed, in words for the person who asked for it."""

from smartpark.core.errors import SmartParkError
from smartpark.core.text import Text
from smartpark.store.database import is_disk_full


def explain(error: Exception) -> Text:
    """Return why a job failed, for the person who asked for it."""
    if is_disk_full(error):
        return _DISK_FULL
    if isinstance(error, SmartParkError):
        return error.text
    if isinstance(error, MemoryError):
        return _NO_MEMORY
    said = f"{type(error).__name__}: {error}"[:300]
    return Text(
        en=f"SmartPark made a mistake ({said}). The full account is in logs/worker.log in the data "
        "folder; please report it.",
        zh=f"SmartPark 内部出错（{said}）。详情见数据文件夹中的 logs/worker.log，请反馈给开发者。",
    )


_DISK_FULL = Text(
    en="The disk is full, so the work stopped. What was stored before is safe. Free some space "
    "(`smartpark tidy` removes old clips), then try again.",
    zh="磁盘已满，任务中止；此前保存的内容不受影响。请清理空间"
    "（`smartpark tidy` 可删除旧视频）后重试。",
)
_NO_MEMORY = Text(
    en="The computer ran out of memory. Close other programs or analyse a smaller clip, "
    "then try again.",
    zh="内存不足。请关闭其他程序或换用较小的视频后重试。",
)
