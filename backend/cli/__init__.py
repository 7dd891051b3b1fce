"""The console script `galaxyscope`."""

from backend.cli.app import main

__all__ = ["main"]
