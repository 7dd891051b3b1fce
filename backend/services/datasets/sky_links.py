"""Links to what others show at a position. Nothing is fetched."""

from urllib.parse import quote

from shared.contract.search import SkyLinks


def sky_links(ra: float | None, dec: float | None) -> SkyLinks | None:
    """For a position in degrees; None where it is unknown."""
    if ra is None or dec is None:
        return None
    position = quote(f"{ra:.6f} {dec:+.6f}")
    return SkyLinks(
        legacy_survey=f"https://www.legacysurvey.org/viewer?ra={ra:.6f}&dec={dec:.6f}&layer=ls-dr10&zoom=16",
        simbad=f"https://simbad.cds.unistra.fr/simbad/sim-coo?Coord={position}&CooFrame=ICRS&Radius=30&Radius.unit=arcsec",
        esasky=f"https://sky.esa.int/esasky/?target={position}&fov=0.05&cooframe=J2000&sci=true",
    )
