"""The figures and lists of Data."""
