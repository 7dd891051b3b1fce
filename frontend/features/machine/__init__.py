"""Machine: what runs here, and who is told."""
