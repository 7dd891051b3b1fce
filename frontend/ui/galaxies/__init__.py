"""Galaxies as pictures: grids, the dialog of one, flags, collections."""
