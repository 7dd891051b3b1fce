"""The figures of Evaluate."""
