"""Scenes: zones, lines and rules that an operator drew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from smartpark.store import audit
from smartpark.store.schema import Base, gone


class SceneRow(Base):
    """One stored scene."""

    __tablename__ = "scenes"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    spec: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]


@dataclass(frozen=True, slots=True)
class StoredScene:
    """A scene as the operator left it.

    Attributes:
        id: number in the store.
        name: what the operator calls it.
        spec: the scene in the form of a scene file.
        updated_at: last change, UTC.
        updated_by: who changed it last.
    """

    id: int
    name: str
    spec: dict[str, Any]
    updated_at: datetime
    updated_by: str


def save_scene(
    session: Session,
    *,
    name: str,
    spec: Mapping[str, Any],
    by: str,
    now: datetime,
    scene_id: int | None = None,
) -> StoredScene:
    """Return the scene, stored anew, or in the place of `scene_id`."""
    row = SceneRow() if scene_id is None else _row(session, scene_id)
    row.name, row.spec, row.updated_at, row.updated_by = name, dict(spec), now, by
    session.add(row)
    session.flush()
    subject = f"scene {row.id}"
    audit.record(session, who=by, action="scene.save", subject=subject, detail=name, now=now)
    return _value(row)


def get_scene(session: Session, scene_id: int) -> StoredScene:
    """Return one scene, or raise StorageError where it is gone."""
    return _value(_row(session, scene_id))


def list_scenes(session: Session) -> list[StoredScene]:
    """Return all scenes by name."""
    return [_value(row) for row in session.scalars(select(SceneRow).order_by(SceneRow.name))]


def remove_scene(session: Session, scene_id: int, *, by: str, now: datetime) -> None:
    """Remove a scene; clips that used it have none afterwards."""
    row = _row(session, scene_id)
    subject = f"scene {scene_id}"
    audit.record(session, who=by, action="scene.remove", subject=subject, detail=row.name, now=now)
    session.delete(row)
    session.flush()
    session.expire_all()


def _row(session: Session, scene_id: int) -> SceneRow:
    row = session.get(SceneRow, scene_id)
    if row is None:
        raise gone("scene", "场景", scene_id)
    return row


def _value(row: SceneRow) -> StoredScene:
    return StoredScene(
        id=row.id,
        name=row.name,
        spec=dict(row.spec),
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )
