"""The jobs screen."""

from smartpark.ui.jobs import draw_jobs
from smartpark.ui.page import page

draw_jobs(page("jobs"))
