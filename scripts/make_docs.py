"""Write the pages of `docs/` that are made from the program: commands and settings.

    python scripts/make_docs.py

`tests/test_architecture.py` fails where the committed pages differ from what this would write.
"""

from pathlib import Path
from typing import Any

import typer.main

from smartpark.cli import app
from smartpark.config import Settings

DOCS = Path(__file__).parents[1] / "docs"
WIDTH = 88  # columns of the help texts, so that the page does not depend on the terminal

COMMANDS = """\
# Commands

<!-- Made by `make docs`; do not edit. -->

Every command that answers takes `--json`: one JSON document on standard output, all else on
standard error. Exit status: 0 done; 2 the input is at fault, with one line that says what was
wrong, what was expected and what to do; 1 a fault of ours.
"""
SETTINGS = """\
# Settings

<!-- Made by `make docs`; do not edit. -->

Settings are read from the environment, then from a file `.env` in the folder where the program
starts. `smartpark settings` prints each value and where it comes from, without secrets. What an
operator edits while the park is open (scenes, rules) is data in the store, not a setting.

| Name | Default | Meaning |
| --- | --- | --- |
"""
EXAMPLE = """
An example `.env`:

```ini
SMARTPARK_DATA_DIR=/srv/smartpark
SMARTPARK_DATABASE_URL=postgresql+psycopg://park@localhost/smartpark
SMARTPARK_NOTIFIERS=log,webhook
SMARTPARK_WEBHOOK_URL=https://operations.example/alerts
```
"""


def commands_page() -> str:
    """Return `docs/commands.md`: the help text of each command."""
    group: Any = typer.main.get_command(app)
    return COMMANDS + "".join(
        f"\n## smartpark {name}\n\n```text\n{_help(command, f'smartpark {name}')}\n```\n"
        for name, command in sorted(group.commands.items())
    )


def settings_page() -> str:
    """Return `docs/settings.md`: each setting with its default and meaning."""
    rows = "".join(
        f"| `SMARTPARK_{name.upper()}` | {_shown(field.default)} | {field.description} |\n"
        for name, field in Settings.model_fields.items()
    )
    return SETTINGS + rows + EXAMPLE


def _help(command: Any, name: str) -> str:
    context = command.context_class(
        command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH
    )
    return str(command.get_help(context)).strip()


def _shown(default: object) -> str:
    if default is None:
        return "not set"
    return f"`{','.join(default) if isinstance(default, tuple) else default}`"


PAGES = {"commands.md": commands_page, "settings.md": settings_page}

if __name__ == "__main__":
    for page, make in PAGES.items():
        (DOCS / page).write_text(make(), encoding="utf-8")
