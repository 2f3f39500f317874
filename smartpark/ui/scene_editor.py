"""The scene editor: zones and lines drawn on a clip's first picture, and their rules."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from smartpark.core.errors import SceneError
from smartpark.core.scene import Scene
from smartpark.events.forms import Level
from smartpark.events.scene import parse_scene, scene_to_dict
from smartpark.store.clips import StoredClip, assign_scene
from smartpark.store.scenes import StoredScene, get_scene, list_scenes, save_scene
from smartpark.ui.analyse import queue_analysis
from smartpark.ui.drawing import DEFAULT_GROUND_M, Shape, rules_of, shapes_of, spec_of
from smartpark.ui.formatting import plain, utc_now
from smartpark.ui.links import picture_address
from smartpark.ui.messages import group
from smartpark.ui.page import Screen
from smartpark.ui.parts import component
from smartpark.ui.presets import PRESETS, preset
from smartpark.ui.rule_form import draw_rules, summary

NEXT_VIEW = "footage_next_view"  # where the clip's page goes after this one
SHAPE_ICONS = {"zone": ":material/pentagon:", "line": ":material/arrow_split:"}
TILINGS: tuple[tuple[int, int] | None, ...] = (None, (2, 1), (2, 2), (3, 2), (4, 3))

_editor = component("smartpark.editor", "editor")


@st.fragment
def draw_scene_editor(
    screen: Screen, clip: StoredClip, first_picture: Callable[[Path], bytes]
) -> None:
    """Draw the editor of the scene that `clip` is analysed with."""
    draft = _draft(screen, clip)
    left, right = st.columns([7, 4], gap="medium")
    with left:
        shapes, chosen = _draw(screen, clip, draft, first_picture)
    with right:
        _begin_with(screen, clip, draft)
        rules = _rules(screen, draft, shapes, chosen)
        more = _more(screen, draft, shapes)
    spec = spec_of(shapes, rules, **more)
    with left:
        _save(screen, clip, draft, spec)


def _draft(screen: Screen, clip: StoredClip) -> dict[str, Any]:
    """Return what is being edited: `spec`, and a `token` that changes when it is replaced."""
    key = f"footage_scene_{clip.id}"
    if key not in st.session_state:
        spec: Mapping[str, Any] = {"name": Path(clip.name).stem[:80]}
        if clip.scene_id is not None:
            with screen.reading() as db:
                spec = get_scene(db, clip.scene_id).spec
        st.session_state[key] = {"spec": spec, "token": 0}
    draft: dict[str, Any] = st.session_state[key]
    return draft


def _replace(draft: dict[str, Any], spec: Mapping[str, Any]) -> None:
    draft["spec"] = spec
    draft["token"] += 1


def _begin_with(screen: Screen, clip: StoredClip, draft: dict[str, Any]) -> None:
    with screen.reading() as db:
        others = [scene for scene in list_scenes(db) if scene.id != clip.scene_id]
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover(screen.say("scene.presets"), icon=":material/auto_awesome:"):
            for name in PRESETS:
                size = {"width": clip.info.width, "height": clip.info.height}
                st.button(
                    screen.say(f"preset.{name}"),
                    key=f"scene_preset_{name}",
                    width="stretch",
                    on_click=_replace,
                    args=(draft, preset(name, **size, language=screen.language)),
                )
        if others:
            with st.popover(screen.say("scene.copy"), icon=":material/content_copy:"):
                _copy(screen, draft, others)


def _copy(screen: Screen, draft: dict[str, Any], others: list[StoredScene]) -> None:
    source = st.selectbox(
        screen.say("scene.copy_from"), others, format_func=lambda scene: scene.name
    )
    if source is not None:
        copied = {**source.spec, "name": draft["spec"].get("name", source.name)}
        st.button(
            screen.say("scene.copy_now"),
            key="scene_copy_now",
            on_click=_replace,
            args=(draft, copied),
        )


def _draw(
    screen: Screen,
    clip: StoredClip,
    draft: dict[str, Any],
    first_picture: Callable[[Path], bytes],
) -> tuple[list[Shape], str | None]:
    width, height = clip.info.width, clip.info.height
    start = shapes_of(draft["spec"], width=width, height=height)
    token = f"{clip.id}-{draft['token']}"
    picture = first_picture(screen.path(clip.file))
    result = _editor(
        data={
            "token": token,
            "width": width,
            "height": height,
            "picture": picture_address(picture, f"first-{clip.id}"),
            "items": start,
            "words": group("editor", screen.language),
        },
        key=f"footage_editor_{clip.id}",
        on_drawing_change=lambda: None,
    )
    drawing = result.drawing
    if drawing is None or drawing["token"] != token:
        return start, None
    return list(drawing["items"]), drawing.get("chosen")


def _rules(
    screen: Screen, draft: dict[str, Any], shapes: list[Shape], chosen: str | None
) -> dict[str, list[dict[str, Any]]]:
    stored = rules_of(draft["spec"])
    places = [shape for shape in shapes if shape["sort"] in SHAPE_ICONS]
    if not places:
        st.markdown(f"**{screen.say('scene.nothing')}**")
        st.caption(screen.say("scene.nothing_more"))
    rules = {}
    for shape in places:
        key = f"scene_rules_{draft['token']}_{shape['id']}"
        kinds = st.session_state.get(
            f"{key}_kinds", [rule["kind"] for rule in stored.get(shape["id"], [])]
        )
        label = f"{SHAPE_ICONS[shape['sort']]} **{plain(shape['name'])}** {summary(screen, kinds)}"
        with st.expander(label, expanded=shape["id"] == chosen):
            level: Level = "zone" if shape["sort"] == "zone" else "line"
            rules[shape["id"]] = draw_rules(screen, level, stored.get(shape["id"], []), key=key)
    return rules


def _more(screen: Screen, draft: dict[str, Any], shapes: list[Shape]) -> dict[str, Any]:
    spec, token = draft["spec"], draft["token"]
    with st.expander(f":material/tune: {screen.say('scene.whole')}"):
        scene_rules = draw_rules(screen, "scene", spec.get("rules", []), key=f"scene_rules_{token}")
        tiling = _tiling(screen, spec.get("tiling"), key=f"scene_tiling_{token}")
    ground: list[list[float]] = [list(point) for point in DEFAULT_GROUND_M]
    if any(shape["sort"] == "ground" for shape in shapes):
        with st.expander(f":material/straighten: {screen.say('scene.ground')}", expanded=True):
            ground = _ground(screen, spec.get("calibration"), key=f"scene_ground_{token}")
    name = st.text_input(
        screen.say("scene.name"),
        value=spec.get("name", ""),
        max_chars=80,
        key=f"scene_name_{token}",
    )
    return {"name": name, "scene_rules": scene_rules, "ground_m": ground, "tiling": tiling}


def _tiling(screen: Screen, stored: Mapping[str, Any] | None, *, key: str) -> dict[str, Any] | None:
    grid = (stored["columns"], stored["rows"]) if stored else None
    options = list(dict.fromkeys([*TILINGS, grid]))
    chosen = st.selectbox(
        screen.say("scene.tiling"),
        options,
        index=options.index(grid),
        format_func=lambda tiles: (
            screen.say(
                "scene.tiling_some", columns=tiles[0], rows=tiles[1], n=tiles[0] * tiles[1] + 1
            )
            if tiles
            else screen.say("scene.tiling_none")
        ),
        help=screen.say("scene.tiling_help"),
        key=key,
    )
    if chosen is None:
        return None
    overlap = stored["overlap"] if stored else 0.15
    return {"columns": chosen[0], "rows": chosen[1], "overlap": overlap}


def _ground(screen: Screen, stored: Mapping[str, Any] | None, *, key: str) -> list[list[float]]:
    st.caption(screen.say("scene.ground_more"))
    points = stored["ground_points_m"] if stored else DEFAULT_GROUND_M
    found = []
    for number, (x, y) in enumerate(points, 1):
        left, right = st.columns(2)
        found.append(
            [
                left.number_input(
                    screen.say("scene.ground_x", n=number),
                    value=float(x),
                    step=0.5,
                    format="%g",
                    key=f"{key}_{number}_x",
                ),
                right.number_input(
                    screen.say("scene.ground_y", n=number),
                    value=float(y),
                    step=0.5,
                    format="%g",
                    key=f"{key}_{number}_y",
                ),
            ]
        )
    return found


def _save(screen: Screen, clip: StoredClip, draft: dict[str, Any], spec: dict[str, Any]) -> None:
    try:
        scene = parse_scene(spec, width=clip.info.width, height=clip.info.height)
    except SceneError as error:
        st.warning(screen.words(error.text), icon=":material/edit_note:")
        scene = None
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            screen.say("scene.save"),
            type="primary",
            icon=":material/save:",
            disabled=scene is None,
            key="scene_save",
        ):
            _store(screen, clip, draft, scene, scene_id=clip.scene_id)
        if st.button(
            screen.say("scene.save_analyse"),
            icon=":material/play_circle:",
            disabled=scene is None,
            key="scene_save_analyse",
        ):
            _store(screen, clip, draft, scene, scene_id=clip.scene_id, analyse=True)
        if clip.scene_id is not None and st.button(
            screen.say("scene.save_new"),
            icon=":material/save_as:",
            disabled=scene is None,
            key="scene_save_new",
        ):
            _store(screen, clip, draft, scene, scene_id=None)


def _store(
    screen: Screen,
    clip: StoredClip,
    draft: dict[str, Any],
    scene: Scene | None,
    *,
    scene_id: int | None,
    analyse: bool = False,
) -> None:
    if scene is None:
        return
    with screen.mishaps():
        with screen.writing() as db:
            stored = save_scene(
                db,
                name=scene.name,
                spec=scene_to_dict(scene),
                by=screen.operator,
                now=utc_now(),
                scene_id=scene_id,
            )
            assign_scene(db, clip.id, stored.id)
        _replace(draft, stored.spec)
        if analyse:
            queue_analysis(screen, clip.id, scene_id=stored.id)
            st.session_state[NEXT_VIEW] = "results"
        else:
            st.toast(screen.say("scene.saved"), icon=":material/check:")
        st.rerun()
