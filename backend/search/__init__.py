"""Search by vectors and by position. Knows arrays, and no HTTP, SQL or torch."""
