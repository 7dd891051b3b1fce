"""The ES modules of the browser half: which there are, what they import, and where the browser gets them."""

import json
import re
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path

HERE = Path(__file__).parent
IMPORTED = re.compile(r"""^(?:import|export)\b[^"';]*?from "(\.[^"]+)"$""", re.MULTILINE)
"""A static import or re-export of a module of ours."""


@cache
def version() -> str:
    """A digest of all modules. It is part of their addresses, so that browsers may keep them for good."""
    digest = blake2b(digest_size=8)
    for path in sorted(HERE.rglob("*.js")):
        digest.update(f"{path.relative_to(HERE)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def mount_script(module: str) -> str:
    """The script that gives Streamlit the mount function of `module`, a path below frontend/.

    Streamlit runs it from a blob, where relative imports have no base. All modules that `module` imports are
    requested at once rather than level by level.
    """
    root = f"/assets/{version()}/"
    paths = [root + path for path in imported_by(module)]
    return (
        f"for (const path of {json.dumps(paths)}) {{\n"
        '  const hint = Object.assign(document.createElement("link"), { rel: "modulepreload", href: path })\n'
        "  if (!document.head.querySelector(`link[href='${path}']`)) document.head.append(hint)\n"
        "}\n"
        f"export default (await import(new URL({json.dumps(paths[-1])}, location.origin).href)).default\n"
    )


def styles(module: str) -> str:
    """The CSS of `module` and of what it imports: that of x.js is x.css beside it."""
    sheets = ((HERE / path).with_suffix(".css") for path in imported_by(module))
    return "".join(sheet.read_text(encoding="utf-8") for sheet in sheets if sheet.is_file())


def imported_by(module: str) -> list[str]:
    """`module` and all that it imports, each before what imports it. Raises FileNotFoundError, naming it, for
    a module that does not exist."""
    return list(dict.fromkeys(_walk(module, set())))


def _walk(module: str, seen: set[str]) -> Iterator[str]:
    if module in seen:
        return
    seen.add(module)
    path = HERE / module
    for name in IMPORTED.findall(path.read_text(encoding="utf-8")):
        found = (path.parent / name).resolve()
        yield from _walk(found.relative_to(HERE.resolve()).as_posix(), seen)
    yield module
