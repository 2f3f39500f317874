"""Asking for an analysis: scene, mode and detector of one clip."""

import streamlit as st

from smartpark.jobs.queue import submit
from smartpark.jobs.tasks import AnalyseClip
from smartpark.plugins import names
from smartpark.store.clips import StoredClip, assign_scene
from smartpark.store.scenes import list_scenes
from smartpark.ui.formatting import plain
from smartpark.ui.page import Screen

MODES = ("fast", "exact")
# These take the name of a model after a colon, or a folder; they are typed in.
_NAMED = ("torchvision", "transformers", "card")


def draw_analyse(screen: Screen, clip: StoredClip) -> None:
    """Draw the form that queues an analysis of `clip`."""
    with screen.reading() as db:
        scenes = {scene.id: scene for scene in list_scenes(db)}
    options: list[int | None] = [None, *scenes]
    with st.form(f"analyse_form_{clip.id}", border=False):
        scene_id = st.selectbox(
            screen.say("analyse.scene"),
            options,
            index=options.index(clip.scene_id) if clip.scene_id in scenes else 0,
            format_func=lambda chosen: (
                scenes[chosen].name if chosen else screen.say("analyse.no_scene")
            ),
            key=f"analyse_scene_{clip.id}",
        )
        mode = st.radio(
            screen.say("analyse.mode"),
            MODES,
            index=MODES.index("exact" if screen.settings.mode == "exact" else "fast"),
            format_func=lambda name: screen.say(f"mode.{name}"),
            captions=[screen.say(f"mode.{name}_help") for name in MODES],
            horizontal=True,
            key=f"analyse_mode_{clip.id}",
        )
        detector = _detector(screen, clip)
        if st.form_submit_button(
            screen.say("analyse.start"), type="primary", icon=":material/play_circle:"
        ):
            _submit(screen, clip, scene_id, detector, "exact" if mode == "exact" else "fast")


def _detector(screen: Screen, clip: StoredClip) -> str:
    own = screen.settings.detector
    known = [name for name in names("detector") if name not in _NAMED]
    chosen = st.selectbox(
        screen.say("analyse.detector"),
        list(dict.fromkeys([own, *known])),
        help=screen.say("analyse.detector_help"),
        accept_new_options=True,
        key=f"analyse_detector_{clip.id}",
    )
    return str(chosen or own)


def _submit(
    screen: Screen, clip: StoredClip, scene_id: int | None, detector: str, mode: str
) -> None:
    with screen.mishaps():
        if scene_id != clip.scene_id:
            with screen.writing() as db:
                assign_scene(db, clip.id, scene_id)
        queue_analysis(screen, clip.id, scene_id=scene_id, detector=detector, mode=mode)
        st.rerun()


def queue_analysis(
    screen: Screen,
    clip_id: int,
    *,
    scene_id: int | None,
    detector: str | None = None,
    mode: str | None = None,
) -> None:
    """Queue an analysis; detector and mode are those of the settings where not given."""
    task = AnalyseClip(
        clip_id=clip_id,
        scene_id=scene_id,
        detector=detector or screen.settings.detector,
        mode="exact" if (mode or screen.settings.mode) == "exact" else "fast",
    )
    submit(screen.engine, task, runner=screen.runner(), by=screen.operator)
    st.toast(screen.say("analyse.queued"), icon=":material/check:")


def scene_name(screen: Screen, clip: StoredClip) -> str:
    """Return what the clip is analysed with, safe to show as Markdown."""
    with screen.reading() as db:
        scene = next((scene for scene in list_scenes(db) if scene.id == clip.scene_id), None)
    if scene is None:
        return screen.say("clip.without_scene")
    return screen.say("clip.with_scene", name=plain(scene.name))
