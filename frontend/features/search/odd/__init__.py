"""The review of odd galaxies."""
