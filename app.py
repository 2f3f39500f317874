"""The overview screen."""

from smartpark.ui.overview import draw_overview
from smartpark.ui.page import page

draw_overview(page("overview"))
