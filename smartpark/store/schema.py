"""The ground that every table stands on: declarative base, UTC times, sentences as JSON."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, MetaData
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from smartpark.core.errors import StorageError
from smartpark.core.text import Text

# Constraints need names, or a later migration could not drop them on SQLite.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python, whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Refuse a time without zone: it could mean any of 24 moments."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; pass an aware datetime.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Give SQLite's naive times their zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Parent of all tables."""

    metadata = MetaData(naming_convention=_NAMES)
    # A number is never given out twice: an address of something removed must not show another.
    __table_args__: Any = {"sqlite_autoincrement": True}  # noqa: RUF012 - as below
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute
        datetime: UtcDateTime,
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
    }


def text_to_dict(text: Text | None) -> dict[str, Any] | None:
    """Return the JSON form of a sentence."""
    return None if text is None else {"en": text.en, "zh": text.zh}


def text_from_dict(data: dict[str, Any] | None) -> Text | None:
    """Return the sentence kept as JSON."""
    return None if data is None else Text(en=data["en"], zh=data["zh"])


def gone(en: str, zh: str, identity: int) -> StorageError:
    """Return the error for a row that is not, or no longer, there."""
    return StorageError(
        Text(
            en=f"There is no {en} {identity}; it may have been removed. Reload the page.",
            zh=f"找不到编号为 {identity} 的{zh}，可能已被删除。请刷新页面。",
        )
    )
