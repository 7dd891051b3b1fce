"""Where things are. Environment variables say where, never what."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, PrivateAttr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from backend.files import EVERYWHERE


def is_loopback(host: str) -> bool:
    """Whether a server on `host` is reached from this machine only."""
    return host.lower() in ("127.0.0.1", "localhost", "::1")


class Settings(BaseSettings):
    """Read from GALAXYSCOPE_HOME, GALAXYSCOPE_DATA_ROOTS (separated like PATH) and GALAXYSCOPE_TOKEN."""

    model_config = SettingsConfigDict(env_prefix="GALAXYSCOPE_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: Path.home() / "galaxyscope")
    data_roots: Annotated[tuple[Path, ...], NoDecode] = Field(default_factory=lambda: (Path.home(),))
    host: str = "127.0.0.1"
    port: int = 8501
    token: str | None = None
    _reads_everything: bool = PrivateAttr(False)

    @field_validator("data_roots", mode="before")
    @classmethod
    def _split_like_path(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(Path(part) for part in value.split(os.pathsep) if part)
        return value

    @field_validator("token")
    @classmethod
    def _empty_is_none(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @property
    def database_path(self) -> Path:
        return self.home / "galaxyscope.db"

    @property
    def runs_dir(self) -> Path:
        return self.home / "runs"

    @property
    def trash_dir(self) -> Path:
        """Where folders of deleted runs wait for their end."""
        return self.home / "trash"

    @property
    def datasets_dir(self) -> Path:
        return self.home / "datasets"

    @property
    def uploads_dir(self) -> Path:
        return self.home / "uploads"

    @property
    def downloads_dir(self) -> Path:
        return self.home / "downloads"

    @property
    def readable_roots(self) -> tuple[Path, ...]:
        """Folders whose files a launch may name: the data roots and the uploads, or all, where the shell,
        which runs with its user's own rights, has asked for that."""
        return EVERYWHERE if self._reads_everything else (*self.data_roots, self.uploads_dir)

    def reading_everything(self) -> "Settings":
        """The same settings with every folder readable."""
        opened = self.model_copy()
        opened._reads_everything = True
        return opened

    @property
    def local_url(self) -> str:
        """Where this machine reaches the server."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def prepare(self) -> "Settings":
        """Make the folders of the home; returns self."""
        for folder in (self.home, self.runs_dir, self.datasets_dir, self.uploads_dir):
            folder.mkdir(parents=True, exist_ok=True)
        return self
