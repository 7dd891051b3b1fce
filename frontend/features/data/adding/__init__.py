"""Imports, downloads and simulated datasets."""
