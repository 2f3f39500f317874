"""The frame of every page: title, menu, language, operator, and the open database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import streamlit as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from smartpark.config import Settings
from smartpark.core.errors import SmartParkError
from smartpark.core.protocols import Runner
from smartpark.core.text import LANGUAGES, Language, Text
from smartpark.events.forms import forms_by_kind
from smartpark.jobs.runners import LocalRunner
from smartpark.store.database import database_url, open_database, reading, session
from smartpark.ui.formatting import plain
from smartpark.ui.links import keep_address
from smartpark.ui.messages import name_of, say
from smartpark.ui.parts import browser_file, component

MENU: tuple[tuple[str, str, str], ...] = (
    ("overview", "app.py", ":material/space_dashboard:"),
    ("footage", "pages/1_Footage.py", ":material/videocam:"),
    ("jobs", "pages/7_Jobs.py", ":material/checklist:"),
)
LANGUAGE_NAMES = {"en": "EN", "zh": "中文"}
WORKER_CHECK_S = 20
MAX_OPERATOR = 60  # characters of a name beside an alert

_STYLE = browser_file("page.css")
_ICON = browser_file("icon.svg")
_remember = component("smartpark.preferences", "preferences")


@dataclass(frozen=True, slots=True)
class Screen:
    """What every part of a page needs: settings, the database, and the reader's language."""

    settings: Settings
    engine: Engine
    language: Language
    operator: str

    def say(self, key: str, **values: object) -> str:
        """Return the sentence of `key` in the reader's language."""
        return say(key, self.language, **values)

    def words(self, text: Text) -> str:
        """Return a sentence from below, safe to show as Markdown."""
        return plain(text.say(self.language))

    def name(self, group: str, name: str) -> str:
        """Return how a kind, label or state is called, safe to show as Markdown."""
        return plain(name_of(group, name, self.language))

    def kind(self, kind: str) -> str:
        """Return how a rule is called, safe to show as Markdown."""
        return plain(self.kind_name(kind))

    def kind_name(self, kind: str) -> str:
        """Return how a rule is called; a plug-in's own name as it is."""
        form = forms_by_kind().get(kind)
        return form.label.say(self.language) if form else kind

    def path(self, *parts: str) -> Path:
        """Return a file or folder below the data folder."""
        return self.settings.data_dir.joinpath(*parts)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open the database to look; nobody has to wait."""
        with reading(self.engine) as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open the database for one step: all of it is stored, or nothing."""
        with session(self.engine) as db:
            yield db

    def runner(self) -> Runner:
        """Return who sees to it that a job from this page is run."""
        return LocalRunner(self.settings) if self.settings.runner == "local" else _Nobody()

    @contextmanager
    def mishaps(self) -> Iterator[None]:
        """Show what a person can mend as a note that stays, instead of ending the page."""
        try:
            yield
        except SmartParkError as error:
            words = f"**{self.say('page.failed')}** {self.words(error.text)}"
            st.toast(words, icon=":material/error:", duration="infinite")


class _Nobody:
    """Leaves a queued job to whichever worker is alive."""

    def submit(self, job_id: int) -> None:
        """Do nothing."""


def page(name: str) -> Screen:
    """Draw the menu of the page `name` and return what its parts need.

    Draw the heading next. Where the database cannot be opened the page says why and ends here.
    """
    keep_address()
    settings = Settings()
    language = _language(settings)
    title = say(f"menu.{name}", language)
    st.set_page_config(page_title=f"{title} · {settings.park_name}", page_icon=_ICON, layout="wide")
    st.html(f"<style>{_STYLE}</style>")
    _menu(settings, language)
    try:
        engine = _engine(settings)
    except SmartParkError as error:
        _heading(title, language)
        st.error(f"**{say('page.storage_broken', language)}**", icon=":material/database_off:")
        st.write(plain(error.text.say(language)))
        st.stop()
    return Screen(settings, engine, language, _operator(language))


def heading(screen: Screen, title: str) -> None:
    """Draw the page's heading, with the language switch beside it."""
    _heading(title, screen.language)


def _heading(title: str, language: Language) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False, key="page_head"):
        st.title(title, anchor=False, width="stretch")
        _language_switch(language)


def _engine(settings: Settings) -> Engine:
    engine = _open(str(settings.data_dir.absolute()), settings.database_url)
    if settings.runner == "local":
        _keep_worker(str(settings.data_dir.absolute()), settings)
    return engine


@st.cache_resource(show_spinner=False)
def _open(data_dir: str, url: str | None) -> Engine:
    return open_database(database_url(Path(data_dir), url))


@st.cache_resource(show_spinner=False, ttl=WORKER_CHECK_S)
def _keep_worker(data_dir: str, _settings: Settings) -> str:
    # A page without `smartpark run` around it sees to its own worker.
    LocalRunner(_settings).ensure()
    return data_dir


def _language(settings: Settings) -> Language:
    state = st.session_state
    asked = st.query_params.get("lang") or state.get("page_language") or _cookie("language")
    chosen: Language = next((code for code in LANGUAGES if code == asked), _first(settings))
    state["page_language"] = chosen
    return chosen


def _first(settings: Settings) -> Language:
    return "zh" if settings.language == "zh" else "en"


def _cookie(name: str) -> str:
    return unquote(st.context.cookies.get(f"smartpark_{name}", ""))


def _language_switch(language: Language) -> None:
    st.segmented_control(
        say("page.language", language),
        LANGUAGES,
        format_func=lambda code: LANGUAGE_NAMES[code],
        default=language,
        required=True,
        key=f"page_language_switch_{language}",
        on_change=_switch_language,
        args=(f"page_language_switch_{language}",),
        label_visibility="collapsed",
        width="content",
    )


def _switch_language(key: str) -> None:
    st.session_state["page_language"] = st.session_state[key]
    st.query_params.pop("lang", None)


def _menu(settings: Settings, language: Language) -> None:
    with st.sidebar:
        st.markdown(f"## :primary[:material/park:] {plain(settings.park_name)}")
        for key, script, icon in MENU:
            st.page_link(script, label=say(f"menu.{key}", language), icon=icon, width="stretch")


def _operator(language: Language) -> str:
    state = st.session_state
    name = str(state.setdefault("page_operator", _cookie("operator")[:MAX_OPERATOR]))
    with st.sidebar:
        st.space("small")
        label = plain(name) or say("page.operator_unset", language)
        with st.popover(label, icon=":material/badge:", width="stretch", key="page_operator_box"):
            st.text_input(
                say("page.operator", language),
                value=name,
                max_chars=MAX_OPERATOR,
                help=say("page.operator_help", language),
                key="page_operator_field",
                on_change=_rename,
            )
        _remember(data={"language": language, "operator": name}, key="page_preferences")
    return name or say("page.nobody", language)


def _rename() -> None:
    st.session_state["page_operator"] = st.session_state["page_operator_field"].strip()
