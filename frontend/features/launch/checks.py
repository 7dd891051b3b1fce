"""Checks on the launch form that need no request to the server."""

from collections.abc import Mapping
from typing import Any

from frontend.ui.config_form import check_values
from frontend.ui.wording import count
from shared.configs import PretrainConfig
from shared.contract.datasets import Dataset
from shared.planning.cost import training_rows

Faults = dict[str, str]


def check_form(
    values: Mapping[str, Any], datasets: Mapping[str, Dataset]
) -> tuple[PretrainConfig | None, Faults]:
    """The config, or one sentence per invalid field: range, conflicts, and fit to the data."""
    config, faults = check_values(PretrainConfig, values)
    dataset = datasets.get(values.get("dataset") or "")
    if dataset is not None:
        faults = {**_batch_fault(values, dataset), **_evaluation_fault(values, dataset, datasets), **faults}
    if faults or not isinstance(config, PretrainConfig):
        return None, faults
    return config, {}


def _batch_fault(values: Mapping[str, Any], dataset: Dataset) -> Faults:
    """The batch is larger than the data; reported alongside any other errors."""
    batch, rows = values.get("batch_size"), training_rows(values["pretrain_rows"], dataset)
    if batch is None or rows >= batch:
        return {}
    sentence = f"batch_size {batch} is more than the {count(rows)} training rows of {dataset.name}."
    return {"batch_size": sentence}


def _evaluation_fault(values: Mapping[str, Any], dataset: Dataset, datasets: Mapping[str, Dataset]) -> Faults:
    name = values.get("eval_dataset")
    if name is None:
        return {}
    other = datasets.get(name)
    if other is None:
        known = ", ".join(evaluation_datasets(dataset, datasets)) or "none with labels"
        return {"eval_dataset": f"eval_dataset {name} does not exist; available: {known}."}
    if not other.class_counts:
        return {"eval_dataset": f"eval_dataset {name} has no labels to probe; leave it empty."}
    if len(other.bands) != len(dataset.bands):
        bands = f"{len(other.bands)} bands, {dataset.name} {len(dataset.bands)}"
        return {"eval_dataset": f"eval_dataset {name} has {bands}; choose one with the same number."}
    return {}


def evaluation_datasets(dataset: Dataset, datasets: Mapping[str, Dataset]) -> list[str]:
    """Other labelled datasets on which an encoder of `dataset` can be probed."""
    return [
        other.name
        for other in datasets.values()
        if other.class_counts and len(other.bands) == len(dataset.bands) and other.name != dataset.name
    ]
