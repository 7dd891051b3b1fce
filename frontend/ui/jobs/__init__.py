"""Runs and jobs in progress, as a table and as a line."""
