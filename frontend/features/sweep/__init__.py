"""Sweep: one form, many trainings."""
