"""The overview screen."""

from smartpark.ui.overview import draw_overview
from smartpark.ui.page import heading, page

screen = page("overview")
heading(screen, screen.say("menu.overview"))
draw_overview(screen)
