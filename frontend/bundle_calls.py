"""Runs to take along and to take in, as the client asks for them."""

from frontend.connection import Connection
from shared.contract import routes
from shared.contract.bundles import CheckpointChoice, ImportedRun, ImportRequest, RunBundle

PATIENCE_S = 600.0
"""A large zip is read three times before it is here."""


class BundleCalls(Connection):
    """One method a route of bundles."""

    def describe_bundle(self, run_id: str) -> RunBundle:
        return self._get(RunBundle, routes.RUN_BUNDLE.format(run_id=run_id))

    def get_bundle(self, run_id: str, checkpoints: CheckpointChoice = CheckpointChoice.KEPT) -> bytes:
        """The whole zip; pages link to it instead."""
        path = routes.RUN_BUNDLE_FILE.format(run_id=run_id)
        return self._answer("GET", path, query={"checkpoints": checkpoints.value}).content

    def get_encoder_file(self, run_id: str, checkpoint: str = "best") -> bytes:
        """A safetensors file for timm."""
        path = routes.RUN_ENCODER_FILE.format(run_id=run_id)
        return self._answer("GET", path, query={"checkpoint": checkpoint}).content

    def import_run(self, upload_id: str) -> ImportedRun:
        """The run of a zip that was uploaded."""
        body = ImportRequest(upload=upload_id).model_dump(mode="json")
        return self._send(ImportedRun, "POST", routes.RUN_IMPORT, body, patience_s=PATIENCE_S)
