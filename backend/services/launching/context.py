"""What a launch may look at."""

from dataclasses import dataclass
from pathlib import Path

from backend.db.engine import Database
from backend.settings import Settings


@dataclass(frozen=True)
class LaunchContext:
    """The home that a run is launched in; `settings.readable_roots` are the folders it may read."""

    database: Database
    settings: Settings

    @property
    def roots(self) -> tuple[Path, ...]:
        return self.settings.readable_roots
