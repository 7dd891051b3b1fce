"""How sure one may be of a figure: numpy and scipy alone, so that pages and jobs count in the same way."""
