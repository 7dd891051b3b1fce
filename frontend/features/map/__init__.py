"""Map: the embedding space in two dimensions."""
