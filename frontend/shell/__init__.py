"""What surrounds every page: header, notices, styles."""
