"""A command that waits ends when what it waits for can no longer happen."""

from pathlib import Path

import pytest
from sqlalchemy import text

from backend.cli.session import wait_for_run
from backend.db.engine import open_database
from backend.errors import UnavailableError
from backend.services.services import Services
from backend.settings import Settings
from shared.configs import SimulateConfig
from shared.configs.kinds import RunKind
from tests.homes import enqueue


def test_a_command_ends_with_the_error_of_its_supervisor(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path).prepare()
    database = open_database(settings.database_path)
    run_id = enqueue(
        database, settings.runs_dir, RunKind.SIMULATE, SimulateConfig(name="sky", n=20, img_size=32)
    )
    with database.write() as session:  # migrated meanwhile by a later version of Galaxyscope
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnavailableError) as ended:
        wait_for_run(Services(settings, database), run_id)
    assert ended.value.code == "supervisor"
    assert "9999" in ended.value.detail
