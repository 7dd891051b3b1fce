"""Runs as zips: written here, read elsewhere with every check before anything of it can be seen."""

from backend.services.bundles.importing import import_run
from backend.services.bundles.snapshot import describe_bundle
from backend.services.bundles.writing import Bundle, open_bundle

__all__ = ["Bundle", "describe_bundle", "import_run", "open_bundle"]
