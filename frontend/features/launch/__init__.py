"""Launch: the form of a run."""
