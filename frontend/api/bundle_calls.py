"""Client methods for exporting and importing runs."""

from frontend.api.connection import Connection
from shared.contract import routes
from shared.contract.bundles import CheckpointChoice, ImportedRun, ImportRequest, RunBundle

PATIENCE_S = 600.0
"""Importing reads a large zip file three times."""


class BundleCalls(Connection):
    """One method per bundle route."""

    def describe_bundle(self, run_id: str) -> RunBundle:
        return self._get(RunBundle, routes.RUN_BUNDLE.format(run_id=run_id))

    def get_bundle(self, run_id: str, checkpoints: CheckpointChoice = CheckpointChoice.KEPT) -> bytes:
        """The zip file; pages link to it instead."""
        path = routes.RUN_BUNDLE_FILE.format(run_id=run_id)
        return self._answer("GET", path, query={"checkpoints": checkpoints.value}).content

    def get_encoder_file(self, run_id: str, checkpoint: str = "best") -> bytes:
        """A safetensors file for timm."""
        path = routes.RUN_ENCODER_FILE.format(run_id=run_id)
        return self._answer("GET", path, query={"checkpoint": checkpoint}).content

    def import_run(self, upload_id: str) -> ImportedRun:
        """Import the run of an uploaded zip file."""
        body = ImportRequest(upload=upload_id).model_dump(mode="json")
        return self._send(ImportedRun, "POST", routes.RUN_IMPORT, body, patience_s=PATIENCE_S)
