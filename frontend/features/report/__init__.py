"""Report: the figures of a suite."""
