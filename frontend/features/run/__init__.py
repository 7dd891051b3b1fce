"""Run: one training, live."""
