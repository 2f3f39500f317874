"""Run the command line with `python -m smartpark`."""

from smartpark.cli import app

app()
