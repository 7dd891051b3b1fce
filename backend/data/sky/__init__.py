"""Simulated galaxies: light profiles, anatomy of ten classes, and a camera."""
