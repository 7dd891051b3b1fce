"""The first batch of a run before it is launched. torch is loaded on first use."""

from backend.errors import InvalidInputError
from backend.services.datasets.browsing import Datasets
from backend.services.launching.create import resolve_config
from shared.configs import PretrainConfig
from shared.contract.runs import RunRequest


def first_batch_png(datasets: Datasets, request: RunRequest) -> bytes:
    """PNG of the first images of the first step: original, augmented, masked. Raises as a launch would."""
    from backend.ml.pretraining.first_batch import first_batch_png as draw

    config = resolve_config(request)
    if not isinstance(config, PretrainConfig):
        raise InvalidInputError("no_batches", f"a job of kind {request.kind} has no batches", "kind")
    dataset = datasets.get(config.dataset)
    rows = dataset.n if config.pretrain_rows == "all" else dataset.split_counts["train"]
    if rows < config.batch_size:
        raise InvalidInputError(
            "batch_too_large",
            f"batch_size {config.batch_size} is more than the {rows} training rows of {dataset.name}; "
            f"try {max(rows // 4, 2)}",
            "batch_size",
        )
    with datasets.use(config.dataset) as store:
        return draw(store, config)


def load_torch() -> None:
    """Load what the first picture needs, so that it comes at once."""
    from backend.ml.pretraining import first_batch  # noqa: F401 loading it is all that is wanted
