"""The API's routes of sweeps as Python."""

from frontend.connection import Connection
from shared.contract import routes
from shared.contract.sweeps import SweepLaunch, SweepPlan, SweepReport, SweepSpec, SweepSummary


class SweepCalls(Connection):
    """One method a route."""

    def list_sweeps(self, *, run: str | None = None) -> list[SweepSummary]:
        """Newest first; those that hold a run, where one is named."""
        return self._get(list[SweepSummary], routes.SWEEPS, {"run": run})

    def plan_sweep(self, spec: SweepSpec) -> SweepPlan:
        """What a launch would queue."""
        return self._send(SweepPlan, "POST", routes.SWEEP_PLAN, spec.model_dump(mode="json"))

    def launch_sweep(self, spec: SweepSpec, *, confirm_runs: int | None = None) -> SweepReport:
        """Queue what of it is not there; hundreds of runs take several requests."""
        asked = SweepLaunch(spec=spec, confirm_runs=confirm_runs).model_dump(mode="json")
        while (report := self._send(SweepReport, "POST", routes.SWEEPS, asked)).summary.missing:
            continue
        return report

    def get_sweep(self, sweep_id: str) -> SweepReport:
        return self._get(SweepReport, routes.SWEEP.format(sweep_id=sweep_id))

    def stop_sweep(self, sweep_id: str) -> SweepReport:
        """Ask all of it that has not ended to end."""
        return self._send(SweepReport, "POST", routes.SWEEP_STOP.format(sweep_id=sweep_id))

    def retry_sweep(self, sweep_id: str) -> SweepReport:
        """Queue anew what failed, was stopped by hand or is not there."""
        return self._send(SweepReport, "POST", routes.SWEEP_RETRY.format(sweep_id=sweep_id))
