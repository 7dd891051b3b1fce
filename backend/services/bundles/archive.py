"""An untrusted zip: checks of its structure before anything is unpacked."""

import errno
import os
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from backend.data.incoming.uploads import require_free
from backend.services.bundles.layout import (
    MANIFEST,
    MAX_BYTES,
    MAX_ENTRIES,
    checked,
    entry_read,
    fault_of,
    rejected,
    rejected_entry,
    rule_of,
    strict_json,
)
from shared.contract.bundles import FORMAT, BundleFile, Manifest

BLOCK_BYTES = 1 << 20
MAX_RATIO = 200
"""Ordinary text compresses tenfold, a zip bomb a thousandfold."""
SMALL_BYTES = 1 << 20
"""Below this size the ratio is ignored."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1
DAMAGED = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError,
    LookupError, OverflowError, MemoryError,
)  # fmt: skip
"""What zipfile raises for damaged files, found by fuzzing."""


class BundleArchive:
    """An open zip whose entries all have known names and plausible sizes, with its manifest."""

    def __init__(self, archive: zipfile.ZipFile, file: str) -> None:
        self._archive, self._file = archive, file
        self._entries = _checked_entries(archive, file)
        content = self._read(self._entries[MANIFEST])
        self.manifest_sha256 = sha256(content).hexdigest()
        self.manifest = _manifest(content, file)
        self._require_all_listed()

    def unpack(self, folder: Path) -> None:
        """Write the files to `folder` and check their digests. Raises InvalidInputError."""
        require_free(folder, sum(entry.file_size for entry in self._entries.values()))
        for listed in self.manifest.files:
            target = folder / listed.path
            target.parent.mkdir(parents=True, exist_ok=True)
            self._unpack(listed, target)

    def _unpack(self, listed: BundleFile, target: Path) -> None:
        digest, size = sha256(), 0
        with (
            damage_named(self._file, listed.path),
            self._archive.open(listed.path) as source,
            target.open("xb") as file,
        ):
            while block := source.read(BLOCK_BYTES):
                size += len(block)
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if size != listed.bytes or digest.hexdigest() != listed.sha256:
            raise rejected_entry(self._file, listed.path, "which differs from its manifest", "wrong_digest")

    def _read(self, entry: zipfile.ZipInfo) -> bytes:
        with damage_named(self._file, entry.filename):
            return self._archive.read(entry)

    def _require_all_listed(self) -> None:
        listed = Counter(file.path for file in self.manifest.files)
        there = self._entries.keys() - {MANIFEST}
        for name in sorted(there - listed.keys()):
            raise rejected_entry(self._file, name, "which is not in its manifest")
        for name, times in sorted(listed.items()):
            if name not in there or times > 1:
                why = "lacks" if name not in there else "lists twice"
                raise rejected(self._file, "incomplete_bundle", f"{why} {name!r}")


@contextmanager
def opened_archive(path: Path, file: str) -> Iterator[BundleArchive]:
    """The bundle at `path`, called `file` in errors. Raises InvalidInputError."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise rejected(file, "no_such_file", "does not exist", "check its path") from None
    except (*DAMAGED, OSError) as error:
        raise rejected(
            file, "no_zip", f"is not a valid zip file ({error})", "fetch or export it again"
        ) from None
    with archive:
        yield BundleArchive(archive, file)


@contextmanager
def damage_named(file: str, name: str) -> Iterator[None]:
    """Turn errors of reading an entry into one that names it."""
    try:
        with entry_read(file, name, DAMAGED):
            yield
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # of this disk, not of an offset in the zip
            raise
        with entry_read(file, name, (OSError,)):
            raise


def _checked_entries(archive: zipfile.ZipFile, file: str) -> dict[str, zipfile.ZipInfo]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise rejected(file, "bad_bundle", f"contains {len(entries):,} files, more than {MAX_ENTRIES:,}")
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        _check_entry(entry, file)
        if entry.filename in found:
            raise rejected_entry(file, entry.filename, "twice")
        found[entry.filename] = entry
    total = sum(entry.file_size for entry in entries)
    if total > MAX_BYTES:
        what = f"unpacks to {total / 1e9:,.1f} GB, more than {MAX_BYTES / 1e9:.0f} GB"
        raise rejected(file, "too_large", what)
    if MANIFEST not in found:
        advice = "choose a zip exported by `galaxyscope runs export` or a Run page"
        raise rejected(file, "no_bundle", f"has no {MANIFEST}, so it is not a run", advice)
    return found


def _check_entry(entry: zipfile.ZipInfo, file: str) -> None:
    name = entry.orig_filename
    rule = rule_of(name)
    if rule is None or name != entry.filename:
        raise rejected_entry(file, name, fault_of(name))
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise rejected_entry(file, name, "a link" if kind == stat.S_IFLNK else "not a regular file")
    if entry.flag_bits & ENCRYPTED or entry.compress_type not in METHODS:
        raise rejected_entry(file, name, "which is encrypted, or compressed by an unknown method")
    if entry.file_size > rule.max_bytes:
        why = f"which unpacks to {entry.file_size:,} bytes, more than {rule.max_bytes:,.0f}"
        raise rejected_entry(file, name, why, "too_large")
    if not rule.repeats and entry.file_size > max(SMALL_BYTES, MAX_RATIO * entry.compress_size):
        raise rejected_entry(file, name, f"which is compressed more than {MAX_RATIO} times", "too_large")


def _manifest(content: bytes, file: str) -> Manifest:
    values = strict_json(content, file, MANIFEST)
    version = values.get("format") if isinstance(values, dict) else None
    if isinstance(version, int) and version > FORMAT:
        raise rejected(
            file,
            "newer_bundle",
            f"is of format {version}, newer than {FORMAT}",
            "update Galaxyscope, or export it with this version",
        )
    return checked(Manifest, values, file, MANIFEST)
