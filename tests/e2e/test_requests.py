"""Stop, pause and resume with a real worker."""

from tests.e2e.conftest import Dashboard, wait_until

LONG = {"epochs": 400, "eval_every_epochs": 50}


def test_a_run_is_stopping_until_its_worker_is_dead(dashboard: Dashboard) -> None:
    run_id = dashboard.launch(**LONG)
    dashboard.wait_for_step(run_id, 100)
    worker = dashboard.worker(run_id)
    assert worker is not None
    assert dashboard.post(f"/runs/{run_id}/stop")["state"] == "stopping"

    def seen() -> bool:
        state = dashboard.get(f"/runs/{run_id}")["state"]
        assert state in ("stopping", "cancelled")
        assert state == "stopping" or not worker.is_running() or worker.status() == "zombie"
        return state == "cancelled"

    wait_until(seen, "the run to be cancelled", lambda: dashboard.story(run_id))
    last = max(dashboard.steps(run_id))
    assert (
        dashboard.home / "runs" / run_id / "checkpoints" / f"step_{last:08d}" / "model.safetensors"
    ).exists()
    assert str(last) in dashboard.get(f"/runs/{run_id}")["reason"]


def test_a_requested_checkpoint_and_samples_are_written_and_confirmed(dashboard: Dashboard) -> None:
    run_id = dashboard.launch(**LONG)
    dashboard.wait_for_step(run_id, 10)
    requested = [dashboard.post(f"/runs/{run_id}/{verb}")["seq"] for verb in ("checkpoint", "sample")]

    def handled() -> bool:
        return (dashboard.get(f"/runs/{run_id}")["progress"]["last_seq"] or 0) >= max(requested)

    wait_until(handled, "the worker to handle the requests", lambda: dashboard.story(run_id))
    every = 500  # steps between evaluations
    steps = dashboard.get(f"/runs/{run_id}/checkpoints")["steps"]
    assert [step for step in steps if step % every], "between two evaluations"
    assert [step for step in dashboard.get(f"/runs/{run_id}/samples")["steps"] if step % every]
    dashboard.post(f"/runs/{run_id}/stop")
    dashboard.wait_for(run_id, "cancelled")


def test_pause_frees_the_device_and_resume_continues_the_same_curve(dashboard: Dashboard) -> None:
    run_id = dashboard.launch(epochs=300, eval_every_epochs=100)
    dashboard.wait_for_step(run_id, 50)
    dashboard.post(f"/runs/{run_id}/pause")
    dashboard.wait_for(run_id, "paused")
    assert dashboard.worker(run_id) is None
    paused_at = max(dashboard.steps(run_id))
    assert 50 <= paused_at < 3000
    dashboard.post(f"/runs/{run_id}/resume")
    dashboard.wait_for(run_id, "succeeded")
    assert dashboard.steps(run_id) == list(range(1, 3001))


def test_a_queued_run_waits_its_turn_and_can_be_cancelled(dashboard: Dashboard) -> None:
    first, second, third = (dashboard.launch(**LONG) for _ in range(3))
    dashboard.wait_for(first, "running")
    assert [dashboard.get(f"/runs/{run_id}")["queue_position"] for run_id in (first, second, third)] == [
        None,
        1,
        2,
    ]
    assert dashboard.post(f"/runs/{second}/stop")["state"] == "cancelled"
    assert dashboard.get(f"/runs/{third}")["queue_position"] == 1
    for run_id in (third, first):
        dashboard.post(f"/runs/{run_id}/stop")
    dashboard.wait_for(first, "cancelled")


def test_a_dataset_job_runs_beside_a_training(dashboard: Dashboard) -> None:
    training = dashboard.launch(**LONG)
    dashboard.wait_for(training, "running")
    config = {"name": "at-once", "n": 50, "img_size": 32}
    made = dashboard.post("/runs", {"kind": "simulate", "config": config})["id"]
    dashboard.wait_for(made, "succeeded")
    assert dashboard.get(f"/runs/{training}")["state"] == "running"
    assert dashboard.get("/datasets/at-once")["n"] == 50
    dashboard.post(f"/runs/{training}/stop")
    dashboard.wait_for(training, "cancelled")


def test_a_stopped_simulation_leaves_no_partial_file(dashboard: Dashboard) -> None:
    config = {"name": "halfway", "n": 20_000, "img_size": 128}
    run_id = dashboard.post("/runs", {"kind": "simulate", "config": config})["id"]
    folder = dashboard.home / "datasets"
    wait_until(lambda: any(folder.glob(f".*{run_id}*")), "the first rows to be written")
    dashboard.post(f"/runs/{run_id}/stop")
    dashboard.wait_for(run_id, "cancelled")
    assert not any(folder.glob("*halfway*"))
    assert not any(folder.glob(".*halfway*"))
