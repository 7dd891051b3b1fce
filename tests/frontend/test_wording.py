"""Numbers as a person reads them."""

import pytest

from frontend.ui.blocks import plain
from frontend.ui.wording import count, dataset_title, duration, percent, short_count, size, widest_interval


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3600, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (100_800, "1 d 4 h"),
        (-3, "0 s"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_counts_are_grouped_and_short_counts_keep_three_digits() -> None:
    assert count(12480) == "12,480"
    assert short_count(2_732_100) == "2.73 M"
    assert short_count(818_000) == "818 k"
    assert short_count(512) == "512"


def test_sizes_are_decimal_and_percentages_have_one_decimal() -> None:
    assert size(2_540_000_000) == "2.54 GB"
    assert size(999) == "999 B"
    assert percent(0.41249) == "41.2 %"


def test_a_simulated_dataset_always_says_so() -> None:
    assert dataset_title("sky", simulated=True) == "sky · simulated"
    assert dataset_title("simulated-2", simulated=True) == "simulated-2"
    assert dataset_title("efigi", simulated=False) == "efigi"


def test_plain_text_leaves_nothing_for_markdown_to_read() -> None:
    assert plain("a_b [x](y) <b> :red[z]") == r"a\_b \[x\]\(y\) \<b\> \:red\[z\]"


def test_the_widest_interval_shrinks_with_the_root_of_n() -> None:
    assert widest_interval(100) == pytest.approx(0.0962, abs=1e-4)  # 0.4038 to 0.5962
    assert widest_interval(10_000) == pytest.approx(0.0098, abs=1e-5)
