"""Sentences of the jobs screen and of progress bars."""

JOBS: dict[str, tuple[str, str]] = {
    "jobs.empty": ("Nothing has been asked for yet", "还没有任务"),
    "jobs.empty_more": (
        "A job appears here when a clip is analysed.",
        "分析视频时，任务会显示在这里。",
    ),
    "jobs.filter": ("Show", "筛选"),
    "jobs.all": ("All", "全部"),
    "jobs.none_of_these": ("No job is in this state.", "没有处于该状态的任务。"),
    "jobs.retry": ("Retry", "重试"),
    "jobs.open": ("Open", "打开"),
    "jobs.attempt": ("attempt {n}", "第 {n} 次尝试"),
    "jobs.took": ("took {duration}", "用时 {duration}"),
    "jobs.waiting": ("waits for its turn", "排队中"),
    "job_state.queued": ("Waiting", "等待中"),
    "job_state.running": ("Running", "运行中"),
    "job_state.done": ("Done", "已完成"),
    "job_state.failed": ("Failed", "失败"),
    "job_state.cancelled": ("Cancelled", "已取消"),
    "job_kind.analyse_clip": ("Analyse clip", "分析视频"),
    "job_kind.blur_export": ("Blurred export", "导出模糊视频"),
    "job_kind.tidy": ("Tidy old clips", "清理过期视频"),
}
