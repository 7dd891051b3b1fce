"""What the launch form says about its values, about sizes, and about cost."""

from typing import Any

import pytest

from frontend.features.launch.checks import check_form, evaluation_datasets
from frontend.features.launch.cost import cost_rows
from frontend.features.launch.first_batch import first_batch_request
from frontend.features.launch.lr_curve import schedule
from frontend.features.launch.sizes import CUSTOM, count_parameters, count_sizes, size_in_effect
from frontend.ui.config_form import starting_values
from shared.configs import PretrainConfig
from shared.configs.presets import PRESETS, SIZES
from shared.contract.launching import Estimate
from shared.planning.cost import estimate_cost
from tests.frontend.datasets import make_dataset

SKY = make_dataset("sky")
DATASETS = {
    dataset.name: dataset
    for dataset in (
        SKY,
        make_dataset("other"),
        make_dataset("grey", bands=["g"]),
        make_dataset("nameless", labelled=False),
    )
}
DEMO: dict[str, Any] = {**starting_values(PretrainConfig, PRESETS["demo-60s"].values), "dataset": "sky"}


def faults(**changes: Any) -> dict[str, str]:
    return check_form({**DEMO, **changes}, DATASETS)[1]


def test_conflicts_between_fields_are_found_together() -> None:
    found = faults(patch_size=7, num_heads=5, warmup_epochs=90.0, min_lr=1.0)
    assert set(found) == {"patch_size", "num_heads", "warmup_epochs", "min_lr"}
    assert found["warmup_epochs"] == "warmup_epochs 90 is not shorter than epochs 20; try 2."


def test_a_batch_larger_than_the_train_split_is_reported_with_other_faults() -> None:
    found = faults(batch_size=801, mask_ratio=2.0)
    assert found["batch_size"] == "batch_size 801 is more than the 800 training rows of sky."
    assert found["mask_ratio"].startswith("mask_ratio 2 ")
    assert faults(batch_size=801, pretrain_rows="all") == {}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("grey", "has 1 bands, sky 3"),
        ("nameless", "has no labels"),
        ("gone", "available: other."),
    ],
)
def test_an_evaluation_dataset_must_fit_the_training_one(name: str, part: str) -> None:
    assert part in faults(eval_dataset=name)["eval_dataset"]


def test_only_labelled_datasets_with_as_many_bands_are_offered_for_evaluation() -> None:
    assert evaluation_datasets(SKY, DATASETS) == ["other"]
    assert faults(eval_dataset="other") == {}


def test_a_form_without_faults_is_a_config() -> None:
    config, found = check_form(DEMO, DATASETS)
    assert found == {}
    assert config is not None
    assert config.epochs == 20


def test_a_preset_holds_one_of_the_sizes_and_an_edit_makes_it_custom() -> None:
    base = starting_values(PretrainConfig, PRESETS["laptop-base"].values)
    assert size_in_effect(base) == "laptop-base"
    assert size_in_effect({**base, "mask_ratio": 0.5}) == "laptop-base"
    assert size_in_effect({**base, "depth": 7}) == CUSTOM


def test_parameter_counts_of_sizes_match_the_cost_estimate() -> None:
    base = starting_values(PretrainConfig, PRESETS["laptop-base"].values)
    counts = count_sizes(base, in_chans=3)
    for size in SIZES:
        config, found = check_form({**base, **size.values, "dataset": "sky"}, DATASETS)
        assert found == {}
        assert config is not None
        cost = estimate_cost(config, SKY)
        assert counts[size.key].total == cost.encoder_parameters + cost.decoder_parameters
    assert counts["laptop-base"].encoder == 2_706_816  # 192·193 + 192 + 6·(12·192² + 13·192) + 2·192


def test_an_incomplete_form_still_has_a_parameter_count() -> None:
    full = count_parameters({"patch_size": 8, "embed_dim": 192}, in_chans=3)
    assert count_parameters({"patch_size": None, "embed_dim": 192}, in_chans=3) == full


def test_the_schedule_passes_through_its_peak_at_the_end_of_the_warm_up() -> None:
    values = {**DEMO, "epochs": 20, "warmup_epochs": 3.0, "blr": 1.5e-3, "batch_size": 128, "min_lr": 1e-5}
    drawn = schedule(values)
    assert drawn["peak"] == pytest.approx(7.5e-4)
    points = dict(drawn["points"])
    assert points[0.0] == 0.0
    assert points[3.0] == max(points.values()) == pytest.approx(7.5e-4)
    assert points[20.0] == pytest.approx(1e-5)


def test_the_request_of_the_first_batch_depends_only_on_fields_that_affect_it() -> None:
    request = first_batch_request(DEMO)
    assert first_batch_request({**DEMO, "epochs": 7, "depth": 9, "blr": 1e-3}) == request
    for changed in (
        {"mask_ratio": 0.5},
        {"seed": 1},
        {"flip": False},
        {"crop_size": 48},
        {"dataset": "other"},
    ):
        assert first_batch_request({**DEMO, **changed}) != request


def estimate(**known: Any) -> Estimate:
    values: dict[str, Any] = {
        "source": "estimated",
        "basis": "nothing has been trained here yet",
        "device": "CPU only",
        "parameters": 1,
        "forward_flops": 127e6,
        "training_flops": 381e6,
        "memory_bytes": 812_000_000,
        "memory_free_bytes": 9_100_000_000,
        "fits": True,
        "images_per_s": None,
        "epoch_s": None,
        "total_s": None,
        "disk_bytes": 96_500_000,
        "disk_free_bytes": 41_000_000_000,
        "device_busy": False,
        "starts_in_s": 0.0,
        "starts": "at once",
    }
    return Estimate(**(values | known))


def test_every_cost_figure_has_a_source() -> None:
    config = PretrainConfig.model_validate({**DEMO})
    cost = estimate_cost(config, SKY)
    unknown = {name: (value, source) for name, value, source in cost_rows(estimate(), cost)}
    assert unknown["Memory"] == ("812 MB of 9.1 GB free, fits", "estimated")
    assert unknown["Total"] == ("time unknown, 500 steps, 5 evaluations", "")
    assert unknown["Starts"][0] == "at once"
    known = estimate(source="measured", images_per_s=1300.0, epoch_s=0.6, total_s=75.0, starts_in_s=200.0)
    measured = {name: (value, source) for name, value, source in cost_rows(known, cost)}
    assert measured["Total"] == ("1 min 15 s, 500 steps, 5 evaluations", "measured")
    assert measured["Memory"][1] == "measured"
    assert measured["Starts"][0].startswith("in about 3 min 20 s")
