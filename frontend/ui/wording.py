"""Numbers and names formatted for people."""

from shared.base.text import clock, count, duration, percent, plural, short_count, size

__all__ = [
    "clock",
    "count",
    "dataset_title",
    "duration",
    "percent",
    "plural",
    "short_count",
    "size",
    "widest_interval",
]


def dataset_title(name: str, simulated: bool) -> str:
    """The dataset name, marked if simulated."""
    return f"{name} · simulated" if simulated and "simulated" not in name else name


def capitalised(text: str) -> str:
    """The text with its first letter in upper case and the rest unchanged."""
    return text[:1].upper() + text[1:]


def widest_interval(n: int) -> float:
    """Half width of the Wilson 95 % interval of a share of one half (the widest) measured on `n`."""
    z = 1.96
    return float(z * (0.25 / n + (z / (2 * n)) ** 2) ** 0.5 / (1 + z * z / n))
