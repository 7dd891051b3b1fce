"""Data: the datasets and their galaxies."""
