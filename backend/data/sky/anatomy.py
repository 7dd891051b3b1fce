"""The ten classes of Galaxy10 as recipes: which parts a galaxy has, how large, of which colour.

A recipe adds light to `scene` (n, 3, H, W; red, green, blue), in units of the galaxy's central disc
brightness. Random parameters come from the recipe's generator, so a seed fixes every galaxy.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.data.sky import profiles
from backend.data.sky.profiles import Map, random_field

OLD = (1.24, 0.99, 0.68)
"""Colour of old stars: bulges, bars, ellipticals."""
MIXED = (1.09, 0.99, 0.88)
"""Colour of a disc between its arms."""
YOUNG = (0.80, 0.97, 1.28)
"""Colour of arms and tidal knots."""
TIDAL = (0.92, 0.98, 1.10)
"""Colour of tails: discs and young stars mixed."""
DUST = (0.75, 1.0, 1.3)
"""Relative opacity of dust."""


@dataclass
class Canvas:
    """n galaxies being drawn: coordinates about each centre (n, H, W), light (n, 3, H, W), and size, the
    half-light scale of each galaxy in half-frames (n, 1, 1)."""

    rng: np.random.Generator
    x: Map
    y: Map
    light: Map
    size: Map

    @property
    def n(self) -> int:
        return int(self.light.shape[0])

    @property
    def img_size(self) -> int:
        return int(self.light.shape[-1])

    def draw(self, low: float, high: float) -> Map:
        """(n, 1, 1) uniform numbers."""
        return self.rng.uniform(low, high, (self.n, 1, 1)).astype(np.float32)

    def choose(self, *options: float) -> Map:
        """(n, 1, 1) picks."""
        return self.rng.choice(np.array(options, np.float32), (self.n, 1, 1))

    def maybe(self, chance: float) -> Map:
        """(n, 1, 1) ones with the given chance, else zeros."""
        return (self.rng.random((self.n, 1, 1)) < chance).astype(np.float32)

    def add(self, part: Map, colour: tuple[float, float, float], spread: float = 0.05) -> None:
        """Add a part's light in a colour that varies a little from galaxy to galaxy."""
        tilt = self.rng.normal(0, spread, (self.n, 1)).astype(np.float32)
        tint = np.array(colour, np.float32) * np.exp(tilt * np.array([1, 0, -1], np.float32))
        self.light += part[:, None] * tint[:, :, None, None].astype(np.float32)

    def absorb(self, depth: Map) -> None:
        """Dim the light drawn so far by dust of optical depth `depth`, blue more than red."""
        for band, opacity in enumerate(DUST):
            self.light[:, band] *= np.exp(-opacity * depth)


def _smooth(canvas: Canvas, q_low: float, q_high: float) -> None:
    """An elliptical: Sérsic, old, with a hint of boxiness from an outer halo of another axis ratio."""
    q = canvas.draw(q_low, q_high)
    u, v = profiles.turn(canvas.x, canvas.y, canvas.draw(0, np.pi))
    r_eff = canvas.size * canvas.draw(0.5, 0.9) / q ** np.float32(0.3)
    r = profiles.radius(u, v, q)
    canvas.add(0.34 * profiles.sersic(r, r_eff, canvas.draw(1.8, 4.2)), OLD, 0.08)


def round_smooth(canvas: Canvas) -> None:
    _smooth(canvas, 0.90, 1.0)


def in_between_smooth(canvas: Canvas) -> None:
    _smooth(canvas, 0.46, 0.68)


def cigar_smooth(canvas: Canvas) -> None:
    _smooth(canvas, 0.22, 0.36)


@dataclass
class Disc:
    """A tilted disc: coordinates in its plane along its own axis, radius, angle, and scale length."""

    along: Map
    across: Map
    r: Map
    theta: Map
    h: Map


def _tilted_disc(canvas: Canvas, q_low: float) -> Disc:
    u, v = profiles.turn(canvas.x, canvas.y, canvas.draw(0, 2 * np.pi))
    q = canvas.draw(q_low, 1.0)
    u, v = profiles.turn(u, v / q, canvas.draw(0, 2 * np.pi))
    r = profiles.radius(u, v, 1.0)
    return Disc(u, v, r, np.arctan2(v, u), canvas.size * 0.62)


def _disc_and_bulge(canvas: Canvas, disc: Disc, bulge: float) -> None:
    canvas.add(0.55 * np.exp(-disc.r / disc.h), MIXED)
    size = disc.h * canvas.draw(0.16, 0.30)
    canvas.add(bulge * canvas.draw(0.5, 1.2) * profiles.sersic(disc.r, size, canvas.draw(1.0, 2.2)), OLD)


