"""One file a band: which files of a tree together make one image."""

import posixpath
import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from backend.data.frames.limits import MAX_BANDS
from backend.data.frames.reading import PICTURE_SUFFIXES
from backend.data.importers.names import counted, without_suffix
from backend.data.importers.recipe import WAVELENGTHS
from backend.data.importers.reporting import Findings
from backend.errors import DataError
from shared.configs import ImportConfig
from shared.configs.datasets import NO_COLUMN

GUESSES = ("{id}_{band}", "{id}-{band}", "{id}.{band}", "{band}_{id}", "{band}-{id}", "{band}/{id}")
WHOLE_SHARE = 0.9
"""Of the images that must have every band for a guess."""
SOME = 60
"""Names that are tried before all of them."""
DEEP_TIFF = (".tif", ".tiff")


@dataclass(frozen=True)
class BandFiles:
    """Names of images, the files of each in the order of `bands`; each its own single file without bands."""

    names: list[str]
    files: dict[str, tuple[str, ...]]
    bands: tuple[str, ...] = ()


def band_files(images: list[str], config: ImportConfig, findings: Findings) -> BandFiles:
    """The files of a tree, grouped as the setting band_files says, or as their names suggest: the same names
    in every band. Images that lack a band are left out; DataError if a given pattern groups nothing."""
    single = BandFiles(images, {})
    if config.band_files == NO_COLUMN:
        return single
    if config.band_files is not None:
        groups = _grouped(images, config.band_files, _named_bands(config))
        bands = _ordered({band for found in groups.values() for band in found}, config)
        whole = [name for name, found in groups.items() if len(found) == len(bands)]
        if not 2 <= len(bands) <= MAX_BANDS or not whole:
            found = f"finds {counted(len(bands), 'band')}" + (f" ({', '.join(bands[:8])})" if bands else "")
            why = f"The pattern {config.band_files} {found}, of which {len(whole)} images have all"
            advice = f"give one that finds 2 to {MAX_BANDS}, such as {{id}}_{{band}}, or - for none"
            with findings.trying():
                raise DataError("bad_band_files", f"{why}; {advice}.", "band_files")
            return single
        return _told(images, groups, bands, config, findings)
    known = _named_bands(config) or set(WAVELENGTHS)
    some = images[:: max(1, len(images) // SOME)]
    for pattern in GUESSES:
        if sum(map(len, _grouped(some, pattern, known).values())) < len(some) / 2:
            continue
        groups = _grouped(images, pattern, known)
        bands = _ordered({band for found in groups.values() for band in found}, config)
        if _is_believable(images, groups, bands, pattern):
            return _told(images, groups, bands, config, findings)
    return single


def _is_believable(
    images: list[str], groups: dict[str, dict[str, str]], bands: tuple[str, ...], pattern: str
) -> bool:
    """Folders of pictures with the names of bands may be classes: those are not guessed."""
    files = sum(map(len, groups.values()))
    whole = sum(len(found) == len(bands) for found in groups.values())
    pictures = tuple(set(PICTURE_SUFFIXES) - set(DEEP_TIFF))
    if "/" in pattern and any(name.lower().endswith(pictures) for name in images):
        return False
    enough = files >= WHOLE_SHARE * len(images) and whole >= WHOLE_SHARE * len(groups)
    return 2 <= len(bands) <= MAX_BANDS and enough


def _named_bands(config: ImportConfig) -> set[str] | None:
    return set(config.bands.lower().split(",")) if config.bands is not None else None


def _ordered(bands: set[str], config: ImportConfig) -> tuple[str, ...]:
    """As `bands` of the config lists them, else from blue to red, else by name."""
    if config.bands is not None:
        places = {name.lower(): place for place, name in enumerate(config.bands.split(","))}
        return tuple(sorted(bands, key=lambda band: places[band.lower()]))
    known = all(len(band) == 1 and band.lower() in WAVELENGTHS for band in bands)
    return tuple(sorted(bands, key=lambda band: WAVELENGTHS.find(band.lower()) if known else band))


def _grouped(images: list[str], pattern: str, known: set[str] | None) -> dict[str, dict[str, str]]:
    """The files of each image by band; files that do not fit the pattern, or repeat a band, are missing."""
    parts = pattern.count("/") + 1
    words = re.escape(pattern).replace(r"\{id\}", "(?P<id>.+)").replace(r"\{band\}", "(?P<band>[^/]+?)")
    fits = re.compile(words)
    groups: dict[str, dict[str, str]] = defaultdict(dict)
    for name in images:
        stem = without_suffix(name)
        folders = stem.split("/")
        prefix, own = "/".join(folders[:-parts]), "/".join(folders[-parts:])
        found = fits.fullmatch(own)
        if found is None or (known is not None and found["band"].lower() not in known):
            continue
        whole = posixpath.join(prefix, found["id"]) + name[len(stem) :]
        groups[whole].setdefault(found["band"], name)
    return groups


def _told(
    images: list[str],
    groups: dict[str, dict[str, str]],
    bands: tuple[str, ...],
    config: ImportConfig,
    findings: Findings,
) -> BandFiles:
    whole = {name: found for name, found in groups.items() if len(found) == len(bands)}
    files = f"{len(whole) * len(bands):,} files of {', '.join(bands)}"
    text = f"One file a band: {files} make {counted(len(whole), 'image')}."
    if config.band_files is None:
        findings.assumed(text, "band_files")
    else:
        findings.read(text, len(whole))
    lacking = Counter(
        band for found in groups.values() if len(found) < len(bands) for band in bands if band not in found
    )
    if lacking:
        first = next(name for name, found in groups.items() if len(found) < len(bands))
        missing = ", ".join(f"{band} of {count:,}" for band, count in lacking.items())
        findings.skipped(len(groups) - len(whole), "image", f"that lack a band ({missing})", first)
    used = {name for found in groups.values() for name in found.values()}
    rest = [name for name in images if name not in used]
    if rest:
        findings.skipped(len(rest), "file", "whose name has no band", rest[0])
    grouped = {name: tuple(found[band] for band in bands) for name, found in whole.items()}
    return BandFiles(sorted(grouped, key=lambda name: name.split("/")), grouped, bands)
