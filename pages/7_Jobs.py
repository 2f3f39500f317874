"""The jobs screen."""

from smartpark.ui.jobs import draw_jobs
from smartpark.ui.page import heading, page

screen = page("jobs")
heading(screen, screen.say("menu.jobs"))
draw_jobs(screen)
