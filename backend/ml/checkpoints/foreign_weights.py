"""Reading third-party weights without running code from a pickle."""

import io
import os
import pickle
import pickletools
import re
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from backend.errors import InvalidInputError

MAX_BYTES = 4 * 10**9
WRAPPERS = ("model", "state_dict")
PARALLEL_PREFIX = "module."
PICKLED = re.compile(r"GLOBAL ([\w.]+)")
DAMAGED = (
    pickle.UnpicklingError, RuntimeError, EOFError, LookupError, ValueError, TypeError, AttributeError,
    AssertionError, ArithmeticError, OSError, struct.error, zipfile.BadZipFile,
)  # fmt: skip
"""What torch.load raises for a file that is truncated or not a checkpoint."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a state dict by name, float32, from a safetensors file or one that torch.save wrote,
    bare or under "model" or "state_dict"; the prefix of a parallel model is removed. Raises
    InvalidInputError, with the next step, for anything else."""
    _require_readable(path)
    loaded = _read_safetensors(path) if path.suffix.lower() == ".safetensors" else _read_torch(path)
    entries = _unwrapped(loaded, path.name)
    if sum(value.numel() for value in entries.values()) * 4 > MAX_BYTES:
        raise _too_large(path)
    for name, value in entries.items():
        if not value.isfinite().all():
            raise refused(path.name, f"has values in {name} that are not finite; import another checkpoint")
    return {name: value.float() for name, value in entries.items()}


def refused(file: str, sentence: str, code: str = "unknown_weights") -> InvalidInputError:
    """The error for a file of weights that cannot be imported."""
    return InvalidInputError(code, f"{file} {sentence}", "path")


def _require_readable(path: Path) -> None:
    if not path.is_file():
        raise refused(str(path), "is not a file; give a file of weights", "no_such_file")
    if not os.access(path, os.R_OK):
        raise refused(path.name, "may not be read; change its permissions", "unreadable")
    if path.stat().st_size > MAX_BYTES:
        raise _too_large(path)


def _too_large(path: Path) -> InvalidInputError:
    why = f"holds more than {MAX_BYTES / 1e9:g} GB of weights; import a smaller model"
    return refused(path.name, why, "too_large")


def _read_safetensors(path: Path) -> Any:
    try:
        return load_file(path)
    except (SafetensorError, ValueError, OSError) as error:
        raise _damaged(path, error) from None


def _read_torch(path: Path) -> Any:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                    raise _too_large(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except InvalidInputError:
        raise
    except DAMAGED as error:
        found = PICKLED.search(str(error))
        raise _pickled(path, found[1]) if found else _damaged(path, error) from None


def _pickled(path: Path, name: str) -> InvalidInputError:
    key = _key_of_pickled(path, name)
    where, alone = (f" under {key!r}", "['model']") if key else ("", ".state_dict()")
    command = f"torch.save(torch.load({path.name!r}, weights_only=False){alone}, 'weights.pth')"
    why = f"holds a pickled {name}{where}, which could run code when loaded"
    return refused(path.name, f"{why}; if you trust it, save its state dict: {command}", "pickled_object")


def _key_of_pickled(path: Path, name: str) -> str | None:
    """The string before the class in the pickle, which is read as data; None if there is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            [member] = [entry for entry in archive.namelist() if entry.endswith("/data.pkl")]
            pickled = archive.read(member)
        key: str | None = None
        for opcode, value, _ in pickletools.genops(io.BytesIO(pickled)):
            if opcode.name == "GLOBAL" and str(value).replace(" ", ".") == name:
                return key
            if "UNICODE" in opcode.name:
                key = str(value)
    except DAMAGED:
        pass
    return None


def _damaged(path: Path, error: Exception) -> InvalidInputError:
    reason = (str(error) or type(error).__name__).splitlines()[0].partition(". ")[0][:120]
    why = f"is not readable as .safetensors, .pth, .pt or .bin ({reason}); download it again"
    return refused(path.name, why, "damaged_weights")


def _unwrapped(loaded: Any, file: str) -> dict[str, Tensor]:
    for key in WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
    if not isinstance(loaded, Mapping) or not loaded:
        raise refused(file, f"holds {_what(loaded)}, not a state dict; save model.state_dict()")
    for name, value in loaded.items():
        if not isinstance(name, str) or not _is_plain(value):
            what = f"{name!r} is {_what(value)}, not a tensor of numbers"
            raise refused(file, f"does not hold a state dict: {what}; save model.state_dict() alone")
    if all(name.startswith(PARALLEL_PREFIX) for name in loaded):
        return {name.removeprefix(PARALLEL_PREFIX): value for name, value in loaded.items()}
    return dict(loaded)


def _is_plain(value: Any) -> bool:
    if not isinstance(value, Tensor):
        return False
    return value.is_floating_point() and value.layout is torch.strided and value.device.type == "cpu"


def _what(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of {str(value.dtype).removeprefix('torch.')}"
    return "nothing" if isinstance(value, Mapping) and not value else f"a {type(value).__name__}"