def _arms(canvas: Canvas, disc: Disc, arms: Map, pitch: Map, contrast: Map, start: Map, phase: Map) -> None:
    """Logarithmic arms with clumps of young stars outside and a dust lane inside each ridge."""
    sense = canvas.choose(-1, 1)
    wobble = 0.35 * random_field(canvas.rng, canvas.n, canvas.img_size, 0.12)
    angle = profiles.arm_phase(disc.r, disc.theta * sense, arms, pitch, start, phase * sense) + wobble
    inside = profiles.smooth_step(disc.r, start * 0.8, start * 0.18 + 0.01)
    reach = disc.h * canvas.draw(2.6, 4.0)
    outside = 1 - profiles.smooth_step(disc.r, reach, disc.h * 0.3)
    lane = profiles.ridge(angle + 0.8, canvas.draw(3.0, 5.0)) * inside * outside
    canvas.absorb(canvas.draw(0.1, 0.7) * lane)
    clumps = np.exp(0.55 * random_field(canvas.rng, canvas.n, canvas.img_size, 0.035) - 0.15)
    lopsided = 1 + canvas.draw(0, 0.35) * np.cos(disc.theta - canvas.draw(0, 6.28))
    ridge = profiles.ridge(angle, canvas.draw(2.2, 4.5)) * inside * outside
    canvas.add(contrast * ridge * clumps * lopsided * np.exp(-disc.r / (1.7 * disc.h)), YOUNG, 0.10)


def barred_spiral(canvas: Canvas) -> None:
    disc = _tilted_disc(canvas, 0.55)
    _disc_and_bulge(canvas, disc, 0.5)
    length = disc.h * canvas.draw(1.1, 1.7)
    canvas.add(
        canvas.draw(0.7, 1.1)
        * profiles.bar(disc.along, disc.across, length, length * canvas.draw(0.16, 0.26)),
        OLD,
    )
    pitch = np.radians(canvas.draw(13, 26))
    _arms(canvas, disc, canvas.choose(2), pitch, canvas.draw(0.6, 1.1), length, canvas.choose(0))


def tight_spiral(canvas: Canvas) -> None:
    disc = _tilted_disc(canvas, 0.5)
    _disc_and_bulge(canvas, disc, 0.8)
    pitch = np.radians(canvas.draw(8, 13))
    _arms(
        canvas,
        disc,
        canvas.choose(2, 3),
        pitch,
        canvas.draw(0.5, 0.95),
        disc.h * 0.6,
        canvas.draw(0, 6.28),
    )


def loose_spiral(canvas: Canvas) -> None:
    disc = _tilted_disc(canvas, 0.5)
    _disc_and_bulge(canvas, disc, 0.4)
    pitch = np.radians(canvas.draw(24, 40))
    _arms(
        canvas,
        disc,
        canvas.choose(2, 2, 2, 3),
        pitch,
        canvas.draw(0.7, 1.3),
        disc.h * 0.4,
        canvas.draw(0, 6.28),
    )


def _edge_on(canvas: Canvas) -> tuple[Map, Map, Map]:
    u, v = profiles.turn(canvas.x, canvas.y, canvas.draw(0, np.pi))
    h = canvas.size * canvas.draw(0.6, 0.9)
    v = v - canvas.draw(-0.10, 0.10) * u * np.abs(u) / h * 0.5
    h_z = h * canvas.draw(0.09, 0.17) + 0.012
    clumps = np.exp(0.18 * random_field(canvas.rng, canvas.n, canvas.img_size, 0.06))
    canvas.add(canvas.draw(0.8, 1.3) * profiles.edge_on_disc(u, v, h, h_z) * clumps, MIXED, 0.10)
    halo = np.exp(-profiles.radius(u, v, 0.4) / (0.6 * h))
    canvas.add(canvas.draw(0.04, 0.14) * halo, MIXED)
    return u, v, h


def _dust_lane(canvas: Canvas, u: Map, v: Map, h: Map) -> None:
    thin = h * 0.05 + 0.008
    offset = canvas.draw(-0.03, 0.03) * h
    lane = np.exp(-(((v - offset) / thin) ** 2) - (u / (1.8 * h)) ** 2)
    canvas.absorb(canvas.maybe(0.6) * canvas.draw(0.4, 1.3) * lane)


def edge_on_without_bulge(canvas: Canvas) -> None:
    _dust_lane(canvas, *_edge_on(canvas))


def edge_on_with_bulge(canvas: Canvas) -> None:
    u, v, h = _edge_on(canvas)
    r = profiles.radius(u, v, canvas.draw(0.65, 0.95))
    canvas.add(
        canvas.draw(0.7, 1.2) * profiles.sersic(r, h * canvas.draw(0.30, 0.46), canvas.draw(1.0, 1.9)), OLD
    )
    _dust_lane(canvas, u, v, h)


