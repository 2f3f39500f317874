"""Browser parts of our own: each is a style sheet and a script in the folder `browser`."""

from importlib.resources import files
from typing import Any

import streamlit as st


def component(name: str, part: str) -> Any:
    """Return the mounting function of the part `browser/<part>.js` (and `.css`, where present).

    Texts and figures reach a part as data only; no part builds HTML from them.
    """
    folder = files("smartpark.ui").joinpath("browser")
    style = folder.joinpath(f"{part}.css")
    return st.components.v2.component(
        name,
        html='<div class="part"></div>',
        css=style.read_text(encoding="utf-8") if style.is_file() else None,
        js=folder.joinpath(f"{part}.js").read_text(encoding="utf-8"),
    )
