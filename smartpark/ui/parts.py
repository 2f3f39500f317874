"""Browser parts of our own: each is a style sheet and a script in the folder `browser`."""

from importlib.resources import files
from typing import Any

import streamlit as st


def component(name: str, part: str) -> Any:
    """Return the mounting function of the part `browser/<part>.js` and its style sheet.

    Texts and figures reach a part as data only; no part builds HTML from them.
    """
    return st.components.v2.component(
        name,
        html='<div class="part"></div>',
        css=browser_file(f"{part}.css"),
        js=browser_file(f"{part}.js"),
    )


def browser_file(name: str) -> str:
    """Return the text of a file in the folder `browser`; empty where there is none."""
    file = files("smartpark.ui").joinpath("browser", name)
    return file.read_text(encoding="utf-8") if file.is_file() else ""
