"""The ES modules of the browser half: which there are, what they import, and where the browser gets them."""

import json
import re
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path

FRONTEND = Path(__file__).resolve().parent.parent
IMPORTED = re.compile(r"""^(?:import|export)\b[^"';]*?from "(\.[^"]+)"$""", re.MULTILINE)
"""A static import or re-export of a module of ours."""


@cache
def version() -> str:
    """A digest of all modules. It is part of their addresses, so that browsers may keep them for good."""
    digest = blake2b(digest_size=8)
    for path in sorted(FRONTEND.rglob("*.js")):
        digest.update(f"{path.relative_to(FRONTEND)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def mount_script(module: Path) -> str:
    """The script that gives Streamlit the mount function of `module`.

    Streamlit runs it from a blob, where relative imports have no base. All modules that `module` imports are
    requested at once rather than level by level.
    """
    addresses = [f"/assets/{version()}/{path.relative_to(FRONTEND).as_posix()}" for path in closure(module)]
    return (
        f"for (const path of {json.dumps(addresses)}) {{\n"
        "  if (document.head.querySelector(`link[href='${path}']`)) continue\n"
        '  document.head.append(Object.assign(document.createElement("link"), '
        '{ rel: "modulepreload", href: path }))\n'
        "}\n"
        f"export default (await import(new URL({json.dumps(addresses[-1])}, location.origin).href)).default\n"
    )


def styles(module: Path) -> str:
    """The CSS of `module` and of what it imports: that of x.js is x.css beside it."""
    sheets = (path.with_suffix(".css") for path in closure(module))
    return "".join(sheet.read_text(encoding="utf-8") for sheet in sheets if sheet.is_file())


def closure(module: Path) -> list[Path]:
    """`module` and all that it imports, each after what it imports itself. Raises FileNotFoundError for one
    that does not exist."""
    return list(_walk(module.resolve(), set()))


def _walk(module: Path, seen: set[Path]) -> Iterator[Path]:
    if module in seen:
        return
    seen.add(module)
    for name in IMPORTED.findall(module.read_text(encoding="utf-8")):
        yield from _walk((module.parent / name).resolve(), seen)
    yield module
