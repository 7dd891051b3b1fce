"""A shell that waits: it does not wait for what can no longer come."""

from pathlib import Path

import pytest
from sqlalchemy import text

from backend.cli.session import Home, start_and_wait
from backend.db.engine import open_database
from backend.errors import UnavailableError
from backend.settings import Settings
from shared.configs import SimulateConfig
from shared.configs.kinds import RunKind
from tests.homes import enqueue


def test_where_its_supervisor_cannot_serve_the_shell_says_so_and_ends(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path).prepare()
    database = open_database(settings.database_path)
    run_id = enqueue(
        database, settings.runs_dir, RunKind.SIMULATE, SimulateConfig(name="sky", n=20, img_size=32)
    )
    with database.write() as session:  # a later version of Galaxyscope has been here meanwhile
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnavailableError, match="the supervisor ended: .*9999"):
        start_and_wait(Home(settings, database), run_id)
