"""Paths and addresses. Environment variables say where things are, never what to do."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from backend.files import EVERYWHERE


def is_loopback(host: str) -> bool:
    """Whether a server on `host` can be reached only from this machine."""
    return host.lower() in ("127.0.0.1", "localhost", "::1")


def _split_like_path(value: object) -> object:
    return tuple(Path(part) for part in value.split(os.pathsep) if part) if isinstance(value, str) else value


class Settings(BaseSettings):
    """Read from GALAXYSCOPE_HOME, GALAXYSCOPE_DATA_ROOTS (separated like PATH) and GALAXYSCOPE_TOKEN."""

    model_config = SettingsConfigDict(env_prefix="GALAXYSCOPE_", frozen=True, extra="ignore")

    home: Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())] = Field(
        default_factory=lambda: Path.home() / "galaxyscope"
    )
    data_roots: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_split_like_path)] = Field(
        default_factory=lambda: (Path.home(),)
    )
    host: str = "127.0.0.1"
    port: int = 8501
    token: Annotated[str | None, AfterValidator(lambda token: token or None)] = None
    _reads_everything: bool = PrivateAttr(False)

    @property
    def database_path(self) -> Path:
        return self.home / "galaxyscope.db"

    @property
    def runs_dir(self) -> Path:
        return self.home / "runs"

    @property
    def trash_dir(self) -> Path:
        """Folders of deleted runs, until they are removed."""
        return self.home / "trash"

    @property
    def datasets_dir(self) -> Path:
        return self.home / "datasets"

    @property
    def uploads_dir(self) -> Path:
        return self.home / "uploads"

    @property
    def readable_roots(self) -> tuple[Path, ...]:
        """Folders that a launch may read: the data roots and the uploads, or all folders for shell commands,
        which run with the rights of their user."""
        return EVERYWHERE if self._reads_everything else (*self.data_roots, self.uploads_dir)

    def reading_everything(self) -> "Settings":
        """The same settings with every folder readable."""
        opened = self.model_copy()
        opened._reads_everything = True
        return opened

    @property
    def local_url(self) -> str:
        """The URL of the server on this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def prepare(self) -> "Settings":
        """Make the folders of the home; returns self."""
        for folder in (self.home, self.runs_dir, self.datasets_dir, self.uploads_dir):
            folder.mkdir(parents=True, exist_ok=True)
        return self
