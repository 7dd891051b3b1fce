"""The queue: order that people change, a pause that is kept, and when what waits will start."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from backend.cli import main
from backend.db.engine import Database
from backend.db.models import RunRow
from backend.jobs.supervisor import Supervisor
from backend.jobs.worker import LocalLauncher
from backend.services.runs.queue import read_queue
from backend.settings import Settings
from frontend.api.client import ApiError, Client
from shared.base.states import RunState
from shared.configs.kinds import Lane, RunKind
from shared.contract import endpoints
from shared.contract.launching import Direction, LaneQueue, QueueMove, WaitingRun
from shared.contract.runs import ResumeRequest, RunRequest
from tests.api.conftest import Move

pytestmark = pytest.mark.usefixtures("sky")

S = RunState
UP, DOWN, TOP = Direction
TINY = {"dataset": "sky", "batch_size": 8, "epochs": 10, "warmup_epochs": 1}


def train(client: Client, **values: object) -> str:
    return client.call(endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PRETRAIN, config=TINY | values)).id


@pytest.fixture
def three(client: Client) -> list[str]:
    """Runs that wait in the train lane, of seeds 0, 1 and 2, next first."""
    return [train(client, seed=seed) for seed in range(3)]


def lane(client: Client, which: Lane = Lane.TRAIN) -> LaneQueue:
    return next(one for one in client.call(endpoints.GET_QUEUE).lanes if one.lane is which)


def order(client: Client) -> list[str]:
    return [run.id for run in lane(client).waiting]


def waiting(client: Client, run_id: str) -> WaitingRun:
    return next(run for run in lane(client).waiting if run.id == run_id)


def timed(database: Database, run_id: str, seconds: float, attempt: int = 1) -> None:
    """A run that has ended took so long."""
    with database.write() as session:
        row = session.get_one(RunRow, run_id)
        row.started_at = datetime(2026, 1, 1, tzinfo=UTC)
        row.ended_at = row.started_at + timedelta(seconds=seconds)
        row.attempt = attempt


def test_a_run_goes_up_down_and_to_the_top_and_its_position_is_told_everywhere(
    client: Client, three: list[str]
) -> None:
    a, b, c = three
    assert order(client) == [a, b, c]
    client.call(endpoints.MOVE_RUN, run_id=c, body=QueueMove(to=UP))
    assert order(client) == [a, c, b]
    client.call(endpoints.MOVE_RUN, run_id=a, body=QueueMove(to=DOWN))
    assert order(client) == [c, a, b]
    client.call(endpoints.MOVE_RUN, run_id=b, body=QueueMove(to=TOP))
    assert order(client) == [b, c, a]
    assert [client.call(endpoints.GET_RUN, run_id=run_id).queue_position for run_id in (b, c, a)] == [1, 2, 3]
    listed = {run.id: run.queue_position for run in client.call(endpoints.LIST_RUNS)}
    assert listed == {b: 1, c: 2, a: 3}
    later = train(client)
    assert order(client) == [b, c, a, later]


def test_at_the_end_of_the_queue_nothing_moves(client: Client, three: list[str]) -> None:
    client.call(endpoints.MOVE_RUN, run_id=three[0], body=QueueMove(to=UP))
    client.call(endpoints.MOVE_RUN, run_id=three[0], body=QueueMove(to=TOP))
    client.call(endpoints.MOVE_RUN, run_id=three[2], body=QueueMove(to=DOWN))
    assert order(client) == three


def test_of_two_people_who_move_the_same_run_the_second_is_told_the_order_of_now(
    client: Client, three: list[str]
) -> None:
    a, b, c = three
    seen = waiting(client, c).rank
    client.call(endpoints.MOVE_RUN, run_id=c, body=QueueMove(to=UP, rank=seen))
    with pytest.raises(ApiError) as refused:
        client.call(endpoints.MOVE_RUN, run_id=c, body=QueueMove(to=UP, rank=seen))
    assert (refused.value.status, refused.value.code) == (409, "moved_meanwhile")
    assert f"now: {a}, {c}, {b}" in refused.value.detail
    assert order(client) == [a, c, b]
    client.call(endpoints.MOVE_RUN, run_id=c, body=QueueMove(to=UP, rank=waiting(client, c).rank))
    assert order(client) == [c, a, b]


def test_a_queue_that_moves_on_takes_no_move_from_anybody(
    client: Client, three: list[str], move: Move
) -> None:
    a, b, c = three
    seen = waiting(client, c).rank
    move(a, S.STARTING, S.RUNNING)
    client.call(endpoints.MOVE_RUN, run_id=c, body=QueueMove(to=UP, rank=seen))
    assert order(client) == [c, b]


def test_only_what_waits_can_be_moved(client: Client, three: list[str], move: Move) -> None:
    move(three[0], S.STARTING, S.RUNNING)
    with pytest.raises(ApiError) as refused:
        client.call(endpoints.MOVE_RUN, run_id=three[0], body=QueueMove(to=TOP))
    assert refused.value.code == "not_queued"
    assert "is running" in refused.value.detail
    with pytest.raises(ApiError, match="no run no-such-run"):
        client.call(endpoints.MOVE_RUN, run_id="no-such-run", body=QueueMove(to=TOP))


def test_a_run_that_comes_back_stands_where_it_was(client: Client, three: list[str], move: Move) -> None:
    a, b, c = three
    move(a, S.STARTING, S.RUNNING, S.PAUSING, S.PAUSED)
    client.call(endpoints.MOVE_RUN, run_id=c, body=QueueMove(to=TOP))
    client.call(endpoints.RESUME_RUN, run_id=a)
    assert order(client) == [a, c, b]


def test_a_run_resumes_with_its_own_values_alone_and_a_clone_is_offered_for_others(
    client: Client, three: list[str], move: Move
) -> None:
    a = three[0]
    move(a, S.STARTING, S.RUNNING, S.PAUSING, S.PAUSED)
    own = client.call(endpoints.GET_RUN, run_id=a).config
    [key, value] = next((key, value) for key, value in own.items() if isinstance(value, int | float))
    with pytest.raises(ApiError) as refused:
        client.call(endpoints.RESUME_RUN, run_id=a, body=ResumeRequest(config={key: value + 1}))
    assert refused.value.code == "config_changed"
    assert f"{key} = {value}" in refused.value.detail and f"not with {value + 1}" in refused.value.detail
    assert f"galaxyscope runs clone {a} --set {key}={value + 1}" in refused.value.detail
    assert client.call(endpoints.GET_RUN, run_id=a).state is S.PAUSED
    assert (
        client.call(endpoints.RESUME_RUN, run_id=a, body=ResumeRequest(config={key: value})).state is S.QUEUED
    )


def ticked(settings: Settings, database: Database) -> list[str]:
    """What a supervisor that starts up now would start, in the order of its rounds."""
    started: list[str] = []

    class Noted(LocalLauncher):
        def launch(self, run_dir, attempt, lane) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
            started.append(run_dir.path.name)

    Supervisor(settings, database, Noted()).tick()
    return started


def test_a_paused_lane_starts_nothing_whoever_supervises_and_the_others_go_on(
    client: Client, three: list[str], settings: Settings, database: Database
) -> None:
    job = client.call(
        endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.SIMULATE, config={"name": "beside", "n": 20})
    ).id
    client.call(endpoints.PAUSE_LANE, lane=Lane.TRAIN)
    assert lane(client).paused_at is not None
    assert client.call(endpoints.PAUSE_LANE, lane=Lane.TRAIN).lanes[0].paused_at == lane(client).paused_at
    assert client.call(endpoints.GET_HEALTH).paused_lanes == [Lane.TRAIN]
    assert ticked(settings, database) == [job]
    client.call(endpoints.MOVE_RUN, run_id=three[2], body=QueueMove(to=TOP))
    client.call(endpoints.RESUME_LANE, lane=Lane.TRAIN)
    client.call(endpoints.RESUME_LANE, lane=Lane.TRAIN)
    assert lane(client).paused_at is None
    assert ticked(settings, database) == [three[2]]


def test_while_the_queue_is_paused_nothing_is_measured_and_a_launch_says_when_it_would_start(
    client: Client,
) -> None:
    client.call(endpoints.PAUSE_LANE, lane=Lane.TRAIN)
    request = RunRequest(kind=RunKind.PRETRAIN, config=TINY)
    found = client.call(endpoints.ESTIMATE_LAUNCH, body=request)
    assert (found.starts, found.starts_in_s) == ("when the train queue is resumed", None)
    assert found.device_busy
    with pytest.raises(ApiError) as refused:
        client.call(endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PREFLIGHT, config=TINY))
    assert refused.value.code == "queue_paused"


def test_what_waits_knows_when_it_starts_from_what_is_left_before_it(
    client: Client, database: Database, move: Move
) -> None:
    done, running, again, other = (train(client, seed=0), train(client), train(client, seed=4), train(client))
    move(done, S.STARTING, S.RUNNING, S.SUCCEEDED)
    timed(database, done, 240.0)
    move(running, S.STARTING, S.RUNNING)
    now = datetime(2026, 1, 2, 12, tzinfo=UTC)
    with database.write() as session:
        said_at = now.timestamp() - 10
        session.get_one(RunRow, running).progress = {"eta_s": 100.0, "at": said_at, "step": 5}
    first, second = read_queue(database, now=now).lanes[0].waiting
    assert (first.id, first.after, first.starts_at) == (again, running, now + timedelta(seconds=90))
    assert (second.id, second.after, second.starts_at) == (other, again, now + timedelta(seconds=90 + 240))
    client.call(endpoints.PAUSE_LANE, lane=Lane.TRAIN)
    assert [run.starts_at for run in lane(client).waiting] == [None, None]


def test_behind_a_run_whose_time_nobody_knows_no_start_is_promised(
    client: Client, three: list[str], move: Move
) -> None:
    assert waiting(client, three[0]).after is None
    assert waiting(client, three[0]).starts_at is not None  # at once
    assert [waiting(client, run_id).starts_at for run_id in three[1:]] == [None, None]
    move(three[0], S.STARTING, S.RUNNING)
    assert [(run.after, run.starts_at) for run in lane(client).waiting] == [
        (three[0], None),
        (three[1], None),
    ]


def test_the_speed_of_the_run_at_work_tells_of_those_of_its_shape_behind_it(
    client: Client, three: list[str], database: Database, move: Move
) -> None:
    move(three[0], S.STARTING, S.RUNNING)
    with database.write() as session:
        session.get_one(RunRow, three[0]).progress = {"eta_s": 30.0, "images_per_s": 100.0}
    now = datetime.now(UTC)
    starts = [run.starts_at for run in read_queue(database, now=now).lanes[0].waiting]
    # 42 train rows: ten epochs of five batches of eight
    assert starts == [now + timedelta(seconds=30), now + timedelta(seconds=30 + 10 * 5 * 8 / 100)]


def test_a_run_that_goes_on_needs_only_what_is_left_of_it(
    client: Client, database: Database, move: Move
) -> None:
    done, half, last = (train(client, seed=seed) for seed in range(3))
    move(done, S.STARTING, S.RUNNING, S.SUCCEEDED)
    timed(database, done, 200.0)
    with database.write() as session:
        session.get_one(RunRow, half).progress = {"step": 15, "total_steps": 60}
    now = datetime.now(UTC)
    found = read_queue(database, now=now).lanes[0].waiting
    assert [run.id for run in found] == [half, last]
    assert found[1].starts_at == now + timedelta(seconds=150)


def shell(settings: Settings, monkeypatch: pytest.MonkeyPatch, words: Sequence[str]) -> int:
    monkeypatch.setenv("GALAXYSCOPE_HOME", str(settings.home))
    monkeypatch.setattr("sys.argv", ["galaxyscope", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_shell_lists_moves_pauses_and_resumes(
    client: Client,
    three: list[str],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert shell(settings, monkeypatch, ["queue", "move", three[2], "top"]) == 0
    assert order(client) == [three[2], three[0], three[1]]
    assert shell(settings, monkeypatch, ["queue", "pause"]) == 0
    capsys.readouterr()
    assert shell(settings, monkeypatch, ["queue", "list", "--lane", "train"]) == 0
    printed = capsys.readouterr().out
    assert printed.index(three[2]) < printed.index(three[0]) < printed.index(three[1])
    assert "The train queue is paused" in printed
    assert shell(settings, monkeypatch, ["queue", "resume", "--lane", "train"]) == 0
    assert lane(client).paused_at is None
    assert shell(settings, monkeypatch, ["queue", "move", "no-such-run", "up"]) == 1


def test_the_shell_clones_a_run_in_whatever_state_with_other_values(
    client: Client, three: list[str], settings: Settings, move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(three[0], S.STARTING, S.RUNNING, S.PAUSING, S.PAUSED)
    words = ["runs", "clone", three[0], "--set", "epochs=3", "--name", "short"]
    assert shell(settings, monkeypatch, words) == 0
    made = client.call(endpoints.LIST_RUNS, limit=1)[0]
    assert (made.parent_id, made.name, made.config["epochs"], made.config["batch_size"]) == (
        three[0],
        "short",
        3,
        8,
    )
    assert shell(settings, monkeypatch, ["runs", "retry", three[0]]) == 1  # paused: not ended
    client.call(endpoints.STOP_RUN, run_id=three[0])
    assert shell(settings, monkeypatch, ["runs", "retry", three[0]]) == 0
    assert (
        client.call(endpoints.LIST_RUNS, limit=1)[0].config
        == client.call(endpoints.GET_RUN, run_id=three[0]).config
    )
