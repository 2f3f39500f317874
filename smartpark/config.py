"""Settings: one class, read from the environment and `.env`."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """What an administrator sets before the start; each name takes the prefix `SMARTPARK_`."""

    model_config = SettingsConfigDict(env_prefix="SMARTPARK_", env_file=".env", extra="ignore")

    data_dir: Path = Field(
        default=Path("data"), description="Folder for the database, clips and reports."
    )
    database_url: str | None = Field(
        default=None, description="SQLAlchemy address; SQLite in `data_dir` where not set."
    )
    park_name: str = Field(
        default="SmartPark", description="Name shown at the top of every screen."
    )
    timezone: str = Field(default="Asia/Shanghai", description="IANA time zone of the screens.")
    language: Literal["en", "zh"] = Field(
        default="en", description="Language of a first visit: `en` or `zh`."
    )
    detector: str = Field(default="nanodet-g", description="Detector of new analyses.")
    mode: Literal["fast", "exact"] = Field(default="fast", description="`fast` or `exact`.")
    runner: Literal["local", "inline"] = Field(
        default="local", description="Who runs jobs: `local` or `inline`."
    )
    threads: int = Field(default=2, ge=1, le=64, description="Processor threads of one analysis.")
    max_upload_mb: int = Field(
        default=2048, ge=1, description="Largest clip that may be uploaded, MB."
    )
    max_frame_pixels: int = Field(
        default=33_200_000,
        description="Largest frame that is opened, in pixels (8K is 33.2 million).",
    )
    retention_days: int = Field(
        default=30,
        ge=0,
        description="Days that clips and overlays are kept; 0 keeps them for ever.",
    )
    notifiers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("log",), description="Who is told of new alerts, separated by commas."
    )
    notify_from: Literal["info", "low", "medium", "high"] = Field(
        default="medium", description="Lowest severity that is sent."
    )
    webhook_url: str | None = Field(
        default=None, description="Address that the webhook notifier posts to."
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="Key of the HMAC-SHA256 signature of each webhook."
    )
    smtp_host: str | None = Field(default=None, description="Mail server of the e-mail notifier.")
    smtp_port: int = Field(default=587, description="Port of the mail server.")
    smtp_user: str | None = Field(default=None, description="User name at the mail server.")
    smtp_password: SecretStr | None = Field(
        default=None, description="Password at the mail server."
    )
    smtp_from: str | None = Field(default=None, description="Sender of alert mails.")
    smtp_to: str | None = Field(
        default=None, description="Receivers of alert mails, separated by commas."
    )

    @field_validator("notifiers", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value
