"""Simulated galaxies: named as Galaxy10, seeded, labelled as simulated, and of the shape their class says."""

from pathlib import Path

import numpy as np
import pytest

from backend.data.importers import ImportStopped, simulate_dataset
from backend.data.importers.simulated import FREQUENCIES, deal_labels
from backend.data.layout import GALAXY10_DECALS
from backend.data.sky import profiles
from backend.data.sky.scene import photograph
from backend.data.store import describe
from shared.configs import SimulateConfig


def simulate(folder: Path, name: str = "sim", **config: int) -> Path:
    settings = SimulateConfig(name=name, **{"n": 120, "img_size": 32, **config})
    return simulate_dataset(settings, folder, f"token-{name}", lambda *_: None, lambda: False)


def test_a_simulated_dataset_says_that_it_is_one(store_folder: Path) -> None:
    described = describe(simulate(store_folder), "sim")
    assert described.simulated
    assert described.provenance["kind"] == "simulated"
    assert described.class_names == list(GALAXY10_DECALS)
    assert described.n == 120
    assert described.duplicates_across_splits == 0


def test_the_seed_makes_the_galaxies(store_folder: Path) -> None:
    digests = [
        describe(simulate(store_folder, name, seed=seed), name).digest
        for name, seed in (("one", 1), ("again", 1), ("two", 2))
    ]
    assert digests[0] == digests[1] != digests[2]


def test_classes_are_as_frequent_as_in_galaxy10() -> None:
    counts = np.bincount(deal_labels(sum(FREQUENCIES), 0))
    assert counts.tolist() == list(FREQUENCIES)
    assert (np.bincount(deal_labels(60, 0), minlength=10) >= 1).all()


@pytest.mark.parametrize("img_size", [32, 50, 128])
def test_any_size_is_drawn(img_size: int) -> None:
    images = photograph(np.arange(10), img_size, np.random.default_rng(0))
    assert images.shape == (10, img_size, img_size, 3)
    assert images.dtype == np.uint8


def test_a_stopped_simulation_leaves_nothing(store_folder: Path) -> None:
    with pytest.raises(ImportStopped):
        simulate_dataset(SimulateConfig(n=300, img_size=32), store_folder, "t", lambda *_: None, lambda: True)
    assert list(store_folder.iterdir()) == []


def light_of(label: int, n: int = 24) -> np.ndarray:
    """(n, 64, 64) grey pictures of one class, the sky taken off."""
    images = photograph(np.full(n, label), 64, np.random.default_rng(label)).mean(axis=3)
    return np.maximum(images - np.median(images, axis=(1, 2), keepdims=True) - 12, 0)


def flattening(images: np.ndarray) -> float:
    """Median axis ratio by second moments of the light within 24 pixels of the centre."""
    y, x = np.mgrid[:64, :64] - 31.5
    inside = images * (x**2 + y**2 < 24**2)
    total = inside.sum(axis=(1, 2))
    cx, cy = ((inside * axis).sum(axis=(1, 2)) / total for axis in (x, y))
    dx, dy = x - cx[:, None, None], y - cy[:, None, None]
    xx, yy, xy = ((inside * product).sum(axis=(1, 2)) / total for product in (dx**2, dy**2, dx * dy))
    root = np.sqrt((xx - yy) ** 2 / 4 + xy**2)
    return float(np.median(np.sqrt(((xx + yy) / 2 - root) / ((xx + yy) / 2 + root))))


def test_round_in_between_cigar_and_edge_on_are_ever_flatter() -> None:
    ratios = [
        flattening(light_of(GALAXY10_DECALS.index(name)))
        for name in (
            "Round Smooth",
            "In-between Round Smooth",
            "Cigar Shaped Smooth",
            "Edge-on without Bulge",
        )
    ]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[0] > 0.85
    assert ratios[-1] < 0.45


def test_smooth_galaxies_are_redder_than_loose_spirals() -> None:
    def colour(label: int) -> float:
        images = photograph(np.full(40, label), 64, np.random.default_rng(label))[:, 16:48, 16:48].astype(
            float
        )
        return float(np.median(images[..., 0].mean(axis=(1, 2)) / images[..., 2].mean(axis=(1, 2))))

    assert colour(GALAXY10_DECALS.index("Round Smooth")) > 1.15 * colour(
        GALAXY10_DECALS.index("Unbarred Loose Spiral")
    )


def test_the_sky_is_dark_and_noisy() -> None:
    corners = photograph(np.full(40, 2), 64, np.random.default_rng(1))[:, :6, :6].astype(float)
    assert 5 < np.median(corners) < 40
    assert 2 < np.median(corners.std(axis=(1, 2, 3))) < 25


def test_a_sersic_profile_halves_its_light_at_the_effective_radius() -> None:
    r = np.linspace(1e-3, 40, 400_000)
    for n in (1.0, 2.5, 4.0):
        ring = profiles.sersic(r, np.float64(1.0), n) * r
        assert ring[r < 1].sum() / ring.sum() == pytest.approx(0.5, abs=0.02)
        assert profiles.sersic(np.array([1.0]), np.float64(1.0), n)[0] == pytest.approx(1)


def test_an_arm_winds_by_its_pitch() -> None:
    # A logarithmic arm with pitch p turns by ln(2)/tan(p) when the radius doubles.
    pitch, two = np.float64(np.radians(20)), np.float64(2)
    theta = np.log(2) / np.tan(pitch)
    one = np.float64(1)
    assert profiles.arm_phase(two, theta, two, pitch, one, np.float64(0)) == pytest.approx(0)
