"""A zip from a stranger: what is refused of its form before a byte of it is unpacked."""

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
    refused,
    refused_entry,
    rule_of,
    strict_json,
)
from shared.contract.bundles import FORMAT, BundleFile, Manifest

BLOCK_BYTES = 1 << 20
MAX_RATIO = 200
"""Text of other kinds becomes ten times smaller; a bomb a thousand times."""
SMALL_BYTES = 1 << 20
"""Below it the ratio says nothing."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1
DAMAGED = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError,
    LookupError, OverflowError, MemoryError,
)  # fmt: skip
"""What zipfile raises of damaged bytes, as fuzzing found."""


class BundleArchive:
    """An opened zip whose entries are all known names of fair sizes, with its manifest."""

    def __init__(self, archive: zipfile.ZipFile, file: str) -> None:
        self._archive, self._file = archive, file
        self._entries = _checked_entries(archive, file)
        content = self._read(self._entries[MANIFEST])
        self.manifest_sha256 = sha256(content).hexdigest()
        self.manifest = _manifest(content, file)
        self._require_all_listed()

    def unpack(self, folder: Path) -> None:
        """Write the files below `folder`, each with the digest that the manifest names. Raises
        InvalidInputError."""
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
            raise refused_entry(
                self._file, listed.path, "which is not what its manifest says", "wrong_digest"
            )

    def _read(self, entry: zipfile.ZipInfo) -> bytes:
        with damage_named(self._file, entry.filename):
            return self._archive.read(entry)

    def _require_all_listed(self) -> None:
        listed = Counter(file.path for file in self.manifest.files)
        there = self._entries.keys() - {MANIFEST}
        for name in sorted(there - listed.keys()):
            raise refused_entry(self._file, name, "which its manifest does not name")
        for name, times in sorted(listed.items()):
            if name not in there or times > 1:
                why = "lacks" if name not in there else "names twice"
                raise refused(self._file, "incomplete_bundle", f"{why} {name!r}")


@contextmanager
def opened_archive(path: Path, file: str) -> Iterator[BundleArchive]:
    """The bundle in `path`, which is called `file`. Raises InvalidInputError for anything else."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise refused(file, "no_such_file", "is no file", "check its path") from None
    except (*DAMAGED, OSError) as error:
        raise refused(file, "no_zip", f"is no whole zip ({error})", "fetch or export it again") from None
    with archive:
        yield BundleArchive(archive, file)


@contextmanager
def damage_named(file: str, name: str) -> Iterator[None]:
    """Errors of reading an entry become a sentence that names it."""
    try:
        with entry_read(file, name, DAMAGED):
            yield
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # of this disk, and not of a place that the zip names
            raise
        with entry_read(file, name, (OSError,)):
            raise


def _checked_entries(archive: zipfile.ZipFile, file: str) -> dict[str, zipfile.ZipInfo]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise refused(file, "bad_bundle", f"holds {len(entries):,} files, more than {MAX_ENTRIES:,}")
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        _check_entry(entry, file)
        if entry.filename in found:
            raise refused_entry(file, entry.filename, "twice")
        found[entry.filename] = entry
    total = sum(entry.file_size for entry in entries)
    if total > MAX_BYTES:
        raise refused(
            file, "too_large", f"unpacks to {total / 1e9:,.1f} GB, more than {MAX_BYTES / 1e9:.0f} GB"
        )
    if MANIFEST not in found:
        advice = "choose a zip that `galaxyscope runs export` or a Run page made"
        raise refused(file, "no_bundle", f"has no {MANIFEST} and is no run", advice)
    return found


def _check_entry(entry: zipfile.ZipInfo, file: str) -> None:
    name = entry.orig_filename
    rule = rule_of(name)
    if rule is None or name != entry.filename:
        raise refused_entry(file, name, fault_of(name))
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        what = "a link" if kind == stat.S_IFLNK else "no plain file"
        raise refused_entry(file, name, f"which is {what}")
    if entry.flag_bits & ENCRYPTED or entry.compress_type not in METHODS:
        raise refused_entry(file, name, "which is encrypted, or packed in an unknown way")
    if entry.file_size > rule.most_bytes:
        raise refused_entry(
            file,
            name,
            f"which unpacks to {entry.file_size:,} bytes, more than {rule.most_bytes:,}",
            "too_large",
        )
    if not rule.repeats and entry.file_size > max(SMALL_BYTES, MAX_RATIO * entry.compress_size):
        raise refused_entry(file, name, f"which is packed more than {MAX_RATIO} times", "too_large")


def _manifest(content: bytes, file: str) -> Manifest:
    values = strict_json(content, file, MANIFEST)
    version = values.get("format") if isinstance(values, dict) else None
    if isinstance(version, int) and version > FORMAT:
        raise refused(
            file,
            "newer_bundle",
            f"is of format {version}, and formats up to {FORMAT} are read here",
            "update Galaxyscope, or export it with this version",
        )
    return checked(Manifest, values, file, MANIFEST)
