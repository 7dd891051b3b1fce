"""Client methods for sweeps."""

from frontend.api.connection import Connection
from shared.contract import routes
from shared.contract.sweeps import SweepLaunch, SweepPlan, SweepReport, SweepSpec, SweepSummary


class SweepCalls(Connection):
    """One method per route."""

    def list_sweeps(self, *, run: str | None = None) -> list[SweepSummary]:
        """Newest first; with `run`, only sweeps that contain it."""
        return self._get(list[SweepSummary], routes.SWEEPS, {"run": run})

    def plan_sweep(self, spec: SweepSpec) -> SweepPlan:
        """What a launch would queue."""
        return self._send(SweepPlan, "POST", routes.SWEEP_PLAN, spec.model_dump(mode="json"))

    def launch_sweep(self, spec: SweepSpec, *, confirm_runs: int | None = None) -> SweepReport:
        """Queue the missing runs; hundreds of runs take several requests."""
        body = SweepLaunch(spec=spec, confirm_runs=confirm_runs).model_dump(mode="json")
        while (report := self._send(SweepReport, "POST", routes.SWEEPS, body)).summary.missing:
            continue
        return report

    def get_sweep(self, sweep_id: str) -> SweepReport:
        return self._get(SweepReport, routes.SWEEP.format(sweep_id=sweep_id))

    def stop_sweep(self, sweep_id: str) -> SweepReport:
        """Stop all unfinished runs."""
        return self._send(SweepReport, "POST", routes.SWEEP_STOP.format(sweep_id=sweep_id))

    def retry_sweep(self, sweep_id: str) -> SweepReport:
        """Requeue failed, stopped and missing runs."""
        return self._send(SweepReport, "POST", routes.SWEEP_RETRY.format(sweep_id=sweep_id))
