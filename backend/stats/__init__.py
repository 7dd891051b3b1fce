"""How sure one may be of a figure: numpy alone, so that pages and jobs count in the same way."""
