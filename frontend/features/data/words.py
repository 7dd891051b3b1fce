"""Names and texts about datasets and import sources."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from frontend.ui.wording import count, size
from shared.base.config import DATASET_NAME
from shared.contract.datasets import DeletionPreview, SourcePreview

KINDS = {
    "galaxy10": "Galaxy10-layout HDF5 file",
    "array": "array of images",
    "class_folders": "folder with one subfolder per class",
    "folder_table": "folder of images with a table",
    "parquet": "Parquet files with images",
    "hats": "HATS catalogue with images",
    "universe": "HDF5 files with a dataset for each column",
    "folder": "folder of images",
    "cutouts": "cut-outs of a survey",
}
LONGEST_NAME = 63
ENDINGS = re.compile(
    r"(\.(h5|hdf5|zip|npz|npy|csv|tsv|txt|fits|fit|gz|tar|parquet|ecsv|vot|votable|xml))+$", re.IGNORECASE
)


def dataset_word(text: str) -> str:
    """Text as a valid dataset name: lower case, dashes for other characters; "" if nothing remains."""
    word = re.sub(r"[^a-z0-9._-]+", "-", text.lower())
    return re.sub(r"-{2,}", "-", word).strip("-._")[:LONGEST_NAME].strip("-._")


def name_fault(name: str, taken: Collection[str]) -> str:
    """Why a new dataset cannot have this name; "" if it can."""
    if not name:
        return "Enter a name for the dataset, for example my-galaxies."
    if name in taken:
        return f"A dataset named {name} already exists; choose another name."
    if re.fullmatch(DATASET_NAME, name):
        return ""
    return (
        f"{name} is not a valid dataset name. Use lower-case letters, digits, . _ and -, "
        f"for example {free_name(dataset_word(name) or 'my-galaxies', taken)}."
    )


def suggest_name(path: str, taken: Collection[str]) -> str:
    """An unused name based on the file or folder."""
    last = path.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]
    return free_name(dataset_word(ENDINGS.sub("", last)) or "galaxies", taken)


def free_name(word: str, taken: Collection[str]) -> str:
    """The word, with a number appended if it is taken."""
    if word not in taken:
        return word
    numbered = (f"{word[: LONGEST_NAME - 4]}-{i}" for i in range(2, len(taken) + 3))
    return next(name for name in numbered if name not in taken)


def source_rows(preview: SourcePreview) -> list[tuple[str, str]]:
    """Names and values describing an import source."""
    bands = ", ".join(preview.bands) or count(preview.channels)
    rows = [
        ("Format", KINDS.get(preview.kind, preview.kind)),
        ("Images", count(preview.n)),
        ("Size", size_words(preview.sizes)),
        ("Pixels", f"{preview.dtype}, {bands}"),
    ]
    if preview.img_size is not None:
        rows.append(("Stored as", f"{preview.img_size} × {preview.img_size} px, {size(preview.size_bytes)}"))
    if preview.class_counts:
        rows.append(("Classes", count(len(preview.class_counts))))
    if preview.unlabelled:
        every = preview.unlabelled == preview.n
        rows.append(("Unlabelled", "all" if every else count(preview.unlabelled)))
    splits = ", ".join(f"{count(n)} {name}" for name, n in preview.split_counts.items())
    rows.append(("Split", f"from the source: {splits}" if splits else "80/10/10, made on import"))
    return rows


def size_words(sizes: Mapping[str, int]) -> str:
    """The three most frequent sizes with their counts: 88×88 px; or 64×64 (120), 80×64 (3) px."""
    if not sizes:
        return "unknown"
    names = [re.sub(r"\s*[x×]\s*", " × ", name) for name in sizes]
    if len(names) == 1:
        return f"{names[0]} px"
    shown = [f"{name} ({count(n)})" for name, n in zip(names[:3], sizes.values(), strict=False)]
    more = f" and {count(len(names) - 3)} more" if len(names) > 3 else ""
    return ", ".join(shown) + " px" + more


def role_words(given: Any, guess: str | None) -> str:
    """The text of a column choice: the chosen column, or the guess used instead."""
    if given:
        return str(given)
    return f"{guess} · guessed" if guess else "none found"


def deletion_words(preview: DeletionPreview) -> list[str]:
    """The consequences of deleting a dataset, one sentence each."""
    sentences = [f"This frees {size(preview.size_bytes)} of disk space. The source files are not touched."]
    if preview.runs:
        n = len(preview.runs)
        named = ", ".join(preview.runs[:3]) + (f" and {count(n - 3)} more" if n > 3 else "")
        kept = "keeps its results but cannot" if n == 1 else "keep their results but cannot"
        sentences.append(f"{named} {kept} be resumed or evaluated again.")
    else:
        sentences.append("No run was trained or evaluated on this dataset.")
    return sentences
