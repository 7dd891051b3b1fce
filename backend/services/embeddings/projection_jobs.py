"""The job that projects a space to two dimensions, and whether it can."""

from backend.services.embeddings.spaces import ResolvedSpace, feature_cache
from backend.settings import Settings
from shared.configs import ProjectConfig
from shared.configs.embeddings import SpaceConfig

FEWEST = 2
"""Of the perplexity."""
NEIGHBOURS = 3
"""t-SNE looks at so many neighbours for each one of its perplexity."""


def config_of(resolved: ResolvedSpace, perplexity: float, seed: int) -> ProjectConfig:
    """The job that makes the t-SNE of a space."""
    space = resolved.config.model_dump(include=set(SpaceConfig.model_fields))
    return ProjectConfig(**space, perplexity=perplexity, seed=seed)


def is_embedded(settings: Settings, resolved: ResolvedSpace) -> bool:
    return all((feature_cache(settings) / file).is_file() for file in resolved.files)


def perplexity_fault(perplexity: float, resolved: ResolvedSpace) -> str | None:
    """Why there are too few galaxies for it, None where there are enough."""
    most = (resolved.n - 1) // NEIGHBOURS
    if perplexity <= most:
        return None
    name = resolved.config.dataset
    if most < FEWEST:
        return f"{name} has {resolved.n} galaxies, too few for t-SNE; look at the PCA"
    return (
        f"perplexity = {perplexity:g}: {name} has {resolved.n} galaxies, and t-SNE looks at {NEIGHBOURS} "
        f"times as many neighbours of each; take {most} or less"
    )
