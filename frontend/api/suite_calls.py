"""Client methods for suites."""

from frontend.api.connection import Connection
from shared.contract import routes
from shared.contract.suites import SuiteInfo, SuiteReport, SuiteScale


class SuiteCalls(Connection):
    """One method per route."""

    def list_suites(self) -> list[SuiteInfo]:
        return self._get(list[SuiteInfo], routes.SUITES)

    def get_suite_report(self, key: str, scale: SuiteScale, dataset: str, seeds: int) -> SuiteReport:
        """The current state of a suite."""
        query = {"scale": scale, "dataset": dataset, "seeds": seeds}
        return self._get(SuiteReport, routes.SUITE_REPORT.format(key=key), query)

    def launch_suite(self, key: str, scale: SuiteScale, dataset: str, seeds: int) -> SuiteReport:
        """Queue the missing runs of a suite."""
        body = {"scale": scale, "dataset": dataset, "seeds": seeds}
        return self._send(SuiteReport, "POST", routes.SUITE_LAUNCH.format(key=key), body)

    def stop_suite(self, key: str, scale: SuiteScale, dataset: str, seeds: int) -> SuiteReport:
        """Stop all unfinished runs of a suite."""
        body = {"scale": scale, "dataset": dataset, "seeds": seeds}
        return self._send(SuiteReport, "POST", routes.SUITE_STOP.format(key=key), body)
