"""Runs: all runs and the queue."""
