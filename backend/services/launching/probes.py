"""What a job on an encoder needs before it is queued: the encoder, and labels that can judge it."""

from backend.jobs.encoders import find_encoder
from backend.jobs.queue import ReadyRun
from backend.services.evaluation.encoders import (
    channels_of,
    encoder_run,
    judged_on,
    require_bands,
    require_labels,
    source_of,
)
from backend.services.launching.context import LaunchContext
from shared.base.states import TERMINAL, RunState
from shared.configs import ProbeConfig
from shared.configs.kinds import RunKind


def prepare_probe(context: LaunchContext, config: ProbeConfig) -> ReadyRun:
    """The config with its dataset named, and the encoder: as it is now, or, while its run goes on and may
    replace it, as it will be when the probe starts. Raises InvalidInputError or NotFoundError where the probe
    could only fail."""
    settings = context.settings
    with context.database.read() as session:
        run = encoder_run(session, config.encoder)
        dataset = judged_on(session, config.dataset, run)
        source = source_of(session, run)
        channels = channels_of(session, settings, run)
    require_bands(run, channels, dataset)
    require_labels(settings, dataset, config.label_fraction)
    config, goes_on = config.model_copy(update={"dataset": dataset.name}), RunState(run.state) not in TERMINAL
    if goes_on and config.when == "ended":
        return ReadyRun(RunKind.PROBE, config, source)
    found = find_encoder(settings.home, run.id, config.checkpoint)
    if goes_on and not config.checkpoint.isdigit():
        return ReadyRun(RunKind.PROBE, config, source)
    return ReadyRun(RunKind.PROBE, config, found.spec.model_copy(update=source.model_dump()))