def _companion(canvas: Canvas, x: Map, y: Map, size: Map) -> None:
    """One galaxy of a pair: an old core in a tilted, clumpy disc."""
    u, v = profiles.turn(x, y, canvas.draw(0, np.pi))
    r = profiles.radius(u, v, canvas.draw(0.45, 1.0))
    clumps = np.exp(0.4 * random_field(canvas.rng, canvas.n, canvas.img_size, 0.06))
    canvas.add(0.6 * canvas.draw(0.5, 1.2) * np.exp(-r / (size * 0.5)) * clumps, MIXED, 0.10)
    canvas.add(canvas.draw(0.5, 1.1) * profiles.sersic(r, size * 0.16, canvas.draw(1.0, 2.5)), OLD)


def _tail(canvas: Canvas, x: Map, y: Map, start: Map, sense: Map, brightness: Map) -> None:
    light = profiles.tail(
        x,
        y,
        start,
        sense * canvas.draw(0.2, 1.3),
        canvas.size * canvas.draw(1.6, 2.6),
        canvas.size * canvas.draw(0.16, 0.34),
    )
    clumps = np.exp(0.5 * random_field(canvas.rng, canvas.n, canvas.img_size, 0.07))
    canvas.add(brightness * light * clumps, TIDAL, 0.10)


def merging(canvas: Canvas) -> None:
    """Two cores inside a common envelope, with a tail from each."""
    angle = canvas.draw(0, 2 * np.pi)
    gap = canvas.size * canvas.draw(0.55, 1.15)
    dx, dy = gap * np.cos(angle), gap * np.sin(angle)
    sense = canvas.choose(-1, 1)
    same = canvas.choose(1, 1, -1)
    for side, size in ((1, canvas.draw(0.6, 0.9)), (-1, canvas.draw(0.45, 0.85))):
        x, y = canvas.x - side * dx / 2, canvas.y - side * dy / 2
        _companion(canvas, x, y, canvas.size * size)
        start = angle + (0 if side == 1 else np.float32(np.pi)) + canvas.draw(-0.5, 0.5)
        _tail(canvas, x, y, start, sense if side == 1 else sense * same, canvas.draw(0.08, 0.38))
    u, v = profiles.turn(canvas.x, canvas.y, angle)
    canvas.add(0.12 * np.exp(-profiles.radius(u, v, 0.6) / (canvas.size * 0.8)), MIXED)


def disturbed(canvas: Canvas) -> None:
    """A disc pulled out of shape: warped, lopsided, its core off centre, with broken arms and a plume."""
    strength = canvas.size * canvas.draw(0.16, 0.34)
    canvas.x = canvas.x + strength * random_field(canvas.rng, canvas.n, canvas.img_size, 0.16)
    canvas.y = canvas.y + strength * random_field(canvas.rng, canvas.n, canvas.img_size, 0.16)
    disc = _tilted_disc(canvas, 0.45)
    shifted = disc.r * (1 + canvas.draw(0.2, 0.5) * np.cos(disc.theta - canvas.draw(0, 6.28)))
    canvas.add(0.6 * np.exp(-shifted / disc.h), MIXED, 0.10)
    core = profiles.radius(disc.along - canvas.draw(-0.3, 0.3) * disc.h, disc.across, 0.8)
    canvas.add(canvas.draw(0.2, 0.8) * profiles.sersic(core, disc.h * 0.2, 1.2), OLD)
    lumps = np.exp(0.8 * random_field(canvas.rng, canvas.n, canvas.img_size, 0.06) - 0.4)
    canvas.add(canvas.draw(0.2, 0.5) * lumps * np.exp(-disc.r / (1.2 * disc.h)), YOUNG, 0.10)
    _tail(canvas, canvas.x, canvas.y, canvas.draw(0, 6.28), canvas.choose(-1, 1), canvas.draw(0.1, 0.45))


RECIPES: tuple[Callable[[Canvas], None], ...] = (
    disturbed,
    merging,
    round_smooth,
    in_between_smooth,
    cigar_smooth,
    barred_spiral,
    tight_spiral,
    loose_spiral,
    edge_on_without_bulge,
    edge_on_with_bulge,
)
"""By class of Galaxy10 DECaLS."""


def draw_class(
    label: int, rng: np.random.Generator, x: Map, y: Map, size: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n, 3, H, W) light of n galaxies of one class; x (n, 1, W) and y (n, H, 1) about their centres,
    size (n,)."""
    n, height, width = np.broadcast_shapes(x.shape, y.shape)
    canvas = Canvas(rng, x, y, np.zeros((n, 3, height, width), np.float32), size[:, None, None])
    RECIPES[label](canvas)
    return canvas.light
