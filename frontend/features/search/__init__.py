"""Search: galaxies like this one, and odd ones."""
